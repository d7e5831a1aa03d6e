//! Reads what a page of a contract needs.

use std::collections::HashMap;

use candor_diary::billing::Outcome;
use candor_diary::calendar::Day;
use candor_diary::parcel::Parcel;
use candor_diary::week::Week;

use super::error::PageError;
use super::form_token::FormToken;
use super::session::SignedInAccount;
use crate::back_office::BackOffice;
use crate::billed::BilledWeeks;
use crate::store::{
    OfficeStore, OfficeStoreError, Reach, Role, StoredContract, StoredParcel, SupersededParcel, UserAccount,
    WithDetails,
};
use crate::{access, clock, limits};

/// A contract as one of its two sides opens it.
pub(super) struct ContractPage {
    /// What stands before every path: empty, or such as `/candor`.
    pub(super) prefix: String,
    /// What the forms of its pages carry.
    pub(super) form_token: FormToken,
    /// The side that reads.
    pub(super) account: UserAccount,
    /// The contract that is open.
    pub(super) contract: StoredContract,
    /// The first contracts of the reader, for the menu; the list has all.
    pub(super) menu: Vec<StoredContract>,
}

impl ContractPage {
    /// Opens a contract; to anybody but its two sides it is not there.
    pub(super) async fn open(
        office: &BackOffice,
        reader: SignedInAccount,
        id: &str,
    ) -> Result<Self, PageError> {
        let SignedInAccount { account, form_token } = reader;
        let contract = access::visible_contract(&office.store, &account, id).await?;
        let contract = contract.ok_or(PageError::NotFound)?;
        let menu = access::visible_contracts(&office.store, &account, 0, limits::CONTRACTS_ON_PAGE).await?;
        Ok(Self { prefix: office.prefix().to_owned(), form_token, account, contract, menu })
    }

    /// Returns the account of the other side.
    pub(super) async fn other_account(&self, office: &BackOffice) -> Result<UserAccount, PageError> {
        let id = if self.is_client() { &self.contract.worker } else { &self.contract.client };
        office.store.account(id).await?.ok_or(PageError::NotFound)
    }

    /// Returns whether the reader is the client.
    pub(super) fn is_client(&self) -> bool {
        access::side_of(&self.contract, &self.account) == Some(Role::Client)
    }
}

/// The parcels of a day, and what the week adds up to.
pub(super) struct DayData {
    /// Parcels with what is kept of them, in order of start.
    pub(super) parcels: Vec<(Parcel, StoredParcel)>,
    /// What became of each.
    pub(super) outcomes: Vec<Outcome>,
    /// The week that holds most of the day, UTC.
    pub(super) week: Week,
    /// Start of an earlier segment that has the very same picture as the open one.
    pub(super) same_picture: Option<u64>,
    /// What the day's parcels took the place of.
    superseded: Vec<SupersededParcel>,
    /// How far the contract's parcels reach.
    pub(super) reach: Option<Reach>,
}

/// Which segment of a day is shown with all of its details.
#[derive(Clone, Copy, Debug)]
pub(super) enum OpenSegment {
    /// None: the reader closed it.
    None,
    /// The one that starts then, or the last if there is none.
    At(u64),
    /// The last one.
    Last,
}

impl OpenSegment {
    /// Returns the start of the segment, of parcels in order of start.
    fn start_of(self, parcels: &[StoredParcel]) -> Option<u64> {
        let last = parcels.last().map(|parcel| parcel.start);
        match self {
            Self::None => None,
            Self::At(start) if parcels.iter().any(|parcel| parcel.start == start) => Some(start),
            Self::At(_) | Self::Last => last,
        }
    }
}

impl DayData {
    pub(super) async fn load(
        store: &OfficeStore,
        contract: &StoredContract,
        day: &Day,
        open: OpenSegment,
    ) -> Result<Self, PageError> {
        let mut stored = store
            .parcels_between(
                &contract.id,
                day.from,
                Some(day.to),
                Some(limits::DAY_PARCELS),
                WithDetails::Summary,
            )
            .await?;
        // Only one segment shows all of its details.
        let mut same_picture = None;
        if let Some(start) = open.start_of(&stored) {
            same_picture = store.same_picture_before(&contract.id, start).await?;
            let first = stored.partition_point(|parcel| parcel.start < start);
            let after = stored.partition_point(|parcel| parcel.start <= start);
            store.read_details(stored.get_mut(first..after).unwrap_or_default(), WithDetails::All).await?;
        }
        // A day of a zone can lie in two weeks of UTC.
        let billed = BilledWeeks::load(store, contract, (day.from, day.to), clock::now()).await?;
        let superseded = store.superseded_between(&contract.id, day.from, day.to).await?;
        let reach = store.reach(&contract.id).await?;
        let middle = day.from / 2 + day.to / 2;
        // A full day is some megabytes of JSON and base64: work, not waiting.
        let computed = tokio::task::spawn_blocking(move || {
            let (parcels, outcomes) = read_parcels(stored, &billed.by_parcel())?;
            Ok::<_, OfficeStoreError>(Self {
                parcels,
                outcomes,
                week: billed.week(middle),
                same_picture,
                superseded,
                reach,
            })
        });
        computed.await.map_err(|e| PageError::internal(&e))?.map_err(PageError::from)
    }

    /// Returns the earlier revisions of a parcel, in order.
    pub(super) fn earlier(&self, parcel: &Parcel) -> Vec<&SupersededParcel> {
        self.superseded.iter().filter(|s| s.start == parcel.start && s.device == parcel.device).collect()
    }
}

/// Parcels with what is kept of them, and what became of each.
type BilledParcels = (Vec<(Parcel, StoredParcel)>, Vec<Outcome>);

fn read_parcels(
    stored: Vec<StoredParcel>,
    outcomes: &HashMap<&str, Outcome>,
) -> Result<BilledParcels, OfficeStoreError> {
    let mut found = (Vec::with_capacity(stored.len()), Vec::with_capacity(stored.len()));
    for parcel_row in stored {
        let parcel = parcel_row.read_visible()?;
        // One that came between the two readings: its page is a reload away.
        let Some(outcome) = outcomes.get(parcel.id.as_str()) else { continue };
        found.1.push(*outcome);
        found.0.push((parcel, parcel_row));
    }
    Ok(found)
}
