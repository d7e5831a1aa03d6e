//! What the outbox takes and returns.

use super::details::{DetailDraft, DetailInfo};
use crate::outbox_state::OutboxState;

/// A parcel to be put into the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxDraft {
    /// The parcel's new id of 1 to 64 characters: the idempotency key of its delivery.
    pub parcel_id: String,
    /// The exact bytes to deliver, at most [`ENVELOPE_BYTES`](candor_diary::limits::ENVELOPE_BYTES).
    pub envelope: Vec<u8>,
    /// The ids of the blobs that go with it, at most 64.
    pub attachments: Vec<String>,
    /// The documents beside the envelope, each another, at most [`DETAILS`](candor_diary::limits::DETAILS).
    pub details: Vec<DetailDraft>,
    /// The caller's name for where it goes, 1 to 1,024 characters.
    pub target: String,
    /// When its hold ends, ms since the Unix epoch: it is not delivered earlier.
    pub hold_until: u64,
}

/// A parcel in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The parcel's id, the same at each try to deliver it.
    pub parcel_id: String,
    /// The contract whose segment it is.
    pub contract: String,
    /// The segment's first millisecond since the Unix epoch.
    pub segment_start: u64,
    /// How often the segment had been changed before, from 0.
    pub revision: u32,
    /// The closing record's sequence.
    pub sequence: u64,
    /// The length of the exact bytes; 0 if they were destroyed.
    pub bytes: u64,
    /// The caller's name for where it goes.
    pub target: String,
    /// What has become of it.
    pub state: OutboxState,
    /// When its hold ends, ms since the Unix epoch: it is not delivered earlier.
    pub hold_until: u64,
    /// How many deliveries failed.
    pub attempts: u32,
    /// When it may be tried next, ms since the Unix epoch; 0 before the first try.
    pub next_try_at: u64,
    /// Why the last try failed, or the code with which it was rejected.
    pub last_error: Option<String>,
    /// The ids of the blobs that go with it.
    pub attachments: Vec<String>,
    /// The documents beside the envelope, in the order in which they were given.
    pub details: Vec<DetailInfo>,
    /// Whether the list of blobs or of details is not whole any more: one that cannot be read is empty.
    pub damaged: bool,
    /// The receipt with which the target confirmed it.
    pub receipt: Option<Vec<u8>>,
    /// When it was delivered, ms since the Unix epoch.
    pub delivered_at: Option<u64>,
}

/// How many parcels are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ParcelCounts {
    /// The parcels that are [`OutboxState::Held`].
    pub held: u64,
    /// The parcels that are [`OutboxState::Waiting`].
    pub waiting: u64,
    /// The parcels that are [`OutboxState::Delivered`].
    pub delivered: u64,
    /// The parcels that are [`OutboxState::Rejected`].
    pub rejected: u64,
    /// The parcels that are [`OutboxState::Cancelled`].
    pub cancelled: u64,
    /// The parcels that are [`OutboxState::Replaced`].
    pub replaced: u64,
}
