//! A contract's ledger: the one list of everything that happened to it (design §7).
//!
//! The back office appends an [`Entry`] for each document, parcel, edit, removal and lock, numbered from 1 without holes
//! and chained; it countersigns the [head](LedgerHead) with every receipt, so that neither side can rewrite what the other has
//! seen. [`chain::verify`] checks the list, and [`fold::fold`] computes the diary from it: the same on both
//! sides, and for whoever has a copy.
//!
//! A chain covers each body's commitment under a salt of its own, so a body can be erased while the chain still
//! verifies.

pub mod chain;
mod entry;
pub mod fold;

pub use chain::{BadLedger, LEDGER_HEAD_TYPE, LedgerHead, verify};
pub use entry::{Author, AuthorRole, Body, Entry, SegmentId, Statement};
pub use fold::{Diary, DiarySegment, ManualAnswer, Removal, fold};
