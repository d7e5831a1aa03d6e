//! The data folder: database, pictures, what is on its way in, and the key that signs receipts.
//!
//! ```text
//! DATA/               0700
//!   backoffice.db     accounts, contracts, parcels, receipts
//!   lock              held by the one server that serves the folder
//!   server.key        0600, the key that countersigns, in hex
//!   incoming/         attachments while they arrive; emptied at start
//!   pictures/ab/      PARCEL-SHA256.webp, `ab` being the first two digits of the parcel's id
//! ```

use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use candor_files::ExistingFile;
use candor_seal::SecretKey;

/// Media types that a page shows as pictures. Nothing else is served from a parcel.
pub(crate) const PICTURE_TYPES: [&str; 3] = ["image/webp", "image/png", "image/jpeg"];

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OfficeFolderError {
    /// A file or folder could not be made or read.
    #[error("{path}: {why}. Name another folder with --data, or put this one right", why = io_text(why))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said. Not named `source`: the sentence says it already.
        why: std::io::Error,
    },
    /// Another back office serves the folder.
    #[error("another back office serves {0} already: end that one first, or name another folder with --data")]
    Served(PathBuf),
    /// The key file does not hold a key.
    #[error("{0}: this is no key of 64 hex digits. Put the right file back: receipts are checked against it")]
    BadKey(PathBuf),
    /// No key could be made.
    #[error("the server's key could not be made: {0}")]
    NoKey(candor_seal::SealError),
}

/// The data folder, which is there and can be written.
#[derive(Clone, Debug)]
pub struct OfficeFolder {
    root: PathBuf,
}

impl OfficeFolder {
    /// The name of the database in it.
    pub(crate) const DATABASE: &str = "backoffice.db";

    /// Opens the folder; makes it and what belongs in it if missing.
    ///
    /// # Errors
    /// [`OfficeFolderError::Io`] if that fails.
    pub fn open(root: &Path) -> Result<Self, OfficeFolderError> {
        make_folder(root)?;
        let root = root.canonicalize().map_err(|source| io(root, source))?;
        make_folder(&root.join("pictures"))?;
        make_folder(&root.join("incoming"))?;
        Ok(Self { root })
    }

    /// Takes the folder for one server: two would empty each other's incoming pictures. It is free again
    /// when the returned file is dropped.
    ///
    /// # Errors
    /// [`OfficeFolderError::Served`] if another serves it, [`OfficeFolderError::Io`].
    pub fn serve_alone(&self) -> Result<std::fs::File, OfficeFolderError> {
        let path = self.root.join("lock");
        let opened =
            std::fs::OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(|source| io(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => Err(OfficeFolderError::Served(self.root.clone())),
            Err(std::fs::TryLockError::Error(source)) => Err(io(&path, source)),
        }
    }

    /// Returns the path of the database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join(Self::DATABASE)
    }

    /// Returns the folder in which attachments are while they arrive.
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// Returns the file of an attachment, relative to the data folder. `parcel` and `sha256` must be hex digits.
    #[must_use]
    pub fn picture_name(parcel: &str, sha256: &str, media_type: &str) -> String {
        let ending = match media_type {
            "image/webp" => "webp",
            "image/png" => "png",
            "image/jpeg" => "jpg",
            _ => "bin",
        };
        format!("pictures/{}/{parcel}-{sha256}.{ending}", parcel.get(..2).unwrap_or("00"))
    }

    /// Returns the absolute path of a name that [`OfficeFolder::picture_name`] made.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes the folders of pictures, one for each two digits that an id can begin with, and makes sure that they
    /// outlive a loss of power: then an upload has only its own folder to sync.
    ///
    /// # Errors
    /// [`OfficeFolderError::Io`] if one cannot be made or synced.
    pub fn make_picture_folders(&self) -> Result<(), OfficeFolderError> {
        let pictures = self.root.join("pictures");
        for digits in 0..=u8::MAX {
            make_folder(&pictures.join(format!("{digits:02x}")))?;
        }
        sync_folder(&pictures)
    }

    /// Empties `incoming/`: what is in there at start belongs to uploads that were cut off.
    ///
    /// # Errors
    /// [`OfficeFolderError::Io`] if the folder cannot be read or a file not removed.
    pub fn clear_incoming(&self) -> Result<(), OfficeFolderError> {
        let folder = self.incoming();
        for entry in std::fs::read_dir(&folder).map_err(|source| io(&folder, source))? {
            let path = entry.map_err(|source| io(&folder, source))?.path();
            std::fs::remove_file(&path).map_err(|source| io(&path, source))?;
        }
        Ok(())
    }

    /// Returns the server's key; makes it at first use.
    ///
    /// # Errors
    /// [`OfficeFolderError::BadKey`] if the file holds something else, [`OfficeFolderError::Io`] and
    /// [`OfficeFolderError::NoKey`] if it cannot be read or made.
    pub fn server_key(&self) -> Result<SecretKey, OfficeFolderError> {
        let path = self.root.join("server.key");
        match read_key(&path) {
            Err(OfficeFolderError::Io { why, .. }) if why.kind() == ErrorKind::NotFound => {}
            other => return other,
        }
        let key = SecretKey::generate().map_err(OfficeFolderError::NoKey)?;
        let text = hex::encode(key.to_bytes());
        // Two processes that start at once keep one key.
        candor_files::write_whole(&path, ExistingFile::Keep, text.as_bytes())
            .map_err(|source| io(&path, source))?;
        read_key(&path)
    }
}

fn read_key(path: &Path) -> Result<SecretKey, OfficeFolderError> {
    let text = std::fs::read_to_string(path).map_err(|source| io(path, source))?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| OfficeFolderError::BadKey(path.to_owned()))?;
    Ok(SecretKey::from_bytes(&bytes))
}

fn make_folder(path: &Path) -> Result<(), OfficeFolderError> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| io(path, source))
}

/// Makes sure that names made in a folder outlive a loss of power.
///
/// # Errors
/// [`OfficeFolderError::Io`] if the folder cannot be opened or synced.
pub fn sync_folder(path: &Path) -> Result<(), OfficeFolderError> {
    std::fs::File::open(path).and_then(|folder| folder.sync_all()).map_err(|source| io(path, source))
}

/// Returns what the system says, without its number.
fn io_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn io(path: &Path, source: std::io::Error) -> OfficeFolderError {
    OfficeFolderError::Io { path: path.to_owned(), why: source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = OfficeFolder::open(&folder.path().join("data")).unwrap();
        let key = data.server_key().unwrap().public();
        assert_eq!(data.server_key().unwrap().public(), key);
        let mode = std::fs::metadata(folder.path().join("data/server.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mode = std::fs::metadata(folder.path().join("data")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_damaged_key_is_refused_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let data = OfficeFolder::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("server.key"), "not a key").unwrap();
        assert!(matches!(data.server_key(), Err(OfficeFolderError::BadKey(_))));
        assert_eq!(std::fs::read_to_string(folder.path().join("server.key")).unwrap(), "not a key");
    }
}
