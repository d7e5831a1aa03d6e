//! Files in one folder that the person chose, and nowhere else, within a quota. Every step of a name is opened relative to
//! the step before, and no symbolic link is followed: a link that someone puts there leads nowhere.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::TryStreamExt;
use parking_lot::Mutex;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use tokio::io::AsyncWriteExt;

use crate::body::Body;
use crate::grants::Grants;
use crate::limits::Limits;
use crate::refusal::Refusal;

/// How old an unfinished file is, by its last change, before it is taken for one that nobody writes any more.
const STALE: Duration = Duration::from_secs(60 * 60);
/// How long to wait at least until a folder that seems full is measured anew.
const MEASURE_AGAIN: Duration = Duration::from_secs(10);
/// Every file counts as whole blocks of so many bytes, and as one at least: empty ones take room, too.
const BLOCK: u64 = 4_096;
/// How many levels of folders are measured.
const DEEPEST: u32 = 32;
/// How many entries are measured: a folder that holds more counts as full.
const MOST_ENTRIES: u64 = 1_000_000;

/// Why a file is not written. `wit/` says it in the same words.
#[derive(Debug)]
pub(crate) enum FolderError {
    /// The name is empty, absolute, or leads out of the folder.
    BadName,
    /// The disk is full.
    Full,
    /// The folder's quota, in bytes, would be exceeded.
    OverQuota(u64),
    /// The file is longer than one may be, in bytes.
    TooLarge(u64),
    /// The folder could not be written; says why.
    Unavailable(String),
}

/// The folder granted. Opened once: what is later renamed or replaced under its name is another folder.
pub(crate) struct GrantedFolder(Arc<FolderRoot>);

struct FolderRoot {
    root: OwnedFd,
    /// Bytes that it may hold.
    quota: u64,
    /// Bytes that one file may have.
    longest: u64,
    /// Bytes that it holds, those on their way included.
    used: AtomicU64,
    /// When it was last measured.
    measured: Mutex<Instant>,
}

impl GrantedFolder {
    /// Opens the folder of the grants, measures it, and takes away what was left unfinished in it.
    ///
    /// # Errors
    /// [`Refusal::BadGrant`] if none is named or it cannot be opened.
    pub(crate) fn open_granted(plugin: &str, grants: &Grants, limits: &Limits) -> Result<Self, Refusal> {
        let bad = |reason: String| Refusal::BadGrant { plugin: plugin.to_owned(), reason };
        let Some(path) = &grants.folder else {
            return Err(bad(format!(
                "`folder` is granted, but no path: add `folder = \"...\"` to the grants of `{plugin}`"
            )));
        };
        Self::open(path, limits.folder, limits.folder_file).map_err(|e| {
            bad(format!("the folder {} cannot be opened ({e}): make it, or name another", path.display()))
        })
    }

    fn open(path: &Path, quota: u64, longest: u64) -> std::io::Result<Self> {
        let root = open(path)?;
        let used = AtomicU64::new(measure(&root)?);
        Ok(Self(Arc::new(FolderRoot { root, quota, longest, used, measured: Mutex::new(Instant::now()) })))
    }

    /// Writes a file under a relative name, whole or not at all.
    ///
    /// # Errors
    /// [`FolderError`]; nothing of the file is left then.
    pub(crate) async fn put(&self, name: &str, body: &Body) -> Result<(), FolderError> {
        let steps = steps(name).ok_or(FolderError::BadName)?;
        put(Arc::clone(&self.0), steps, body).await
    }
}

fn open(path: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Returns the bytes that all files in a folder take. Removes unfinished ones that are stale.
fn measure(root: &OwnedFd) -> std::io::Result<u64> {
    let (mut sum, mut entries) = (0u64, 0u64);
    let mut left = vec![(root.try_clone()?, 0u32)];
    while let Some((folder, depth)) = left.pop() {
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            entries += 1;
            if entries > MOST_ENTRIES {
                return Ok(u64::MAX);
            }
            // What goes away in the meantime is not there.
            let Ok(stat) = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory if depth < DEEPEST => {
                    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                    if let Ok(inner) = rustix::fs::openat(&folder, name, flags, Mode::empty()) {
                        left.push((inner, depth + 1));
                    }
                }
                FileType::RegularFile if is_unfinished(name.to_bytes()) && is_stale(stat.st_mtime) => {
                    rustix::fs::unlinkat(&folder, name, AtFlags::empty()).ok();
                }
                FileType::RegularFile => sum = sum.saturating_add(blocks(&stat)),
                _ => {}
            }
        }
    }
    Ok(sum)
}

