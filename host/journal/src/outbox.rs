//! What waits to be delivered, with the exact bytes, a hold and a cancel.
//!
//! An entry is *held* until its hold is over, then *waiting* until a target has taken it (*delivered*), refused it for
//! good (*rejected*), or the worker took it back (*cancelled*). Delivered, rejected and cancelled are settled; a receipt
//! settles anything as delivered, because it is the truth.

use std::sync::Arc;

use crate::crypt::{Context, Keys, Secret};
use crate::database::{Database, Statement, Value};
use crate::error::stored;
use crate::journal::finish;
use crate::outbox_state::OutboxState;
use crate::parcels::{OutboxCounts, OutboxEntry};
use crate::{Journal, JournalError};

/// The longest receipt: 64 KiB.
const MAX_RECEIPT_BYTES: usize = 64 * 1024;

/// How much of an error is kept, in characters.
const MAX_ERROR_CHARS: usize = 500;

/// Stands for a reason that does not decrypt any more.
const UNREADABLE: &[u8] = b"the reason cannot be read any more";

/// By how much an encrypted envelope is longer than the envelope: nonce and tag, in bytes.
const SEALED_EXTRA: u64 = 24 + 16;

/// The most entries that one call answers.
const MAX_ENTRIES: u32 = 10_000;

/// The columns of an [`OutboxRow`]. What the attachments' column holds is read whatever it is: one entry that is damaged
/// must not keep the others from being read.
macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT parcel, contract, segment_start, sequence, target, state, hold_until, attempts, next_try_at,
                    last_error, CAST(attachments AS BLOB) AS attachments, receipt, settled_at, revision,
                    length(envelope) AS sealed_bytes
             FROM outbox ",
            $rest
        )
    };
}

impl Journal {
    /// What is to be delivered now: not settled, its hold over, its next try due; at most `limit` (1 to 10,000). What was
    /// tried least comes first, so that one that fails again and again holds up no other; then in order of sequence. Turns held entries whose hold is over into waiting ones.
    ///
    /// # Errors
    /// [`JournalError::Unusable`], [`JournalError::DiskFull`], [`JournalError::Damaged`], [`JournalError::Closed`], and
    /// errors of the database.
    pub async fn due(&self, now: u64, limit: u32) -> Result<Vec<OutboxEntry>, JournalError> {
        self.due_of(None, now, limit).await
    }

    /// The same of one contract; `None` means all.
    ///
    /// # Errors
    /// As [`Self::due`].
    pub async fn due_of(
        &self,
        contract: Option<&str>,
        now: u64,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, JournalError> {
        let contract: Value = contract.into();
        let now: i64 = stored("the time", now)?;
        let limit = entries(limit)?;
        let mut turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        finish(async move {
            let over = "SELECT 1 FROM outbox
                        WHERE state IN ('held', 'waiting') AND state = 'held' AND hold_until <= ?1
                        AND (?2 IS NULL OR contract = ?2) LIMIT 1";
            if turn.database.exists(over, [now.into(), contract.clone()]).await? {
                let sql = "UPDATE outbox SET state = 'waiting' WHERE state = 'held' AND hold_until <= ?1
                           AND (?2 IS NULL OR contract = ?2)";
                turn.database.write(vec![Statement::new(sql, [now.into(), contract.clone()])]).await?;
            }
            let sql = select_entries!(
                "WHERE state IN ('held', 'waiting') AND state = 'waiting' AND hold_until <= ?1 AND next_try_at <= ?1
                 AND (?3 IS NULL OR contract = ?3) ORDER BY attempts, sequence LIMIT ?2"
            );
            let rows = turn.database.rows(sql, [now.into(), limit, contract]).await?;
            read_entries(rows, &keys)
        })
        .await
    }

    /// When the next parcel of a contract is due that is not settled; in the past where one is due now.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn next_due(&self, contract: &str) -> Result<Option<u64>, JournalError> {
        let contract: Value = contract.into();
        let mut turn = self.turn().await?;
        finish(async move {
            let sql = "SELECT max(hold_until, next_try_at) FROM outbox
                       WHERE state IN ('held', 'waiting') AND contract = ? ORDER BY 1 LIMIT 1";
            Ok(turn.database.maybe(sql, [contract]).await?.map(|(due,)| due))
        })
        .await
    }

