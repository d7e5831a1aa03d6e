//! What travels from a device to a back office: one segment, with everything that was recorded in it.
//!
//! A parcel is a JSON document. The agent signs it into a DSSE envelope of the payload type [`PARCEL_TYPE`]; a target
//! stores those exact bytes. Pictures travel beside it as attachments, named by their SHA-256. What a rule hid is not
//! in here, not even as a hash: it was left out before the record was made (invariant 8).

mod check;
mod document;
mod evidence;
mod fit;
mod picture;

pub use check::{BadParcel, MAX_REVISION};
pub use document::{Activity, Counts, Manual, MinuteFacts, PARCEL_TYPE, Parcel, Policy, Removed};
pub use evidence::{Custom, Dropped, DroppedBecause, Focus, Gap, GapCause, NO_SIGN};
pub use picture::{Cover, NoSnapshot, Redaction, Snapshot, redacted};
