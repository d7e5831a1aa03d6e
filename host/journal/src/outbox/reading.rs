//! Reading the outbox: what is in it, and what is due.

use std::sync::Arc;

use super::entry::{OutboxEntry, ParcelCounts};
use super::rows::{
    OutboxRow, envelope_context, find_entry, not_found, parse_state, read_entries, secret_context,
    select_entries,
};
use crate::crypt::ItemSecret;
use crate::database::{SqlStatement, SqlValue};
use crate::error::{JournalError, sqlite_integer};
use crate::journal::{Journal, run_to_end};
use crate::outbox_state::OutboxState;

/// The most entries that one call returns.
const MAX_ENTRIES: u32 = 10_000;

impl Journal {
    /// Returns what is to be delivered now, at most `limit` entries (1 to 10,000): not settled, its hold over, its next
    /// try due. Those that were tried least come first, so that one that always fails holds up no other; then in order of
    /// sequence. Entries whose hold is over become waiting.
    ///
    /// # Errors
    /// [`JournalError::Unusable`], [`JournalError::DiskFull`], [`JournalError::Damaged`], [`JournalError::Closed`], and
    /// errors of the database.
    pub async fn due(&self, now: u64, limit: u32) -> Result<Vec<OutboxEntry>, JournalError> {
        self.due_of(None, now, limit).await
    }

    /// Returns what [`Self::due`] returns, of one contract; `None` means all.
    ///
    /// # Errors
    /// As [`Self::due`].
    pub async fn due_of(
        &self,
        contract: Option<&str>,
        now: u64,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, JournalError> {
        let contract: SqlValue = contract.into();
        let now: i64 = sqlite_integer("the time", now)?;
        let limit = check_limit(limit)?;
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        run_to_end(async move {
            let over = "SELECT 1 FROM outbox
                        WHERE state IN ('held', 'waiting') AND state = 'held' AND hold_until <= ?1
                        AND (?2 IS NULL OR contract = ?2) LIMIT 1";
            if writer.database.exists(over, [now.into(), contract.clone()]).await? {
                let sql = "UPDATE outbox SET state = 'waiting' WHERE state = 'held' AND hold_until <= ?1
                           AND (?2 IS NULL OR contract = ?2)";
                writer.database.write(vec![SqlStatement::new(sql, [now.into(), contract.clone()])]).await?;
            }
            let sql = select_entries!(
                "WHERE state IN ('held', 'waiting') AND state = 'waiting' AND hold_until <= ?1 AND next_try_at <= ?1
                 AND (?3 IS NULL OR contract = ?3) ORDER BY attempts, sequence LIMIT ?2"
            );
            let rows = writer.database.rows(sql, [now.into(), limit, contract]).await?;
            read_entries(rows, &keys)
        })
        .await
    }

    /// Returns when the next parcel of a contract that is not settled is due; in the past if one is due now.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn next_due(&self, contract: &str) -> Result<Option<u64>, JournalError> {
        let contract: SqlValue = contract.into();
        let mut writer = self.lock_writer().await?;
        run_to_end(async move {
            let sql = "SELECT max(hold_until, next_try_at) FROM outbox
                       WHERE state IN ('held', 'waiting') AND contract = ? ORDER BY 1 LIMIT 1";
            Ok(writer.database.maybe(sql, [contract]).await?.map(|(due,)| due))
        })
        .await
    }

