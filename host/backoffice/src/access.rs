//! Whose contract, parcel or attachment it is: the one place that decides it. Who somebody is, a device's token (`api`)
//! or an account's session (`web`) says; what of the database is theirs, handlers ask here.
//!
//! What a side may do to a contract that is its own says [`candor_diary::may()`], for all programs alike; it knows roles,
//! and no accounts. This module finds the role, and asks it.
//!
//! | who | may | else |
//! |---|---|---|
//! | an account | see the contracts of which it is a side, with their parcels, pictures and receipts | `None`, told as 404: nobody learns whether there is something |
//! | a device | ask about its own contract, deliver its own parcels of that contract to this very back office | a [`DeviceRefusal`], told as 403: whoever has its token knows that much |
//! | a device | send attachments of parcels for which no other device has sent one | [`DeviceRefusal::ForeignAttachment`], told as 409 |
//!
//! Whoever has an unused enrolment code may enrol a device: that is decided when the code is used up, in one
//! transaction ([`OfficeStore::enrol_device`]).

use candor_diary::may::{self, Action, ContractState, State, WeekState, may};
use candor_diary::parcel::Core;
use candor_seal::PublicKey;

use crate::store::{
    EnrolledDevice, OfficeStore, OfficeStoreError, Role, StoredAttachment, StoredContract, StoredParcel,
    UserAccount,
};

/// Returns on which side of a contract an account is, if it is on one.
#[must_use]
pub fn side_of(contract: &StoredContract, account: &UserAccount) -> Option<Role> {
    if contract.client == account.id {
        Some(Role::Client)
    } else if contract.worker == account.id {
        Some(Role::Worker)
    } else {
        None
    }
}

/// Returns contracts that an account may see, by title: at most `most` after the first `skip`.
///
/// # Errors
/// [`OfficeStoreError`] of the database.
pub async fn visible_contracts(
    store: &OfficeStore,
    account: &UserAccount,
    skip: u32,
    most: u32,
) -> Result<Vec<StoredContract>, OfficeStoreError> {
    store.contracts_of(&account.id, skip, most).await
}

/// Returns a contract, if it is there and the account may see it.
///
/// # Errors
/// [`OfficeStoreError`] of the database.
pub async fn visible_contract(
    store: &OfficeStore,
    account: &UserAccount,
    id: &str,
) -> Result<Option<StoredContract>, OfficeStoreError> {
    let contract = store.contract(id).await?;
    Ok(contract.filter(|contract| side_of(contract, account).is_some()))
}

/// Returns a parcel, if it is there and the account may see it with its pictures.
///
/// # Errors
/// [`OfficeStoreError`] of the database.
pub async fn visible_parcel(
    store: &OfficeStore,
    account: &UserAccount,
    id: &str,
) -> Result<Option<StoredParcel>, OfficeStoreError> {
    let Some(parcel) = store.parcel(id).await? else { return Ok(None) };
    Ok(may_see(store, account, &parcel.contract, Action::ViewPictures).await?.then_some(parcel))
}

/// Returns the receipt of a parcel, if it is there and the account may see it.
///
/// # Errors
/// [`OfficeStoreError`] of the database.
pub async fn visible_receipt(
    store: &OfficeStore,
    account: &UserAccount,
    parcel: &str,
) -> Result<Option<Vec<u8>>, OfficeStoreError> {
    let Some((contract, receipt)) = store.receipt(parcel).await? else { return Ok(None) };
    Ok(may_see(store, account, &contract, Action::ViewDiary).await?.then_some(receipt))
}

async fn may_see(
    store: &OfficeStore,
    account: &UserAccount,
    contract: &str,
    action: Action,
) -> Result<bool, OfficeStoreError> {
    let Some(contract) = store.contract(contract).await? else { return Ok(false) };
    let Some(side) = side_of(&contract, account) else { return Ok(false) };
    let role = match side {
        Role::Client => may::Role::Client,
        Role::Worker => may::Role::Worker,
    };
    // To look is the same in each week, and no contract can be closed yet.
    let state = State::of(&contract.terms, ContractState::Active, WeekState::Open);
    Ok(may(role, action, &state).is_ok())
}

/// Why a device is refused, in words for whoever reads its log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceRefusal {
    /// It asked about a contract that it does not belong to.
    #[error("The token is for another contract than the one asked about.")]
    ForeignContract,
    /// It delivered a parcel of another device or contract.
    #[error("The parcel names another device or contract than the token is for.")]
    ForeignParcel,
    /// It delivered a parcel that is meant for another back office.
    #[error("The parcel is made for a back office with another key.")]
    OtherServer,
    /// It sent an attachment of a parcel for which another device has sent one.
    #[error("Another device has sent an attachment for a parcel of this id.")]
    ForeignAttachment,
}

/// Checks that a device asks about its own contract.
///
/// # Errors
/// [`DeviceRefusal::ForeignContract`].
pub fn may_ask_about(device: &EnrolledDevice, contract: &str) -> Result<(), DeviceRefusal> {
    if contract == device.contract { Ok(()) } else { Err(DeviceRefusal::ForeignContract) }
}

/// Checks that a parcel is of this device and its contract.
///
/// # Errors
/// [`DeviceRefusal::ForeignParcel`].
pub fn may_deliver(device: &EnrolledDevice, parcel: &Core) -> Result<(), DeviceRefusal> {
    let own = parcel.device == device.id && parcel.contract == device.contract;
    if own { Ok(()) } else { Err(DeviceRefusal::ForeignParcel) }
}

/// Checks that a parcel is meant for the back office with this key.
///
/// # Errors
/// [`DeviceRefusal::OtherServer`].
pub fn is_meant_for(parcel: &Core, server: &PublicKey) -> Result<(), DeviceRefusal> {
    if parcel.server == server.to_hex() { Ok(()) } else { Err(DeviceRefusal::OtherServer) }
}

/// Checks that an attachment that is here already came from the same device.
///
/// # Errors
/// [`DeviceRefusal::ForeignAttachment`].
pub fn may_send_attachment(
    device: &EnrolledDevice,
    existing: Option<&StoredAttachment>,
) -> Result<(), DeviceRefusal> {
    let foreign = existing.is_some_and(|existing| existing.device != device.id);
    if foreign { Err(DeviceRefusal::ForeignAttachment) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, contract: &str) -> EnrolledDevice {
        EnrolledDevice {
            id: id.to_owned(),
            contract: contract.to_owned(),
            name: "laptop".to_owned(),
            key: candor_seal::SecretKey::from_bytes(&[7; 32]).public(),
            enrolled_at: 0,
            handed_out: 1,
        }
    }

    #[test]
    fn a_device_reaches_its_own_contract_and_its_own_attachments_only() {
        let own = device("a", "invoices");
        assert_eq!(may_ask_about(&own, "invoices"), Ok(()));
        assert_eq!(may_ask_about(&own, "others"), Err(DeviceRefusal::ForeignContract));
        let existing =
            |device: &str| StoredAttachment { device: device.to_owned(), bytes: 1, file: String::new() };
        assert_eq!(may_send_attachment(&own, None), Ok(()));
        assert_eq!(may_send_attachment(&own, Some(&existing("a"))), Ok(()));
        assert_eq!(may_send_attachment(&own, Some(&existing("b"))), Err(DeviceRefusal::ForeignAttachment));
    }
}
