//! What becomes of a parcel.

use super::rows::{error_context, not_found, parse_state, receipt_context};
use crate::database::Statement;
use crate::error::{JournalError, stored};
use crate::journal::{Journal, finish};
use crate::outbox_state::OutboxState;

/// The longest receipt: 64 KiB.
const MAX_RECEIPT_BYTES: usize = 64 * 1024;

/// How much of an error is kept, in characters.
const MAX_ERROR_CHARS: usize = 500;

impl Journal {
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
