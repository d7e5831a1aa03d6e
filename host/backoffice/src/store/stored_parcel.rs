//! A parcel with its details, as they are kept.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

/// A parcel as it is kept.
#[derive(Clone, Debug)]
pub struct StoredParcel {
    /// Its id, 32 hex digits.
    pub id: String,
    /// The id of its contract.
    pub contract: String,
    /// First millisecond of its segment, since the epoch.
    pub start: u64,
    /// The name of the device that sent it.
    pub device_name: String,
    /// SHA-256 of the envelope, in hex.
    pub digest: String,
    /// The exact bytes that were received.
    pub envelope: Vec<u8>,
    /// The exact bytes that were answered.
    pub receipt: Vec<u8>,
    /// Those of its details that were read with it, in the order of the core.
    pub details: Vec<StoredDetail>,
    /// When it was taken in, in milliseconds since the epoch.
    pub received_at: u64,
}

impl FromRow<'_, SqliteRow> for StoredParcel {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            details: Vec::new(),
            contract: row.try_get("contract")?,
            start: row.try_get("start")?,
            device_name: row.try_get("name")?,
            digest: row.try_get("digest")?,
            envelope: row.try_get("envelope")?,
            receipt: row.try_get("receipt")?,
            received_at: row.try_get("received_at")?,
        })
    }
}

/// A detail as it is kept.
#[derive(Clone, Debug)]
pub struct StoredDetail {
    /// SHA-256 of its bytes, in hex: its name in the core.
    pub sha256: String,
    /// Its exact bytes; none if they were purged.
    pub body: Option<Vec<u8>>,
}
