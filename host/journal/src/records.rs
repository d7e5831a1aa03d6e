//! Records: appending, reading, erasing.

use std::sync::Arc;

use crate::crypt::{Keys, Secret};
use crate::database::{Statement, Value};
use crate::error::stored;
use crate::journal::finish;
use crate::writer::{NewRecord, body_context, destroy_secret, label, secret_context};
use crate::{Hash, Journal, JournalError};

/// The most records that one [`Journal::read`] answers.
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

/// Where a record stands in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its place, from 1, without holes.
    pub sequence: u64,
    /// The chain's head after it.
    pub head: Hash,
}

/// Which records to read. The default is the first 1,000 of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFilter {
    /// Only those of this contract.
    pub contract: Option<String>,
    /// Only those at this time or later.
    pub from_at: Option<u64>,
    /// Only those earlier than this time.
    pub to_at: Option<u64>,
    /// Only those with a larger sequence.
    pub after_sequence: Option<u64>,
    /// Only those of one of these kinds; all where it is empty.
    pub kinds: Vec<String>,
    /// How many at most, 1 to 10,000.
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

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place, from 1.
    pub sequence: u64,
    /// What it is.
    pub kind: String,
    /// The contract that it belongs to.
    pub contract: Option<String>,
    /// When, as its writer said.
    pub at: u64,
    /// What it says; none where it was erased, or is damaged.
    pub body: Option<Vec<u8>>,
    /// Whether it was not erased and does not decrypt any more.
    pub damaged: bool,
}

