//! What travels from a device to a back office: one segment, with everything that was recorded in it.
//!
//! A parcel is a JSON document. The agent signs it into a DSSE envelope of the payload type [`PARCEL_TYPE`]; a target
//! stores those exact bytes. Pictures travel beside it as attachments, named by their SHA-256. What a rule hid is not
//! in here, not even as a hash: it was left out before the record was made (invariant 8).

use serde::{Deserialize, Serialize};

use crate::plain;
use crate::segment::SegmentLength;

mod check;
mod fit;

pub use check::{BadParcel, MAX_REVISION};

/// The DSSE payload type of a parcel.
pub const PARCEL_TYPE: &str = "application/vnd.candor.parcel+json";

/// What both sides read of a segment that was recorded without a sign on the screen (invariant 6).
pub const NO_SIGN: &str =
    "Recorded without a tray icon, window or notification on the screen. The worker chose this (--no-sign).";

/// A segment as a device recorded it. Times are milliseconds since the Unix epoch, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Parcel {
    /// Idempotency key: 32 lowercase hex digits, drawn once when the segment closed.
    pub id: String,
    /// The contract's id.
    pub contract: String,
    /// The public key of the back office that it is made for, 64 lowercase hex digits: no other takes it. Empty in
    /// parcels from before it was told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// The sequence of the terms that it was made under; 0 in parcels from before it was told.
    #[serde(default, skip_serializing_if = "no_terms")]
    pub terms: u64,
    /// The enrolled device's id.
    pub device: String,
    /// Position of the segment's closing record in the device's journal, from 1.
    pub sequence: u64,
    /// Head of the journal's hash chain after that record, 64 lowercase hex digits.
    pub chain_head: String,
    /// First millisecond of the segment.
    pub start: u64,
    /// The segment's length.
    pub length: SegmentLength,
    /// How often the segment was changed after it was first closed, from 0. The highest of a device takes the place of
    /// all lower ones: what those held beyond it is to be forgotten.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// The worker removed the segment: no minutes, no picture, no text; this is the tombstone that both sides see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removed>,
    /// The worker typed this whole segment in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<Manual>,
    /// Whether keys, clicks and scrolls were to be counted in this segment.
    #[serde(default, skip_serializing_if = "Activity::is_counted")]
    pub activity: Activity,
    /// One entry for each minute in which anything was tracked, in order.
    pub minutes: Vec<MinuteFacts>,
    /// What the worker says to have worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// The client's activity label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Changes of the focused window, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub focus: Vec<Focus>,
    /// The picture, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// Why there is no picture. Absent where there is one, or where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_snapshot: Option<NoSnapshot>,
    /// The worker started it so that nothing had to show that it was recorded ([`NO_SIGN`]).
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_sign: bool,
    /// Spans of the segment that the tracker could not see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Observations of other kinds, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<Custom>,
    /// What was recorded and is not in here, counted: surplus evidence, and what could not be read any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// The policy in force when the segment closed.
    pub policy: Policy,
}

/// Whether keys, clicks and scrolls were to be counted. A back office takes [`Activity::Off`] only where the terms leave
/// it so or to the worker ([`Terms::counts_activity`](crate::terms::Terms::counts_activity)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// They were: a tracked minute without counts is no evidence.
    #[default]
    Counted,
    /// They were not, by the terms or by the worker's choice where the terms leave that: tracked time stands for itself.
    Off,
}

impl Activity {
    /// Whether they were to be counted.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        *self == Self::Counted
    }
}

/// That the worker removed a segment with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Removed {
    /// When.
    pub at: u64,
    /// How many milliseconds of tracked or typed-in time went with it.
    pub time_ms: u64,
}

/// That the worker typed a segment in. It is billed only within the client's permission, and only where nothing tracked
/// is billed in its place (design §8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manual {
    /// When it was typed in.
    pub at: u64,
    /// Why it was not tracked, in the worker's words, as long as a memo at most: for a client that is asked about each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Manual {
    /// Typed in then, without a reason.
    #[must_use]
    pub fn at(at: u64) -> Self {
        Self { at, reason: None }
    }
}

/// What one minute held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MinuteFacts {
    /// Its first millisecond; a multiple of 60,000.
    pub start: u64,
    /// For how many milliseconds of it the tracker was on, 1 to 60,000.
    pub tracked_ms: u32,
    /// The counts, where the activity collector recorded them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
}

