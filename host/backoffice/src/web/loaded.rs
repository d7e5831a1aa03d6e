//! Reads what a page of a contract needs, and computes it with the crate that the tracker computes it with.

use std::collections::HashMap;

use candor_diary::billing::{Claim, Outcome, bill};
use candor_diary::calendar::{Day, week_of};
use candor_diary::day::Summary;
use candor_diary::parcel::Parcel;

use super::error::PageError;
use crate::app::App;
use crate::delivered;
use crate::store::{Account, Contract, Delivery, FactsRow, Newest, Store, StoreError};

/// A contract as one of its two sides opens it.
pub(super) struct Opened {
    /// Who reads.
    pub(super) account: Account,
    /// The contract.
    pub(super) contract: Contract,
    /// All contracts of the reader.
    pub(super) all: Vec<Contract>,
}

impl Opened {
    /// Opens a contract; to anybody but its two sides it is not there.
    pub(super) async fn new(app: &App, account: Account, id: &str) -> Result<Self, PageError> {
        let all = app.store.contracts_of(&account.id).await?;
        let contract = all.iter().find(|c| c.id == id).cloned().ok_or(PageError::NotFound)?;
        Ok(Self { account, contract, all })
    }

    /// The account of the other side.
    pub(super) async fn other(&self, app: &App) -> Result<Account, PageError> {
        let id = if self.is_client() { &self.contract.worker } else { &self.contract.client };
        app.store.account(id).await?.ok_or(PageError::NotFound)
    }

    /// Whether the reader is the client.
    pub(super) fn is_client(&self) -> bool {
        self.contract.client == self.account.id
    }
}

/// The parcels of a day, and what the week adds up to.
pub(super) struct DayData {
    /// Parcels with what is kept of them, in order of start.
    pub(super) parcels: Vec<(Parcel, Delivery)>,
    /// What became of each.
    pub(super) outcomes: Vec<Outcome>,
    /// First and first-after millisecond of the week that holds most of the day, UTC.
    pub(super) week: (u64, u64),
    /// That week's figures.
    pub(super) week_sum: Summary,
    /// Billable minutes of each of its days, UTC.
    pub(super) week_days: [u64; 7],
    /// The newest of the contract.
    pub(super) newest: Option<Newest>,
}

impl DayData {
    pub(super) async fn load(store: &Store, contract: &Contract, day: &Day) -> Result<Self, PageError> {
        let deliveries = store.deliveries(&contract.id, day.from, Some(day.to)).await?;
        // A day of a zone can lie in two weeks of UTC; billing needs whole weeks of all the worker's contracts.
        let (from, to) = (week_of(day.from).0, week_of(day.to.saturating_sub(1)).1);
        let facts = store.facts(&contract.worker, from, to).await?;
        let newest = store.newest(&contract.id).await?;
        let (id, middle) = (contract.id.clone(), day.from / 2 + day.to / 2);
        // A full day is some megabytes of JSON and base64: work, not waiting.
        let computed = tokio::task::spawn_blocking(move || compute(&id, middle, deliveries, &facts, newest));
        computed.await.map_err(|e| PageError::internal(&e))?.map_err(PageError::from)
    }
}

fn compute(
    contract: &str,
    middle: u64,
    deliveries: Vec<Delivery>,
    facts: &[FactsRow],
    newest: Option<Newest>,
) -> Result<DayData, StoreError> {
    let outcomes = outcomes(contract, facts);
    let by_parcel: HashMap<&str, Outcome> =
        facts.iter().zip(&outcomes).map(|(row, outcome)| (row.parcel.as_str(), *outcome)).collect();
    let mut data = DayData {
        parcels: Vec::with_capacity(deliveries.len()),
        outcomes: Vec::with_capacity(deliveries.len()),
        week: week_of(middle),
        week_sum: Summary::default(),
        week_days: [0; 7],
        newest,
    };
    for delivery in deliveries {
        let parcel = delivered::parcel(&delivery)?;
        // One that came between the two readings: its page is a reload away.
        let Some(outcome) = by_parcel.get(parcel.id.as_str()) else { continue };
        data.outcomes.push(*outcome);
        data.parcels.push((parcel, delivery));
    }
    let (from, to) = data.week;
    let of_week = || {
        facts
            .iter()
            .zip(&outcomes)
            .filter(|(row, _)| row.contract == contract && (from..to).contains(&row.facts.start))
    };
    data.week_sum = Summary::of(of_week().map(|(row, outcome)| (row.facts.length, *outcome)));
    for (row, _) in of_week().filter(|(_, outcome)| **outcome == Outcome::Billed) {
        let day = usize::try_from((row.facts.start - from) / 86_400_000).unwrap_or(usize::MAX);
        if let Some(sum) = data.week_days.get_mut(day) {
            *sum += u64::from(row.facts.length.minutes());
        }
    }
    Ok(data)
}

fn outcomes(contract: &str, facts: &[FactsRow]) -> Vec<Outcome> {
    let claims: Vec<Claim<'_>> =
        facts.iter().map(|row| Claim { contract: &row.contract, facts: row.facts }).collect();
    // Terms carry no weekly limit yet, so nothing is beyond it.
    bill(&claims, contract, None)
}

/// What the week of `now` adds up to for a contract.
pub(super) async fn week_so_far(store: &Store, contract: &Contract, now: u64) -> Result<Summary, PageError> {
    let (from, to) = week_of(now);
    let facts = store.facts(&contract.worker, from, to).await?;
    let outcomes = outcomes(&contract.id, &facts);
    let ours = facts.iter().zip(outcomes).filter(|(row, _)| row.contract == contract.id);
    Ok(Summary::of(ours.map(|(row, outcome)| (row.facts.length, outcome))))
}
