//! The data folder of a demo: what lies in it, what is remembered from run to run, and that only one run uses it.

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::children::ProcessGroup;

/// The folder, kept from other runs for as long as this lives.
pub(super) struct DataFolder {
    path: PathBuf,
    lock: File,
}

/// One who can sign in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignIn {
    /// The address to sign in with.
    pub(super) email: String,
    /// The password, made for this folder.
    pub(super) password: String,
}

/// How both sides of the contract sign in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignIns {
    /// Whose time it is.
    pub(super) worker: SignIn,
    /// Who pays for it.
    pub(super) client: SignIn,
}

impl DataFolder {
    /// Opens the folder, or makes it.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let lock_path = path.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .with_context(|| format!("cannot write {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("another run uses {}: end it, or name another folder with --data", path.display())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", lock_path.display()))
            }
        }
    }

    /// A path in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The children of this run, once those of an earlier one are ended.
    pub(super) fn children(&self) -> Result<ProcessGroup> {
        ProcessGroup::open(self.path("children.json"), self.path("logs"))
    }

    /// The passwords; drawn in the first run.
    pub(super) fn sign_ins(&self) -> Result<SignIns> {
        let path = self.path("sign-in.json");
        if let Some(known) = read(&path)? {
            return Ok(known);
        }
        let fresh = SignIns {
            worker: SignIn { email: "mara@oduya.example".into(), password: password()? },
            client: SignIn { email: "lena@fieldhouse.example".into(), password: password()? },
        };
        write(&path, &fresh)?;
        Ok(fresh)
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        // By hand: closing the file is not enough if a child that is just being started has a copy of it.
        let _unlocked = self.lock.unlock();
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .with_context(|| format!("{} is damaged: remove the folder that it lies in", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes a file that only this person may read, whole or not at all.
fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    let partial = path.with_extension("partial");
    let _left = std::fs::remove_file(&partial);
    let file = File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&partial)
        .with_context(|| format!("cannot write {}", partial.display()))?;
    serde_json::to_writer_pretty(&file, value)?;
    file.sync_all()?;
    std::fs::rename(&partial, path).with_context(|| format!("cannot write {}", path.display()))
}

/// 80 random bits in words that can be typed.
fn password() -> Result<String> {
    use std::io::Read as _;
    let mut bytes = [0; 10];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("no random source")?;
    let text = hex::encode(bytes);
    let parts: Vec<&str> = (0..text.len()).step_by(5).filter_map(|at| text.get(at..at + 5)).collect();
    Ok(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("candor-demo-{name}-{}", std::process::id()))
    }

    #[test]
    fn passwords_are_the_same_in_the_next_run() {
        let path = folder("again");
        let first = DataFolder::open(path.clone()).unwrap();
        let password = first.sign_ins().unwrap().worker.password;
        drop(first);
        let again = DataFolder::open(path.clone()).unwrap();
        assert_eq!(again.sign_ins().unwrap().worker.password, password);
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_folder_is_used_by_one_run_at_a_time() {
        let path = folder("one");
        let first = DataFolder::open(path.clone()).unwrap();
        assert!(DataFolder::open(path.clone()).is_err());
        drop(first);
        assert!(DataFolder::open(path.clone()).is_ok());
        std::fs::remove_dir_all(path).unwrap();
    }
}