/// Counts of input events in a minute. Never which key or where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Counts {
    /// Key presses.
    pub keys: u32,
    /// Presses of pointer buttons.
    pub clicks: u32,
    /// Scroll steps.
    pub scrolls: u32,
}

impl Counts {
    /// Whether there was any activity.
    #[must_use]
    pub fn any(self) -> bool {
        self.keys > 0 || self.clicks > 0 || self.scrolls > 0
    }
}

/// The focused window changed to this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Focus {
    /// When.
    pub at: u64,
    /// The application, where it is known and recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The title, where it is known, recorded and not hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The address, where it is known, recorded and not hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The rules that hid something of it, by index in [`Policy::rules`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_by: Vec<u32>,
}

/// A picture of the screen, as delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Snapshot {
    /// When it was taken.
    pub at: u64,
    /// SHA-256 of the picture's bytes, 64 lowercase hex digits; names the attachment.
    pub sha256: String,
    /// Its media type, such as `image/webp`.
    pub media_type: String,
    /// Width in pixels, as delivered.
    pub width: u32,
    /// Height in pixels, as delivered.
    pub height: u32,
    /// Length in bytes.
    pub bytes: u64,
    /// How many monitors it shows.
    pub monitors: u32,
    /// What was covered before it was encoded, in pixels of the picture as delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<Redaction>,
    /// The window in front when it was taken, judged with it. Absent where no such facts are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<Focus>,
}

/// A covered place in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Redaction {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// How.
    pub cover: Cover,
    /// The rule, by index in [`Policy::rules`]; none where the host covered it by itself, such as a panel that shows
    /// the title of a hidden window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<u32>,
}

/// What was covered in a picture, in words: `2 windows redacted`; where only the host covered something by itself,
/// `1 place covered`. None where nothing was.
#[must_use]
pub fn redacted(redactions: &[Redaction]) -> Option<String> {
    let count = |ruled: bool| redactions.iter().filter(|r| r.rule.is_some() == ruled).count() as u64;
    match (count(true), count(false)) {
        (0, 0) => None,
        (0, places) => Some(format!("{places} {} covered", plain::plural(places, "place", "places"))),
        (windows, _) => Some(format!("{windows} {} redacted", plain::plural(windows, "window", "windows"))),
    }
}

/// How a place is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cover {
    /// One flat colour.
    Fill,
    /// A few large cells of average colour.
    Blur,
}

/// Why a segment has no picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "because", deny_unknown_fields)]
pub enum NoSnapshot {
    /// A rule says so; the rules, by index in [`Policy::rules`].
    SkippedByRule {
        /// Indices into [`Policy::rules`].
        rules: Vec<u32>,
    },
    /// The policy failed, so nothing was kept (invariant 3).
    RuleFailed,
    /// Windows kept moving while the picture was taken.
    Unsettled,
    /// The screen could not be read.
    ScreenUnavailable,
    /// The collector failed.
    CollectorFailed,
    /// The tracker was off at the random moment.
    MomentMissed,
    /// The worker removed it.
    RemovedByWorker,
    /// The terms leave pictures to the worker, who has turned them off.
    TurnedOff,
    /// The disk space that the worker set for pictures is used up.
    DiskUsedUp,
    /// The screen was locked, or a screen saver covered it.
    ScreenLocked,
    /// The screen showed one colour only: blank, black or switched off.
    ScreenBlank,
    /// It was taken, and its file on the worker's computer is missing or not as it was written.
    Damaged,
    /// It was taken, and the target refused it.
    Refused,
    /// It was taken, and is larger than a target takes.
    TooLarge,
}

impl NoSnapshot {
    /// The sentence that stands in the picture's place, the same for both sides (look, 'Cells').
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::SkippedByRule { .. } => "No picture: skipped by rule",
            Self::RuleFailed => "No picture: rule failed, nothing was kept",
            Self::Unsettled => "No picture: windows kept moving",
            Self::ScreenUnavailable => "No picture: the screen could not be read",
            Self::CollectorFailed => "No picture: the collector failed",
            Self::MomentMissed => "No picture: tracking was off at the chosen moment",
            Self::RemovedByWorker => "Picture removed by worker, time kept",
            Self::TurnedOff => "No picture: turned off by worker",
            Self::DiskUsedUp => "No picture: the disk space set for pictures is used up",
            Self::ScreenLocked => "No evidence: the screen was locked",
            Self::ScreenBlank => "No evidence: the screen was blank",
            Self::Damaged => "No picture: it was damaged on the worker's computer, time kept",
            Self::Refused => "No picture: the back office refused it, time kept",
            Self::TooLarge => "No picture: it is larger than can be sent, time kept",
        }
    }
}

