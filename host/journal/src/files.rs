//! Files and folders that only their owner can read, and the one way in which this crate writes a file so that a crash
//! leaves all of it or nothing.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::JournalError;
use crate::random::random_id;

/// Creates a folder that only its owner can enter, or makes an existing one so.
pub(crate) fn create_private_folder(path: &Path) -> Result<(), JournalError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o700)))
        .map_err(|e| JournalError::file(path, e))
}

/// Opens a file that only its owner can read, and creates it if it is missing.
pub(crate) fn open_private_file(path: &Path) -> Result<File, JournalError> {
    let opened =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened
        .and_then(|file| file.set_permissions(fs::Permissions::from_mode(0o600)).map(|()| file))
        .map_err(|e| JournalError::file(path, e))
}

/// What becomes of a file that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExistingFile {
    /// The new file takes its place.
    Replace,
    /// It stays, and the new file is dropped: another process was quicker.
    Keep,
}

/// Writes files whole or not at all, and measures its syncs.
#[derive(Debug, Default)]
pub(crate) struct FileWriter {
    syncs: AtomicU64,
    sync_nanos: AtomicU64,
}

impl FileWriter {
    /// Writes a file (0600) by `fill`. When this returns, the file and its name are on the disk; after a crash, all of
    /// the file is there or nothing. The folder must exist.
    pub(crate) fn write_whole(
        &self,
        path: &Path,
        existing: ExistingFile,
        fill: impl FnOnce(&mut File) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let failed = |e| JournalError::file(path, e);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let temporary = folder.join(format!("{}.tmp", random_id()?));
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(failed)?;
        let named =
            fill(&mut file).and_then(|()| self.measure(|| file.sync_all()).map_err(failed)).and_then(|()| {
                match existing {
                    ExistingFile::Replace => fs::rename(&temporary, path).map_err(failed),
                    // A link never replaces a file.
                    ExistingFile::Keep => match fs::hard_link(&temporary, path) {
                        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                        linked => linked.map_err(failed),
                    },
                }
            });
        if named.is_err() || existing == ExistingFile::Keep {
            let removed = fs::remove_file(&temporary);
            named?;
            removed.map_err(failed)?;
        }
        self.sync_folder(folder)
    }

    /// Syncs a folder: the names in it are on the disk when this returns.
    pub(crate) fn sync_folder(&self, folder: &Path) -> Result<(), JournalError> {
        self.measure(|| File::open(folder)?.sync_all()).map_err(|e| JournalError::file(folder, e))
    }

    /// Returns how many syncs there were, and how long they took.
    pub(crate) fn syncs(&self) -> (u64, Duration) {
        let nanos = Duration::from_nanos(self.sync_nanos.load(Ordering::Relaxed));
        (self.syncs.load(Ordering::Relaxed), nanos)
    }

    fn measure<T>(&self, sync: impl FnOnce() -> T) -> T {
        let before = Instant::now();
        let done = sync();
        let nanos = u64::try_from(before.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.sync_nanos.fetch_add(nanos, Ordering::Relaxed);
        self.syncs.fetch_add(1, Ordering::Relaxed);
        done
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let writer = FileWriter::default();
        let write = |existing, bytes: &'static [u8]| {
            writer.write_whole(&path, existing, |file| {
                file.write_all(bytes).map_err(|e| JournalError::file(&path, e))
            })
        };
        write(ExistingFile::Keep, b"first").unwrap();
        write(ExistingFile::Keep, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write(ExistingFile::Replace, b"third").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        let failed = writer.write_whole(&path, ExistingFile::Replace, |_| Err(JournalError::DiskFull));
        assert!(matches!(failed, Err(JournalError::DiskFull)));
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(writer.syncs().0, 6, "the file and its folder, three times");
    }
}
