//! What a back office answers about the running week of a contract, all devices together.

use serde::{Deserialize, Serialize};

/// Times in milliseconds since the Unix epoch, amounts of time in whole minutes. Readers need the first and the third
/// field; the others may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekAnswer {
    /// When the week began, Monday 00:00 UTC.
    pub week_start: u64,
    /// How many minutes are billed at most; none means no limit.
    #[serde(default)]
    pub limit_minutes: Option<u64>,
    /// What is billed as of now.
    pub billed_minutes: u64,
    /// What was tracked or typed in, billed or not.
    #[serde(default)]
    pub recorded_minutes: u64,
    /// Segments that start before this lie in a locked week.
    #[serde(default)]
    pub locked_until: u64,
}
