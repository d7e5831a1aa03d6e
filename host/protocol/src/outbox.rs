//! What waits and what was delivered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxAnswer {
    /// What is in it, the latest first.
    pub entries: Vec<OutboxParcel>,
    /// How many bytes pictures and the journal take on disk.
    pub disk_bytes: u64,
    /// How many bytes they may take.
    pub disk_limit: u64,
}

/// A parcel in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxParcel {
    /// Its id.
    pub parcel: String,
    /// The contract.
    pub contract: String,
    /// The segment's first millisecond.
    pub segment_start: u64,
    /// How often the segment was changed before.
    pub revision: u32,
    /// Place of its closing record in the journal.
    pub sequence: u64,
    /// The uploader that carries it.
    pub target: String,
    /// `held`, `waiting`, `delivered`, `rejected` or `cancelled`.
    pub state: String,
    /// Not delivered earlier.
    pub hold_until: u64,
    /// Failed tries.
    pub attempts: u32,
    /// Not tried again earlier.
    pub next_try_at: u64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// How many attachments go with it.
    pub attachments: usize,
    /// Bytes of the signed parcel and its attachments together.
    pub bytes: u64,
    /// What is in it, in words: `picture, activity`.
    pub holds: String,
    /// When it was delivered.
    pub delivered_at: Option<u64>,
}

/// The exact bytes of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelBytes {
    /// The signed envelope as it is sent.
    pub envelope: String,
    /// What is signed in it, readable.
    pub document: Value,
    /// The attachments: SHA-256 and length in bytes.
    pub attachments: Vec<(String, u64)>,
}
