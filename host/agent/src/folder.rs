//! The agent's data folder: its files, and how it is read and written. Everything in it is for its owner only.
//!
//! ```text
//! contracts/SESSION/enrolment.json   the back office of that contract, and its terms
//! contracts/SESSION/token            the device's token; only the host reads it, no plugin does
//! contracts/SESSION/acceptance.json  which notice was accepted, by whom, when; and the grants that come with it
//! contracts/SESSION/state.json       its memo and label, and the last memos
//! contracts/SESSION/ledger.jsonl     this device's copy of the contract's ledger
//! contracts/SESSION/ledger-state.json  how far it is known to go, and what is wrong with it
//! device.key        the key that signs parcels
//! journal.key       the key that the journal is encrypted with
//! own-rules.json    the worker's own rules, optional: settings for the policy `rules`
//! preferences.json  what the worker prefers, optional
//! state.json        the current contract
//! journal/          the journal
//! delivered/SESSION/  the folder for uploaders that write into one
//! artefacts/        compiled plugins
//! run/              the control socket
//! ```
//!
//! SESSION is `ID@FINGERPRINT`: a contract's id and the beginning of the fingerprint of the key of the back office that
//! this device was enrolled at, so that another back office with a contract of the same id has a session of its own.
//! For enrolments from before that was so, the folder and the journal's name are the contract's id alone; they stay
//! where they are.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use candor_diary::plain_id::PlainId;
use candor_diary::terms::Terms;
use candor_files::ExistingFile;
use candor_journal::{Journal, JournalError};
use candor_seal::{PublicKey, SealError, SecretKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::segments::cut::{self, EarlierCut};

/// How many hex digits of a fingerprint are in a session's name: 128 bits, which nobody finds a second key for.
const SHORT: usize = 32;

/// What a person can do if the device's key is not as it should be.
const KEY_ADVICE: &str = "nothing can be signed, so what is recorded stays on this computer. Put the file back from a \
                          backup, or take part again with a new invitation from the client: what waits is signed anew then";
/// What a person can do if the device's token is not as it should be.
const TOKEN_ADVICE: &str = "take part again with a new invitation from the client; what waits is kept";

/// Why something in the data folder could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// A file or folder could not be used.
    #[error("{} {what}: {why}", .path.display())]
    File {
        /// The path of the file or folder.
        path: PathBuf,
        /// What could not be done with it, after its path in the sentence.
        what: &'static str,
        /// The operating system's error.
        why: std::io::Error,
    },
    /// A folder could not be made for its owner only.
    #[error("the folder {} {what}: {why}", .path.display())]
    Folder {
        /// The path of the file or folder.
        path: PathBuf,
        /// What could not be done with it, after its path in the sentence.
        what: &'static str,
        /// The operating system's error.
        why: std::io::Error,
    },
    /// A file is no JSON of the expected shape.
    #[error("{} is malformed; put it right or remove it: {why}", .path.display())]
    Malformed {
        /// The path of the file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: serde_json::Error,
    },
    /// A value could not be written as JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// The name of a contract could lead out of the folder.
    #[error("the contract's id {0:?} is none: 1 to 64 of a-z, 0-9 and -")]
    ContractId(String),
    /// The device takes part in no contract.
    #[error(
        "this device has no contract yet: join one with the link or file from the client (`candor join LINK`)"
    )]
    NoContract,
    /// The device's key is missing, damaged, or another.
    #[error("device.key is {0}: {KEY_ADVICE}")]
    DeviceKey(&'static str),
    /// No key could be made.
    #[error("no key could be made: {0}")]
    NewKey(SealError),
    /// The device's token is missing or damaged.
    #[error("this device's token is {0}: {TOKEN_ADVICE}")]
    Token(&'static str),
    /// The journal could not say how far a contract's earlier terms reach.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

type Result<T, E = DataFolderError> = std::result::Result<T, E>;

/// A folder of the agent's data: the whole, or a session's part of it.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// The back office that this device is enrolled at, and the terms.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Enrolment {
    /// What this session is called on this device: the contract's id, unless another session had that before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// The back office's address, with its path if it lives below one, without a slash at its end.
    pub server: String,
    /// The device's id there.
    pub device: String,
    /// The key that the back office countersigns receipts with.
    pub server_key: PublicKey,
    /// The key that this device signs with: another one found in `device.key` is not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<PublicKey>,
    /// The terms as they were handed out.
    pub terms: Terms,
    /// How time was cut under the terms before these, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_cuts: Vec<EarlierCut>,
    /// Whether it was looked up how far the latest of these goes: the journal is open only in a running agent.
    #[serde(default = "cuts_are_settled")]
    pub cuts_settled: bool,
}

/// Returns the default for enrolments from before there was anything to settle.
fn cuts_are_settled() -> bool {
    true
}

impl Enrolment {
    /// Returns what this session is called on this device.
    #[must_use]
    pub fn handle(&self) -> &str {
        self.handle.as_deref().unwrap_or(&self.terms.contract)
    }

    /// Returns scheme, host and port of the back office, to which its token is bound and for which it is granted to send.
    #[must_use]
    pub fn origin(&self) -> String {
        url::Url::parse(&self.server)
            .map_or_else(|_| self.server.clone(), |url| url.origin().ascii_serialization())
    }
}

impl Folder {
    /// Returns the session's enrolment, once it is settled how far the earlier terms cut its time: what `journal` holds
    /// of it stays cut as it was.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub(crate) async fn settled_enrolment(&self, journal: &Journal) -> Result<Enrolment> {
        let mut enrolment = self.enrolment()?;
        if !enrolment.cuts_settled {
            let latest = journal.latest_at(&self.session_name(&enrolment)).await?;
            cut::settle(&mut enrolment.earlier_cuts, latest.unwrap_or(0));
            enrolment.cuts_settled = true;
            self.write_json("enrolment.json", &enrolment)?;
        }
        Ok(enrolment)
    }

    /// Opens or creates the folder, for its owner only.
    ///
    /// # Errors
    /// If it cannot be created or its mode cannot be set.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self(path.to_path_buf());
        folder.make("")?;
        Ok(folder)
    }

    /// Returns the folder of a session in it, made if it is missing: that of this contract at the back office with this
    /// key.
    ///
    /// # Errors
    /// If the contract's id is not valid, or the folder cannot be made.
    pub fn session(&self, contract: &str, server: &PublicKey) -> Result<Self> {
        // It comes from a server: as the name of a folder it must not lead elsewhere.
        if !PlainId::is_plain(contract) {
            return Err(DataFolderError::ContractId(contract.to_owned()));
        }
        for folder in self.contracts()? {
            let enrolment = folder.enrolment()?;
            if enrolment.terms.contract == contract && enrolment.server_key == *server {
                return Ok(folder);
            }
        }
        let short = server.fingerprint().get(..SHORT).unwrap_or_default().to_owned();
        Ok(Self(self.make(&format!("contracts/{contract}@{short}"))?))
    }

    /// Returns the name of the session that has this folder, by which the journal knows what it recorded.
    #[must_use]
    pub fn session_name(&self, enrolment: &Enrolment) -> String {
        let name = self.name().unwrap_or_default();
        // A contract's id has no @, so neither kind of name can pass for the other.
        if name.contains('@') { name } else { enrolment.terms.contract.clone() }
    }

    /// Returns the folders of all contracts that this device is enrolled for, in order of their names.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn contracts(&self) -> Result<Vec<Self>> {
        let path = self.make("contracts")?;
        let listed = || -> std::io::Result<Vec<PathBuf>> {
            std::fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect()
        };
        let mut paths = listed().map_err(|why| DataFolderError::File {
            path: path.clone(),
            what: "could not be listed",
            why,
        })?;
        paths.retain(|path| path.join("enrolment.json").is_file());
        paths.sort();
        Ok(paths.into_iter().map(Self).collect())
    }

    /// Returns the folder's own name, the last part of its path.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.0.file_name().map(|name| name.to_string_lossy().into_owned())
    }

    /// Removes a file; succeeds if there is none.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn remove(&self, name: &str) -> Result<()> {
        match std::fs::remove_file(self.path(name)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(DataFolderError::File { path: self.path(name), what: "could not be removed", why: e })
            }
            _ => Ok(()),
        }
    }

    /// Returns a path in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Creates a folder in it (0700) and returns its path.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn make(&self, name: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|why| {
            DataFolderError::Folder { path: path.clone(), what: "could not be created", why }
        })?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).map_err(|why| {
            DataFolderError::Folder { path: path.clone(), what: "could not be closed to others", why }
        })?;
        Ok(path)
    }

    /// Writes a file whole or not at all, for its owner only (0600).
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(name);
        candor_files::write_whole(&path, ExistingFile::Replace, bytes).map_err(|why| DataFolderError::File {
            path,
            what: "could not be written",
            why,
        })
    }

    /// Reads a file; none if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match std::fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(DataFolderError::File { path: self.path(name), what: "could not be read", why }),
        }
    }

    /// Reads a JSON file; none if there is none.
    ///
    /// # Errors
    /// If it cannot be read or is malformed.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.read(name)?
            .map(|bytes| serde_json::from_slice(&bytes))
            .transpose()
            .map_err(|why| DataFolderError::Malformed { path: self.path(name), why })
    }

    /// Writes a JSON file.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        self.write(name, &serde_json::to_vec_pretty(value)?)
    }

    /// Reads the enrolment: back office, keys and terms.
    ///
    /// # Errors
    /// If the device is not enrolled; the error says how to enrol.
    pub fn enrolment(&self) -> Result<Enrolment> {
        match self.read_json("enrolment.json")? {
            Some(enrolment) => Ok(enrolment),
            None => Err(DataFolderError::NoContract),
        }
    }

    /// Returns the device's key, as it was enrolled with: an enrolled device never makes another by itself, because the
    /// back office takes nothing that is signed with it.
    ///
    /// # Errors
    /// If it is missing, damaged, or another; the error says what to do.
    pub fn device_key(&self, enrolled: Option<&PublicKey>) -> Result<SecretKey> {
        let Some(key) = self.read_key()? else { return Err(DataFolderError::DeviceKey("missing")) };
        let key = key.ok_or(DataFolderError::DeviceKey("damaged"))?;
        if enrolled.is_some_and(|enrolled| *enrolled != key.public()) {
            return Err(DataFolderError::DeviceKey("not the one that this device was enrolled with"));
        }
        Ok(key)
    }

    /// Returns the key to enrol with: the one that is there, else a new one. A person has asked for it.
    ///
    /// # Errors
    /// If it cannot be read or made.
    pub fn enrolling_key(&self) -> Result<SecretKey> {
        if let Some(Some(key)) = self.read_key()? {
            return Ok(key);
        }
        let key = SecretKey::generate().map_err(DataFolderError::NewKey)?;
        self.write("device.key", key.to_bytes().as_slice())?;
        Ok(key)
    }

    /// Returns the key in the file: none without a file, and within none if it is no key.
    fn read_key(&self) -> Result<Option<Option<SecretKey>>> {
        let Some(bytes) = self.read("device.key")? else { return Ok(None) };
        let bytes: Option<&[u8; 32]> = bytes.as_slice().try_into().ok();
        // All zeros are what a file system leaves of a file that it lost.
        Ok(Some(bytes.filter(|bytes| **bytes != [0; 32]).map(SecretKey::from_bytes)))
    }

    /// Returns the device's token.
    ///
    /// # Errors
    /// If there is none, or it cannot be one; the error says what to do.
    pub fn token(&self) -> Result<Zeroizing<String>> {
        let bytes = self.read("token")?.ok_or(DataFolderError::Token("missing"))?;
        let text = std::str::from_utf8(&bytes).ok().filter(|text| {
            !text.is_empty() && text.len() <= 1_024 && text.bytes().all(|b| b.is_ascii_graphic())
        });
        let text = text.ok_or(DataFolderError::Token("damaged"))?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

/// Returns how many bytes the files in a folder and its subfolders hold; what cannot be read counts as nothing.
pub(crate) fn folder_bytes(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariant_09_an_enrolled_device_never_makes_a_second_key() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let key = folder.enrolling_key().unwrap();
        let public = key.public();
        assert_eq!(folder.enrolling_key().unwrap().public(), public, "a second contract has the same");
        assert_eq!(folder.device_key(Some(&public)).unwrap().public(), public);
        assert_eq!(folder.device_key(None).unwrap().public(), public);

        let file = folder.path("device.key");
        let refused = |what: &str| {
            let before = std::fs::read(&file).ok();
            for enrolled in [Some(&public), None] {
                if what == "not the one" && enrolled.is_none() {
                    continue;
                }
                let error = format!("{:#}", folder.device_key(enrolled).err().unwrap());
                assert!(error.contains(what) && error.contains("new invitation"), "{error}");
            }
            assert_eq!(std::fs::read(&file).ok(), before, "nothing is made or changed");
        };
        std::fs::remove_file(&file).unwrap();
        refused("missing");
        let damaged: [&[u8]; 4] = [b"", &[1; 31], &[1; 33], &[0; 32]];
        for damaged in damaged {
            std::fs::write(&file, damaged).unwrap();
            refused("damaged");
        }
        std::fs::write(&file, SecretKey::generate().unwrap().to_bytes().as_slice()).unwrap();
        refused("not the one");

        // A person enrols again: then there is a new one.
        std::fs::write(&file, b"damaged").unwrap();
        let again = folder.enrolling_key().unwrap();
        assert_eq!(folder.device_key(Some(&again.public())).unwrap().public(), again.public());
    }

    #[test]
    fn a_token_that_is_none_says_what_to_do() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let bad: [Option<&[u8]>; 6] =
            [None, Some(b""), Some(b"a b"), Some(b"a\n"), Some(&[0; 40]), Some(&[0xff; 4])];
        for bad in bad {
            folder.remove("token").unwrap();
            if let Some(bad) = bad {
                folder.write("token", bad).unwrap();
            }
            let error = format!("{:#}", folder.token().err().unwrap());
            assert!(error.contains("new invitation"), "{error}");
        }
        folder.write("token", b"s3cret").unwrap();
        assert_eq!(folder.token().unwrap().as_str(), "s3cret");
    }
}
