//! What is to be erased for good: files that are noted until they are gone, and what the write-ahead log remembers.

use sqlx::Connection as _;

use super::database::{OfficeStore, to_signed};
use super::error::OfficeStoreError;
use super::writes::WriteTurn;
use crate::limits;

/// Takes the attachments of a parcel out and notes their files for removal. Returns the files.
pub(super) async fn drop_attachments(
    tx: &mut WriteTurn,
    parcel: &str,
    now: u64,
) -> Result<Vec<String>, OfficeStoreError> {
    let files: Vec<String> = sqlx::query_scalar("DELETE FROM attachments WHERE parcel = ? RETURNING file")
        .bind(parcel)
        .fetch_all(&mut **tx)
        .await?;
    for file in &files {
        sqlx::query("INSERT OR IGNORE INTO erasures (file, since) VALUES (?, ?)")
            .bind(file)
            .bind(to_signed(now, "the time")?)
            .execute(&mut **tx)
            .await?;
    }
    Ok(files)
}

impl OfficeStore {
    /// Returns files that are noted for removal and come after `after` by name: at most [`limits::SWEEP_BATCH`].
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn pending_erasures(&self, after: &str) -> Result<Vec<String>, OfficeStoreError> {
        Ok(sqlx::query_scalar("SELECT file FROM erasures WHERE file > ? ORDER BY file LIMIT ?")
            .bind(after)
            .bind(limits::SWEEP_BATCH)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Drops the notes of files that are gone.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn drop_erasure_notes(&self, files: &[String]) -> Result<(), OfficeStoreError> {
        let mut tx = self.begin_write().await?;
        for file in files {
            sqlx::query("DELETE FROM erasures WHERE file = ?").bind(file).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Returns the files of the attachments of all parcels whose ids begin with these hex digits.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn attachment_files(&self, digits: &str) -> Result<Vec<String>, OfficeStoreError> {
        // `g` follows all hex digits, so that the index of ids finds them.
        Ok(sqlx::query_scalar("SELECT file FROM attachments WHERE parcel >= ?1 AND parcel < ?1 || 'g'")
            .bind(digits)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Empties the write-ahead log, in which deleted rows can still be read; the database itself overwrites them with
    /// zeros (`secure_delete`). Nobody writes meanwhile. Returns `false` if somebody was reading: then it is for the next
    /// time.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn empty_log(&self) -> Result<bool, OfficeStoreError> {
        let mut connection = self.connect_apart(limits::LOG_WAIT).await?;
        let emptied = self.writes.pause(async {
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await
        });
        let (busy, _, _): (i64, i64, i64) = emptied.await?;
        connection.close().await?;
        Ok(busy == 0)
    }
}
