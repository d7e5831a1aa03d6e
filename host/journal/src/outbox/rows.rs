//! The outbox's table: its rows, and what their encrypted columns belong to.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

use super::details::read_details;
use super::entry::OutboxEntry;
use crate::crypt::{CipherContext, JournalKeys};
use crate::database::Database;
use crate::error::JournalError;
use crate::outbox_state::OutboxState;

/// Stands for an error that does not decrypt any more.
const UNREADABLE: &[u8] = b"the reason cannot be read any more";

/// By how much an encrypted envelope is longer than the envelope, bytes: nonce and tag.
const SEALED_EXTRA: u64 = 24 + 16;

/// Selects the columns of an [`OutboxRow`]. Attachments and details are read as bytes, whatever they are: one damaged entry must
/// not keep the others from being read.
macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT parcel, contract, segment_start, sequence, target, state, hold_until, attempts, next_try_at,
                    last_error, CAST(attachments AS BLOB) AS attachments, receipt, settled_at, revision,
                    length(envelope) AS sealed_bytes, detail_count,
                    (SELECT CAST(json_group_array(json_array(d.name, d.kind, d.length, d.sealed IS NULL)
                                                  ORDER BY d.place) AS BLOB)
                     FROM detail AS d WHERE d.parcel = outbox.parcel) AS details
             FROM outbox ",
            $rest
        )
    };
}
pub(super) use select_entries;

/// Reads the entry of a parcel; an error if there is none.
pub(crate) async fn find_entry(
    database: &mut Database,
    keys: &JournalKeys,
    parcel_id: &str,
) -> Result<OutboxEntry, JournalError> {
    let row: Option<OutboxRow> =
        database.maybe(select_entries!("WHERE parcel = ?"), [parcel_id.into()]).await?;
    row.ok_or_else(|| not_found(parcel_id))?.into_entry(keys)
}

/// A row of the outbox.
pub(super) struct OutboxRow {
    parcel: String,
    contract: String,
    segment_start: u64,
    sequence: u64,
    target: String,
    state: String,
    hold_until: u64,
    attempts: i64,
    next_try_at: u64,
    last_error: Option<Vec<u8>>,
    attachments: Option<Vec<u8>>,
    receipt: Option<Vec<u8>>,
    settled_at: Option<u64>,
    revision: i64,
    /// The length of the encrypted envelope.
    sealed_bytes: Option<i64>,
    detail_count: i64,
    details: Option<Vec<u8>>,
}

// Written by hand: the derive would compile the database a second time, for the compiler.
impl FromRow<'_, SqliteRow> for OutboxRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            parcel: row.try_get("parcel")?,
            contract: row.try_get("contract")?,
            segment_start: row.try_get("segment_start")?,
            sequence: row.try_get("sequence")?,
            target: row.try_get("target")?,
            state: row.try_get("state")?,
            hold_until: row.try_get("hold_until")?,
            attempts: row.try_get("attempts")?,
            next_try_at: row.try_get("next_try_at")?,
            last_error: row.try_get("last_error")?,
            attachments: row.try_get("attachments")?,
            receipt: row.try_get("receipt")?,
            settled_at: row.try_get("settled_at")?,
            revision: row.try_get("revision")?,
            sealed_bytes: row.try_get("sealed_bytes")?,
            detail_count: row.try_get("detail_count")?,
            details: row.try_get("details")?,
        })
    }
}

impl OutboxRow {
    pub(super) fn into_entry(self, keys: &JournalKeys) -> Result<OutboxEntry, JournalError> {
        let unseal = |context: &CipherContext, sealed: &[u8]| Some(keys.unseal(context, sealed)?.to_vec());
        // An error that cannot be read any more is no reason to lose the parcel.
        let last_error = self.last_error.map(|sealed| {
            let text = unseal(&error_context(&self.parcel), &sealed);
            String::from_utf8_lossy(text.as_deref().unwrap_or(UNREADABLE)).into_owned()
        });
        // Nor is a receipt: the row says that it was delivered.
        let receipt = self.receipt.and_then(|sealed| unseal(&receipt_context(&self.parcel), &sealed));
        let attachments = read_attachments(self.attachments.as_deref());
        let details = read_details(self.details.as_deref());
        let all_there =
            details.as_ref().is_some_and(|details| i64::try_from(details.len()) == Ok(self.detail_count));
        let state = parse_state(&self.state)?;
        Ok(OutboxEntry {
            parcel_id: self.parcel,
            contract: self.contract,
            segment_start: self.segment_start,
            revision: u32::try_from(self.revision).unwrap_or(u32::MAX),
            sequence: self.sequence,
            bytes: self
                .sealed_bytes
                .map_or(0, |sealed| u64::try_from(sealed).unwrap_or(0).saturating_sub(SEALED_EXTRA)),
            target: self.target,
            state,
            hold_until: self.hold_until,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            next_try_at: self.next_try_at,
            last_error,
            damaged: attachments.is_none() || !all_there,
            attachments: attachments.unwrap_or_default(),
            details: details.unwrap_or_default(),
            receipt,
            delivered_at: self.settled_at.filter(|_| state == OutboxState::Delivered),
        })
    }
}

pub(super) fn read_entries(
    rows: Vec<OutboxRow>,
    keys: &JournalKeys,
) -> Result<Vec<OutboxEntry>, JournalError> {
    rows.into_iter().map(|row| row.into_entry(keys)).collect()
}

/// Reads the ids of the blobs that travel with a parcel; `None` if the list cannot be read any more.
pub(crate) fn read_attachments(list: Option<&[u8]>) -> Option<Vec<String>> {
    serde_json::from_slice(list?).ok()
}

pub(super) fn parse_state(text: &str) -> Result<OutboxState, JournalError> {
    OutboxState::parse(text).ok_or_else(|| JournalError::Damaged("an unknown state in the outbox".to_owned()))
}

pub(super) fn not_found(parcel_id: &str) -> JournalError {
    JournalError::NotFound { what: "parcel", id: parcel_id.to_owned() }
}

/// Returns what a parcel's wrapped secret belongs to.
pub(crate) fn secret_context(parcel_id: &str) -> CipherContext {
    CipherContext::new("secret of parcel").bytes(parcel_id.as_bytes())
}

/// Returns what a parcel's encrypted envelope belongs to.
pub(crate) fn envelope_context(parcel_id: &str) -> CipherContext {
    CipherContext::new("envelope of parcel").bytes(parcel_id.as_bytes())
}

pub(super) fn receipt_context(parcel_id: &str) -> CipherContext {
    CipherContext::new("receipt of parcel").bytes(parcel_id.as_bytes())
}

pub(super) fn error_context(parcel_id: &str) -> CipherContext {
    CipherContext::new("error of parcel").bytes(parcel_id.as_bytes())
}
