//! Parcels, their attachments and the receipts that were given for them.

use candor_diary::billing::Facts;
use candor_diary::segment::SegmentLength;
use sqlx::Row;

use super::{Device, Store, StoreError, signed, unsigned};
use crate::{clock, limits};

/// A parcel that was checked and is about to be kept.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The parcel.
    pub parcel: &'a candor_diary::parcel::Parcel,
    /// SHA-256 of `envelope`, in hex.
    pub digest: &'a str,
    /// The exact bytes that were received.
    pub envelope: &'a [u8],
    /// When, milliseconds since the epoch.
    pub received_at: u64,
    /// The receipt to answer, should it be kept.
    pub receipt: &'a [u8],
}

/// What became of a parcel.
#[derive(Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is kept now.
    New,
    /// It was there already; the receipt of then.
    Before(Vec<u8>),
    /// Another parcel has this id.
    Differs,
    /// This device has delivered another parcel for this segment.
    SegmentTaken,
    /// This device has delivered another parcel with this place in its journal.
    SequenceTaken,
    /// The attachment with this SHA-256 is not there, or has another length.
    AttachmentMissing(String),
}

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

    /// Notes that an attachment is in its place. `false` where another device's attachment has this name.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn keep_attachment(
        &self,
        attachment: &Attachment<'_>,
        device: &Device,
    ) -> Result<bool, StoreError> {
        let kept = sqlx::query(
            "INSERT INTO attachments (parcel, sha256, device, bytes, file, received_at) VALUES (?, ?, ?, ?, ?, ?)
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

    /// Keeps a parcel together with its receipt, in one synced transaction. Doing it twice is the same as doing it
    /// once.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn keep_parcel(&self, incoming: &Incoming<'_>) -> Result<Kept, StoreError> {
        let Incoming { parcel, digest, envelope, received_at, receipt } = incoming;
        let start = signed(parcel.start, "the segment's start")?;
        let sequence = signed(parcel.sequence, "the sequence")?;
        let facts = Facts::of(parcel);
        // Whatever another request does, it does before this line or after the commit.
        let mut tx = self.write().await?;
        let rivals = sqlx::query(
            "SELECT id, digest, receipt, start FROM parcels
             WHERE id = ?1 OR (contract = ?2 AND device = ?3 AND start = ?4) OR (device = ?3 AND sequence = ?5)",
        )
        .bind(&parcel.id)
        .bind(&parcel.contract)
        .bind(&parcel.device)
        .bind(start)
        .bind(sequence)
        .fetch_all(&mut *tx)
        .await?;
        for rival in &rivals {
            if rival.try_get::<&str, _>("id")? == parcel.id {
                let same = rival.try_get::<&str, _>("digest")? == *digest;
                return Ok(if same { Kept::Before(rival.try_get("receipt")?) } else { Kept::Differs });
            }
        }
        if let Some(rival) = rivals.first() {
            let segment = rival.try_get::<i64, _>("start")? == start;
            return Ok(if segment { Kept::SegmentTaken } else { Kept::SequenceTaken });
        }
        if let Some(snapshot) = &parcel.snapshot {
            let bytes: Option<i64> = sqlx::query_scalar(
                "SELECT bytes FROM attachments WHERE parcel = ? AND sha256 = ? AND device = ?",
            )
            .bind(&parcel.id)
            .bind(&snapshot.sha256)
            .bind(&parcel.device)
            .fetch_optional(&mut *tx)
            .await?;
            if bytes != Some(signed(snapshot.bytes, "the snapshot")?) {
                return Ok(Kept::AttachmentMissing(snapshot.sha256.clone()));
            }
        }
        sqlx::query(
            "INSERT INTO parcels (id, contract, device, start, length, sequence, chain_head, digest, envelope,
             receipt, received_at, tracked_bits, active_bits, gap) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&parcel.id)
        .bind(&parcel.contract)
        .bind(&parcel.device)
        .bind(start)
        .bind(i64::from(parcel.length.minutes()))
        .bind(sequence)
        .bind(&parcel.chain_head)
        .bind(*digest)
        .bind(*envelope)
        .bind(*receipt)
        .bind(signed(*received_at, "the time")?)
        .bind(signed(facts.tracked, "the minutes")?)
        .bind(signed(facts.active, "the minutes")?)
        .bind(facts.gap)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Kept::New)
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

    /// What billing needs of all contracts of a worker in `from..to`: two contracts can meet in one segment.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn facts(&self, worker: &str, from: u64, to: u64) -> Result<Vec<FactsRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT p.contract, p.id, p.start, p.length, p.tracked_bits, p.active_bits, p.gap FROM parcels p
             JOIN contracts c ON c.id = p.contract WHERE c.worker = ? AND p.start >= ? AND p.start < ?
             ORDER BY p.start, p.device",
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
