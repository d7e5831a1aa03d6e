//! Weeks that are locked: what became of their segments is written into the ledger once, and stays.

use std::collections::{BTreeSet, HashMap};

use candor_diary::billing::lock::{LockedWeek, Received};
use candor_diary::calendar::{lock_of, week_of};
use candor_diary::ledger::Statement;
use candor_diary::versions::Versions;

use super::contracts::term_versions;
use super::database::{OfficeStore, json_list, to_signed};
use super::entries::{append_entry, back_office};
use super::error::OfficeStoreError;
use super::parcels::{FactsRow, facts_of_workers};
use super::writes::WriteTurn;
use crate::limits;

impl OfficeStore {
    /// Returns the locked weeks of contracts that begin in `from..to`, by contract and first millisecond.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database, or if one cannot be read.
    pub async fn locked_weeks(
        &self,
        contracts: &[&str],
        from: u64,
        to: u64,
    ) -> Result<HashMap<(String, u64), LockedWeek>, OfficeStoreError> {
        let rows: Vec<(String, u64, String)> = sqlx::query_as(
            "SELECT w.contract, w.week_start, w.body FROM json_each(?1) AS listed
             CROSS JOIN weeks w ON w.contract = listed.value WHERE w.week_start >= ?2 AND w.week_start < ?3",
        )
        .bind(json_list(contracts))
        .bind(to_signed(from, "a time")?)
        .bind(to_signed(to, "a time")?)
        .fetch_all(&self.pool)
        .await?;
        let read = |(contract, start, body): (String, u64, String)| {
            let week = serde_json::from_str(&body)
                .map_err(|e| OfficeStoreError::Damaged { what: "a locked week", why: e.to_string() })?;
            Ok(((contract, start), week))
        };
        rows.into_iter().map(read).collect()
    }

    /// Freezes the weeks that are locked at `now`, milliseconds since the epoch, and are not frozen yet: of each contract
    /// that has time in one of the latest [`limits::WEEKS_LOOKED_AT`]. Returns how many.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn freeze_due_weeks(&self, now: u64) -> Result<u64, OfficeStoreError> {
        const WEEK_MS: u64 = 7 * 24 * 60 * 60_000;
        let mut frozen = 0;
        let this_week = week_of(now).0;
        for back in (1..=limits::WEEKS_LOOKED_AT).rev() {
            let week = this_week.saturating_sub(back.saturating_mul(WEEK_MS));
            if now < lock_of(week) {
                continue;
            }
            let due: Vec<String> = sqlx::query_scalar(
                "SELECT each_contract.id FROM contracts each_contract WHERE NOT EXISTS
                     (SELECT 1 FROM weeks w WHERE w.contract = each_contract.id AND w.week_start = ?1)
                 AND EXISTS (SELECT 1 FROM parcels p WHERE p.contract = each_contract.id
                     AND p.start >= ?1 AND p.start < ?2)",
            )
            .bind(to_signed(week, "a time")?)
            .bind(to_signed(week.saturating_add(WEEK_MS), "a time")?)
            .fetch_all(&self.pool)
            .await?;
            for contract in due {
                let mut tx = self.begin_write().await?;
                freeze_week(&mut tx, &contract, week, now).await?;
                tx.commit().await?;
                frozen += 1;
            }
        }
        Ok(frozen)
    }
}

/// Freezes the week of a contract that begins then, and that of the worker's other contracts, as far as they are not
/// frozen yet. To be done before anything that came after the lock is written.
pub(super) async fn freeze_week(
    tx: &mut WriteTurn,
    contract: &str,
    week_start: u64,
    now: u64,
) -> Result<(), OfficeStoreError> {
    if is_frozen(tx, contract, week_start).await? {
        return Ok(());
    }
    let worker: String = sqlx::query_scalar("SELECT worker FROM contracts WHERE id = ?")
        .bind(contract)
        .fetch_one(&mut **tx)
        .await?;
    let (from, to) = week_of(week_start);
    let rows = facts_of_workers(tx, &[&worker], from, to).await?;
    let versions = term_versions(tx, &[&worker]).await?;
    let mut contracts: BTreeSet<&str> = rows.iter().map(|row| row.contract.as_str()).collect();
    contracts.insert(contract);
    for contract in contracts {
        if is_frozen(tx, contract, week_start).await? {
            continue;
        }
        let week = match freeze(contract, week_start, &rows, &versions) {
            Ok(week) => week,
            Err(why) => {
                // It stays as it can be worked out; whoever runs the back office reads why.
                tracing::error!("the week of {contract} that begins at {week_start} is not frozen: {why}");
                continue;
            }
        };
        let body = serde_json::to_string(&week)
            .map_err(|e| OfficeStoreError::Damaged { what: "a locked week", why: e.to_string() })?;
        let says = Statement::WeekLocked { week };
        let head = append_entry(tx, contract, now, back_office(), says).await?;
        sqlx::query("INSERT INTO weeks (contract, week_start, number, body) VALUES (?, ?, ?, ?)")
            .bind(contract)
            .bind(to_signed(week_start, "a time")?)
            .bind(to_signed(head.number, "an entry's number")?)
            .bind(body)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Works out a week as it was at its lock.
///
/// # Errors
/// [`LockError`](candor_diary::billing::lock::LockError).
pub fn freeze(
    contract: &str,
    week_start: u64,
    rows: &[FactsRow],
    versions: &HashMap<String, Versions>,
) -> Result<LockedWeek, candor_diary::billing::lock::LockError> {
    let received: Vec<Received<'_>> = rows
        .iter()
        .map(|row| Received {
            contract: &row.contract,
            device: &row.device,
            revision: 0,
            received_at: row.received_at,
            facts: row.facts,
            manual_time: row.manual_time,
        })
        .collect();
    LockedWeek::freeze(contract, week_start, |contract| versions.get(contract), &received)
}

/// Returns whether this week of any contract of the contract's worker is frozen: what of another came after that can no
/// longer take its time.
pub(super) async fn is_locked_for_worker(
    tx: &mut WriteTurn,
    contract: &str,
    week_start: u64,
) -> Result<bool, OfficeStoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM contracts own JOIN contracts other ON other.worker = own.worker
         JOIN weeks w ON w.contract = other.id AND w.week_start = ?2 WHERE own.id = ?1)",
    )
    .bind(contract)
    .bind(to_signed(week_start, "a time")?)
    .fetch_one(&mut **tx)
    .await?)
}

async fn is_frozen(tx: &mut WriteTurn, contract: &str, week_start: u64) -> Result<bool, OfficeStoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM weeks WHERE contract = ? AND week_start = ?)")
        .bind(contract)
        .bind(to_signed(week_start, "a time")?)
        .fetch_one(&mut **tx)
        .await?)
}
