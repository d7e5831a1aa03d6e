//! The back office's memory: one SQLite database. Every statement of SQL stands in this module or in `migrations/`.
//!
//! Writes queue for one transaction (`writes`), which is synced before any of them returns (`synchronous = FULL` with a
//! write-ahead log), so that an answer that a device has seen is still true after a loss of power. Other processes, such
//! as the command line, may use the database at the same time.

mod accounts;
mod attachments;
mod contracts;
mod database;
mod details;
mod devices;
mod entries;
mod erasures;
mod error;
mod keep_parcel;
mod known_places;
mod migrations;
mod parcel_reader;
mod parcels;
#[cfg(test)]
mod plans;
mod revoked;
mod stored_parcel;
mod weeks;
mod writes;

pub use accounts::{NewAccount, Role, UserAccount};
pub use attachments::{NewAttachment, StoredAttachment};
pub use contracts::{StoredContract, TermsChange};
pub use database::OfficeStore;
pub use details::WithDetails;
pub use devices::{EnrolledDevice, TrackerTerms};
pub use error::OfficeStoreError;
pub use keep_parcel::{IncomingParcel, PutOutcome, SignReceipt};
pub use parcels::{FactsRow, Reach, SupersededParcel};
pub use revoked::{DeviceRow, SessionRow};
pub use stored_parcel::{StoredDetail, StoredParcel};
pub use weeks::freeze;
