//! Recording what becomes of a parcel.

use super::rows::{error_context, not_found, parse_state, receipt_context};
use crate::database::SqlStatement;
use crate::error::{JournalError, sqlite_integer};
use crate::journal::{Journal, run_to_end};
use crate::outbox_state::OutboxState;

/// The longest receipt, bytes.
const MAX_RECEIPT_BYTES: usize = 64 * 1024;

/// How much of an error is kept, characters.
const MAX_ERROR_CHARS: usize = 500;

impl Journal {
    /// Records that a target has the parcel, with its receipt (at most 64 KiB, verified by the caller). That is synced
    /// when this returns. The parcel is then delivered, whatever state it was in; if it was delivered before, the first
    /// receipt stays.
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
        let sealed = self.shared.keys.seal(&receipt_context(parcel_id), &receipt)?;
        let statement = SqlStatement::new(
            "UPDATE outbox SET state = 'delivered', receipt = ?, settled_at = ?, last_error = NULL
             WHERE parcel = ? AND state <> 'delivered'",
            [sealed.into(), sqlite_integer("the time", at)?.into(), parcel_id.into()],
        );
        self.update_parcel(parcel_id, statement, true).await.map(drop)
    }

    /// Records that a delivery failed and is to be retried, and counts the attempt. An entry that was settled in the
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
        let statement = SqlStatement::new(
            "UPDATE outbox SET attempts = attempts + 1, next_try_at = ?, last_error = ?
             WHERE parcel = ? AND state IN ('held', 'waiting')",
            [
                sqlite_integer("the time", next_try_at)?.into(),
                self.seal_error(parcel_id, error)?.into(),
                parcel_id.into(),
            ],
        );
        self.update_parcel(parcel_id, statement, false).await.map(drop)
    }

    /// Records that a target refused the parcel for good. An entry that was settled in the meantime stays as it is.
    ///
    /// # Errors
    /// As [`Self::mark_retry`].
    pub async fn mark_rejected(&self, parcel_id: &str, code: &str, at: u64) -> Result<(), JournalError> {
        let statement = SqlStatement::new(
            "UPDATE outbox SET state = 'rejected', attempts = attempts + 1, settled_at = ?, last_error = ?
             WHERE parcel = ? AND state IN ('held', 'waiting')",
            [
                sqlite_integer("the time", at)?.into(),
                self.seal_error(parcel_id, code)?.into(),
                parcel_id.into(),
            ],
        );
        self.update_parcel(parcel_id, statement, false).await.map(drop)
    }

    /// Undoes [`Self::mark_rejected`]: the parcel is due at once. One that was not refused stays as it is.
    ///
    /// # Errors
    /// As [`Self::mark_retry`].
    pub async fn send_again(&self, parcel_id: &str) -> Result<(), JournalError> {
        let statement = SqlStatement::new(
            "UPDATE outbox SET state = 'waiting', settled_at = NULL, attempts = 0, next_try_at = 0
             WHERE parcel = ? AND state = 'rejected' AND envelope IS NOT NULL",
            [parcel_id.into()],
        );
        self.update_parcel(parcel_id, statement, true).await.map(drop)
    }

    /// Cancels a parcel: it is not delivered. That is synced when this returns. Cancelling twice is no error.
    ///
    /// # Errors
    /// [`JournalError::ParcelSettled`] if it is delivered or rejected already; otherwise as [`Self::mark_retry`].
    pub async fn cancel(&self, parcel_id: &str, at: u64) -> Result<(), JournalError> {
        let statement = SqlStatement::new(
            "UPDATE outbox SET state = 'cancelled', settled_at = ? WHERE parcel = ? AND state IN ('held', 'waiting')",
            [sqlite_integer("the time", at)?.into(), parcel_id.into()],
        );
        let before = self.update_parcel(parcel_id, statement, true).await?;
        if matches!(before, OutboxState::Delivered | OutboxState::Rejected) {
            return Err(JournalError::ParcelSettled { parcel_id: parcel_id.to_owned(), state: before });
        }
        Ok(())
    }

    /// Undoes [`Self::cancel`]: the parcel is held until `hold_until` and then due. One that is not cancelled stays as it
    /// is.
    ///
    /// # Errors
    /// As [`Self::mark_retry`].
    pub async fn uncancel(&self, parcel_id: &str, hold_until: u64) -> Result<(), JournalError> {
        let statement = SqlStatement::new(
            "UPDATE outbox SET state = 'held', settled_at = NULL, next_try_at = 0, hold_until = ?
             WHERE parcel = ? AND state = 'cancelled' AND envelope IS NOT NULL",
            [sqlite_integer("the hold", hold_until)?.into(), parcel_id.into()],
        );
        self.update_parcel(parcel_id, statement, true).await.map(drop)
    }

    /// Ends the hold of a parcel. One that is not held stays as it is.
    ///
    /// # Errors
    /// As [`Self::mark_retry`].
    pub async fn release(&self, parcel_id: &str) -> Result<(), JournalError> {
        let statement = SqlStatement::new(
            "UPDATE outbox SET hold_until = 0 WHERE parcel = ? AND state = 'held'",
            [parcel_id.into()],
        );
        self.update_parcel(parcel_id, statement, true).await.map(drop)
    }

    /// Runs the statement. Returns the state that the parcel was in before.
    async fn update_parcel(
        &self,
        parcel_id: &str,
        statement: SqlStatement,
        synced: bool,
    ) -> Result<OutboxState, JournalError> {
        let mut writer = self.lock_writer().await?;
        let id = parcel_id.to_owned();
        run_to_end(async move {
            let sql = "SELECT state FROM outbox WHERE parcel = ?";
            let row: Option<(String,)> = writer.database.maybe(sql, [id.as_str().into()]).await?;
            let (state,) = row.ok_or_else(|| not_found(&id))?;
            if synced {
                writer.database.write_synced(vec![statement]).await?;
            } else {
                writer.database.write(vec![statement]).await?;
            }
            parse_state(&state)
        })
        .await
    }

    fn seal_error(&self, parcel_id: &str, error: &str) -> Result<Vec<u8>, JournalError> {
        // Encrypted, because a target's text may quote what was delivered.
        let error: String = error.chars().take(MAX_ERROR_CHARS).collect();
        self.shared.keys.seal(&error_context(parcel_id), error.as_bytes())
    }
}
