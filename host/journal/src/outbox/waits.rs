//! How long what is in the outbox waits, and what becomes of that when the clock is set.

use crate::database::Statement;
use crate::error::stored;
use crate::journal::finish;
use crate::{Journal, JournalError};

/// A hold that nobody waits out, in milliseconds since the Unix epoch: the year 2970.
pub const HELD_FOR_GOOD: u64 = 1_000 * 365 * 24 * 60 * 60_000;

impl Journal {
    /// The clock was set by so many milliseconds: what a contract's parcels wait for moves with it, so that a hold is neither
    /// longer nor shorter for it. What is held for good stays so.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::Closed`], and errors of the database.
    pub async fn shift_waits(&self, contract: &str, by: i64) -> Result<(), JournalError> {
        let sql = "UPDATE outbox SET
                       hold_until = iif(hold_until > 0 AND hold_until < ?3, max(hold_until + ?2, 1), hold_until),
                       next_try_at = iif(next_try_at > 0, max(next_try_at + ?2, 1), 0)
                   WHERE state IN ('held', 'waiting') AND contract = ?1";
        let for_good = stored("the hold", HELD_FOR_GOOD)?;
        self.write_waits(Statement::new(sql, [contract.into(), by.into(), for_good.into()])).await
    }

    /// No parcel of a contract is held beyond `hold_until` or tried again later than `next_try_at`: the clock may have been
    /// set back while nobody looked. What is held for good stays so.
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
        let (hold, next) = (stored("the hold", hold_until)?, stored("the next try", next_try_at)?);
        let for_good = stored("the hold", HELD_FOR_GOOD)?;
        self.write_waits(Statement::new(sql, [contract.into(), hold.into(), next.into(), for_good.into()]))
            .await
    }

    async fn write_waits(&self, statement: Statement) -> Result<(), JournalError> {
        let mut turn = self.turn().await?;
        finish(async move { turn.database.write(vec![statement]).await }).await
    }

    /// Everything that waits is due at once, whenever its next try was.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::Closed`], and errors of the database.
    pub async fn try_now(&self) -> Result<(), JournalError> {
        let mut turn = self.turn().await?;
        finish(async move {
            let sql = "UPDATE outbox SET next_try_at = 0 WHERE state IN ('held', 'waiting')";
            turn.database.write(vec![Statement::new(sql, [])]).await
        })
        .await
    }
}
