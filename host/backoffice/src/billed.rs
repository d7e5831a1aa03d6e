//! Bills a worker's segments from what the database holds, with the crate that the tracker bills with.

use std::collections::{BTreeSet, HashMap};

use candor_diary::billing::lock::LockedWeek;
use candor_diary::billing::{Claim, Facts, Outcome, bill, bill_each};
use candor_diary::calendar::{lock_of, week_of};
use candor_diary::versions::Versions;
use candor_diary::week::Week;

use crate::store::{FactsRow, OfficeStore, OfficeStoreError, StoredContract, freeze};

/// What became of the segments of one contract, in whole weeks: of weeks that are locked as it was frozen, of the others
/// as it stands now.
pub struct BilledWeeks {
    contract: String,
    rows: Vec<FactsRow>,
    outcomes: Vec<Outcome>,
    versions: Versions,
    /// The weeks that are locked, by their first millisecond.
    locked: HashMap<u64, LockedWeek>,
}

impl BilledWeeks {
    /// Reads and bills the weeks that `from..to` touches, at `now`; all in milliseconds since the epoch. All contracts of
    /// the worker take part: two can meet in one segment.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn load(
        store: &OfficeStore,
        contract: &StoredContract,
        (from, to): (u64, u64),
        now: u64,
    ) -> Result<Self, OfficeStoreError> {
        let (from, to) = (week_of(from).0, week_of(to.saturating_sub(1).max(from)).1);
        // The frozen weeks are read before the rows: what is frozen in between is worked out, and comes to the same.
        let frozen = store.locked_weeks(&[&contract.id], from, to).await?;
        let mut locked: HashMap<u64, LockedWeek> =
            frozen.into_iter().map(|((_, start), week)| (start, week)).collect();
        let rows = store.facts_of_workers(&[&contract.worker], from, to).await?;
        let mut versions = store.term_versions(&[&contract.worker]).await?;
        let mut week = from;
        while week < to && now >= lock_of(week) {
            if !locked.contains_key(&week)
                && let Ok(frozen) = freeze(&contract.id, week, &rows, &versions)
            {
                locked.insert(week, frozen);
            }
            week = week_of(week).1;
        }
        let mut outcomes = bill_rows(&contract.id, &rows, &versions);
        for (row, outcome) in rows.iter().zip(&mut outcomes) {
            if let Some(week) = locked.get(&week_of(row.facts.start).0) {
                *outcome = week.outcome(&row.device, row.facts.start).unwrap_or(Outcome::AfterLock);
            }
        }
        let versions = versions.remove(&contract.id).unwrap_or_default();
        Ok(Self { contract: contract.id.clone(), rows, outcomes, versions, locked })
    }

    /// Returns what became of each parcel of the contract, by its id.
    #[must_use]
    pub fn by_parcel(&self) -> HashMap<&str, Outcome> {
        self.own_segments().map(|(row, outcome)| (row.parcel.as_str(), outcome)).collect()
    }

    /// Returns the figures of the week that holds `at`, one of those that were read.
    #[must_use]
    pub fn week(&self, at: u64) -> Week {
        let week = week_of(at);
        let segments = self.own_segments().map(|(row, outcome)| (row.facts, outcome));
        let limit = match self.locked.get(&week.0) {
            Some(locked) => locked.limit(),
            None => self.versions.limit_of_week(week.0),
        };
        Week::of(week, limit, segments)
    }

    fn own_segments(&self) -> impl Iterator<Item = (&FactsRow, Outcome)> {
        self.rows.iter().zip(self.outcomes.iter().copied()).filter(|(row, _)| row.contract == self.contract)
    }
}

fn bill_rows(contract: &str, rows: &[FactsRow], versions: &HashMap<String, Versions>) -> Vec<Outcome> {
    bill(&claims_of(rows), contract, |week| versions.get(contract).and_then(|v| v.limit_of_week(week)))
}

fn claims_of(rows: &[FactsRow]) -> Vec<Claim<'_>> {
    let claims = rows.iter().map(|row| Claim {
        contract: &row.contract,
        facts: row.facts,
        manual_time: row.manual_time,
    });
    claims.collect()
}

/// Bills the week of `now` for contracts, in the order given: two queries, however many contracts and workers.
///
/// # Errors
/// [`OfficeStoreError`] of the database.
pub async fn bill_current_weeks(
    store: &OfficeStore,
    contracts: &[StoredContract],
    now: u64,
) -> Result<Vec<Week>, OfficeStoreError> {
    let workers: BTreeSet<&str> = contracts.iter().map(|contract| contract.worker.as_str()).collect();
    let workers: Vec<&str> = workers.into_iter().collect();
    let week = week_of(now);
    let mut rows = store.facts_of_workers(&workers, week.0, week.1).await?;
    let versions = store.term_versions(&workers).await?;
    let ids: Vec<String> = contracts.iter().map(|contract| contract.id.clone()).collect();
    // Thousands of segments: work, not waiting.
    let billed = tokio::task::spawn_blocking(move || {
        rows.sort_by(|a, b| a.worker.cmp(&b.worker));
        let limit = |contract: &str, week| versions.get(contract).and_then(|v| v.limit_of_week(week));
        let mut segments: HashMap<&str, Vec<(Facts, Outcome)>> = HashMap::new();
        // Whose segments can meet is billed together.
        for rows in rows.chunk_by(|a, b| a.worker == b.worker) {
            let outcomes = bill_each(&claims_of(rows), limit);
            for (row, outcome) in rows.iter().zip(outcomes) {
                segments.entry(&row.contract).or_default().push((row.facts, outcome));
            }
        }
        let week_of_contract =
            |id: &String| Week::of(week, limit(id, week.0), segments.remove(id.as_str()).unwrap_or_default());
        ids.iter().map(week_of_contract).collect()
    });
    billed.await.map_err(|_| OfficeStoreError::BrokenOff)
}

/// Bills the week of `now` for a contract.
///
/// # Errors
/// [`OfficeStoreError`] of the database.
pub async fn bill_current_week(
    store: &OfficeStore,
    contract: &StoredContract,
    now: u64,
) -> Result<Week, OfficeStoreError> {
    let billed = BilledWeeks::load(store, contract, (now, now.saturating_add(1)), now).await?;
    Ok(billed.week(now))
}
