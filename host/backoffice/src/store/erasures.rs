//! What is to be erased for good: files that are noted until they are gone, and what the write-ahead log remembers.

use sqlx::{Row, Sqlite, Transaction};

use super::{Store, StoreError, signed};

/// Takes the attachments of a parcel out and notes their files for removal; answers the files.
pub(super) async fn drop_attachments(
    tx: &mut Transaction<'static, Sqlite>,
    parcel: &str,
    now: u64,
) -> Result<Vec<String>, StoreError> {
    let files: Vec<String> = sqlx::query_scalar("DELETE FROM attachments WHERE parcel = ? RETURNING file")
        .bind(parcel)
        .fetch_all(&mut **tx)
        .await?;
    for file in &files {
        sqlx::query("INSERT OR IGNORE INTO erasures (file, since) VALUES (?, ?)")
            .bind(file)
            .bind(signed(now, "the time")?)
            .execute(&mut **tx)
            .await?;
    }
    Ok(files)
}

impl Store {
    /// The files that are noted for removal.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn erasures(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT file FROM erasures").fetch_all(&self.pool).await?)
    }

    /// Notes that these files are gone.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn erased(&self, files: &[String]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for file in files {
            sqlx::query("DELETE FROM erasures WHERE file = ?").bind(file).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The files of the attachments of all parcels whose ids begin with these hex digits.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn files_of(&self, digits: &str) -> Result<Vec<String>, StoreError> {
        // `g` follows all hex digits, so that the index of ids finds them.
        Ok(sqlx::query_scalar("SELECT file FROM attachments WHERE parcel >= ?1 AND parcel < ?1 || 'g'")
            .bind(digits)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Empties the write-ahead log, in which deleted rows can still be read; the database itself overwrites them with
    /// zeros (`secure_delete`). `false` where somebody was reading: then it is for the next time.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.pool).await?;
        Ok(row.try_get::<i64, _>(0)? == 0)
    }
}