impl Journal {
    /// Appends a record. Reads see it at once; it is committed within a second, and on the disk after the next
    /// [`Self::sync`] or anything else that syncs.
    ///
    /// `kind` (at most 64 bytes) and `contract` (at most 128) are stored as they are, without control characters;
    /// `body` (at most 8 MiB) is encrypted.
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
    ) -> Result<Appended, JournalError> {
        let mut turn = self.turn().await?;
        let new = NewRecord { kind, contract, at, body: &body };
        let record = turn.prepare(&self.inner.keys, &new)?;
        finish(async move {
            turn.database.write(record.statements).await?;
            turn.advance(record.sequence, record.head);
            Ok(Appended { sequence: record.sequence, head: record.head })
        })
        .await
    }

    /// Reads records in order of their sequence, those that were appended a moment ago included.
    ///
    /// # Errors
    /// [`JournalError::Unusable`] for a limit out of bounds, [`JournalError::Damaged`] where a row is malformed,
    /// [`JournalError::Closed`], and errors of the database. A record that does not decrypt is no error: it stands among
    /// the others, as damaged.
    pub async fn read(&self, filter: RecordFilter) -> Result<Vec<Record>, JournalError> {
        if filter.limit == 0 || filter.limit > MAX_READ {
            return Err(JournalError::Unusable { what: "the limit", reason: "not 1 to 10,000" });
        }
        let mut turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        finish(async move {
            let (sql, values) = select(filter)?;
            let rows: Vec<RecordRow> = turn.database.rows(sql, values).await?;
            // The rows are copies: others may go on while they are decrypted.
            drop(turn);
            Ok(rows.into_iter().map(|row| row.into_record(&keys)).collect())
        })
        .await
    }

    /// The latest record of a contract that is of one of these kinds, by its place in the journal and not by its time: a
    /// clock may have been set.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn latest_record(
        &self,
        contract: &str,
        kinds: &[&str],
    ) -> Result<Option<Record>, JournalError> {
        let mut turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        let values = [contract.into(), serde_json::json!(kinds).to_string().as_str().into()];
        finish(async move {
            let sql = select_records!(
                "WHERE contract = ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY record.sequence DESC LIMIT 1"
            );
            let row: Option<RecordRow> = turn.database.maybe(sql, values).await?;
            drop(turn);
            Ok(row.map(|row| row.into_record(&keys)))
        })
        .await
    }

    /// Erases what a record says and leaves its link in the chain: appends a tombstone (which tells both sides that
    /// and why something was erased), destroys the record's key and salt, and those of the envelope made with it (an
    /// undelivered parcel of it is cancelled). All of that is synced when this returns, and the database's log is
    /// emptied. Blobs are erased by [`Self::erase_blob`].
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::Erased`] where it was erased before, [`JournalError::DiskFull`] (free
    /// some space and erase it again; where it is told as erased then, only the emptying of the log was missing, and
    /// is tried again every second), [`JournalError::Unusable`], [`JournalError::Closed`], and errors of the database.
    pub async fn erase_record(
        &self,
        sequence: u64,
        tombstone_kind: &str,
        tombstone_body: Vec<u8>,
        at: u64,
    ) -> Result<Appended, JournalError> {
        let turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        let tombstone_kind = tombstone_kind.to_owned();
        finish(erase(turn, keys, vec![sequence], tombstone_kind, tombstone_body, at)).await
    }

    /// Erases several records of one contract as [`Self::erase_record`] does, all or none, under one tombstone.
    ///
    /// # Errors
    /// As [`Self::erase_record`]; [`JournalError::Unusable`] for an empty list.
    pub async fn erase_records(
        &self,
        sequences: Vec<u64>,
        tombstone_kind: &str,
        tombstone_body: Vec<u8>,
        at: u64,
    ) -> Result<Appended, JournalError> {
        if sequences.is_empty() {
            return Err(JournalError::Unusable { what: "the records", reason: "none are named" });
        }
        let turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        finish(erase(turn, keys, sequences, tombstone_kind.to_owned(), tombstone_body, at)).await
    }
}

async fn erase(
    mut turn: crate::journal::Turn,
    keys: Arc<Keys>,
    sequences: Vec<u64>,
    tombstone_kind: String,
    tombstone_body: Vec<u8>,
    at: u64,
) -> Result<Appended, JournalError> {
    let mut found = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        let id = stored("the sequence", sequence)?;
        let find = "SELECT contract, secret, erased_by FROM record WHERE sequence = ?";
        let row: Option<(Option<String>, i64, Option<i64>)> = turn.database.maybe(find, [id.into()]).await?;
        let (contract, secret, erased_by) =
            row.ok_or_else(|| JournalError::NotFound { what: "record", id: sequence.to_string() })?;
        if erased_by.is_some() {
            return Err(JournalError::Erased { what: "record", id: sequence.to_string() });
        }
        found.push((id, secret, contract));
    }
    let contract = found.first().and_then(|(_, _, contract)| contract.clone());
    let new = NewRecord { kind: &tombstone_kind, contract: contract.as_deref(), at, body: &tombstone_body };
    let tombstone = turn.prepare(&keys, &new)?;
    let mut statements = tombstone.statements;
    for (id, secret, _) in found {
        statements.push(destroy_secret(secret));
        statements.push(Statement::new(
            "UPDATE record SET body = NULL, erased_by = ? WHERE sequence = ?",
            [stored("the sequence", tombstone.sequence)?.into(), id.into()],
        ));
        let parcel = turn.database.maybe("SELECT secret FROM outbox WHERE sequence = ?", [id.into()]).await?;
        if let Some((parcel,)) = parcel {
            statements.push(destroy_secret(parcel));
            statements
                .push(Statement::new("UPDATE outbox SET envelope = NULL WHERE sequence = ?", [id.into()]));
            statements.push(Statement::new(
                "UPDATE outbox SET state = 'cancelled', settled_at = ?
                 WHERE sequence = ? AND state IN ('held', 'waiting')",
                [stored("the time", at)?.into(), id.into()],
            ));
        }
    }
    turn.database.write_synced(statements).await?;
    turn.advance(tombstone.sequence, tombstone.head);
    turn.database.wipe().await?;
    Ok(Appended { sequence: tombstone.sequence, head: tombstone.head })
}

/// Records from a sequence on, for a verification.
pub(crate) const RECORDS_AFTER: &str =
    select_records!("WHERE record.sequence > ? AND record.sequence <= ? ORDER BY record.sequence LIMIT 256");

fn select(filter: RecordFilter) -> Result<(&'static str, [Value; 6]), JournalError> {
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
        stored("the sequence", filter.after_sequence.unwrap_or(0))?.into(),
        stored("the time", filter.from_at.unwrap_or(0))?.into(),
        filter.to_at.map_or(Ok(i64::MAX), |at| stored("the time", at))?.into(),
        filter.contract.as_deref().into(),
        kinds.as_deref().into(),
        i64::from(filter.limit).into(),
    ];
    Ok((sql, values))
}

/// A row of the records' table, with its wrapped secret.
#[derive(sqlx::FromRow)]
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

impl RecordRow {
    /// What the chain takes for its kind.
    pub(crate) fn label(&self) -> String {
        label(&self.kind, self.contract.as_deref())
    }

    /// Its secret and its body in the clear; none where they do not fit together, or were erased.
    pub(crate) fn open(&self, keys: &Keys) -> Option<(Secret, Vec<u8>)> {
        let secret = Secret::unwrap(keys, &secret_context(self.sequence), self.wrapped.as_deref()?)?;
        let context = body_context(self.sequence, &self.label(), self.at);
        let body = secret.unseal(&context, self.body.as_deref()?)?.to_vec();
        Some((secret, body))
    }

    fn into_record(self, keys: &Keys) -> Record {
        let body = if self.erased_by.is_some() { None } else { self.open(keys).map(|(_, body)| body) };
        let damaged = self.erased_by.is_none() && body.is_none();
        Record {
            sequence: self.sequence,
            kind: self.kind,
            contract: self.contract,
            at: self.at,
            body,
            damaged,
        }
    }
}
