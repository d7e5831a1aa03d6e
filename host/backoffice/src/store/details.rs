//! The documents beside a parcel's core, each a row of its own.

use std::collections::HashMap;

use super::database::{OfficeStore, json_list, to_signed};
use super::error::OfficeStoreError;
use super::stored_parcel::{StoredDetail, StoredParcel};
use super::writes::WriteTurn;
use candor_diary::parcel::{Detail, DetailKind};
use sqlx::AssertSqlSafe;

/// Which details are read with a parcel. Those that are not are not told as purged.
#[derive(Clone, Copy, Debug)]
pub enum WithDetails {
    /// All of them.
    All,
    /// What a page of many segments shows: memo, counts and the picture's facts.
    Summary,
    /// None.
    None,
}

impl WithDetails {
    fn kinds(self) -> Vec<&'static str> {
        let summary = [DetailKind::Memo, DetailKind::Activity, DetailKind::Picture];
        match self {
            Self::All => DetailKind::ALL.map(DetailKind::name).to_vec(),
            Self::Summary => summary.map(DetailKind::name).to_vec(),
            Self::None => Vec::new(),
        }
    }
}

impl OfficeStore {
    /// Reads the details of parcels into them.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn read_details(
        &self,
        parcels: &mut [StoredParcel],
        with: WithDetails,
    ) -> Result<(), OfficeStoreError> {
        let kinds = with.kinds();
        if parcels.is_empty() || kinds.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = parcels.iter().map(|parcel| parcel.id.as_str()).collect();
        let rows: Vec<(String, String, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT d.parcel, d.sha256, d.body FROM json_each(?1) AS listed
             CROSS JOIN details d ON d.parcel = listed.value
             WHERE d.kind IN (SELECT value FROM json_each(?2)) ORDER BY d.parcel, d.place",
        )
        .bind(json_list(&ids))
        .bind(json_list(&kinds))
        .fetch_all(&self.pool)
        .await?;
        let mut by_parcel: HashMap<String, Vec<StoredDetail>> = HashMap::new();
        for (parcel, sha256, body) in rows {
            by_parcel.entry(parcel).or_default().push(StoredDetail { sha256, body });
        }
        for parcel in parcels {
            parcel.details = by_parcel.remove(&parcel.id).unwrap_or_default();
        }
        Ok(())
    }

    /// Purges the details of these kinds of a contract's segments that start before `before`, in milliseconds since the
    /// epoch, some at a time; returns how many went. Cores and receipts stay. The caller has the log emptied after it.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn purge_details(
        &self,
        contract: &str,
        before: u64,
        kinds: &[DetailKind],
    ) -> Result<u64, OfficeStoreError> {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let mut purged = 0;
        loop {
            let gone = sqlx::query(
                "UPDATE details SET body = NULL WHERE (parcel, place) IN (
                     SELECT d.parcel, d.place FROM parcels p JOIN details d ON d.parcel = p.id
                     WHERE p.contract = ?1 AND p.start < ?2 AND d.body IS NOT NULL
                     AND d.kind IN (SELECT value FROM json_each(?3)) LIMIT ?4)",
            )
            .bind(contract)
            .bind(to_signed(before, "a time")?)
            .bind(json_list(&kinds))
            .bind(crate::limits::SWEEP_BATCH)
            .execute(&self.pool)
            .await?
            .rows_affected();
            if gone == 0 {
                return Ok(purged);
            }
            purged += gone;
            tokio::time::sleep(crate::limits::SWEEP_PAUSE).await;
        }
    }
}

/// Keeps the details of a parcel whose row is there, in one call. There are at most
/// [`DETAILS`](candor_diary::limits::DETAILS), so few different statements are kept prepared.
pub(super) async fn insert_details(
    tx: &mut WriteTurn,
    parcel: &str,
    details: &[Detail],
) -> Result<(), OfficeStoreError> {
    let Some(others) = details.len().checked_sub(1) else { return Ok(()) };
    let first = "INSERT INTO details (parcel, place, kind, sha256, body) VALUES (?, ?, ?, ?, ?)";
    let mut insert = sqlx::query(AssertSqlSafe(first.to_owned() + &", (?, ?, ?, ?, ?)".repeat(others)));
    for (place, detail) in details.iter().enumerate() {
        insert = insert
            .bind(parcel)
            .bind(to_signed(place as u64, "a place")?)
            .bind(detail.named.kind.name())
            .bind(&detail.named.sha256)
            .bind(&detail.bytes);
    }
    insert.execute(&mut **tx).await?;
    Ok(())
}

/// Erases the details of a parcel.
pub(super) async fn drop_details(tx: &mut WriteTurn, parcel: &str) -> Result<(), OfficeStoreError> {
    sqlx::query("DELETE FROM details WHERE parcel = ?").bind(parcel).execute(&mut **tx).await?;
    Ok(())
}