    /// The latest entries, in falling order of sequence, at most `limit` (1 to 10,000): where there are more, those that are
    /// neither delivered nor replaced first, so that nothing that waits or was refused is out of sight.
    ///
    /// # Errors
    /// [`JournalError::Unusable`], [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn outbox(&self, limit: u32) -> Result<Vec<OutboxEntry>, JournalError> {
        let limit = entries(limit)?;
        let mut turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        finish(async move {
            let sql = select_entries!(
                "WHERE parcel IN (SELECT parcel FROM outbox ORDER BY state = 'replaced', state = 'delivered',
                 sequence DESC LIMIT ?) ORDER BY sequence DESC"
            );
            let rows = turn.database.rows(sql, [limit]).await?;
            read_entries(rows, &keys)
        })
        .await
    }

    /// How many parcels are in which state.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn outbox_counts(&self) -> Result<OutboxCounts, JournalError> {
        let mut turn = self.turn().await?;
        finish(async move {
            let sql = "SELECT state, count(*) FROM outbox GROUP BY state";
            let rows: Vec<(String, u64)> = turn.database.rows(sql, []).await?;
            let mut counts = OutboxCounts::default();
            for (state, number) in rows {
                let count = match parse_state(&state)? {
                    OutboxState::Held => &mut counts.held,
                    OutboxState::Waiting => &mut counts.waiting,
                    OutboxState::Delivered => &mut counts.delivered,
                    OutboxState::Rejected => &mut counts.rejected,
                    OutboxState::Cancelled => &mut counts.cancelled,
                    OutboxState::Replaced => &mut counts.replaced,
                };
                *count = number;
            }
            Ok(counts)
        })
        .await
    }

    /// The exact bytes of a parcel.
    ///
    /// # Errors
    /// [`JournalError::NotFound`]; [`JournalError::Erased`] where the closing record was erased;
    /// [`JournalError::Damaged`]; [`JournalError::Closed`]; and errors of the database.
    pub async fn envelope(&self, parcel_id: &str) -> Result<Vec<u8>, JournalError> {
        let mut turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        let id = parcel_id.to_owned();
        finish(async move {
            let sql = "SELECT envelope, wrapped FROM outbox JOIN secret ON secret.id = outbox.secret WHERE parcel = ?";
            let row: Option<(Option<Vec<u8>>, Vec<u8>)> =
                turn.database.maybe(sql, [id.as_str().into()]).await?;
            let (sealed, wrapped) = row.ok_or_else(|| not_found(&id))?;
            let Some(sealed) = sealed else {
                return Err(JournalError::Erased { what: "parcel", id });
            };
            let opened = Secret::unwrap(&keys, &secret_context(&id), &wrapped)
                .and_then(|secret| secret.unseal(&envelope_context(&id), &sealed));
            let envelope =
                opened.ok_or_else(|| JournalError::Damaged(format!("parcel {id} does not decrypt")))?;
            Ok(envelope.to_vec())
        })
        .await
    }

    /// A target has the parcel, and this (at most 64 KiB, verified by the caller) is its proof. Synced when this
    /// returns. Whatever state it was in, it is delivered then; where it was so before, the first receipt stays.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::DiskFull`], [`JournalError::Unusable`], [`JournalError::Closed`], and
    /// errors of the database.
    pub async fn mark_delivered(
        &self,
        parcel_id: &str,
        receipt: Vec<u8>,
        at: u64,
    ) -> Result<(), JournalError> {
        if receipt.len() > MAX_RECEIPT_BYTES {
            return Err(JournalError::Unusable { what: "the receipt", reason: "longer than 64 KiB" });
        }
        let sealed = self.inner.keys.seal(&receipt_context(parcel_id), &receipt)?;
        let statement = Statement::new(
            "UPDATE outbox SET state = 'delivered', receipt = ?, settled_at = ?, last_error = NULL
             WHERE parcel = ? AND state <> 'delivered'",
            [sealed.into(), stored("the time", at)?.into(), parcel_id.into()],
        );
        self.settle(parcel_id, statement, true).await.map(drop)
    }

    /// A delivery failed and is to be tried again; one more attempt is counted. An entry that was settled in the
    /// meantime stays as it is.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::DiskFull`], [`JournalError::Unusable`], [`JournalError::Closed`], and
    /// errors of the database.
    pub async fn mark_retry(
        &self,
        parcel_id: &str,
        next_try_at: u64,
        error: &str,
    ) -> Result<(), JournalError> {
        let statement = Statement::new(
            "UPDATE outbox SET attempts = attempts + 1, next_try_at = ?, last_error = ?
             WHERE parcel = ? AND state IN ('held', 'waiting')",
            [
                stored("the time", next_try_at)?.into(),
                self.seal_error(parcel_id, error)?.into(),
                parcel_id.into(),
            ],
        );
        self.settle(parcel_id, statement, false).await.map(drop)
    }

    /// A target refused the parcel for good. An entry that was settled in the meantime stays as it is.
    ///
    /// # Errors
    /// As [`Self::mark_retry`].
    pub async fn mark_rejected(&self, parcel_id: &str, code: &str, at: u64) -> Result<(), JournalError> {
        let statement = Statement::new(
            "UPDATE outbox SET state = 'rejected', attempts = attempts + 1, settled_at = ?, last_error = ?
             WHERE parcel = ? AND state IN ('held', 'waiting')",
            [stored("the time", at)?.into(), self.seal_error(parcel_id, code)?.into(), parcel_id.into()],
        );
        self.settle(parcel_id, statement, false).await.map(drop)
    }

    /// Takes a parcel back: it is not delivered, on the disk when this returns. Cancelling twice is once.
    ///
    /// # Errors
    /// [`JournalError::ParcelSettled`] where it is delivered or rejected already; otherwise as [`Self::mark_retry`].
    pub async fn cancel(&self, parcel_id: &str, at: u64) -> Result<(), JournalError> {
        let statement = Statement::new(
            "UPDATE outbox SET state = 'cancelled', settled_at = ? WHERE parcel = ? AND state IN ('held', 'waiting')",
            [stored("the time", at)?.into(), parcel_id.into()],
        );
        let before = self.settle(parcel_id, statement, true).await?;
        if matches!(before, OutboxState::Delivered | OutboxState::Rejected) {
            return Err(JournalError::ParcelSettled { parcel_id: parcel_id.to_owned(), state: before });
        }
        Ok(())
    }

    /// One entry.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn outbox_entry(&self, parcel_id: &str) -> Result<OutboxEntry, JournalError> {
        let mut turn = self.turn().await?;
        let (keys, id) = (Arc::clone(&self.inner.keys), parcel_id.to_owned());
        finish(async move { find_entry(&mut turn.database, &keys, &id).await }).await
    }

    /// How many bytes are held or wait, pictures included.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn outbox_bytes(&self) -> Result<u64, JournalError> {
        let rows: Vec<OutboxRow> = {
            let mut turn = self.turn().await?;
            let sql = select_entries!("WHERE state IN ('held', 'waiting')");
            finish(async move { turn.database.rows(sql, []).await }).await?
        };
        let mut bytes = 0;
        for row in rows {
            let entry = row.into_entry(&self.inner.keys)?;
            bytes += entry.bytes;
            for blob in &entry.attachments {
                match self.blob_info(blob).await {
                    Ok(info) => bytes += info.length,
                    // It was removed: nothing of it is sent.
                    Err(JournalError::Erased { .. } | JournalError::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(bytes)
    }

    /// Undoes [`Self::cancel`]: the parcel is to be delivered again, not before `hold_until`. One that is not cancelled
    /// stays as it is.
    ///
    /// # Errors
    /// As [`Self::mark_retry`].
    pub async fn uncancel(&self, parcel_id: &str, hold_until: u64) -> Result<(), JournalError> {
        let statement = Statement::new(
            "UPDATE outbox SET state = 'held', settled_at = NULL, next_try_at = 0, hold_until = ?
             WHERE parcel = ? AND state = 'cancelled' AND envelope IS NOT NULL",
            [stored("the hold", hold_until)?.into(), parcel_id.into()],
        );
        self.settle(parcel_id, statement, true).await.map(drop)
    }

    /// Ends the hold of a parcel. One that is not held stays as it is.
    ///
    /// # Errors
    /// As [`Self::mark_retry`].
    pub async fn release(&self, parcel_id: &str) -> Result<(), JournalError> {
        let statement = Statement::new(
            "UPDATE outbox SET hold_until = 0 WHERE parcel = ? AND state = 'held'",
            [parcel_id.into()],
        );
        self.settle(parcel_id, statement, true).await.map(drop)
    }

    /// Whether no revision of a closed segment can have left this computer until `now`: each was held beyond it.
    ///
    /// # Errors
    /// [`JournalError::Closed`], and errors of the database.
    pub async fn never_left(&self, contract: &str, start: u64, now: u64) -> Result<bool, JournalError> {
        let mut turn = self.turn().await?;
        let values = [contract.into(), stored("the time", start)?.into(), stored("the time", now)?.into()];
        finish(async move {
            let sql = "SELECT count(*) FROM outbox WHERE contract = ? AND segment_start = ?
                       AND (hold_until <= ? OR attempts > 0 OR state = 'delivered')";
            let (left,): (i64,) = turn.database.one(sql, values).await?;
            Ok(left == 0)
        })
        .await
    }

    /// The latest revision of each of a contract's closed segments that start at `from` or later and before `to`, in
    /// order of their start.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn closed_parcels(
        &self,
        contract: &str,
        from: u64,
        to: u64,
    ) -> Result<Vec<OutboxEntry>, JournalError> {
        let mut turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        let values = [contract.into(), stored("the time", from)?.into(), stored("the time", to)?.into()];
        finish(async move {
            let sql = select_entries!(
                "AS latest WHERE contract = ? AND segment_start >= ? AND segment_start < ?
                 AND revision = (SELECT max(o.revision) FROM outbox AS o
                                 WHERE o.contract = latest.contract AND o.segment_start = latest.segment_start)
                 ORDER BY segment_start"
            );
            let rows = turn.database.rows(sql, values).await?;
            read_entries(rows, &keys)
        })
        .await
    }

    /// Whether a target has any revision of a contract's segment.
    ///
    /// # Errors
    /// [`JournalError::Closed`] and errors of the database.
    pub async fn was_delivered(&self, contract: &str, start: u64) -> Result<bool, JournalError> {
        let mut turn = self.turn().await?;
        let values = [contract.into(), stored("the segment's start", start)?.into()];
        finish(async move {
            let sql = "SELECT 1 FROM outbox WHERE contract = ? AND segment_start = ? AND state = 'delivered' LIMIT 1";
            turn.database.exists(sql, values).await
        })
        .await
    }

    /// Undoes [`Self::mark_rejected`]: the parcel is to be delivered again, at once. One that was not refused stays as it
    /// is.
    ///
    /// # Errors
    /// As [`Self::mark_retry`].
    pub async fn send_again(&self, parcel_id: &str) -> Result<(), JournalError> {
        let statement = Statement::new(
            "UPDATE outbox SET state = 'waiting', settled_at = NULL, attempts = 0, next_try_at = 0
             WHERE parcel = ? AND state = 'rejected' AND envelope IS NOT NULL",
            [parcel_id.into()],
        );
        self.settle(parcel_id, statement, true).await.map(drop)
    }

    /// Carries the statement out; answers the state before.
    async fn settle(
        &self,
        parcel_id: &str,
        statement: Statement,
        synced: bool,
    ) -> Result<OutboxState, JournalError> {
        let mut turn = self.turn().await?;
        let id = parcel_id.to_owned();
        finish(async move {
            let sql = "SELECT state FROM outbox WHERE parcel = ?";
            let row: Option<(String,)> = turn.database.maybe(sql, [id.as_str().into()]).await?;
            let (state,) = row.ok_or_else(|| not_found(&id))?;
            if synced {
                turn.database.write_synced(vec![statement]).await?;
            } else {
                turn.database.write(vec![statement]).await?;
            }
            parse_state(&state)
        })
        .await
    }

    fn seal_error(&self, parcel_id: &str, error: &str) -> Result<Vec<u8>, JournalError> {
        // A target's words: they may quote what was delivered.
        let error: String = error.chars().take(MAX_ERROR_CHARS).collect();
        self.inner.keys.seal(&error_context(parcel_id), error.as_bytes())
    }
}

/// One entry.
pub(crate) async fn find_entry(
    database: &mut Database,
    keys: &Keys,
    parcel_id: &str,
) -> Result<OutboxEntry, JournalError> {
    let row: Option<OutboxRow> =
        database.maybe(select_entries!("WHERE parcel = ?"), [parcel_id.into()]).await?;
    row.ok_or_else(|| not_found(parcel_id))?.into_entry(keys)
}

/// A row of the outbox.
#[derive(sqlx::FromRow)]
struct OutboxRow {
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
}

impl OutboxRow {
    fn into_entry(self, keys: &Keys) -> Result<OutboxEntry, JournalError> {
        let unseal = |context: &Context, sealed: &[u8]| Some(keys.unseal(context, sealed)?.to_vec());
        // A reason that cannot be read any more is no reason to lose the parcel.
        let last_error = self.last_error.map(|sealed| {
            let text = unseal(&error_context(&self.parcel), &sealed);
            String::from_utf8_lossy(text.as_deref().unwrap_or(UNREADABLE)).into_owned()
        });
        // Nor is a receipt: that it was delivered stands beside it.
        let receipt = self.receipt.and_then(|sealed| unseal(&receipt_context(&self.parcel), &sealed));
        let attachments = read_attachments(self.attachments.as_deref());
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
            damaged: attachments.is_none(),
            attachments: attachments.unwrap_or_default(),
            receipt,
            delivered_at: self.settled_at.filter(|_| state == OutboxState::Delivered),
        })
    }
}

