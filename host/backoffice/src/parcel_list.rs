//! Lists a contract's parcels for people and programs that check what arrived.

use candor_diary::parcel::{Counts, Focus, Redaction};
use serde::Serialize;

use crate::office_folder::OfficeFolder;
use crate::store::{OfficeStore, OfficeStoreError, WithDetails};

/// A parcel in the list.
#[derive(Debug, Serialize)]
pub struct ListedParcel {
    /// The parcel's id, 32 hex digits.
    pub parcel: String,
    /// The id of the device that sent it.
    pub device: String,
    /// First millisecond of the segment, since the epoch.
    pub start: u64,
    /// The segment's length in minutes.
    pub length_minutes: u8,
    /// Its place in the device's journal.
    pub sequence: u64,
    /// Head of the journal's chain after it.
    pub chain_head: String,
    /// SHA-256 of the envelope.
    pub digest: String,
    /// When it was taken in, in milliseconds since the epoch.
    pub received_at: u64,
    /// Its picture, if it has one.
    pub snapshot: Option<ListedPicture>,
    /// Why there is none, in words.
    pub no_snapshot_because: Option<&'static str>,
    /// What the worker wrote about the segment.
    pub memo: Option<String>,
    /// The label of the contract that the worker chose.
    pub label: Option<String>,
    /// How often the worker changed it.
    pub revision: u32,
    /// Whether it was recorded without a sign on the screen.
    pub no_sign: bool,
    /// Whether the worker typed it in.
    pub manual: bool,
    /// Whether the worker removed it.
    pub removed: bool,
    /// How many minutes had any key, click or scroll.
    pub minutes_active: u32,
    /// Keys, clicks and scrolls of the whole segment.
    pub counts: Counts,
}

/// A picture in the list.
#[derive(Debug, Serialize)]
pub struct ListedPicture {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its absolute path on this disk; none if it is gone.
    pub file: Option<String>,
    /// Its media type, such as `image/webp`.
    pub media_type: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// What was covered before it was saved.
    pub redactions: Vec<Redaction>,
    /// The window in front when it was taken.
    pub focus: Option<Focus>,
}

/// Returns all parcels of a contract, in order of start.
///
/// # Errors
/// [`OfficeStoreError`] of the database, or of a parcel that cannot be read.
pub async fn list_parcels(
    store: &OfficeStore,
    data: &OfficeFolder,
    contract: &str,
) -> Result<Vec<ListedParcel>, OfficeStoreError> {
    let mut listed = Vec::new();
    for stored in store.parcels_between(contract, 0, None, None, WithDetails::All).await? {
        let parcel = stored.read()?;
        let (minutes_active, counts) = (parcel.minutes_active(), parcel.totals());
        let snapshot = match parcel.snapshot {
            None => None,
            Some(snapshot) => {
                let attachment = store.attachment(&parcel.id, &snapshot.sha256).await?;
                Some(ListedPicture {
                    file: attachment.map(|s| data.path(&s.file).display().to_string()),
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
        listed.push(ListedParcel {
            parcel: parcel.id,
            device: parcel.device,
            start: parcel.start,
            length_minutes: parcel.length.minutes(),
            sequence: parcel.sequence,
            chain_head: parcel.chain_head,
            digest: stored.digest,
            received_at: stored.received_at,
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
