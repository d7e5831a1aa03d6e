//! Reads a kept parcel back, and lists a contract's parcels for people and programs that check what arrived.

use candor_diary::parcel::{Counts, Focus, PARCEL_TYPE, Parcel, Redaction};
use candor_diary::plain;
use candor_seal::Envelope;
use serde::Serialize;

use crate::data::Data;
use crate::store::{Delivery, Store, StoreError};

/// Reads the parcel out of its envelope. The signature was checked when it was taken in.
///
/// # Errors
/// [`StoreError::Damaged`] where the bytes are not what was taken in.
pub fn parcel(delivery: &Delivery) -> Result<Parcel, StoreError> {
    open(&delivery.envelope)
}

/// Reads a parcel out of the bytes that were kept of it.
///
/// # Errors
/// [`StoreError::Damaged`] where they are not what was taken in.
pub fn open(envelope: &[u8]) -> Result<Parcel, StoreError> {
    let damaged = |why: String| StoreError::Damaged { what: "a parcel", why };
    let envelope = Envelope::from_json(envelope).map_err(|e| damaged(e.to_string()))?;
    if envelope.payload_type != PARCEL_TYPE {
        return Err(damaged(format!("its type is {}", envelope.payload_type)));
    }
    serde_json::from_slice(&envelope.payload).map_err(|e| damaged(e.to_string()))
}

/// The same as a page shows it: everything in its texts is visible.
///
/// # Errors
/// As [`parcel`].
pub fn shown(delivery: &Delivery) -> Result<Parcel, StoreError> {
    let damaged = |why: String| StoreError::Damaged { what: "a parcel", why };
    let parcel = serde_json::to_value(parcel(delivery)?).map_err(|e| damaged(e.to_string()))?;
    serde_json::from_value(plain::visible_json(parcel)).map_err(|e| damaged(e.to_string()))
}

/// A parcel in the list.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The parcel's id.
    pub parcel: String,
    /// The device's id.
    pub device: String,
    /// First millisecond of the segment.
    pub start: u64,
    /// The segment's length in minutes.
    pub length_minutes: u8,
    /// Its place in the device's journal.
    pub sequence: u64,
    /// Head of the journal's chain after it.
    pub chain_head: String,
    /// SHA-256 of the envelope.
    pub digest: String,
    /// When it was taken, milliseconds since the epoch.
    pub received_at: u64,
    /// The picture, if there is one.
    pub snapshot: Option<ListedSnapshot>,
    /// Why there is none, in words.
    pub no_snapshot_because: Option<&'static str>,
    /// The memo.
    pub memo: Option<String>,
    /// The label.
    pub label: Option<String>,
    /// How often the worker changed it.
    pub revision: u32,
    /// Whether it was recorded without a sign on the screen.
    pub no_sign: bool,
    /// Whether the worker typed it in.
    pub manual: bool,
    /// Whether the worker removed it.
    pub removed: bool,
    /// Minutes with any activity.
    pub minutes_active: u32,
    /// All counts of the segment.
    pub counts: Counts,
}

/// A picture in the list.
#[derive(Debug, Serialize)]
pub struct ListedSnapshot {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Where it is on this disk.
    pub file: Option<String>,
    /// Its media type.
    pub media_type: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What was covered.
    pub redactions: Vec<Redaction>,
    /// The window in front when it was taken.
    pub focus: Option<Focus>,
}

/// All parcels of a contract, in order of start.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(store: &Store, data: &Data, contract: &str) -> Result<Vec<Listed>, StoreError> {
    let mut listed = Vec::new();
    for delivery in store.deliveries(contract, 0, None).await? {
        let parcel = parcel(&delivery)?;
        let (minutes_active, counts) = (parcel.minutes_active(), parcel.totals());
        let snapshot = match parcel.snapshot {
            None => None,
            Some(snapshot) => {
                let stored = store.attachment(&parcel.id, &snapshot.sha256).await?;
                Some(ListedSnapshot {
                    file: stored.map(|s| data.path(&s.file).display().to_string()),
                    sha256: snapshot.sha256,
                    media_type: snapshot.media_type,
                    bytes: snapshot.bytes,
                    width: snapshot.width,
                    height: snapshot.height,
                    redactions: snapshot.redactions,
                    focus: snapshot.focus,
                })
            }
        };
        listed.push(Listed {
            parcel: parcel.id,
            device: parcel.device,
            start: parcel.start,
            length_minutes: parcel.length.minutes(),
            sequence: parcel.sequence,
            chain_head: parcel.chain_head,
            digest: delivery.digest,
            received_at: delivery.received_at,
            snapshot,
            no_snapshot_because: parcel.no_snapshot.as_ref().map(|why| why.sentence()),
            memo: parcel.memo,
            label: parcel.label,
            revision: parcel.revision,
            no_sign: parcel.no_sign,
            manual: parcel.manual.is_some(),
            removed: parcel.removed.is_some(),
            minutes_active,
            counts,
        });
    }
    Ok(listed)
}
