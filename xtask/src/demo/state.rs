//! The data folder of a demo: what lies in it, what is remembered from run to run, and that only one run uses it.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::process::Household;

/// The folder, kept from other runs for as long as this lives.
pub(super) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// One who can sign in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignIn {
    /// The name to sign in with.
    pub(super) name: String,
    /// The password, made for this folder.
    pub(super) password: String,
}

/// Both sides.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignIns {
    /// Whose time it is.
    pub(super) worker: SignIn,
    /// Who pays for it.
    pub(super) client: SignIn,
}

/// A contract that was made in an earlier run or this one.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Contract {
    /// Its id in the back office.
    pub(super) id: String,
    /// Where its agent keeps its data.
    pub(super) agent_folder: PathBuf,
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
            Ok(()) => Ok(Self { path, _lock: lock }),
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
    pub(super) fn household(&self) -> Result<Household> {
        Household::found(self.path("children.json"), self.path("logs"))
    }

    /// The passwords; drawn in the first run.
    pub(super) fn sign_ins(&self) -> Result<SignIns> {
        let path = self.path("sign-in.json");
        if let Some(known) = read(&path)? {
            return Ok(known);
        }
        let fresh = SignIns {
            worker: SignIn { name: "worker".into(), password: password()? },
            client: SignIn { name: "client".into(), password: password()? },
        };
        write(&path, &fresh)?;
        Ok(fresh)
    }

    /// The contract with exactly these terms, made by `make` unless an earlier run made it.
    pub(super) fn contract(
        &self,
        terms: &serde_json::Value,
        make: impl FnOnce() -> Result<String>,
    ) -> Result<Contract> {
        let path = self.path("contracts.json");
        let mut known: BTreeMap<String, String> = read(&path)?.unwrap_or_default();
        let digest = hex::encode(Sha256::digest(serde_json::to_vec(terms)?));
        let short = digest.get(..12).unwrap_or(&digest).to_owned();
        let agent_folder = self.path(&format!("agent-{short}"));
        if let Some(id) = known.get(&short) {
            return Ok(Contract { id: id.clone(), agent_folder });
        }
        let id = make()?;
        known.insert(short, id.clone());
        write(&path, &known)?;
        Ok(Contract { id, agent_folder })
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
    fn passwords_and_contracts_are_the_same_in_the_next_run() {
        let path = folder("again");
        let terms = serde_json::json!({"title": "x"});
        let first = DataFolder::open(path.clone()).unwrap();
        let password = first.sign_ins().unwrap().worker.password;
        let contract = first.contract(&terms, || Ok("c1".into())).unwrap();
        drop(first);
        let again = DataFolder::open(path.clone()).unwrap();
        assert_eq!(again.sign_ins().unwrap().worker.password, password);
        let same = again.contract(&terms, || bail!("made twice")).unwrap();
        assert_eq!((same.id, same.agent_folder), (contract.id, contract.agent_folder));
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
