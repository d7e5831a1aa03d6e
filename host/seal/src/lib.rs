//! Signing and chaining: ed25519 keys, DSSE envelopes, the hash chain over salted records.
//!
//! Candor has one signature format, so that one reader checks packages, terms, parcels and receipts alike: an ed25519
//! DSSE envelope with a payload type per document. The chain shows whether a record was changed, dropped from the
//! middle or reordered. A record's salt makes it possible to forget what a link stands for and keep the link.
//!
//! This crate must never read a file, a socket or a clock. All it asks of the operating system is randomness for new
//! keys. Its callers decide what a document means and whether to trust a key.
//!
//! Start reading at [`dsse`], then [`chain`].

pub mod chain;
pub mod digest;
pub mod dsse;
mod error;
pub mod keys;
mod limits;

pub use chain::{Chain, Hash, commitment};
pub use digest::sha256_hex;
pub use dsse::{Envelope, Signature};
pub use error::SealError;
pub use keys::{PublicKey, SecretKey};
