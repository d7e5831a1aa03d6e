//! What both a core and its details say: whether input was counted, how much of it, and that a segment was removed.

use serde::{Deserialize, Serialize};

/// Whether keys, clicks and scrolls were to be counted. A back office takes [`Activity::Off`] only if the terms leave
/// it so or to the worker ([`Terms::counts_activity`](crate::terms::Terms::counts_activity)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// They were: a tracked minute without counts is no evidence.
    #[default]
    Counted,
    /// They were not, by the terms or by the worker's choice if the terms leave that: tracked time stands for itself.
    Off,
}

impl Activity {
    /// Whether they were to be counted.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        *self == Self::Counted
    }
}

/// Counts of input events in a minute. Never which key or where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Counts {
    /// Number of key presses.
    pub keys: u32,
    /// Number of presses of pointer buttons.
    pub clicks: u32,
    /// Number of scroll steps.
    pub scrolls: u32,
}

impl Counts {
    /// Whether there was any activity.
    #[must_use]
    pub fn any(self) -> bool {
        self.keys > 0 || self.clicks > 0 || self.scrolls > 0
    }
}

/// That the worker removed a segment with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Removed {
    /// When it was removed.
    pub at: u64,
    /// How many milliseconds of tracked or typed-in time went with it.
    pub time_ms: u64,
}
