//! The documents that travel between agent, back office and plugins, each defined once.
//!
//! | document | from | to | form |
//! |---|---|---|---|
//! | [`InvitationFile`] | client | worker's device | JSON file |
//! | [`EnrolmentRequest`] | device | back office | JSON |
//! | [`EnrolmentAnswer`] | back office | device | JSON, with [`Enrolled`] signed |
//! | [`Parcel`] | device | any target | signed ([`PARCEL_TYPE`]) |
//! | [`Receipt`] | back office | device | signed ([`RECEIPT_TYPE`]) |
//! | [`FolderProof`] | folder uploader | device | JSON |
//! | [`WeekAnswer`] | back office | device | JSON |
//! | [`LedgerAnswer`] | back office | device | JSON, with the head signed |
//! | [`ApiRefusal`] | back office | device | JSON |
//!
//! What is signed travels in a DSSE envelope, which `candor-seal` defines. Readers take a parcel by
//! [`Parcel::check`] and terms by [`Terms::check`](crate::terms::Terms::check), beyond what the types say.

mod enrolment;
mod folder_proof;
mod invitation;
mod ledger;
mod receipt;
mod refusal;
mod week;

pub use crate::parcel::{PARCEL_TYPE, Parcel};
pub use enrolment::{ENROLMENT_TYPE, Enrolled, EnrolmentAnswer, EnrolmentRequest};
pub use folder_proof::{FolderFile, FolderProof};
pub use invitation::InvitationFile;
pub use ledger::LedgerAnswer;
pub use receipt::{RECEIPT_TYPE, Receipt};
pub use refusal::ApiRefusal;
pub use week::WeekAnswer;
