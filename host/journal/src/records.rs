//! Records: appending, reading, erasing.

use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

use crate::crypt::{ItemSecret, JournalKeys};
use crate::database::{SqlStatement, SqlValue};
use crate::error::sqlite_integer;
use crate::journal::{WriterGuard, run_to_end};
use crate::outbox::{DetailsOf, erase_details_of};
use crate::writer::{NewRecord, body_context, chain_label, destroy_secret, secret_context};
use crate::{Hash, Journal, JournalError};

/// The most records that one [`Journal::read`] returns.
const MAX_READ: u32 = 10_000;

/// The columns of a [`RecordRow`].
macro_rules! select_records {
    ($rest:literal) => {
        concat!(
            "SELECT record.sequence, kind, contract, at, commitment, head, erased_by, body, wrapped
             FROM record LEFT JOIN secret ON secret.id = record.secret ",
            $rest
        )
    };
}

/// The place of a record that was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendedRecord {
    /// The record's place in the chain, from 1, without holes.
    pub sequence: u64,
    /// The chain's head after the record.
    pub head: Hash,
}

/// Which records to read. The default is the first 1,000 of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFilter {
    /// Selects the records of this contract; `None` means all.
    pub contract: Option<String>,
    /// Selects the records at this time or later, ms since the Unix epoch.
    pub from_at: Option<u64>,
    /// Selects the records before this time, ms since the Unix epoch.
    pub to_at: Option<u64>,
    /// Selects the records with a larger sequence.
    pub after_sequence: Option<u64>,
    /// Selects the records of these kinds; empty means all.
    pub kinds: Vec<String>,
    /// The most records to return, 1 to 10,000.
    pub limit: u32,
}

impl Default for RecordFilter {
    fn default() -> Self {
        Self {
            contract: None,
            from_at: None,
            to_at: None,
            after_sequence: None,
            kinds: Vec::new(),
            limit: 1_000,
        }
    }
}

/// A record as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRecord {
    /// The record's place in the chain, from 1.
    pub sequence: u64,
    /// The kind that its writer gave it.
    pub kind: String,
    /// The contract that it belongs to.
    pub contract: Option<String>,
    /// The time that its writer gave it, ms since the Unix epoch.
    pub at: u64,
    /// The decrypted body; `None` if it was erased or is damaged.
    pub body: Option<Vec<u8>>,
    /// Whether the body was not erased and no longer decrypts.
    pub damaged: bool,
}

impl Journal {
    /// Appends a record. Reads see it at once. It is committed within a second, and is on the disk after the next
    /// [`Self::sync`] or any other call that syncs.
    ///
    /// `kind` (at most 64 bytes) and `contract` (at most 128 bytes) are stored as they are, and hold no control
    /// characters; `body` (at most [`RECORD_BYTES`](candor_diary::limits::RECORD_BYTES)) is encrypted.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`]: it was not appended. [`JournalError::Unusable`] for a value out of bounds,
    /// [`JournalError::Closed`], and errors of the database.
    pub async fn append(
        &self,
        kind: &str,
        contract: Option<&str>,
        at: u64,
        body: Vec<u8>,
    ) -> Result<AppendedRecord, JournalError> {
        let mut writer = self.lock_writer().await?;
        let new = NewRecord { kind, contract, at, body: &body };
        let record = writer.chain_record(&self.shared.keys, &new)?;
        run_to_end(async move {
            writer.database.write(record.statements).await?;
            writer.advance_chain(record.sequence, record.head);
            Ok(AppendedRecord { sequence: record.sequence, head: record.head })
        })
        .await
    }

    /// Reads records in order of their sequence, including those that were appended a moment ago.
    ///
    /// # Errors
    /// [`JournalError::Unusable`] for a limit out of bounds, [`JournalError::Damaged`] if a row is malformed,
    /// [`JournalError::Closed`], and errors of the database. A record that does not decrypt is no error: it is returned
    /// as damaged.
    pub async fn read(&self, filter: RecordFilter) -> Result<Vec<JournalRecord>, JournalError> {
        if filter.limit == 0 || filter.limit > MAX_READ {
            return Err(JournalError::Unusable { what: "the limit", reason: "not 1 to 10,000" });
        }
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        run_to_end(async move {
            let (sql, values) = filter_query(filter)?;
            let rows: Vec<RecordRow> = writer.database.rows(sql, values).await?;
            // The rows are copies: others may go on while they are decrypted.
            drop(writer);
            Ok(rows.into_iter().map(|row| row.into_record(&keys)).collect())
        })
        .await
    }

