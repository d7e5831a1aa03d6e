//! Bills a worker's segments from what the database holds, with the crate that the tracker bills with.

use std::collections::{BTreeSet, HashMap};

use candor_diary::billing::{Claim, Facts, Outcome, bill, bill_each};
use candor_diary::calendar::week_of;
use candor_diary::versions::Versions;
use candor_diary::week::Week;

use crate::store::{FactsRow, OfficeStore, OfficeStoreError, StoredContract};

/// What became of the segments of one contract, in whole weeks.
pub struct BilledWeeks {
    contract: String,
    rows: Vec<FactsRow>,
    outcomes: Vec<Outcome>,
    versions: Versions,
}

impl BilledWeeks {
    /// Reads and bills the weeks that `from..to` touches. All contracts of the worker take part: two can meet in
    /// one segment.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn load(
        store: &OfficeStore,
        contract: &StoredContract,
        from: u64,
        to: u64,
    ) -> Result<Self, OfficeStoreError> {
        let (from, to) = (week_of(from).0, week_of(to.saturating_sub(1).max(from)).1);
        let rows = store.facts_of_workers(&[&contract.worker], from, to).await?;
        let mut versions = store.term_versions(&[&contract.worker]).await?;
        let outcomes = bill_rows(&contract.id, &rows, &versions);
        let versions = versions.remove(&contract.id).unwrap_or_default();
        Ok(Self { contract: contract.id.clone(), rows, outcomes, versions })
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
        Week::of(week, self.versions.limit_of_week(week.0), segments)
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
    let billed = BilledWeeks::load(store, contract, now, now.saturating_add(1)).await?;
    Ok(billed.week(now))
}
