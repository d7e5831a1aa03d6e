//! What is signed and what is chained: ed25519 keys, DSSE envelopes, the hash chain over salted records.
//!
//! One signature format in the whole house, so that one reader checks packages, terms, parcels and receipts alike: an
//! ed25519 DSSE envelope with a payload type per document. The chain makes a record that was changed, dropped from the
//! middle or reordered show; a record's salt makes it possible to forget what a link stands for and keep the link.
//!
//! This crate must never read a file, a socket or a clock. Its one way out is the operating system's randomness, for
//! new keys. What a document says, and whether a key is to be trusted, is its callers' business.
//!
//! Start reading at [`dsse`], then [`chain`].

pub mod chain;
pub mod digest;
pub mod dsse;
mod error;
pub mod keys;

pub use chain::{Chain, Hash, commitment};
pub use digest::sha256_hex;
pub use dsse::{Envelope, Signature};
pub use error::SealError;
pub use keys::{PublicKey, SecretKey};
