//! The outbox: parcels that wait to be delivered, with their exact bytes, a hold and a cancel.
//!
//! An entry is *held* until its hold is over, then *waiting* until a target has taken it (*delivered*), refused it for
//! good (*rejected*), or the worker took it back (*cancelled*). Delivered, rejected and cancelled are settled; a receipt
//! settles anything as delivered, because it is the truth.

mod details;
mod entry;
mod reading;
mod rows;
mod settling;
mod waits;

pub use self::details::{DetailDraft, DetailInfo};
pub(crate) use self::details::{DetailsOf, erase_details_of};
pub use self::entry::{OutboxDraft, OutboxEntry, ParcelCounts};
pub(crate) use self::rows::{envelope_context, find_entry, read_attachments, secret_context};
pub use self::waits::HELD_FOR_GOOD;
