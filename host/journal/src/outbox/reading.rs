//! What is in the outbox, and what is due.

use std::sync::Arc;

use super::entry::{OutboxCounts, OutboxEntry};
use super::rows::{
    OutboxRow, envelope_context, find_entry, not_found, parse_state, read_entries, secret_context,
    select_entries,
};
use crate::crypt::Secret;
use crate::database::{Statement, Value};
use crate::error::{JournalError, stored};
use crate::journal::{Journal, finish};
use crate::outbox_state::OutboxState;

/// The most entries that one call answers.
const MAX_ENTRIES: u32 = 10_000;

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

    /// One entry.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn outbox_entry(&self, parcel_id: &str) -> Result<OutboxEntry, JournalError> {
        let mut turn = self.turn().await?;
        let (keys, id) = (Arc::clone(&self.inner.keys), parcel_id.to_owned());
        finish(async move { find_entry(&mut turn.database, &keys, &id).await }).await
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
}

fn entries(limit: u32) -> Result<Value, JournalError> {
    if limit == 0 || limit > MAX_ENTRIES {
        return Err(JournalError::Unusable { what: "the limit", reason: "not 1 to 10,000" });
    }
    Ok(i64::from(limit).into())
}