/// A span that the tracker could not see: shown as 'no evidence', never as idle nor as work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gap {
    /// First millisecond.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
    /// Why.
    pub cause: GapCause,
}

/// Why the tracker could not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapCause {
    /// The agent was killed or lost power.
    Crash,
    /// The counter of input events did not run.
    CounterLost,
    /// The display could not be read.
    DisplayLost,
    /// A collector failed.
    CollectorFailed,
    /// The clock was set.
    ClockJump,
    /// The computer slept.
    Asleep,
    /// The screen was locked.
    Locked,
    /// The worker paused for private time.
    Paused,
    /// Nobody was there, and the worker left the time out.
    LeftOut,
    /// A rule failed, so what was on screen was not recorded.
    RuleFailed,
    /// What was recorded of it cannot be read any more.
    Damaged,
    /// Nobody was there, and the worker has not said yet what becomes of the time. Left out until then.
    Unanswered,
    /// It could not be written down: the disk was full for longer than the tracker can remember.
    NotRecorded,
    /// The tracker itself stood still: its process was stopped, or the computer gave it no time.
    Stalled,
    /// Nothing on the screen could show that it was recorded, so it was not (invariant 6).
    NoSign,
}

/// An observation of a plugin's own making; shown as the plugin's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Custom {
    /// When it was noted.
    pub at: u64,
    /// The plugin that noted it.
    pub plugin: String,
    /// What it is.
    pub kind: String,
    /// JSON text.
    pub body: String,
}

/// Something of a segment that is not in its parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Dropped {
    /// The plugin that it came from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// Why.
    pub because: DroppedBecause,
    /// How many notes, texts or records.
    pub count: u64,
}

/// Why something is not in a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DroppedBecause {
    /// It was over the budget of its plugin and segment.
    OverBudget,
    /// Only its end: a text was longer than is recorded.
    Shortened,
    /// More covered places than are told. They are covered all the same.
    Redactions,
    /// It could not be read any more on the worker's computer.
    Damaged,
}

impl Dropped {
    /// The sentence that both sides read.
    #[must_use]
    pub fn sentence(&self) -> String {
        let count = plain::count(self.count);
        let one = |one: &'static str, many: &'static str| plain::plural(self.count, one, many);
        match (self.because, &self.plugin) {
            (DroppedBecause::OverBudget, Some(plugin)) => {
                format!("{count} {} from plugin {plugin} left out: over its limit", one("note", "notes"))
            }
            (DroppedBecause::OverBudget, None) => {
                format!("{count} {} left out: over the limit", one("window change", "window changes"))
            }
            (DroppedBecause::Shortened, _) => {
                format!("{count} {} shortened: longer than is recorded", one("text", "texts"))
            }
            (DroppedBecause::Redactions, _) => {
                format!("{count} more {} not listed", one("covered place is", "covered places are"))
            }
            (DroppedBecause::Damaged, _) => format!(
                "{count} {} not be read any more: damaged on the worker's computer",
                one("record could", "records could")
            ),
        }
    }
}

/// The policy that judged, so that both sides can read and replay it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    /// The plugin's name, such as `rules`.
    pub plugin: String,
    /// SHA-256 of the component, 64 lowercase hex digits; empty where the policy is missing.
    pub sha256: String,
    /// The rules in words.
    pub rules: Vec<String>,
}

impl Parcel {
    /// How many minutes had any activity: the activity meter's figure.
    #[must_use]
    pub fn minutes_active(&self) -> u32 {
        let active = self.minutes.iter().filter(|m| m.counts.is_some_and(Counts::any)).count();
        u32::try_from(active).unwrap_or(u32::MAX)
    }

    /// All counts of the segment, added up.
    #[must_use]
    pub fn totals(&self) -> Counts {
        self.minutes.iter().filter_map(|m| m.counts).fold(Counts::default(), |sum, c| Counts {
            keys: sum.keys.saturating_add(c.keys),
            clicks: sum.clicks.saturating_add(c.clicks),
            scrolls: sum.scrolls.saturating_add(c.scrolls),
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(what: &bool) -> bool {
    !*what
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn no_terms(sequence: &u64) -> bool {
    *sequence == 0
}
