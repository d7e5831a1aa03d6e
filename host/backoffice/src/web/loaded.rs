//! Reads what a page of a contract needs.

use std::collections::HashMap;

use candor_diary::billing::Outcome;
use candor_diary::calendar::Day;
use candor_diary::parcel::Parcel;
use candor_diary::week::Week;

use super::error::PageError;
use crate::app::App;
use crate::billed::Billed;
use crate::parcel_reader;
use crate::store::{Account, Contract, Delivery, Newest, Store, StoreError, Superseded};

/// A contract as one of its two sides opens it.
pub(super) struct ContractPage {
    /// Who reads.
    pub(super) account: Account,
    /// The contract.
    pub(super) contract: Contract,
    /// All contracts of the reader.
    pub(super) all: Vec<Contract>,
}

impl ContractPage {
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
    /// The week that holds most of the day, UTC.
    pub(super) week: Week,
    /// What the day's parcels took the place of.
    superseded: Vec<Superseded>,
    /// The newest of the contract.
    pub(super) newest: Option<Newest>,
}

impl DayData {
    pub(super) async fn load(store: &Store, contract: &Contract, day: &Day) -> Result<Self, PageError> {
        let deliveries = store.deliveries(&contract.id, day.from, Some(day.to)).await?;
        // A day of a zone can lie in two weeks of UTC.
        let billed = Billed::load(store, contract, day.from, day.to).await?;
        let superseded = store.superseded(&contract.id, day.from, day.to).await?;
        let newest = store.newest(&contract.id).await?;
        let middle = day.from / 2 + day.to / 2;
        // A full day is some megabytes of JSON and base64: work, not waiting.
        let computed = tokio::task::spawn_blocking(move || {
            let (parcels, outcomes) = read(deliveries, &billed.by_parcel())?;
            Ok::<_, StoreError>(Self { parcels, outcomes, week: billed.week(middle), superseded, newest })
        });
        computed.await.map_err(|e| PageError::internal(&e))?.map_err(PageError::from)
    }

    /// The earlier revisions of a parcel, in order.
    pub(super) fn earlier(&self, parcel: &Parcel) -> Vec<&Superseded> {
        self.superseded.iter().filter(|s| s.start == parcel.start && s.device == parcel.device).collect()
    }
}

/// Parcels with what is kept of them, and what became of each.
type Read = (Vec<(Parcel, Delivery)>, Vec<Outcome>);

fn read(deliveries: Vec<Delivery>, outcomes: &HashMap<&str, Outcome>) -> Result<Read, StoreError> {
    let mut found = (Vec::with_capacity(deliveries.len()), Vec::with_capacity(deliveries.len()));
    for delivery in deliveries {
        let parcel = parcel_reader::shown(&delivery)?;
        // One that came between the two readings: its page is a reload away.
        let Some(outcome) = outcomes.get(parcel.id.as_str()) else { continue };
        found.1.push(*outcome);
        found.0.push((parcel, delivery));
    }
    Ok(found)
}
