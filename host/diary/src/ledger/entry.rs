//! What an entry says, and how it is written down.

use candor_seal::Hash;
use serde::{Deserialize, Serialize};

use crate::billing::lock::LockedWeek;
use crate::may::Role;
use crate::parcel::{Core, DetailKind, Field, TermsRef};
use crate::segment::SegmentLength;

/// An entry of the ledger, as it is kept and as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 1 without holes.
    pub number: u64,
    /// When the back office wrote it, milliseconds since the Unix epoch.
    pub at: u64,
    /// What kind of entry it is: the name of its [`Statement`]. It stays when the body is erased.
    pub kind: String,
    /// The salt of its commitment, 64 lowercase hex digits; none if the body was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Hash>,
    /// Its [`Body`] as JSON, the exact text that the commitment is of; none if it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// HMAC-SHA256 of the body under the salt.
    pub commitment: Hash,
    /// The head of the chain after it.
    pub head: Hash,
}

/// Who says what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Body {
    /// Whose entry it is.
    pub author: Author,
    /// What it says.
    pub says: Statement,
}

/// Whose entry it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Author {
    /// As whom they acted.
    pub role: AuthorRole,
    /// The id of the account or device; empty for the back office itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
}

/// As whom somebody wrote an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorRole {
    /// An account of the client's side.
    Client,
    /// An account of the worker's side.
    Worker,
    /// The worker's tracker.
    Device,
    /// The back office itself.
    BackOffice,
}

impl AuthorRole {
    /// Returns the role by which [`may`](crate::may()) judges.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Client => Role::Client,
            Self::Worker => Role::Worker,
            Self::Device => Role::Device,
            Self::BackOffice => Role::BackOffice,
        }
    }
}

/// A segment of a device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SegmentId {
    /// First millisecond of the segment, since the Unix epoch.
    pub start: u64,
    /// The id of the device that recorded it.
    pub device: String,
}

/// What an entry says. Texts are as long as a memo at most and hold nothing that nobody sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Statement {
    /// The client issued terms.
    TermsIssued {
        /// Which.
        terms: TermsRef,
    },
    /// The client took back terms that nobody had accepted.
    TermsRevoked {
        /// Which.
        terms: TermsRef,
    },
    /// The worker accepted terms.
    TermsAccepted {
        /// Which.
        terms: TermsRef,
    },
    /// The worker refused terms.
    TermsRefused {
        /// Which.
        terms: TermsRef,
    },
    /// A parcel was taken in.
    Parcel {
        /// Its id, 32 lowercase hex digits.
        parcel: String,
        /// SHA-256 of its envelope, 64 lowercase hex digits.
        digest: String,
        /// Which segment it is of.
        segment: SegmentId,
        /// The length of the segment.
        length: SegmentLength,
        /// How often the segment was changed before.
        revision: u32,
        /// Which fields this revision changed, in order.
        changed: Vec<Field>,
    },
    /// The worker wrote a memo on the page.
    Memo {
        /// Of which segment.
        segment: SegmentId,
        /// The memo; none takes it away.
        memo: Option<String>,
    },
    /// The worker chose a label on the page.
    Label {
        /// Of which segment.
        segment: SegmentId,
        /// The label; none takes it away.
        label: Option<String>,
    },
    /// The worker removed a segment with its time on the page.
    TimeRemoved {
        /// Which segment.
        segment: SegmentId,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// Somebody removed a picture; the time stays.
    PictureRemoved {
        /// Of which segment.
        segment: SegmentId,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// The client is asked about typed-in time.
    ManualAsked {
        /// Which segment.
        segment: SegmentId,
    },
    /// The client answered.
    ManualAnswered {
        /// Which segment.
        segment: SegmentId,
        /// Whether it is billed.
        agreed: bool,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// The client disputes time; it stays as it is.
    DisputeOpened {
        /// First millisecond, since the Unix epoch.
        from: u64,
        /// The first millisecond after it.
        to: u64,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// Somebody answered a dispute.
    DisputeAnswered {
        /// The number of the entry that opened it.
        dispute: u64,
        /// What they say.
        answer: Option<String>,
        /// Whether it is settled by that.
        settled: bool,
    },
    /// A week was frozen.
    WeekLocked {
        /// What became of its segments.
        week: LockedWeek,
    },
    /// The client accepted what arrived after the lock onto the next invoice.
    LateAccepted {
        /// Which segment.
        segment: SegmentId,
    },
    /// Another contract of the worker has this time.
    Taken {
        /// First millisecond, since the Unix epoch.
        from: u64,
        /// The first millisecond after it.
        to: u64,
    },
    /// A week was invoiced.
    InvoiceIssued {
        /// The invoice's number.
        invoice: String,
        /// First millisecond of the week, since the Unix epoch.
        week_start: u64,
        /// Billed minutes.
        minutes: u64,
    },
    /// A side ended the contract.
    ContractClosed {
        /// Why, in their words.
        reason: Option<String>,
    },
    /// Details were destroyed as the terms say.
    Purged {
        /// Of these kinds.
        kinds: Vec<DetailKind>,
        /// Of all segments that start before this, milliseconds since the Unix epoch.
        before: u64,
    },
    /// Something is kept from being purged, or is not any longer.
    Hold {
        /// First millisecond, since the Unix epoch.
        from: u64,
        /// The first millisecond after it.
        to: u64,
        /// Whether the hold ends.
        released: bool,
    },
    /// The worker asks for access, correction or erasure.
    Request {
        /// What for, in their words.
        text: String,
    },
    /// The client answered such a request.
    RequestAnswered {
        /// The number of the entry that asked.
        request: u64,
        /// What they say.
        answer: String,
    },
}

impl Statement {
    /// Says that a parcel was taken in whose envelope has this digest, 64 lowercase hex digits.
    #[must_use]
    pub fn parcel(core: &Core, digest: &str) -> Self {
        Self::Parcel {
            parcel: core.id.clone(),
            digest: digest.to_owned(),
            segment: SegmentId { start: core.start, device: core.device.clone() },
            length: core.length,
            revision: core.revision,
            changed: core.changed.clone(),
        }
    }

    /// Returns the name of its kind, as it stands in the entry.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TermsIssued { .. } => "terms-issued",
            Self::TermsRevoked { .. } => "terms-revoked",
            Self::TermsAccepted { .. } => "terms-accepted",
            Self::TermsRefused { .. } => "terms-refused",
            Self::Parcel { .. } => "parcel",
            Self::Memo { .. } => "memo",
            Self::Label { .. } => "label",
            Self::TimeRemoved { .. } => "time-removed",
            Self::PictureRemoved { .. } => "picture-removed",
            Self::ManualAsked { .. } => "manual-asked",
            Self::ManualAnswered { .. } => "manual-answered",
            Self::DisputeOpened { .. } => "dispute-opened",
            Self::DisputeAnswered { .. } => "dispute-answered",
            Self::WeekLocked { .. } => "week-locked",
            Self::LateAccepted { .. } => "late-accepted",
            Self::Taken { .. } => "taken",
            Self::InvoiceIssued { .. } => "invoice-issued",
            Self::ContractClosed { .. } => "contract-closed",
            Self::Purged { .. } => "purged",
            Self::Hold { .. } => "hold",
            Self::Request { .. } => "request",
            Self::RequestAnswered { .. } => "request-answered",
        }
    }
}

impl Entry {
    /// Returns what it says; none if the body was erased or is of a kind that this version does not know.
    #[must_use]
    pub fn read(&self) -> Option<Body> {
        serde_json::from_str(self.body.as_deref()?).ok()
    }
}
