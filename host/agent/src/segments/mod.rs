//! What is recorded, and what becomes of it: from records in the journal to parcels in the outbox.
//!
//! [`state`] is the way into the journal for whoever records; [`ledger`] closes a segment and makes its parcel from the
//! records ([`assemble`]), and `writing` puts that into the outbox; `edits`, [`removal`] and [`idle`] are what the worker
//! changes later, each a new revision.

pub mod assemble;
pub mod budget;
pub mod cut;
mod edits;
pub mod error;
pub mod history;
pub mod idle;
pub mod ledger;
pub mod marks;
pub mod record;
pub(crate) mod recovery;
pub mod removal;
pub mod removed;
pub mod state;
pub mod stored_parcel;
pub mod tracked;
pub(crate) mod unwritten;
mod writing;
