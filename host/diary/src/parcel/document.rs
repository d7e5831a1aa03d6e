//! A segment with all that was recorded in it, as far as it is still there.

use serde::{Deserialize, Serialize};

use super::core::{DetailKind, Field, MinuteActivity, TermsRef};
use super::counts::{Activity, Counts, Removed};
use super::evidence::{Custom, Dropped, Focus, Gap};
use super::picture::{NoSnapshot, Snapshot};
use crate::segment::SegmentLength;

/// A segment as a device recorded it. Times are milliseconds since the Unix epoch, UTC.
///
/// It travels and is kept as a signed [`Core`](super::Core) with [details](super::Detail) beside it:
/// [`Parcel::split`] takes it apart, [`Parcel::join`] puts it together again from what is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Parcel {
    /// Idempotency key: 32 lowercase hex digits, drawn once when the segment closed.
    pub id: String,
    /// The id of the contract that it was recorded for.
    pub contract: String,
    /// The public key of the back office that it is made for, 64 lowercase hex digits: no other takes it.
    pub server: String,
    /// The terms that it was made under.
    pub terms: TermsRef,
    /// The enrolled device's id.
    pub device: String,
    /// Position of the segment's closing record in the device's journal, from 1.
    pub sequence: u64,
    /// Head of the journal's hash chain after that record, 64 lowercase hex digits.
    pub chain_head: String,
    /// First millisecond of the segment.
    pub start: u64,
    /// The length of the segment.
    pub length: SegmentLength,
    /// How often the segment was changed after it was first closed, from 0. The highest of a device takes the place of
    /// all lower ones: what those held beyond it is to be forgotten.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// Which fields this revision changed, in order; empty for revision 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Field>,
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
    /// All counts, added up, if the minutes' own counts are erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_totals: Option<Counts>,
    /// What the worker says to have worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// The client's activity label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Changes of the focused window, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub focus: Vec<Focus>,
    /// The picture, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// Why there is no picture. Absent if there is one, or none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_snapshot: Option<NoSnapshot>,
    /// The worker started it so that nothing had to show that it was recorded ([`NO_SIGN`](super::NO_SIGN)).
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
    /// The kinds of details that were there and are erased, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<DetailKind>,
}

impl Parcel {
    /// First millisecond after the segment.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.length.ms())
    }

    /// How many minutes had any activity: the activity meter's figure.
    #[must_use]
    pub fn minutes_active(&self) -> u32 {
        let active = self.minutes.iter().filter(|m| m.activity.is_active()).count();
        u32::try_from(active).unwrap_or(u32::MAX)
    }

    /// All counts of the segment, added up.
    #[must_use]
    pub fn totals(&self) -> Counts {
        self.erased_totals.unwrap_or_else(|| self.counted_totals().unwrap_or_default())
    }

    /// Returns the sum of the minutes' own counts; none if no minute has any.
    pub(super) fn counted_totals(&self) -> Option<Counts> {
        self.minutes.iter().filter_map(|m| m.counts).reduce(|sum, c| Counts {
            keys: sum.keys.saturating_add(c.keys),
            clicks: sum.clicks.saturating_add(c.clicks),
            scrolls: sum.scrolls.saturating_add(c.scrolls),
        })
    }
}

/// That the worker typed a segment in. It is billed only within the client's permission, and only if nothing tracked
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
    /// What is known of input in it.
    pub activity: MinuteActivity,
    /// The counts, if they were recorded and are not erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
}

impl MinuteFacts {
    /// A minute as it was recorded.
    #[must_use]
    pub fn new(start: u64, tracked_ms: u32, counts: Option<Counts>) -> Self {
        Self { start, tracked_ms, activity: MinuteActivity::of(counts), counts }
    }
}

/// The policy that judged, so that both sides can read and replay it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    /// The plugin's name, such as `rules`.
    pub plugin: String,
    /// SHA-256 of the component, 64 lowercase hex digits; empty if the policy is missing.
    pub sha256: String,
    /// The rules in words.
    pub rules: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(what: &bool) -> bool {
    !*what
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
