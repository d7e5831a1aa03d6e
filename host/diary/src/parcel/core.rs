//! The signed part of a parcel: what is billed and what must stay readable for as long as the contract's accounts are
//! kept. Everything else lies beside it in [details](super::DetailKind), each named here by a salted digest.

use serde::{Deserialize, Serialize};

use super::counts::{Activity, Counts, Removed};
use super::evidence::{Dropped, Gap};
use super::picture::NoSnapshot;
use crate::segment::SegmentLength;

/// The DSSE payload type of a parcel's core.
pub const PARCEL_TYPE: &str = "application/vnd.candor.parcel+json";

/// The core of a parcel: at most [`CORE_BYTES`](crate::limits::CORE_BYTES) of JSON. Times are milliseconds since the Unix
/// epoch, UTC.
///
/// It holds no text that anybody typed in or read off a screen: those are details, so that they can be erased while this
/// still verifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Core {
    /// Idempotency key: 32 lowercase hex digits, drawn once when the segment closed.
    pub id: String,
    /// The id of the contract that it was recorded for.
    pub contract: String,
    /// The public key of the back office that it is made for, 64 lowercase hex digits: no other takes it.
    pub server: String,
    /// The terms in force when it was recorded.
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
    /// Which fields this revision changed, in order and each once; empty for revision 0. A field that is not named here
    /// is as the latest entry of the ledger that touched it left it, whatever this parcel holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Field>,
    /// The worker removed the segment: this is the tombstone that both sides see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removed>,
    /// When the worker typed this whole segment in, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<u64>,
    /// Whether keys, clicks and scrolls were to be counted in this segment.
    #[serde(default, skip_serializing_if = "Activity::is_counted")]
    pub activity: Activity,
    /// One entry for each minute in which anything was tracked, in order.
    pub minutes: Vec<CoreMinute>,
    /// All counts of the segment, added up; none if nothing was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<Counts>,
    /// Spans of the segment that the tracker could not see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Why there is no picture. Absent if there is one, or none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_snapshot: Option<NoSnapshot>,
    /// The worker started it so that nothing had to show that it was recorded ([`NO_SIGN`](super::NO_SIGN)).
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_sign: bool,
    /// What was recorded and is in no detail, counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// The policy in force when the segment closed.
    pub policy: PolicyRef,
    /// What lies beside it, in order of kind and plugin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<DetailRef>,
}

impl Core {
    /// First millisecond after the segment.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.length.ms())
    }

    /// Returns what a detail is called here, if there is one of that kind (notes: of that plugin).
    #[must_use]
    pub fn detail(&self, kind: DetailKind, plugin: Option<&str>) -> Option<&DetailRef> {
        self.details.iter().find(|detail| detail.kind == kind && detail.plugin.as_deref() == plugin)
    }
}

/// Names terms exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TermsRef {
    /// Their sequence, from 1.
    pub sequence: u64,
    /// Their digest, 64 lowercase hex digits ([`Terms::digest`](crate::terms::Terms::digest)).
    pub digest: String,
}

/// What one minute held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CoreMinute {
    /// Its first millisecond; a multiple of 60,000.
    pub start: u64,
    /// For how many milliseconds of it the tracker was on, 1 to 60,000.
    pub tracked_ms: u32,
    /// What is known of input in it.
    pub activity: MinuteActivity,
}

/// What is known of keys, clicks and scrolls in a minute. It stays when the counts are erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MinuteActivity {
    /// Counted, and there were some.
    CountedAny,
    /// Counted, and there were none.
    CountedNone,
    /// Where nothing can be counted: the system says that somebody was there.
    Seen,
    /// Not recorded: no evidence if it was to be.
    NotRecorded,
}

impl MinuteActivity {
    /// Returns what counts say; `None` for a minute that was not counted.
    #[must_use]
    pub fn of(counts: Option<Counts>) -> Self {
        match counts {
            Some(counts) if counts.any() => Self::CountedAny,
            Some(_) => Self::CountedNone,
            None => Self::NotRecorded,
        }
    }

    /// Returns whether somebody is known to have been active.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::CountedAny | Self::Seen)
    }
}

/// The policy that judged. Its rules' words are a detail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PolicyRef {
    /// The plugin's name, such as `rules`; empty if the policy is missing.
    pub plugin: String,
    /// SHA-256 of the component, 64 lowercase hex digits; empty if the policy is missing.
    pub sha256: String,
}

/// Something that a revision may change, named so that what it did not touch stays as a later edit left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// Tracked or typed-in minutes, gaps, or that the segment was removed: everything that is billed.
    Time,
    /// The memo, and the reason of typed-in time.
    Memo,
    /// The label.
    Label,
    /// The picture, or why there is none.
    Picture,
    /// Counts by the minute.
    Activity,
    /// Windows in front.
    Focus,
    /// Notes of plugins.
    Notes,
    /// What else the core says: the policy and its rules, what was dropped, the sign on the screen.
    Context,
}

impl Field {
    /// All fields, in order.
    pub const ALL: [Self; 8] = [
        Self::Time,
        Self::Memo,
        Self::Label,
        Self::Picture,
        Self::Activity,
        Self::Focus,
        Self::Notes,
        Self::Context,
    ];
}

/// A detail, as the core names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DetailRef {
    /// What kind of detail it is.
    pub kind: DetailKind,
    /// The plugin whose notes it holds, a [`PlainId`](crate::plain_id::PlainId); absent for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// SHA-256 of its exact bytes, 64 lowercase hex digits. The bytes begin with a salt of 32 random bytes, so once they
    /// are gone nobody can try out what they were.
    pub sha256: String,
    /// The length of its bytes, at most [`DETAIL_BYTES`](crate::limits::DETAIL_BYTES).
    pub bytes: u64,
}

/// The kinds of details. Each can be erased alone on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetailKind {
    /// Counts by the minute.
    Activity,
    /// Windows in front, with their titles.
    Focus,
    /// Memo, label and the reason of typed-in time.
    Memo,
    /// The picture's facts with its redactions. The picture itself is an attachment that this names.
    Picture,
    /// One plugin's notes.
    Notes,
    /// The words of the rules.
    Rules,
}

impl DetailKind {
    /// All kinds, in order.
    pub const ALL: [Self; 6] =
        [Self::Activity, Self::Focus, Self::Memo, Self::Picture, Self::Notes, Self::Rules];

    /// Returns its name in documents, tables and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Focus => "focus",
            Self::Memo => "memo",
            Self::Picture => "picture",
            Self::Notes => "notes",
            Self::Rules => "rules",
        }
    }

    /// Returns the kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
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
