//! Parcels, their attachments and the receipts that were given for them, as they are read. [`super::keep`] writes parcels.

use candor_diary::billing::Facts;
use candor_diary::segment::SegmentLength;
use sqlx::Row;

use super::{Device, Store, StoreError, signed, unsigned};
use crate::{clock, limits};

/// An attachment that is in its place on disk.
#[derive(Debug)]
pub struct Attachment<'a> {
    /// The parcel that it belongs to.
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
    /// The device that sent it.
    pub device: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its file, relative to the data folder.
    pub file: String,
}

/// A parcel as it is kept.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The contract.
    pub contract: String,
    /// The device's name.
    pub device_name: String,
    /// SHA-256 of the envelope, in hex.
    pub digest: String,
    /// The exact bytes that were received.
    pub envelope: Vec<u8>,
    /// The exact bytes that were answered.
    pub receipt: Vec<u8>,
    /// When it was taken, milliseconds since the epoch.
    pub received_at: u64,
}

/// The newest that a contract has.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The parcel with the latest segment.
    pub delivery: Delivery,
    /// Start of that segment, milliseconds since the epoch.
    pub start: u64,
    /// When a parcel came last, milliseconds since the epoch.
    pub received_at: u64,
}

/// What is left of a parcel that a higher revision has taken the place of.
#[derive(Clone, Debug)]
pub struct Superseded {
    /// The parcel's id.
    pub parcel: String,
    /// The device's id.
    pub device: String,
    /// First millisecond of the segment.
    pub start: u64,
    /// Which revision it was.
    pub revision: u64,
    /// When it was taken, milliseconds since the epoch.
    pub received_at: u64,
}

/// What billing needs to know of a parcel.
#[derive(Clone, Debug)]
pub struct FactsRow {
    /// The contract.
    pub contract: String,
    /// The parcel.
    pub parcel: String,
    /// The facts.
    pub facts: Facts,
}

