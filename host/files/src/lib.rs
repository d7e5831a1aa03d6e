//! Files that only their owner can read, written so that a crash or a loss of power leaves all of one or nothing.
//!
//! Everybody who keeps something on the disk writes it by [`FileWriter`] or [`write_whole`]: the bytes are synced before
//! they get their name, and the folder after it, because a name is an entry of its folder and would be lost without.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What becomes of a file that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingFile {
    /// The new file takes its place. One writer at a time: the temporary file is `NAME.tmp`, and one that a crash left is
    /// removed.
    Replace,
    /// It stays, and the new file is dropped: another process was quicker. Each writer has a temporary file of its own.
    Keep,
}

/// Creates a folder (0700) and those above it, or closes an existing one to others.
///
/// # Errors
/// What the operating system says.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Syncs a folder: the names in it are on the disk when this returns.
///
/// # Errors
/// What the operating system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a file (0600) whole or not at all, as [`FileWriter::write_whole`].
///
/// # Errors
/// What the operating system says; nothing is left beside the file then.
pub fn write_whole(path: &Path, existing: ExistingFile, bytes: &[u8]) -> io::Result<()> {
    FileWriter::default().write_whole(path, existing, |file| file.write_all(bytes), |error| error)
}

/// Writes files whole or not at all, and measures its syncs.
#[derive(Debug, Default)]
pub struct FileWriter {
    syncs: AtomicU64,
    sync_nanos: AtomicU64,
}

impl FileWriter {
    /// Writes a file (0600) by `fill`. When this returns, the file and its name are on the disk; after a crash, all of
    /// the file is there or nothing. The folder must exist.
    ///
    /// # Errors
    /// What `fill` says, or what `failed` makes of an error of the operating system; nothing is left beside the file then.
    pub fn write_whole<E>(
        &self,
        path: &Path,
        existing: ExistingFile,
        fill: impl FnOnce(&mut File) -> Result<(), E>,
        failed: impl Fn(io::Error) -> E,
    ) -> Result<(), E> {
        let temporary = temporary_path(path, existing).map_err(&failed)?;
        if existing == ExistingFile::Replace {
            remove_if_there(&temporary).map_err(&failed)?;
        }
        // What is there under that name, and whatever a link leads to, is never written to.
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(&failed)?;
        let named =
            fill(&mut file).and_then(|()| self.measure(|| file.sync_all()).map_err(&failed)).and_then(|()| {
                match existing {
                    ExistingFile::Replace => fs::rename(&temporary, path).map_err(&failed),
                    // A link never replaces a file.
                    ExistingFile::Keep => match fs::hard_link(&temporary, path) {
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                        linked => linked.map_err(&failed),
                    },
                }
            });
        if named.is_err() || existing == ExistingFile::Keep {
            let removed = fs::remove_file(&temporary);
            named?;
            removed.map_err(&failed)?;
        }
        self.sync_folder(folder_of(path)).map_err(failed)
    }

    /// Syncs a folder, as [`sync_folder`], and measures it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.measure(|| sync_folder(folder))
    }

    /// Returns how many syncs there were, and how long they took.
    #[must_use]
    pub fn syncs(&self) -> (u64, Duration) {
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

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn temporary_path(path: &Path, existing: ExistingFile) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    if existing == ExistingFile::Keep {
        let mut drawn = [0u8; 8];
        getrandom::fill(&mut drawn).map_err(io::Error::other)?;
        name.push(".");
        name.push(hex::encode(drawn));
    }
    name.push(".tmp");
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_under_the_temporary_name_lends_the_file_neither_its_mode_nor_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (path, left) = (folder.path().join("file"), folder.path().join("file.tmp"));
        let victim = folder.path().join("victim");
        fs::write(&victim, b"of another").unwrap();
        std::os::unix::fs::symlink(&victim, &left).unwrap();
        write_whole(&path, ExistingFile::Replace, b"mine").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"of another");
        assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
        fs::write(&left, b"left by a crash").unwrap();
        fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).unwrap();
        write_whole(&path, ExistingFile::Replace, b"mine again").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"mine again");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let writer = FileWriter::default();
        let write = |existing, bytes: &'static [u8]| {
            writer.write_whole(&path, existing, |file| file.write_all(bytes), |error| error)
        };
        // Left by a crash: it is longer than what is written now.
        fs::write(folder.path().join("file.tmp"), b"a secret of before").unwrap();
        write(ExistingFile::Replace, b"zeroth").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"zeroth");
        fs::remove_file(&path).unwrap();
        write(ExistingFile::Keep, b"first").unwrap();
        write(ExistingFile::Keep, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write(ExistingFile::Replace, b"third").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        for existing in [ExistingFile::Replace, ExistingFile::Keep] {
            let failed = writer.write_whole(&path, existing, |_| Err("no room"), |_| "another error");
            assert_eq!(failed, Err("no room"));
        }
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(writer.syncs().0, 8, "the file and its folder, four times");
        write_whole(&path, ExistingFile::Replace, b"fourth").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"fourth");
        assert_eq!(
            write_whole(Path::new("/"), ExistingFile::Replace, b"").unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }
}
