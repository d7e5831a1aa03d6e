//! The key under which a journal is encrypted, and its file.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use candor_files::ExistingFile;
use zeroize::Zeroizing;

use crate::error::JournalError;
use crate::random::random;

/// The 32 random bytes that make a journal readable. Wiped from memory when dropped, never printed.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Makes a key of bytes that are kept elsewhere, such as in a keyring.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the key from a file, or creates a new key and the file (0600, and missing folders 0700). Two processes that
    /// do this at once get the same key. Blocks on the file system: call it at start-up.
    ///
    /// # Errors
    /// [`JournalError::KeyFile`] if the file is not a key or others can read it; [`JournalError::File`] and
    /// [`JournalError::DiskFull`] from the file system; [`JournalError::NoRandomness`].
    pub fn load_or_create(path: &Path) -> Result<Self, JournalError> {
        if let Some(key) = read_key_file(path)? {
            return Ok(key);
        }
        create_key_file(path)?;
        read_key_file(path)?.ok_or_else(|| key_file_error(path, "vanished as soon as it was made; try again"))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

fn key_file_error(path: &Path, reason: &str) -> JournalError {
    JournalError::KeyFile { path: path.to_owned(), reason: reason.to_owned() }
}

fn read_key_file(path: &Path) -> Result<Option<MasterKey>, JournalError> {
    let failed = |e| JournalError::file(path, e);
    let mut file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    let metadata = file.metadata().map_err(failed)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(key_file_error(path, "other accounts may read it; run `chmod 600` on it"));
    }
    if metadata.len() != 32 {
        return Err(key_file_error(path, "it does not hold 32 bytes; restore it from a backup"));
    }
    let mut bytes = Zeroizing::new([0; 32]);
    file.read_exact(bytes.as_mut()).map_err(failed)?;
    Ok(Some(MasterKey(bytes)))
}

/// Writes a new key to the file, unless another process was quicker: then that one's key counts.
fn create_key_file(path: &Path) -> Result<(), JournalError> {
    // A folder that is there already keeps its permissions: it need not be the journal's.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|e| JournalError::file(folder, e))?;
    }
    let key = Zeroizing::new(random::<32>()?);
    candor_files::write_whole(path, ExistingFile::Keep, key.as_ref()).map_err(|e| JournalError::file(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/journal.key");
        let first = MasterKey::load_or_create(&path).unwrap();
        let second = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(first.bytes(), second.bytes());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a temporary file was left");
    }

    #[test]
    fn an_unusable_key_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.key");
        MasterKey::load_or_create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = MasterKey::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, b"short").unwrap();
        let error = MasterKey::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("32 bytes"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"short");
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", MasterKey::from_bytes([7; 32])), "MasterKey(..)");
    }
}