fn read_entries(rows: Vec<OutboxRow>, keys: &Keys) -> Result<Vec<OutboxEntry>, JournalError> {
    rows.into_iter().map(|row| row.into_entry(keys)).collect()
}

/// Reads the ids of the blobs that travel with a parcel; `None` if the list cannot be read any more.
pub(crate) fn read_attachments(list: Option<&[u8]>) -> Option<Vec<String>> {
    serde_json::from_slice(list?).ok()
}

fn entries(limit: u32) -> Result<Value, JournalError> {
    if limit == 0 || limit > MAX_ENTRIES {
        return Err(JournalError::Unusable { what: "the limit", reason: "not 1 to 10,000" });
    }
    Ok(i64::from(limit).into())
}

fn parse_state(text: &str) -> Result<OutboxState, JournalError> {
    OutboxState::parse(text).ok_or_else(|| JournalError::Damaged("an unknown state in the outbox".to_owned()))
}

fn not_found(parcel_id: &str) -> JournalError {
    JournalError::NotFound { what: "parcel", id: parcel_id.to_owned() }
}

/// What a parcel's wrapped secret belongs to.
pub(crate) fn secret_context(parcel_id: &str) -> Context {
    Context::new("secret of parcel").bytes(parcel_id.as_bytes())
}

/// What a parcel's encrypted envelope belongs to.
pub(crate) fn envelope_context(parcel_id: &str) -> Context {
    Context::new("envelope of parcel").bytes(parcel_id.as_bytes())
}

fn receipt_context(parcel_id: &str) -> Context {
    Context::new("receipt of parcel").bytes(parcel_id.as_bytes())
}

fn error_context(parcel_id: &str) -> Context {
    Context::new("error of parcel").bytes(parcel_id.as_bytes())
}