/// Returns what a file of that length takes, in bytes.
fn room_for(length: u64) -> u64 {
    length.max(1).checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX)
}

fn blocks(stat: &Stat) -> u64 {
    room_for(u64::try_from(stat.st_size).unwrap_or(0))
}

fn is_unfinished(name: &[u8]) -> bool {
    let digits = name.strip_prefix(b".candor-").and_then(|rest| rest.strip_suffix(b".part"));
    digits.is_some_and(|digits| digits.len() == 16 && digits.iter().all(u8::is_ascii_hexdigit))
}

fn is_stale(changed: i64) -> bool {
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(changed).unwrap_or(0));
    changed.elapsed().is_ok_and(|age| age > STALE)
}

impl FolderRoot {
    /// Sets `length` bytes aside. Returns false if the quota has no room for them.
    fn reserve(&self, length: u64) -> std::io::Result<bool> {
        if self.take(length) {
            return Ok(true);
        }
        {
            let mut measured = self.measured.lock();
            if measured.elapsed() < MEASURE_AGAIN {
                return Ok(false);
            }
            *measured = Instant::now();
        }
        // The person may have made room. What is on its way is in files already, as far as it was written.
        self.used.store(measure(&self.root)?, Ordering::Release);
        Ok(self.take(length))
    }

    fn take(&self, length: u64) -> bool {
        let taken = self.used.try_update(Ordering::AcqRel, Ordering::Acquire, |used| {
            used.checked_add(length).filter(|after| *after <= self.quota)
        });
        taken.is_ok()
    }

    fn give_back(&self, length: u64) {
        // Never fails: the closure always has an answer.
        let _ = self
            .used
            .try_update(Ordering::AcqRel, Ordering::Acquire, |used| Some(used.saturating_sub(length)));
    }
}

/// Returns the steps of a relative name; `None` if it is empty, absolute, leads out, or is that of an unfinished file.
fn steps(name: &str) -> Option<Vec<String>> {
    let fits = |step: &str| {
        !step.is_empty()
            && step != "."
            && step != ".."
            && step.len() <= 255
            && !step.contains(['\0', '\\'])
            && !is_unfinished(step.as_bytes())
    };
    let steps: Vec<String> = name.split('/').map(str::to_owned).collect();
    (name.len() <= 1024 && steps.len() <= 16 && steps.iter().all(|step| fits(step))).then_some(steps)
}

async fn put(folder: Arc<FolderRoot>, steps: Vec<String>, body: &Body) -> Result<(), FolderError> {
    let length = body.length();
    if length > folder.longest {
        return Err(FolderError::TooLarge(folder.longest));
    }
    let length = room_for(length);
    let room = Arc::clone(&folder);
    if !run_blocking(move || room.reserve(length)).await? {
        return Err(FolderError::OverQuota(folder.quota));
    }
    let reserved = Reserved { folder, length };
    let place = Arc::new(run_blocking(move || NewFile::find_place(reserved, steps)).await?);
    let at = Arc::clone(&place);
    let file = run_blocking(move || at.create()).await?;
    // If this is dropped, such as when the call took too long, so is the place: what was begun is removed.
    write_body(file, body).await.map_err(|e| folder_error(&e))?;
    run_blocking(move || place.rename_into_place()).await
}

async fn run_blocking<R: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<R> + Send + 'static,
) -> Result<R, FolderError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => Err(folder_error(&e)),
        Err(e) => Err(FolderError::Unavailable(e.to_string())),
    }
}

async fn write_body(file: File, body: &Body) -> std::io::Result<()> {
    let mut file = tokio::fs::File::from_std(file);
    let mut stream = std::pin::pin!(body.stream());
    while let Some(bytes) = stream.try_next().await? {
        file.write_all(&bytes).await?;
    }
    file.flush().await?;
    file.sync_all().await
}

/// Bytes of the quota set aside for a file; given back if it does not come to be.
struct Reserved {
    folder: Arc<FolderRoot>,
    length: u64,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.folder.give_back(self.length);
    }
}