    /// Returns the latest record of a contract that is of one of these kinds. Latest means by its place in the journal,
    /// not by its time: the clock may have been set.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn latest_record(
        &self,
        contract: &str,
        kinds: &[&str],
    ) -> Result<Option<JournalRecord>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        let values = [contract.into(), serde_json::json!(kinds).to_string().as_str().into()];
        run_to_end(async move {
            let sql = select_records!(
                "WHERE contract = ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY record.sequence DESC LIMIT 1"
            );
            let row: Option<RecordRow> = writer.database.maybe(sql, values).await?;
            drop(writer);
            Ok(row.map(|row| row.into_record(&keys)))
        })
        .await
    }

    /// Erases what a record says and leaves its link in the chain. This appends a tombstone (which tells both sides that
    /// something was erased, and why), and destroys the key and salt of the record, of the envelope made with it and of
    /// its details; an undelivered parcel of it is cancelled. All of that is synced when this returns, and the database's log is
    /// emptied. Blobs are erased by [`Self::erase_blob`].
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::Erased`] if it was erased before, [`JournalError::DiskFull`] (free
    /// some space and erase it again; if that returns `Erased`, only the emptying of the log was missing, and is retried
    /// every second), [`JournalError::Unusable`], [`JournalError::Closed`], and errors of the database.
    pub async fn erase_record(
        &self,
        sequence: u64,
        tombstone_kind: &str,
        tombstone_body: Vec<u8>,
        at: u64,
    ) -> Result<AppendedRecord, JournalError> {
        let writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        let tombstone_kind = tombstone_kind.to_owned();
        run_to_end(erase_under_tombstone(writer, keys, vec![sequence], tombstone_kind, tombstone_body, at))
            .await
    }

    /// Erases several records of one contract under one tombstone, all or none, as [`Self::erase_record`] does.
    ///
    /// # Errors
    /// As [`Self::erase_record`]; [`JournalError::Unusable`] for an empty list.
    pub async fn erase_records(
        &self,
        sequences: Vec<u64>,
        tombstone_kind: &str,
        tombstone_body: Vec<u8>,
        at: u64,
    ) -> Result<AppendedRecord, JournalError> {
        if sequences.is_empty() {
            return Err(JournalError::Unusable { what: "the records", reason: "none are named" });
        }
        let writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        run_to_end(erase_under_tombstone(
            writer,
            keys,
            sequences,
            tombstone_kind.to_owned(),
            tombstone_body,
            at,
        ))
        .await
    }
}

async fn erase_under_tombstone(
    mut writer: WriterGuard,
    keys: Arc<JournalKeys>,
    sequences: Vec<u64>,
    tombstone_kind: String,
    tombstone_body: Vec<u8>,
    at: u64,
) -> Result<AppendedRecord, JournalError> {
    let mut found = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        let id = sqlite_integer("the sequence", sequence)?;
        let find = "SELECT contract, secret, erased_by FROM record WHERE sequence = ?";
        let row: Option<(Option<String>, i64, Option<i64>)> =
            writer.database.maybe(find, [id.into()]).await?;
        let (contract, secret, erased_by) =
            row.ok_or_else(|| JournalError::NotFound { what: "record", id: sequence.to_string() })?;
        if erased_by.is_some() {
            return Err(JournalError::Erased { what: "record", id: sequence.to_string() });
        }
        found.push((id, secret, contract));
    }
    let contract = found.first().and_then(|(_, _, contract)| contract.clone());
    let new = NewRecord { kind: &tombstone_kind, contract: contract.as_deref(), at, body: &tombstone_body };
    let tombstone = writer.chain_record(&keys, &new)?;
    let mut statements = tombstone.statements;
    for (id, secret, _) in found {
        statements.push(destroy_secret(secret));
        statements.push(SqlStatement::new(
            "UPDATE record SET body = NULL, erased_by = ? WHERE sequence = ?",
            [sqlite_integer("the sequence", tombstone.sequence)?.into(), id.into()],
        ));
        let parcel =
            writer.database.maybe("SELECT secret FROM outbox WHERE sequence = ?", [id.into()]).await?;
        if let Some((parcel,)) = parcel {
            statements.push(destroy_secret(parcel));
            statements.extend(erase_details_of(&mut writer.database, DetailsOf::Record(id)).await?);
            statements
                .push(SqlStatement::new("UPDATE outbox SET envelope = NULL WHERE sequence = ?", [id.into()]));
            statements.push(SqlStatement::new(
                "UPDATE outbox SET state = 'cancelled', settled_at = ?
                 WHERE sequence = ? AND state IN ('held', 'waiting')",
                [sqlite_integer("the time", at)?.into(), id.into()],
            ));
        }
    }
    writer.database.write_synced(statements).await?;
    writer.advance_chain(tombstone.sequence, tombstone.head);
    writer.database.empty_log_of_erased().await?;
    Ok(AppendedRecord { sequence: tombstone.sequence, head: tombstone.head })
}

/// Selects the records after a sequence, for a verification.
pub(crate) const RECORDS_AFTER: &str =
    select_records!("WHERE record.sequence > ? AND record.sequence <= ? ORDER BY record.sequence LIMIT 256");

fn filter_query(filter: RecordFilter) -> Result<(&'static str, [SqlValue; 6]), JournalError> {
    // A span of time is looked up by time (the plus keeps SQLite from walking all records), the rest by sequence.
    let sql = if filter.from_at.is_some() || filter.to_at.is_some() {
        select_records!(
            "WHERE +record.sequence > ?1 AND at >= ?2 AND at < ?3 AND (?4 IS NULL OR contract = ?4)
             AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5))) ORDER BY +record.sequence LIMIT ?6"
        )
    } else {
        select_records!(
            "WHERE record.sequence > ?1 AND +at >= ?2 AND +at <= ?3 AND (?4 IS NULL OR contract = ?4)
             AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5))) ORDER BY record.sequence LIMIT ?6"
        )
    };
    let kinds = (!filter.kinds.is_empty()).then(|| serde_json::json!(filter.kinds).to_string());
    let values = [
        sqlite_integer("the sequence", filter.after_sequence.unwrap_or(0))?.into(),
        sqlite_integer("the time", filter.from_at.unwrap_or(0))?.into(),
        filter.to_at.map_or(Ok(i64::MAX), |at| sqlite_integer("the time", at))?.into(),
        filter.contract.as_deref().into(),
        kinds.as_deref().into(),
        i64::from(filter.limit).into(),
    ];
    Ok((sql, values))
}

/// A row of the records' table, with its wrapped secret.
pub(crate) struct RecordRow {
    pub(crate) sequence: u64,
    pub(crate) kind: String,
    pub(crate) contract: Option<String>,
    pub(crate) at: u64,
    pub(crate) commitment: Vec<u8>,
    pub(crate) head: Vec<u8>,
    pub(crate) erased_by: Option<i64>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) wrapped: Option<Vec<u8>>,
}

// Written by hand: the derive would compile the database a second time, for the compiler.
impl FromRow<'_, SqliteRow> for RecordRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            sequence: row.try_get("sequence")?,
            kind: row.try_get("kind")?,
            contract: row.try_get("contract")?,
            at: row.try_get("at")?,
            commitment: row.try_get("commitment")?,
            head: row.try_get("head")?,
            erased_by: row.try_get("erased_by")?,
            body: row.try_get("body")?,
            wrapped: row.try_get("wrapped")?,
        })
    }
}

impl RecordRow {
    /// Returns what the chain takes for its kind.
    pub(crate) fn chain_label(&self) -> String {
        chain_label(&self.kind, self.contract.as_deref())
    }

    /// Returns its secret and its decrypted body; `None` if they do not belong together, or were erased.
    pub(crate) fn open(&self, keys: &JournalKeys) -> Option<(ItemSecret, Vec<u8>)> {
        let secret = ItemSecret::unwrap(keys, &secret_context(self.sequence), self.wrapped.as_deref()?)?;
        let context = body_context(self.sequence, &self.chain_label(), self.at);
        let body = secret.unseal(&context, self.body.as_deref()?)?.to_vec();
        Some((secret, body))
    }

    fn into_record(self, keys: &JournalKeys) -> JournalRecord {
        let body = if self.erased_by.is_some() { None } else { self.open(keys).map(|(_, body)| body) };
        let damaged = self.erased_by.is_none() && body.is_none();
        JournalRecord {
            sequence: self.sequence,
            kind: self.kind,
            contract: self.contract,
            at: self.at,
            body,
            damaged,
        }
    }
}
