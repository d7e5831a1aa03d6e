//! Bills a worker's segments from what the database holds, with the crate that the tracker bills with.

use std::collections::HashMap;

use candor_diary::billing::{Claim, Facts, Outcome, bill};
use candor_diary::calendar::week_of;
use candor_diary::terms::ManualTime;
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
        let rows = store.facts_of_worker(&contract.worker, from, to).await?;
        let mut versions = store.term_versions(&contract.worker).await?;
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
    let allowed = |contract: &str, facts: &Facts| match (versions.get(contract), facts.manual) {
        (Some(versions), Some(at)) => versions.manual_time_at(at),
        _ => ManualTime::No,
    };
    let claims: Vec<Claim<'_>> = rows
        .iter()
        .map(|row| Claim {
            contract: &row.contract,
            facts: row.facts,
            manual_time: allowed(&row.contract, &row.facts),
        })
        .collect();
    bill(&claims, contract, |week| versions.get(contract).and_then(|v| v.limit_of_week(week)))
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
