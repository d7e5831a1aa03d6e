//! Attachments that are in their place on disk, and those that wait for their parcel.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::database::{OfficeStore, to_signed};
use super::devices::EnrolledDevice;
use super::error::OfficeStoreError;
use crate::{clock, limits};

/// An attachment that was put in its place on disk and is about to be noted.
#[derive(Debug)]
pub struct NewAttachment<'a> {
    /// The id of the parcel that it belongs to.
    pub parcel: &'a str,
    /// SHA-256 of its bytes, in hex.
    pub sha256: &'a str,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its file, relative to the data folder.
    pub file: &'a str,
}

/// An attachment as it is kept.
#[derive(Clone, Debug)]
pub struct StoredAttachment {
    /// The id of the device that sent it.
    pub device: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its file, relative to the data folder.
    pub file: String,
}

impl FromRow<'_, SqliteRow> for StoredAttachment {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self { device: row.try_get("device")?, bytes: row.try_get("bytes")?, file: row.try_get("file")? })
    }
}

impl OfficeStore {
    /// Returns the attachment of a parcel, if it has arrived.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn attachment(
        &self,
        parcel: &str,
        sha256: &str,
    ) -> Result<Option<StoredAttachment>, OfficeStoreError> {
        Ok(sqlx::query_as("SELECT device, bytes, file FROM attachments WHERE parcel = ? AND sha256 = ?")
            .bind(parcel)
            .bind(sha256)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// Returns how many attachments of a device wait for their parcel.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn count_waiting_attachments(&self, device: &str) -> Result<i64, OfficeStoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM attachments WHERE device = ? AND claimed = 0")
            .bind(device)
            .fetch_one(&self.pool)
            .await?)
    }

    /// Notes that an attachment is in its place. Returns `false` if another device's attachment has this name, or if a
    /// higher revision has taken its parcel's place.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn keep_attachment(
        &self,
        attachment: &NewAttachment<'_>,
        device: &EnrolledDevice,
    ) -> Result<bool, OfficeStoreError> {
        let mut tx = self.begin_delivery().await?;
        let kept = sqlx::query(
            "INSERT INTO attachments (parcel, sha256, device, bytes, file, received_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM superseded WHERE id = ?1)
             ON CONFLICT (parcel, sha256) DO UPDATE SET bytes = excluded.bytes, file = excluded.file
             WHERE device = excluded.device",
        )
        .bind(attachment.parcel)
        .bind(attachment.sha256)
        .bind(&device.id)
        .bind(to_signed(attachment.bytes, "an attachment")?)
        .bind(attachment.file)
        .bind(to_signed(clock::now(), "the time")?)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(kept.rows_affected() == 1)
    }

    /// Takes out attachments that wait since before `before`, in milliseconds since the epoch, for a parcel that never
    /// came: at most [`limits::SWEEP_BATCH`]. Returns their files; as many as that mean that there may be more.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn drop_orphans(&self, before: u64) -> Result<Vec<String>, OfficeStoreError> {
        let mut tx = self.begin_write().await?;
        let files = sqlx::query_scalar(
            "DELETE FROM attachments WHERE rowid IN
             (SELECT rowid FROM attachments WHERE claimed = 0 AND received_at < ? LIMIT ?) RETURNING file",
        )
        .bind(to_signed(before, "the time")?)
        .bind(limits::SWEEP_BATCH)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(files)
    }
}
