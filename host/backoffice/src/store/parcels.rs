//! Parcels and the receipts that were given for them, as they are read. [`super::keep_parcel`] writes them.

use std::collections::HashMap;

use candor_diary::billing::Facts;
use candor_diary::segment::SegmentLength;
use candor_diary::terms::ManualTime;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{FromRow, Row};

use super::database::{OfficeStore, json_list, to_signed};
use super::details::WithDetails;
use super::error::OfficeStoreError;
use super::stored_parcel::StoredParcel;
use crate::limits;

/// How far a contract's parcels reach.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Start of the latest segment, in milliseconds since the epoch.
    pub start: u64,
    /// When a parcel came last, in milliseconds since the epoch.
    pub received_at: u64,
}

/// What is left of a parcel that a higher revision has taken the place of.
#[derive(Clone, Debug)]
pub struct SupersededParcel {
    /// The parcel's id, 32 hex digits.
    pub parcel: String,
    /// The id of the device that sent it.
    pub device: String,
    /// First millisecond of the segment, since the epoch.
    pub start: u64,
    /// Which revision it was; 0 is the one that was recorded.
    pub revision: u64,
    /// When it was taken in, in milliseconds since the epoch.
    pub received_at: u64,
}

impl FromRow<'_, SqliteRow> for SupersededParcel {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            parcel: row.try_get("id")?,
            device: row.try_get("device")?,
            start: row.try_get("start")?,
            revision: row.try_get("revision")?,
            received_at: row.try_get("received_at")?,
        })
    }
}

/// What billing needs to know of a parcel.
#[derive(Clone, Debug)]
pub struct FactsRow {
    /// The id of the worker's account.
    pub worker: String,
    /// The id of its contract.
    pub contract: String,
    /// The parcel's id, 32 hex digits.
    pub parcel: String,
    /// The id of the device that sent it.
    pub device: String,
    /// When it was taken in, in milliseconds since the epoch.
    pub received_at: u64,
    /// When it was, how long, and which of its minutes count.
    pub facts: Facts,
    /// Whether it might be typed in, as was decided when it came.
    pub manual_time: ManualTime,
}

impl FromRow<'_, SqliteRow> for FactsRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let length = SegmentLength::new(row.try_get("length")?).map_err(|e| sqlx::Error::Decode(e.into()))?;
        Ok(Self {
            worker: row.try_get("worker")?,
            contract: row.try_get("contract")?,
            parcel: row.try_get("id")?,
            device: row.try_get("device")?,
            received_at: row.try_get("received_at")?,
            manual_time: read_manual_time(row.try_get("manual_time")?)?,
            facts: Facts {
                start: row.try_get("start")?,
                length,
                tracked: row.try_get("tracked_bits")?,
                active: row.try_get("active_bits")?,
                gap: row.try_get("gap")?,
                manual: row.try_get("manual_at")?,
                removed: row.try_get("removed")?,
            },
        })
    }
}

/// The names under which the database keeps what was decided of typed-in time.
pub(super) const MANUAL_TIMES: [(&str, ManualTime); 4] =
    [("no", ManualTime::No), ("ask", ManualTime::Ask), ("yes", ManualTime::Yes), ("only", ManualTime::Only)];

fn read_manual_time(name: &str) -> sqlx::Result<ManualTime> {
    let found = MANUAL_TIMES.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, manual)| *manual)
        .ok_or_else(|| sqlx::Error::Decode("no permission of typed-in time".into()))
}