    /// Returns the latest entries, in falling order of sequence, at most `limit` (1 to 10,000). If there are more, those
    /// that are neither delivered nor replaced come before the others, so that everything that waits or was refused is
    /// among them.
    ///
    /// # Errors
    /// [`JournalError::Unusable`], [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn outbox(&self, limit: u32) -> Result<Vec<OutboxEntry>, JournalError> {
        let limit = check_limit(limit)?;
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        run_to_end(async move {
            let sql = select_entries!(
                "WHERE parcel IN (SELECT parcel FROM outbox ORDER BY state = 'replaced', state = 'delivered',
                 sequence DESC LIMIT ?) ORDER BY sequence DESC"
            );
            let rows = writer.database.rows(sql, [limit]).await?;
            read_entries(rows, &keys)
        })
        .await
    }

    /// Returns one entry.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn outbox_entry(&self, parcel_id: &str) -> Result<OutboxEntry, JournalError> {
        let mut writer = self.lock_writer().await?;
        let (keys, id) = (Arc::clone(&self.shared.keys), parcel_id.to_owned());
        run_to_end(async move { find_entry(&mut writer.database, &keys, &id).await }).await
    }

    /// Returns how many parcels are in which state.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn outbox_counts(&self) -> Result<ParcelCounts, JournalError> {
        let mut writer = self.lock_writer().await?;
        run_to_end(async move {
            let sql = "SELECT state, count(*) FROM outbox GROUP BY state";
            let rows: Vec<(String, u64)> = writer.database.rows(sql, []).await?;
            let mut counts = ParcelCounts::default();
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

    /// Returns how many bytes are held or wait, details and pictures included.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn outbox_bytes(&self) -> Result<u64, JournalError> {
        let rows: Vec<OutboxRow> = {
            let mut writer = self.lock_writer().await?;
            let sql = select_entries!("WHERE state IN ('held', 'waiting')");
            run_to_end(async move { writer.database.rows(sql, []).await }).await?
        };
        let mut bytes = 0;
        for row in rows {
            let entry = row.into_entry(&self.shared.keys)?;
            bytes += entry.bytes;
            bytes +=
                entry.details.iter().filter(|detail| !detail.erased).map(|detail| detail.length).sum::<u64>();
            for blob in &entry.attachments {
                match self.blob_info(blob).await {
                    Ok(info) => bytes += info.length,
                    // It was removed, so nothing of it is sent.
                    Err(JournalError::Erased { .. } | JournalError::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(bytes)
    }

    /// Returns the exact bytes of a parcel.
    ///
    /// # Errors
    /// [`JournalError::NotFound`]; [`JournalError::Erased`] if the closing record was erased;
    /// [`JournalError::Damaged`]; [`JournalError::Closed`]; and errors of the database.
    pub async fn envelope(&self, parcel_id: &str) -> Result<Vec<u8>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        let id = parcel_id.to_owned();
        run_to_end(async move {
            let sql = "SELECT envelope, wrapped FROM outbox JOIN secret ON secret.id = outbox.secret WHERE parcel = ?";
            let row: Option<(Option<Vec<u8>>, Vec<u8>)> =
                writer.database.maybe(sql, [id.as_str().into()]).await?;
            let (sealed, wrapped) = row.ok_or_else(|| not_found(&id))?;
            let Some(sealed) = sealed else {
                return Err(JournalError::Erased { what: "parcel", id });
            };
            let opened = ItemSecret::unwrap(&keys, &secret_context(&id), &wrapped)
                .and_then(|secret| secret.unseal(&envelope_context(&id), &sealed));
            let envelope =
                opened.ok_or_else(|| JournalError::Damaged(format!("parcel {id} does not decrypt")))?;
            Ok(envelope.to_vec())
        })
        .await
    }

    /// Returns the latest revision of each of a contract's closed segments that start at `from` or later and before `to`,
    /// in order of their start.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn closed_parcels(
        &self,
        contract: &str,
        from: u64,
        to: u64,
    ) -> Result<Vec<OutboxEntry>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        let values = [
            contract.into(),
            sqlite_integer("the time", from)?.into(),
            sqlite_integer("the time", to)?.into(),
        ];
        run_to_end(async move {
            let sql = select_entries!(
                "WHERE contract = ? AND segment_start >= ? AND segment_start < ?
                 AND revision = (SELECT max(o.revision) FROM outbox AS o
                                 WHERE o.contract = outbox.contract AND o.segment_start = outbox.segment_start)
                 ORDER BY segment_start"
            );
            let rows = writer.database.rows(sql, values).await?;
            read_entries(rows, &keys)
        })
        .await
    }

    /// Whether a target has any revision of a contract's segment.
    ///
    /// # Errors
    /// [`JournalError::Closed`] and errors of the database.
    pub async fn was_delivered(&self, contract: &str, start: u64) -> Result<bool, JournalError> {
        let mut writer = self.lock_writer().await?;
        let values = [contract.into(), sqlite_integer("the segment's start", start)?.into()];
        run_to_end(async move {
            let sql = "SELECT 1 FROM outbox WHERE contract = ? AND segment_start = ? AND state = 'delivered' LIMIT 1";
            writer.database.exists(sql, values).await
        })
        .await
    }

    /// Whether no revision of a closed segment can have left this computer until `now`: each is held beyond it, and was
    /// never tried.
    ///
    /// # Errors
    /// [`JournalError::Closed`], and errors of the database.
    pub async fn never_left(&self, contract: &str, start: u64, now: u64) -> Result<bool, JournalError> {
        let mut writer = self.lock_writer().await?;
        let values = [
            contract.into(),
            sqlite_integer("the time", start)?.into(),
            sqlite_integer("the time", now)?.into(),
        ];
        run_to_end(async move {
            let sql = "SELECT count(*) FROM outbox WHERE contract = ? AND segment_start = ?
                       AND (hold_until <= ? OR attempts > 0 OR state = 'delivered')";
            let (left,): (i64,) = writer.database.one(sql, values).await?;
            Ok(left == 0)
        })
        .await
    }
}

fn check_limit(limit: u32) -> Result<SqlValue, JournalError> {
    if limit == 0 || limit > MAX_ENTRIES {
        return Err(JournalError::Unusable { what: "the limit", reason: "not 1 to 10,000" });
    }
    Ok(i64::from(limit).into())
}
