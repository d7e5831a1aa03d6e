//! How long parcels wait, and what becomes of that when the clock is set.

use crate::database::SqlStatement;
use crate::error::sqlite_integer;
use crate::journal::run_to_end;
use crate::{Journal, JournalError};

/// The end of a hold that never ends by itself, ms since the Unix epoch: the year 2970.
pub const HELD_FOR_GOOD: u64 = 1_000 * 365 * 24 * 60 * 60_000;

impl Journal {
    /// Moves the times that a contract's parcels wait for by `by` milliseconds, as the clock was set: so a hold becomes
    /// neither longer nor shorter. What is held for good stays so.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::Closed`], and errors of the database.
    pub async fn shift_waits(&self, contract: &str, by: i64) -> Result<(), JournalError> {
        let sql = "UPDATE outbox SET
                       hold_until = iif(hold_until > 0 AND hold_until < ?3, max(hold_until + ?2, 1), hold_until),
                       next_try_at = iif(next_try_at > 0, max(next_try_at + ?2, 1), 0)
                   WHERE state IN ('held', 'waiting') AND contract = ?1";
        let for_good = sqlite_integer("the hold", HELD_FOR_GOOD)?;
        self.write_waits(SqlStatement::new(sql, [contract.into(), by.into(), for_good.into()])).await
    }

    /// Shortens the waits of a contract's parcels: none is held beyond `hold_until` or retried later than `next_try_at`.
    /// The clock may have been set back while the agent did not run. What is held for good stays so.
    ///
    /// # Errors
    /// As [`Self::shift_waits`].
    pub async fn bound_waits(
        &self,
        contract: &str,
        hold_until: u64,
        next_try_at: u64,
    ) -> Result<(), JournalError> {
        let sql = "UPDATE outbox SET hold_until = iif(hold_until < ?4, min(hold_until, ?2), hold_until),
                       next_try_at = min(next_try_at, ?3)
                   WHERE state IN ('held', 'waiting') AND contract = ?1";
        let (hold, next) =
            (sqlite_integer("the hold", hold_until)?, sqlite_integer("the next try", next_try_at)?);
        let for_good = sqlite_integer("the hold", HELD_FOR_GOOD)?;
        self.write_waits(SqlStatement::new(sql, [contract.into(), hold.into(), next.into(), for_good.into()]))
            .await
    }

    async fn write_waits(&self, statement: SqlStatement) -> Result<(), JournalError> {
        let mut writer = self.lock_writer().await?;
        run_to_end(async move { writer.database.write(vec![statement]).await }).await
    }

    /// Makes everything that waits due at once, whenever its next try was to be.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::Closed`], and errors of the database.
    pub async fn try_now(&self) -> Result<(), JournalError> {
        let mut writer = self.lock_writer().await?;
        run_to_end(async move {
            let sql = "UPDATE outbox SET next_try_at = 0 WHERE state IN ('held', 'waiting')";
            writer.database.write(vec![SqlStatement::new(sql, [])]).await
        })
        .await
    }
}