impl OfficeStore {
    /// Returns whether a higher revision has taken the place of this device's parcel: its attachments are not wanted
    /// any more.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn is_superseded(&self, parcel: &str, device: &str) -> Result<bool, OfficeStoreError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM superseded WHERE id = ? AND device = ?)")
            .bind(parcel)
            .bind(device)
            .fetch_one(&self.pool)
            .await?)
    }

    /// Returns the parcels of a contract whose segments start in `from..to`, in order of start; at most `most`.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn parcels_between(
        &self,
        contract: &str,
        from: u64,
        to: Option<u64>,
        most: Option<i64>,
        with: WithDetails,
    ) -> Result<Vec<StoredParcel>, OfficeStoreError> {
        let until = to.map_or(Ok(i64::MAX), |to| to_signed(to, "a time"))?;
        let mut parcels: Vec<StoredParcel> = sqlx::query_as(
            "SELECT p.id, p.contract, p.start, p.digest, b.envelope, b.receipt, p.received_at, d.name FROM parcels p
             JOIN bodies b ON b.parcel = p.id JOIN devices d ON d.id = p.device WHERE p.contract = ? AND p.start >= ? AND p.start < ?
             ORDER BY p.start, p.device LIMIT ?",
        )
        .bind(contract)
        .bind(to_signed(from, "a time")?)
        .bind(until)
        .bind(most.unwrap_or(-1))
        .fetch_all(&self.pool)
        .await?;
        self.read_details(&mut parcels, with).await?;
        Ok(parcels)
    }

    /// Returns the parcel with this id.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn parcel(&self, id: &str) -> Result<Option<StoredParcel>, OfficeStoreError> {
        let mut found: Vec<StoredParcel> = sqlx::query_as(
            "SELECT p.id, p.contract, p.start, p.digest, b.envelope, b.receipt, p.received_at, d.name FROM parcels p
             JOIN bodies b ON b.parcel = p.id JOIN devices d ON d.id = p.device WHERE p.id = ?",
        )
        .bind(id)
        .fetch_all(&self.pool)
        .await?;
        self.read_details(&mut found, WithDetails::All).await?;
        Ok(found.pop())
    }

    /// Returns the contract of a parcel and its receipt, even if a higher revision has taken its place.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn receipt(&self, parcel: &str) -> Result<Option<(String, Vec<u8>)>, OfficeStoreError> {
        Ok(sqlx::query_as(
            "SELECT contract, receipt FROM parcels JOIN bodies ON parcel = id WHERE id = ?1
             UNION ALL SELECT contract, receipt FROM superseded WHERE id = ?1 LIMIT 1",
        )
        .bind(parcel)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Returns what higher revisions have taken the place of, for the segments of a contract that start in `from..to`;
    /// by revision, at most [`limits::DAY_SUPERSEDED`].
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn superseded_between(
        &self,
        contract: &str,
        from: u64,
        to: u64,
    ) -> Result<Vec<SupersededParcel>, OfficeStoreError> {
        Ok(sqlx::query_as(
            "SELECT id, device, start, revision, received_at FROM superseded
             WHERE contract = ? AND start >= ? AND start < ? ORDER BY revision LIMIT ?",
        )
        .bind(contract)
        .bind(to_signed(from, "a time")?)
        .bind(to_signed(to, "a time")?)
        .bind(limits::DAY_SUPERSEDED)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Returns what billing needs of all contracts of these workers in `from..to`: two contracts of one worker can meet
    /// in one segment. Those of a contract in order of start and device.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn facts_of_workers(
        &self,
        workers: &[&str],
        from: u64,
        to: u64,
    ) -> Result<Vec<FactsRow>, OfficeStoreError> {
        facts_of_workers(&mut *self.pool.acquire().await?, workers, from, to).await
    }

    /// Returns the parcels with these ids that are here, with their details.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn parcels_with_ids(&self, ids: &[String]) -> Result<Vec<StoredParcel>, OfficeStoreError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut found: Vec<StoredParcel> = sqlx::query_as(
            "SELECT p.id, p.contract, p.start, p.digest, b.envelope, b.receipt, p.received_at, d.name
             FROM json_each(?) AS listed CROSS JOIN parcels p ON p.id = listed.value
             JOIN bodies b ON b.parcel = p.id JOIN devices d ON d.id = p.device",
        )
        .bind(json_list(&ids))
        .fetch_all(&self.pool)
        .await?;
        self.read_details(&mut found, WithDetails::Summary).await?;
        Ok(found)
    }

    /// Returns the days, UTC, since the epoch on which segments of a contract start.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn days_with_parcels(&self, contract: &str) -> Result<Vec<u64>, OfficeStoreError> {
        Ok(sqlx::query_scalar("SELECT DISTINCT start / 86400000 FROM parcels WHERE contract = ? ORDER BY 1")
            .bind(contract)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Returns the start of the first earlier segment of the contract that has the very same picture as one that starts at
    /// `start`; `None` if none has.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn same_picture_before(
        &self,
        contract: &str,
        start: u64,
    ) -> Result<Option<u64>, OfficeStoreError> {
        Ok(sqlx::query_scalar(
            "SELECT min(q.start) FROM parcels p INDEXED BY parcels_by_time CROSS JOIN parcels q
             ON q.contract = p.contract AND q.picture = p.picture AND q.start < p.start
             WHERE p.contract = ? AND p.start = ? AND p.picture IS NOT NULL AND q.picture IS NOT NULL",
        )
        .bind(contract)
        .bind(to_signed(start, "a time")?)
        .fetch_one(&self.pool)
        .await?)
    }

    /// Returns the parcel of a contract with the latest segment.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn newest_parcel(&self, contract: &str) -> Result<Option<StoredParcel>, OfficeStoreError> {
        let mut found: Vec<StoredParcel> = sqlx::query_as(
            "SELECT p.id, p.contract, p.start, p.digest, b.envelope, b.receipt, p.received_at, d.name FROM parcels p
             JOIN bodies b ON b.parcel = p.id JOIN devices d ON d.id = p.device
             WHERE p.contract = ? ORDER BY p.start DESC LIMIT 1",
        )
        .bind(contract)
        .fetch_all(&self.pool)
        .await?;
        self.read_details(&mut found, WithDetails::All).await?;
        Ok(found.pop())
    }

    /// Returns when a parcel came last for each of these contracts that has any, in milliseconds since the epoch.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn last_arrivals(&self, contracts: &[&str]) -> Result<HashMap<String, u64>, OfficeStoreError> {
        let rows: Vec<(String, Option<u64>)> = sqlx::query_as(
            "SELECT value, (SELECT max(received_at) FROM parcels WHERE contract = value) FROM json_each(?)",
        )
        .bind(json_list(contracts))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().filter_map(|(contract, at)| Some((contract, at?))).collect())
    }

    /// Returns how far a contract's parcels reach; `None` if it has none.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn reach(&self, contract: &str) -> Result<Option<Reach>, OfficeStoreError> {
        let (start, received_at): (Option<u64>, Option<u64>) = sqlx::query_as(
            "SELECT (SELECT max(start) FROM parcels WHERE contract = ?1),
             (SELECT max(received_at) FROM parcels WHERE contract = ?1)",
        )
        .bind(contract)
        .fetch_one(&self.pool)
        .await?;
        Ok(start.zip(received_at).map(|(start, received_at)| Reach { start, received_at }))
    }
}

/// As [`OfficeStore::facts_of_workers`], for whoever has a turn to write.
pub(super) async fn facts_of_workers(
    connection: &mut SqliteConnection,
    workers: &[&str],
    from: u64,
    to: u64,
) -> Result<Vec<FactsRow>, OfficeStoreError> {
    Ok(sqlx::query_as(
        "SELECT c.worker, p.contract, p.id, p.device, p.received_at, p.start, p.length, p.tracked_bits, p.active_bits, p.gap, p.manual_at,
         p.manual_time, p.removed FROM contracts c JOIN parcels p ON p.contract = c.id
         WHERE c.worker IN (SELECT value FROM json_each(?)) AND p.start >= ? AND p.start < ?
         ORDER BY p.contract, p.start, p.device",
    )
    .bind(json_list(workers))
    .bind(to_signed(from, "a time")?)
    .bind(to_signed(to, "a time")?)
    .fetch_all(connection)
    .await?)
}