/// Where a file goes: the folder that holds it, its name, and the name that it has until it is whole. If it never gets
/// whole, what was written is removed when this is dropped.
struct NewFile {
    folder: OwnedFd,
    name: String,
    unfinished: String,
    begun: AtomicBool,
    reserved: Reserved,
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.begun.load(Ordering::Acquire) {
            // It may be gone already.
            rustix::fs::unlinkat(&self.folder, &*self.unfinished, AtFlags::empty()).ok();
        }
    }
}

impl NewFile {
    fn find_place(reserved: Reserved, mut steps: Vec<String>) -> std::io::Result<Self> {
        let name = steps.pop().unwrap_or_default();
        let mut folder = reserved.folder.root.try_clone()?;
        for step in steps {
            match rustix::fs::mkdirat(&folder, &*step, Mode::from(0o700)) {
                // A new folder is on the disk only once the one that holds it is.
                Ok(()) => rustix::fs::fsync(&folder)?,
                Err(Errno::EXIST) => {}
                Err(e) => return Err(e.into()),
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            folder = rustix::fs::openat(&folder, &*step, flags, Mode::empty())?;
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        let unfinished = format!(".candor-{}.part", hex::encode(random));
        Ok(Self { folder, name, unfinished, begun: AtomicBool::new(false), reserved })
    }

    fn create(&self) -> std::io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, &*self.unfinished, flags, Mode::from(0o600))?;
        self.begun.store(true, Ordering::Release);
        Ok(file.into())
    }

    /// Gives a whole file its name.
    fn rename_into_place(&self) -> std::io::Result<()> {
        let before = rustix::fs::statat(&self.folder, &*self.name, AtFlags::SYMLINK_NOFOLLOW);
        rustix::fs::renameat(&self.folder, &*self.unfinished, &self.folder, &*self.name)?;
        self.begun.store(false, Ordering::Release);
        // The place gives its bytes back when it is dropped; the file has them for good, but for those that it replaced.
        let replaced = before.map_or(0, |stat| blocks(&stat));
        self.reserved.folder.used.fetch_add(self.reserved.length, Ordering::AcqRel);
        self.reserved.folder.give_back(replaced);
        rustix::fs::fsync(&self.folder)?;
        Ok(())
    }
}

