//! The document: what a client sets.

use serde::{Deserialize, Serialize};

use crate::money::{Currency, Rate, RoundingRule};
use crate::segment::SegmentLength;

/// What a contract records, by which rules, and where it goes. Handed out by the back office at enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Terms {
    /// The contract's id, a [`PlainId`](crate::plain_id::PlainId).
    pub contract: String,
    /// The contract's title, such as `Invoice service`.
    pub title: String,
    /// The client's name, 1 to 100 characters.
    pub client: String,
    /// The worker's name, 1 to 100 characters.
    pub worker: String,
    /// Counts up with every change of the terms, from 1.
    pub sequence: u64,
    /// Who decides when time is recorded.
    pub mode: Mode,
    /// The length of a segment.
    pub segment: SegmentLength,
    /// How long a closed segment waits before it is delivered, in milliseconds.
    pub hold_ms: u64,
    /// The client's privacy rules. Without a policy no picture and no title is ever recorded (invariant 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PluginUse>,
    /// The plugins that record, each with its settings.
    pub collectors: Vec<PluginUse>,
    /// The plugin that delivers parcels, with its settings.
    pub uploader: PluginUse,
    /// How many minutes a week are billed at most; none means no limit. Filled in order of start (design §8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly_limit: Option<u32>,
    /// What an hour costs, in minor units of the currency, 1 to
    /// [`RATE_MINOR_UNITS`](crate::limits::RATE_MINOR_UNITS). None if no money is computed from the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u64>,
    /// In what it is paid, a code of ISO 4217. It must be there if there is a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// How a line of an invoice is rounded.
    #[serde(default)]
    pub rounding: RoundingRule,
    /// The client's activity labels, of which the worker may choose one a segment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Whether the worker may type time in.
    #[serde(default)]
    pub manual_time: ManualTime,
    /// What the worker's own removal of a picture does to its segment.
    #[serde(default)]
    pub picture_removal: PictureRemoval,
    /// What is left to the worker.
    #[serde(default)]
    pub worker_chooses: WorkerChooses,
    /// Where the worker turns to.
    #[serde(default)]
    pub contacts: Contacts,
}

/// The first-party collector of keys, clicks and scrolls.
const ACTIVITY: &str = "activity";

impl Terms {
    /// Whether keys, clicks and scrolls are to be counted: if they are, a minute without counts is no evidence.
    #[must_use]
    pub fn counts_activity(&self) -> bool {
        self.collectors.iter().any(|collector| collector.plugin == ACTIVITY)
    }

    /// Returns what an hour costs; `None` without a rate, or in terms that did not pass [`Terms::check`].
    #[must_use]
    pub fn hourly_rate(&self) -> Option<Rate> {
        Rate::new(self.rate?, self.currency?).ok()
    }

    /// Whether time can be tracked under these terms; otherwise all of it is typed in.
    #[must_use]
    pub fn tracks_time(&self) -> bool {
        self.manual_time != ManualTime::Only
    }

    /// Whether a segment may be delivered without counts, and its tracked time still stand for itself.
    #[must_use]
    pub fn activity_may_be_off(&self) -> bool {
        !self.counts_activity() || self.worker_chooses.activity
    }
}

/// Whether time may be typed in (design §6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManualTime {
    /// No time may be typed in.
    #[default]
    No,
    /// Each time is billed only when the client has agreed to it.
    Ask,
    /// Time may be typed in, and is billed.
    Yes,
    /// All time is typed in; nothing is tracked.
    Only,
}

/// What becomes of a segment whose picture the worker removes before the lock (invariant 7). A client's removal, and
/// any after the lock, always keeps the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PictureRemoval {
    /// The time of the segment stays.
    #[default]
    KeepsTime,
    /// Its time goes with it.
    RemovesTime,
}

/// What the client leaves to the worker: if it is `true`, the worker may turn that collector off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WorkerChooses {
    /// Whether pictures are taken.
    #[serde(default)]
    pub pictures: bool,
    /// Whether keys, clicks and scrolls are counted.
    #[serde(default)]
    pub activity: bool,
}

/// Where the worker turns to: each an `https:` or `mailto:` address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Contacts {
    /// Where the worker finds help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<String>,
    /// Where praise and complaints go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
}

/// Who decides when time is recorded (design §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The worker starts and stops.
    Worklog,
    /// The client's rules start and stop.
    Monitoring,
}

/// A plugin and the settings that it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PluginUse {
    /// The plugin's name, such as `rules`.
    pub plugin: String,
    /// Its settings, any JSON value.
    #[serde(default)]
    pub settings: serde_json::Value,
}
