//! Plugins, checks, and one's own data as a whole.

use std::fmt;

use candor_diary::plain;
use serde::{Deserialize, Serialize};

/// A plugin in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plugin {
    /// Its name in the terms.
    pub name: String,
    /// What sort of plugin it is.
    pub kind: PluginKind,
    /// SHA-256 of the component.
    pub sha256: String,
    /// What it may do, in words.
    pub may: Vec<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// Its last log lines.
    pub log: Vec<String>,
}

/// What sort of plugin it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginKind {
    /// It has sensors, and decides what is recorded.
    Collector,
    /// It has the network, and brings evidence from elsewhere.
    Feed,
    /// It judges what is on the screen.
    Policy,
    /// It carries parcels to the target.
    Uploader,
}

impl PluginKind {
    /// Returns the kind as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Feed => "feed",
            Self::Policy => "policy",
            Self::Uploader => "uploader",
        }
    }
}

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at: `display`, `counting`, `tray`, `notifications`, `keyring`, `disk`, `memory`, `load`,
    /// `back-office`, `clock`, `ledger`.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found, as a sentence.
    pub found: String,
    /// What to do about it, if it is not.
    pub advice: Option<String>,
}

/// What a verification of the journal found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verified {
    /// Records looked at: all up to the first bad one.
    pub records: u64,
    /// Of these, the ones that are as they were written.
    pub equal: u64,
    /// Of these, the ones that were erased.
    pub sealed: u64,
    /// The first record that is not as it was written.
    pub first_bad: Option<BadRecord>,
    /// The number of pictures looked at.
    pub pictures: u64,
    /// The ones that are not as they were written.
    pub bad_pictures: Vec<BadPicture>,
    /// The details that are not as they were written.
    pub bad_details: Vec<BadDetail>,
    /// The starts of segments whose parcel cannot be read any more.
    pub bad_parcels: Vec<u64>,
}

impl Verified {
    /// How many records are intact and how many were erased, as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (intact, all) = (plain::count(self.equal + self.sealed), plain::count(self.records));
        let records = plain::plural(self.records, "record", "records");
        let intact = match self.first_bad {
            None => format!("All {all} {records} intact"),
            Some(_) => format!("{intact} of {all} {records} intact"),
        };
        let (erased, pictures) = (plain::count(self.sealed), plain::count(self.pictures));
        format!(
            "{intact}; {erased} erased. {pictures} {}.",
            plain::plural(self.pictures, "picture", "pictures")
        )
    }
}

/// A record that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRecord {
    /// Its place in the chain.
    pub sequence: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// A picture that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadPicture {
    /// The journal's name for it.
    pub picture: String,
    /// The start of its segment, if a record still names it.
    pub segment_start: Option<u64>,
    /// What is wrong with it.
    pub reason: String,
}

/// A detail of a parcel that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadDetail {
    /// The SHA-256 that it is named by.
    pub sha256: String,
    /// The start of its segment, if its parcel is still there.
    pub segment_start: Option<u64>,
    /// What is wrong with it.
    pub reason: String,
}

impl Verified {
    /// Whether everything is as it was written.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.first_bad.is_none()
            && self.bad_pictures.is_empty()
            && self.bad_details.is_empty()
            && self.bad_parcels.is_empty()
    }
}

/// What an export wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The folder it was written into.
    pub folder: String,
    /// The number of records.
    pub records: u64,
    /// The number of pictures.
    pub pictures: u64,
}
