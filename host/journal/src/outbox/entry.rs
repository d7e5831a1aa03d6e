//! Parcels as the outbox tells of them.

use crate::outbox_state::OutboxState;

/// A parcel to be put into the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxDraft {
    /// The parcel's id, the idempotency key of its delivery: 1 to 64 characters, new.
    pub parcel_id: String,
    /// The exact bytes to deliver, at most 8 MiB.
    pub envelope: Vec<u8>,
    /// Ids of the blobs that go with it, at most 64.
    pub attachments: Vec<String>,
    /// Where it goes: a name of the caller's, 1 to 1,024 characters.
    pub target: String,
    /// Not to be delivered earlier.
    pub hold_until: u64,
}

/// A parcel in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The parcel's id.
    pub parcel_id: String,
    /// The contract.
    pub contract: String,
    /// The segment's first millisecond.
    pub segment_start: u64,
    /// How often the segment was changed before, from 0.
    pub revision: u32,
    /// The closing record's sequence.
    pub sequence: u64,
    /// Length of the exact bytes; 0 where they were destroyed.
    pub bytes: u64,
    /// Where it goes.
    pub target: String,
    /// What has become of it.
    pub state: OutboxState,
    /// Not to be delivered earlier.
    pub hold_until: u64,
    /// How many deliveries failed.
    pub attempts: u32,
    /// Not to be tried again earlier; 0 before the first try.
    pub next_try_at: u64,
    /// What the last try failed with, or the code that it was rejected with.
    pub last_error: Option<String>,
    /// Ids of the blobs that go with it.
    pub attachments: Vec<String>,
    /// Whether these cannot be read any more: then none are listed.
    pub damaged: bool,
    /// The target's receipt.
    pub receipt: Option<Vec<u8>>,
    /// When it was delivered.
    pub delivered_at: Option<u64>,
}

/// How many parcels are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OutboxCounts {
    /// [`OutboxState::Held`].
    pub held: u64,
    /// [`OutboxState::Waiting`].
    pub waiting: u64,
    /// [`OutboxState::Delivered`].
    pub delivered: u64,
    /// [`OutboxState::Rejected`].
    pub rejected: u64,
    /// [`OutboxState::Cancelled`].
    pub cancelled: u64,
    /// [`OutboxState::Replaced`].
    pub replaced: u64,
}
