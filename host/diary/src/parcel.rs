//! What travels from a device to a back office: one segment, with everything that was recorded in it.
//!
//! A [`Parcel`] is a segment as people read it. What travels and is kept is its [`Core`], at most 32 KiB of JSON, which
//! the agent signs into a DSSE envelope of the payload type [`PARCEL_TYPE`], and [details](Detail) beside it: JSON
//! documents, each named in the core by a salted digest, so that each can be erased alone while the core, the chain and
//! the receipts still verify. The picture itself is an attachment that the detail of the picture names. What a rule hid
//! is not in here, not even as a hash: it was left out before the record was made (invariant 8).

mod check;
mod core;
mod counts;
mod detail;
mod document;
mod evidence;
mod fit;
mod picture;
mod split;

pub use check::{BadParcel, MAX_REVISION};
pub use core::{
    Core, CoreMinute, DetailKind, DetailRef, Field, MinuteActivity, PARCEL_TYPE, PolicyRef, TermsRef,
};
pub use counts::{Activity, Counts, Removed};
pub use detail::{BadDetail, DETAIL_TYPE, Detail, DetailBody, MinuteCounts, Note};
pub use document::{Manual, MinuteFacts, Parcel, Policy};
pub use evidence::{Custom, Dropped, DroppedBecause, Focus, Gap, GapCause, NO_SIGN};
pub use picture::{Cover, NoSnapshot, Redaction, Snapshot, redacted};
