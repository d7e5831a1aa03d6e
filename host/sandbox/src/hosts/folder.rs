//! `folder`: files in one folder that the person chose, and nowhere else. Every step of a name is opened relative to
//! the step before, and no symbolic link is followed: a link that someone lays there leads nowhere.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use tokio::io::AsyncWriteExt;

use super::attachments::Body;
use crate::bindings::candor::plugin::attachments::Part;
use crate::bindings::candor::plugin::folder::{self, FolderError};
use crate::grants::Grants;
use crate::refusal::Refusal;
use crate::state::State;

/// The folder granted. Opened once: what is later renamed or replaced under its name is another folder.
pub(crate) struct Folder(Arc<OwnedFd>);

impl Folder {
    /// Opens the folder of the grants.
    ///
    /// # Errors
    /// [`Refusal::BadGrant`] where none is named or it cannot be opened.
    pub(crate) fn granted(plugin: &str, grants: &Grants) -> Result<Self, Refusal> {
        let bad = |reason: String| Refusal::BadGrant { plugin: plugin.to_owned(), reason };
        let Some(path) = &grants.folder else {
            return Err(bad(format!(
                "`folder` is granted, but no path: add `folder = \"...\"` to the grants of `{plugin}`"
            )));
        };
        open(path).map(|fd| Self(Arc::new(fd))).map_err(|e| {
            bad(format!("the folder {} cannot be opened ({e}): make it, or name another", path.display()))
        })
    }
}

fn open(path: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

impl folder::Host for State {
    async fn put(&mut self, name: String, body: Vec<Part>) -> wasmtime::Result<Result<(), FolderError>> {
        let body = Body::take(self, body)?;
        let Some(folder) = &self.hosts.folder else {
            return Ok(Err(FolderError::Unavailable("no folder is granted".to_owned())));
        };
        let Some(steps) = steps(&name) else {
            return Ok(Err(FolderError::BadName));
        };
        Ok(put(Arc::clone(&folder.0), steps, &body).await)
    }
}

/// The steps of a relative name, none where it is empty, absolute, or leads out.
fn steps(name: &str) -> Option<Vec<String>> {
    let fits = |step: &str| {
        !step.is_empty() && step != "." && step != ".." && step.len() <= 255 && !step.contains(['\0', '\\'])
    };
    let steps: Vec<String> = name.split('/').map(str::to_owned).collect();
    (name.len() <= 1024 && steps.len() <= 16 && steps.iter().all(|step| fits(step))).then_some(steps)
}

async fn put(folder: Arc<OwnedFd>, steps: Vec<String>, body: &Body) -> Result<(), FolderError> {
    let place = blocking(move || Place::find(&folder, steps)).await?;
    let place = Arc::new(place);
    let at = Arc::clone(&place);
    let file = blocking(move || at.fresh()).await?;
    let written = write(file, body).await;
    blocking(move || place.settle(written)).await
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<R> + Send + 'static,
) -> Result<R, FolderError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => Err(folder_error(&e)),
        Err(e) => Err(FolderError::Unavailable(e.to_string())),
    }
}

async fn write(file: File, body: &Body) -> std::io::Result<()> {
    let mut file = tokio::fs::File::from_std(file);
    let mut stream = std::pin::pin!(body.stream());
    while let Some(bytes) = stream.try_next().await? {
        file.write_all(&bytes).await?;
    }
    file.flush().await?;
    file.sync_all().await
}

/// Where a file goes: the folder that holds it, its name, and the name that it has until it is whole.
struct Place {
    folder: OwnedFd,
    name: String,
    unfinished: String,
}

impl Place {
    fn find(root: &OwnedFd, mut steps: Vec<String>) -> std::io::Result<Self> {
        let name = steps.pop().unwrap_or_default();
        let mut folder = root.try_clone()?;
        for step in steps {
            match rustix::fs::mkdirat(&folder, &*step, Mode::from(0o700)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(e) => return Err(e.into()),
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            folder = rustix::fs::openat(&folder, &*step, flags, Mode::empty())?;
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        Ok(Self { folder, name, unfinished: format!(".candor-{}.part", hex::encode(random)) })
    }

    fn fresh(&self) -> std::io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.folder, &*self.unfinished, flags, Mode::from(0o600))?.into())
    }

    /// Gives a whole file its name, takes away one that is not whole.
    fn settle(&self, written: std::io::Result<()>) -> std::io::Result<()> {
        let moved = written.and_then(|()| {
            Ok(rustix::fs::renameat(&self.folder, &*self.unfinished, &self.folder, &*self.name)?)
        });
        if let Err(e) = moved {
            // It may be gone already; the first error is the one to tell.
            let _ = rustix::fs::unlinkat(&self.folder, &*self.unfinished, AtFlags::empty());
            return Err(e);
        }
        rustix::fs::fsync(&self.folder)?;
        Ok(())
    }
}

fn folder_error(e: &std::io::Error) -> FolderError {
    let errno = e.raw_os_error().map(Errno::from_raw_os_error);
    match (e.kind(), errno) {
        // A link, a file or nothing where a folder should be.
        (_, Some(Errno::LOOP | Errno::NOTDIR | Errno::ISDIR)) => FolderError::BadName,
        (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, _) => FolderError::Full,
        _ => FolderError::Unavailable(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> (tempfile::TempDir, Arc<OwnedFd>) {
        let dir = tempfile::tempdir().unwrap();
        let fd = Arc::new(open(dir.path()).unwrap());
        (dir, fd)
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