impl Store {
    /// The attachment of a parcel, where it has arrived.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn attachment(
        &self,
        parcel: &str,
        sha256: &str,
    ) -> Result<Option<StoredAttachment>, StoreError> {
        let row = sqlx::query("SELECT device, bytes, file FROM attachments WHERE parcel = ? AND sha256 = ?")
            .bind(parcel)
            .bind(sha256)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(StoredAttachment {
            device: row.try_get("device")?,
            bytes: unsigned(row.try_get("bytes")?, "a length")?,
            file: row.try_get("file")?,
        }))
    }

    /// How many attachments of a device wait for their parcel.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn waiting_attachments(&self, device: &str) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT count(*) FROM attachments a WHERE a.device = ?
             AND NOT EXISTS (SELECT 1 FROM parcels p WHERE p.id = a.parcel)",
        )
        .bind(device)
        .fetch_one(&self.pool)
        .await?)
    }

    /// Whether a higher revision has taken the place of this device's parcel: its attachments are not wanted any more.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn is_superseded(&self, parcel: &str, device: &str) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM superseded WHERE id = ? AND device = ?)")
            .bind(parcel)
            .bind(device)
            .fetch_one(&self.pool)
            .await?)
    }

    /// Notes that an attachment is in its place. `false` where another device's attachment has this name, or where a
    /// higher revision has taken its parcel's place.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn keep_attachment(
        &self,
        attachment: &Attachment<'_>,
        device: &Device,
    ) -> Result<bool, StoreError> {
        let kept = sqlx::query(
            "INSERT INTO attachments (parcel, sha256, device, bytes, file, received_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM superseded WHERE id = ?1)
             ON CONFLICT (parcel, sha256) DO UPDATE SET bytes = excluded.bytes, file = excluded.file
             WHERE device = excluded.device",
        )
        .bind(attachment.parcel)
        .bind(attachment.sha256)
        .bind(&device.id)
        .bind(signed(attachment.bytes, "an attachment")?)
        .bind(attachment.file)
        .bind(signed(clock::now(), "the time")?)
        .execute(&self.pool)
        .await?;
        Ok(kept.rows_affected() == 1)
    }

    /// The parcels of a contract whose segments start in `from..to`, in order of start; at most
    /// [`limits::DAY_PARCELS`] where `to` is given.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn deliveries(
        &self,
        contract: &str,
        from: u64,
        to: Option<u64>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let until = to.map_or(Ok(i64::MAX), |to| signed(to, "a time"))?;
        let rows = sqlx::query(
            "SELECT p.contract, p.digest, p.envelope, p.receipt, p.received_at, d.name FROM parcels p
             JOIN devices d ON d.id = p.device WHERE p.contract = ? AND p.start >= ? AND p.start < ?
             ORDER BY p.start, p.device LIMIT ?",
        )
        .bind(contract)
        .bind(signed(from, "a time")?)
        .bind(until)
        .bind(if to.is_some() { limits::DAY_PARCELS } else { -1 })
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(delivery).collect()
    }

    /// A parcel by its id.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn delivery(&self, parcel: &str) -> Result<Option<Delivery>, StoreError> {
        let row = sqlx::query(
            "SELECT p.contract, p.digest, p.envelope, p.receipt, p.received_at, d.name FROM parcels p
             JOIN devices d ON d.id = p.device WHERE p.id = ?",
        )
        .bind(parcel)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(delivery).transpose()
    }

    /// The receipt of a parcel and its contract, also where a higher revision has taken its place.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn receipt(&self, parcel: &str) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let row = sqlx::query(
            "SELECT contract, receipt FROM parcels WHERE id = ?1
             UNION ALL SELECT contract, receipt FROM superseded WHERE id = ?1 LIMIT 1",
        )
        .bind(parcel)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some((row.try_get("contract")?, row.try_get("receipt")?)))
    }

    /// What higher revisions have taken the place of, for the segments of a contract that start in `from..to`; by
    /// revision, at most [`limits::DAY_SUPERSEDED`].
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn superseded(
        &self,
        contract: &str,
        from: u64,
        to: u64,
    ) -> Result<Vec<Superseded>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, device, start, revision, received_at FROM superseded
             WHERE contract = ? AND start >= ? AND start < ? ORDER BY revision LIMIT ?",
        )
        .bind(contract)
        .bind(signed(from, "a time")?)
        .bind(signed(to, "a time")?)
        .bind(limits::DAY_SUPERSEDED)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Superseded {
                    parcel: row.try_get("id")?,
                    device: row.try_get("device")?,
                    start: unsigned(row.try_get("start")?, "a time")?,
                    revision: unsigned(row.try_get("revision")?, "a revision")?,
                    received_at: unsigned(row.try_get("received_at")?, "a time")?,
                })
            })
            .collect()
    }

    /// What billing needs of all contracts of a worker in `from..to`: two contracts can meet in one segment.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn facts(&self, worker: &str, from: u64, to: u64) -> Result<Vec<FactsRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT p.contract, p.id, p.start, p.length, p.tracked_bits, p.active_bits, p.gap, p.manual_at, p.removed
             FROM parcels p JOIN contracts c ON c.id = p.contract
             WHERE c.worker = ? AND p.start >= ? AND p.start < ? ORDER BY p.start, p.device",
        )
        .bind(worker)
        .bind(signed(from, "a time")?)
        .bind(signed(to, "a time")?)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let length = u8::try_from(row.try_get::<i64, _>("length")?)
                    .ok()
                    .and_then(|minutes| SegmentLength::new(minutes).ok())
                    .ok_or_else(|| StoreError::Damaged {
                        what: "a length",
                        why: "no such length".to_owned(),
                    })?;
                Ok(FactsRow {
                    contract: row.try_get("contract")?,
                    parcel: row.try_get("id")?,
                    facts: Facts {
                        start: unsigned(row.try_get("start")?, "a time")?,
                        length,
                        tracked: unsigned(row.try_get("tracked_bits")?, "minutes")?,
                        active: unsigned(row.try_get("active_bits")?, "minutes")?,
                        gap: row.try_get("gap")?,
                        manual: row
                            .try_get::<Option<i64>, _>("manual_at")?
                            .map(|at| unsigned(at, "a time"))
                            .transpose()?,
                        removed: row.try_get("removed")?,
                    },
                })
            })
            .collect()
    }

    /// The newest parcel of a contract by start, and when the newest of all arrived.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest(&self, contract: &str) -> Result<Option<Newest>, StoreError> {
        let row = sqlx::query(
            "SELECT p.contract, p.digest, p.envelope, p.receipt, p.received_at, d.name, p.start,
             (SELECT max(received_at) FROM parcels WHERE contract = ?1) AS newest FROM parcels p
             JOIN devices d ON d.id = p.device WHERE p.contract = ?1 ORDER BY p.start DESC LIMIT 1",
        )
        .bind(contract)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Newest {
            delivery: delivery(&row)?,
            start: unsigned(row.try_get("start")?, "a time")?,
            received_at: unsigned(row.try_get("newest")?, "a time")?,
        }))
    }

    /// Takes out the attachments that wait since before `before` for a parcel that never came; answers their files.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn drop_orphans(&self, before: u64) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "DELETE FROM attachments WHERE received_at < ?
             AND NOT EXISTS (SELECT 1 FROM parcels p WHERE p.id = attachments.parcel) RETURNING file",
        )
        .bind(signed(before, "the time")?)
        .fetch_all(&self.pool)
        .await?)
    }
}

fn delivery(row: &sqlx::sqlite::SqliteRow) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        contract: row.try_get("contract")?,
        device_name: row.try_get("name")?,
        digest: row.try_get("digest")?,
        envelope: row.try_get("envelope")?,
        receipt: row.try_get("receipt")?,
        received_at: unsigned(row.try_get("received_at")?, "a time")?,
    })
}
