//! What was seen beside the minutes: windows, gaps, plugins' notes, and what of all that is left out.

use serde::{Deserialize, Serialize};

use crate::plain;

/// What both sides read of a segment that was recorded without a sign on the screen (invariant 6).
pub const NO_SIGN: &str =
    "Recorded without a tray icon, window or notification on the screen. The worker chose this (--no-sign).";

/// Stands for the plugins beyond the number of those named.
pub(super) const OTHERS: &str = "(others)";

/// The focused window changed to this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Focus {
    /// When it got the focus.
    pub at: u64,
    /// The application, if it is known and recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The title, if it is known, recorded and not hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The address, if it is known, recorded and not hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The rules that hid something of it, by index in [`Policy::rules`](super::Policy::rules).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_by: Vec<u32>,
}

/// A span that the tracker could not see: shown as 'no evidence', never as idle nor as work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gap {
    /// Its first millisecond since the Unix epoch.
    pub from: u64,
    /// The first millisecond after it.
    pub to: u64,
    /// Why nothing could be seen.
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
    /// A plugin that records failed.
    CollectorFailed,
    /// The clock was set.
    ClockJump,
    /// The computer was asleep.
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
    /// What kind of observation it is, a [`PlainId`](crate::plain_id::PlainId).
    pub kind: String,
    /// Its content, as JSON text.
    pub body: String,
}

/// Something of a segment that is not in its parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Dropped {
    /// The plugin that it came from, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// Why it is not in the parcel.
    pub because: DroppedBecause,
    /// How many notes, texts or records.
    pub count: u64,
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
            (DroppedBecause::Gaps, _) => {
                format!("{count} more short {} not listed", one("gap is", "gaps are"))
            }
            (DroppedBecause::OtherTime, _) => {
                format!("{count} {} left out: of another time", one("note", "notes"))
            }
            (DroppedBecause::Damaged, _) => format!(
                "{count} {} not be read any more: damaged on the worker's computer",
                one("record could", "records could")
            ),
        }
    }
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
    /// More gaps than are told; the longest are.
    Gaps,
    /// It says to be of another time than the segment's.
    OtherTime,
}
