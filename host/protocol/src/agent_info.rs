//! Notice, rules, preferences and everything about the agent itself.

use candor_diary::parcel::Redaction;
use candor_diary::plain;
use candor_diary::terms::Terms;
use serde::{Deserialize, Serialize};

use crate::Picture;

/// A notice to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeAnswer {
    /// The contract.
    pub contract: String,
    /// The text.
    pub text: String,
    /// Names the text.
    pub digest: String,
    /// Whether it is accepted by this account.
    pub accepted: bool,
}

/// What the client would see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The picture; none where rules or a failure say so.
    pub picture: Option<Picture>,
    /// What is covered in it.
    pub redactions: Vec<Redaction>,
    /// The rules that covered something, in words, each once.
    pub covered_by: Vec<String>,
    /// Why there is none.
    pub no_picture_sentence: Option<String>,
}

/// What the worker chooses. The terms of a monitoring contract override them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Preferences {
    /// Only the monitor with the focused window is in the picture.
    pub active_monitor_only: bool,
    /// A notification at each picture.
    pub notify_on_capture: bool,
    /// Remind of the memo after this many minutes of tracking under the same one; 0 never does.
    pub memo_reminder_minutes: u32,
    /// Ask about time without keys, clicks and scrolls of at least this many minutes, 1 to 60.
    pub idle_minutes: u32,
    /// Start the agent at login.
    pub start_at_login: bool,
    /// Pictures are taken, where the terms leave it to the worker.
    pub pictures: bool,
    /// Keys, clicks and scrolls are counted, where the terms leave it to the worker.
    pub activity: bool,
    /// The window's colours.
    pub theme: Theme,
    /// What the window's closing does while it is tracked.
    pub on_close: OnClose,
    /// Bytes that pictures and journal may take on disk; beyond it no picture is taken, time goes on.
    pub disk_limit: u64,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            active_monitor_only: false,
            notify_on_capture: true,
            memo_reminder_minutes: 60,
            idle_minutes: 10,
            start_at_login: false,
            pictures: true,
            activity: true,
            theme: Theme::System,
            on_close: OnClose::Ask,
            disk_limit: 2 << 30,
        }
    }
}

/// What becomes of tracking when the window is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnClose {
    /// The window asks, once.
    #[default]
    Ask,
    /// It goes on in the background.
    KeepTracking,
    /// It stops.
    Stop,
}

/// The window's colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// As the desktop has them.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A rule of the worker's own: what it matches, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OwnRule {
    /// What is looked at: `application` or `title`. (No source tells the address of a page yet.)
    pub field: String,
    /// How: `exact`, `contains`, `glob` or `regex`.
    pub by: String,
    /// The text or pattern.
    pub pattern: String,
    /// What happens: `hide-title`, `blur`, `fill` or `skip`.
    pub action: String,
}

/// A plugin in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plugin {
    /// Its name in the terms.
    pub name: String,
    /// `collector`, `policy` or `uploader`.
    pub kind: String,
    /// SHA-256 of the component.
    pub sha256: String,
    /// What it may do, in words.
    pub may: Vec<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// Its last log lines.
    pub log: Vec<String>,
}

/// One line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at: `display`, `counting`, `tray`, `notifications`, `keyring`, `disk`, `memory`, `load`,
    /// `back-office`, `clock`.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do about it, where it is not.
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
    /// Pictures looked at.
    pub pictures: u64,
    /// The ones that are not as they were written.
    pub bad_pictures: Vec<BadPicture>,
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
    /// The start of its segment, where a record still names it.
    pub segment_start: Option<u64>,
    /// What is wrong with it.
    pub reason: String,
}

impl Verified {
    /// Whether everything is as it was written.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.first_bad.is_none() && self.bad_pictures.is_empty() && self.bad_parcels.is_empty()
    }
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Where it lies.
    pub folder: String,
    /// How many records.
    pub records: u64,
    /// How many pictures.
    pub pictures: u64,
}

/// The answer of [`Request::Terms`](crate::Request::Terms) is the terms as they were handed out.
pub type TermsAnswer = Terms;
