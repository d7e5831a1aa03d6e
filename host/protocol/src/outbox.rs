//! What waits and what was delivered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is in the outbox.
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
    /// The parcel's id, in hexadecimal.
    pub parcel: String,
    /// The contract's id on this device.
    pub contract: String,
    /// The segment's first millisecond.
    pub segment_start: u64,
    /// How often the segment was changed before.
    pub revision: u32,
    /// Place of its closing record in the journal.
    pub sequence: u64,
    /// The uploader that carries it.
    pub target: String,
    /// How far it is on its way.
    pub state: ParcelState,
    /// When it may be delivered at the earliest.
    pub hold_until: u64,
    /// The number of tries that failed.
    pub attempts: u32,
    /// When it is tried again at the earliest.
    pub next_try_at: u64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// How many attachments go with it.
    pub attachments: usize,
    /// Bytes of the signed parcel, its details and its attachments together.
    pub bytes: u64,
    /// What is in it, in words: `picture, activity`. None once it is delivered or refused.
    pub holds: Option<String>,
    /// When it was delivered.
    pub delivered_at: Option<u64>,
}

/// How far a parcel is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParcelState {
    /// It is held on this computer; it can be taken back without anybody having seen it.
    Held,
    /// It is to be delivered.
    Waiting,
    /// The target has it.
    Delivered,
    /// The target refused it for good.
    Rejected,
    /// It was taken back.
    Cancelled,
}

impl ParcelState {
    /// Returns the state as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The exact bytes of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelBytes {
    /// The signed envelope as it is sent.
    pub envelope: String,
    /// What is signed in it, readable.
    pub document: Value,
    /// The documents that go with it, in the order in which they are sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<ParcelDetail>,
    /// The attachments: SHA-256 and length in bytes.
    pub attachments: Vec<(String, u64)>,
}

/// A document beside a signed parcel, which names it by its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelDetail {
    /// What it holds, such as `memo`.
    pub kind: String,
    /// SHA-256 of its exact bytes, 64 lowercase hex digits.
    pub sha256: String,
    /// Its length in bytes.
    pub length: u64,
    /// Its exact bytes, which are JSON text; none if it was purged: then only its digest is left.
    pub text: Option<String>,
}
