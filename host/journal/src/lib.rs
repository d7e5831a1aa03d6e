//! The worker's local record: append-only, hash-chained, encrypted; and what waits in it to be delivered.
//!
//! What was recorded must survive a crash and a full disk at any instant (invariant 9), must show when it was changed
//! afterwards, and must still be possible to forget (invariant 8). So each record has a key and a salt of its own:
//! its body is encrypted under the key, the chain covers only HMAC(salt, body), and erasing a record destroys key and
//! salt. The chain then still verifies, and says of that record 'sealed'.
//!
//! On disk, in one folder (0700, files 0600):
//!
//! ```text
//! journal.db, journal.db-wal   SQLite: records, outbox with its details, plugin stores, wrapped keys
//! blobs/3f/3f…                 one encrypted picture each, in frames of 64 KiB
//! journal.lock                 held by the one process that has the journal open
//! ```
//!
//! This crate is the only one that knows the local database. It must never write a body, a picture, an envelope or a
//! plugin's value unencrypted, not even for a moment; never hand out a sequence number twice; and it has no clock: all
//! times (milliseconds since the Unix epoch) come from its caller.
//!
//! One connection does everything, reads too: appended records sit in an open transaction that is committed once a
//! second, and readers see them at once. What must not be lost (a closed segment, a delivery) is committed and synced
//! before the call returns.
//!
//! What the chain cannot tell: that its last records were cut off. The receipts of a back office hold sequence and
//! head, and pin it from outside.
//!
//! Start reading at [`Journal`], then `database` (what is committed when) and `crypt` (what is encrypted with what).

mod blob_files;
mod blobs;
mod crypt;
mod database;
mod error;
mod files;
mod journal;
mod master_key;
mod outbox;
mod outbox_state;
mod random;
mod records;
mod schema;
mod segments;
mod store;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

pub use blobs::BlobInfo;
pub use candor_seal::Hash;
pub use database::JournalStats;
pub use error::JournalError;
pub use journal::Journal;
pub use master_key::MasterKey;
pub use outbox::{DetailDraft, DetailInfo, HELD_FOR_GOOD, OutboxDraft, OutboxEntry, ParcelCounts};
pub use outbox_state::OutboxState;
pub use records::{AppendedRecord, JournalRecord, RecordFilter};
pub use segments::SegmentClose;
pub use verify::{
    BlobVerification, DamagedBlob, DamagedDetail, DamagedRecord, DetailVerification, Verification,
};