fn folder_error(e: &std::io::Error) -> FolderError {
    let errno = e.raw_os_error().map(Errno::from_raw_os_error);
    match (e.kind(), errno) {
        // A link, a file or nothing stands in place of a folder.
        (_, Some(Errno::LOOP | Errno::NOTDIR | Errno::ISDIR)) => FolderError::BadName,
        (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, _) => FolderError::Full,
        _ => FolderError::Unavailable(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::BodyPart;
    use crate::host_traits::AttachmentSource;

    fn root() -> (tempfile::TempDir, Arc<FolderRoot>) {
        let dir = tempfile::tempdir().unwrap();
        let folder = GrantedFolder::open(dir.path(), 10 * BLOCK, 6 * BLOCK).unwrap();
        (dir, folder.0)
    }

    fn files(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// An attachment of so many bytes; only the first of them ever comes if it hangs.
    struct Sevens(u64, bool);

    #[async_trait::async_trait]
    impl AttachmentSource for Sevens {
        fn length(&self) -> u64 {
            self.0
        }
        fn sha256(&self) -> &str {
            ""
        }
        fn media_type(&self) -> &str {
            "image/webp"
        }
        async fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, String> {
            if self.1 && offset > 0 {
                std::future::pending().await
            }
            Ok(vec![7; if self.1 { 1 } else { count as usize }])
        }
    }

    fn body(length: u64, hangs: bool) -> Body {
        Body::new(vec![BodyPart::Attachment(Arc::new(Sevens(length, hangs)))])
    }

    #[tokio::test]
    async fn invariant_13_a_folder_has_a_quota_and_a_file_a_bound() {
        let (dir, folder) = root();
        let put = |name: &str, length| {
            let (folder, steps) = (Arc::clone(&folder), steps(name).unwrap());
            async move { put(folder, steps, &body(length, false)).await }
        };
        assert!(matches!(put("a", 6 * BLOCK + 1).await, Err(FolderError::TooLarge(_))));
        put("a", 6 * BLOCK).await.unwrap();
        assert!(matches!(put("b", 4 * BLOCK + 1).await, Err(FolderError::OverQuota(_))));
        put("b", 4 * BLOCK).await.unwrap();
        assert!(matches!(put("c", 0).await, Err(FolderError::OverQuota(_))));
        assert_eq!(files(dir.path()), ["a", "b"]);
        // What is opened anew is measured anew, and so is what seems full once the person has made room.
        let again = GrantedFolder::open(dir.path(), 10 * BLOCK, 6 * BLOCK).unwrap();
        assert_eq!(again.0.used.load(Ordering::Acquire), 10 * BLOCK);
        std::fs::remove_file(dir.path().join("a")).unwrap();
        *folder.measured.lock() = Instant::now().checked_sub(MEASURE_AGAIN).unwrap();
        put("c", 5 * BLOCK).await.unwrap();
        // A file that is replaced makes room for itself, as far as it is within the quota beside the one before.
        put("c", 1).await.unwrap();
        assert_eq!(folder.used.load(Ordering::Acquire), 5 * BLOCK);
    }

    #[tokio::test]
    async fn a_put_that_is_given_up_leaves_nothing() {
        let (dir, folder) = root();
        let steps = || steps("day/a").unwrap();
        let day = dir.path().join("day");
        {
            let hanging = body(100, true);
            let put = put(Arc::clone(&folder), steps(), &hanging);
            let begun = async {
                while std::fs::read_dir(&day).map_or(0, Iterator::count) == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::select! {
                _ = put => panic!("it never ends"),
                () = begun => {}
            }
        }
        // The file goes with the last task that holds it.
        let deadline = Instant::now() + Duration::from_secs(10);
        while !files(&day).is_empty() || folder.used.load(Ordering::Acquire) > 0 {
            assert!(Instant::now() < deadline, "{:?}", files(&day));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        put(folder, steps(), &body(100, false)).await.unwrap();
        assert_eq!(files(&day), ["a"]);
    }

    #[test]
    fn what_was_left_unfinished_long_ago_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let day = dir.path().join("day");
        std::fs::create_dir(&day).unwrap();
        let (stale, young, other) =
            (".candor-0123456789abcdef.part", ".candor-0123456789abcdee.part", ".candor-mine.part");
        for name in [stale, young, other] {
            std::fs::write(day.join(name), "1234").unwrap();
        }
        for name in [stale, other] {
            let file = File::options().write(true).open(day.join(name)).unwrap();
            file.set_modified(SystemTime::now() - 2 * STALE).unwrap();
        }
        let folder = GrantedFolder::open(dir.path(), 10 * BLOCK, 6 * BLOCK).unwrap();
        assert_eq!(files(&day), [young, other]);
        assert_eq!(folder.0.used.load(Ordering::Acquire), 2 * BLOCK);
        assert_eq!(steps(young), None, "nor can a plugin write one");
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for bad in ["", "/etc/passwd", "..", "a/../b", "./a", "a//b", "a/", "a\0b", "..\\a", "a/./b"] {
            assert_eq!(steps(bad), None, "{bad:?}");
        }
        assert_eq!(steps("2026-11-23/0930.json").unwrap(), ["2026-11-23", "0930.json"]);
    }

    #[tokio::test]
    async fn a_file_is_written_whole_and_replaced() {
        let (dir, fd) = root();
        put(Arc::clone(&fd), steps("a/b.txt").unwrap(), &Body::default()).await.unwrap();
        put(fd, steps("a/b.txt").unwrap(), &Body::default()).await.unwrap();
        let left: Vec<_> =
            std::fs::read_dir(dir.path().join("a")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["b.txt"]);
    }

    #[tokio::test]
    async fn no_symbolic_link_is_followed() {
        let (dir, fd) = root();
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("out")).unwrap();
        let escaped = put(Arc::clone(&fd), steps("out/file").unwrap(), &Body::default()).await;
        assert!(matches!(escaped, Err(FolderError::BadName)), "{escaped:?}");
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);

        // A link in the file's own place is replaced, not written through.
        let target = outside.path().join("target");
        std::fs::write(&target, "before").unwrap();
        std::os::unix::fs::symlink(&target, dir.path().join("link")).unwrap();
        put(fd, steps("link").unwrap(), &Body::default()).await.unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "before");
        assert!(dir.path().join("link").symlink_metadata().unwrap().is_file());
    }
}
