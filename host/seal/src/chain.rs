//! The hash chain over salted records.
//!
//! A link covers a record's sequence, kind, time and its *commitment*, HMAC-SHA256 of the record's bytes under a random
//! salt of its own. While record and salt exist, the commitment can be recomputed. Once both are erased, it reveals
//! nothing about the bytes, not even to somebody who guesses them, and the chain still verifies (invariant 8).
//!
//! ```
//! use candor_seal::{Chain, commitment};
//!
//! let genesis = Chain::genesis("6f9c...the journal's id");
//! let salt = [7; 32]; // Random in earnest, and kept encrypted.
//! let link = Chain::next(&genesis, 1, "memo", 1_760_000_000_000, &commitment(&salt, b"fixed the build"));
//! assert_ne!(link, genesis);
//! ```

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::digest::decode_lowercase_hex;
use crate::error::SealError;

/// A SHA-256 or HMAC-SHA256 value; 64 lowercase hex digits as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Returns the 32 bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        decode_lowercase_hex(text).map(Self).ok_or(SealError::BadHash)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Returns what a link says about a record's bytes: HMAC-SHA256 of `canonical` under `salt`. Without the salt it reveals
/// nothing about them.
#[must_use]
pub fn commitment(salt: &[u8; 32], canonical: &[u8]) -> Hash {
    // HMAC pads a key to the block with zeros (RFC 2104, 2): doing so here leaves no length that could be wrong.
    let mut key = [0_u8; 64];
    let (head, _) = key.split_at_mut(salt.len());
    head.copy_from_slice(salt);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(canonical);
    Hash(mac.finalize().into_bytes().into())
}

/// Computes the heads of the chain.
#[derive(Clone, Copy, Debug)]
pub struct Chain;

impl Chain {
    /// Returns the head of an empty chain: a different one for each device or journal `id`.
    #[must_use]
    pub fn genesis(id: &str) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(b"candor chain v1 genesis\0");
        hasher.update(id.as_bytes());
        Hash(hasher.finalize().into())
    }

    /// Returns the head after a record that follows `head`: its `sequence` (from 1, without holes), its `kind`, its time
    /// `at` (milliseconds since the Unix epoch) and its [`commitment`].
    #[must_use]
    pub fn next(head: &Hash, sequence: u64, kind: &str, at: u64, commitment: &Hash) -> Hash {
        // Everything but `kind` has a fixed length, and `kind` comes last: no two records hash alike.
        let mut hasher = Sha256::new();
        hasher.update(b"candor chain v1 link\0");
        hasher.update(head.0);
        hasher.update(sequence.to_be_bytes());
        hasher.update(at.to_be_bytes());
        hasher.update(commitment.0);
        hasher.update(kind.as_bytes());
        Hash(hasher.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commitment_is_hmac_sha256() {
        // Computed by Python's hmac module.
        let salt: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        assert_eq!(commitment(&salt, b"what do ya want for nothing?").to_string(), EXPECTED);
        assert_ne!(commitment(&salt, b"a"), commitment(&[0; 32], b"a"));
    }
    const EXPECTED: &str = "099805f4ac310786968565c098db515cc50862b420ae31e20238312344bed36a";

    #[test]
    fn every_field_of_a_record_moves_the_head() {
        let head = Chain::genesis("a");
        let sealed = commitment(&[1; 32], b"body");
        let link = Chain::next(&head, 1, "memo", 5, &sealed);
        let others = [
            Chain::next(&Chain::genesis("b"), 1, "memo", 5, &sealed),
            Chain::next(&head, 2, "memo", 5, &sealed),
            Chain::next(&head, 1, "memo2", 5, &sealed),
            Chain::next(&head, 1, "memo", 6, &sealed),
            Chain::next(&head, 1, "memo", 5, &commitment(&[2; 32], b"body")),
            Chain::next(&head, 1, "memo", 5, &commitment(&[1; 32], b"bodies")),
        ];
        for other in others {
            assert_ne!(link, other);
        }
        assert_eq!(link, Chain::next(&head, 1, "memo", 5, &sealed));
    }

    #[test]
    fn the_chain_does_not_change_from_one_version_to_the_next() {
        // Journals and receipts outlive releases: these values must never change.
        let genesis = Chain::genesis("0123456789abcdef0123456789abcdef");
        assert_eq!(genesis.to_string(), GENESIS);
        let link = Chain::next(&genesis, 1, "memo", 1_760_000_000_000, &Hash([9; 32]));
        assert_eq!(link.to_string(), LINK);
    }
    const GENESIS: &str = "cd7abe55966dabd7114dc9dc9338965de582ad60eb2e14a2f88cd97033645e1b";
    const LINK: &str = "58ee3477d5953eee5db922ce21e13cefaf00e5732c626c8f4438be3208b0d5df";

    #[test]
    fn a_hash_survives_being_written_and_read() {
        let hash = Chain::genesis("x");
        assert_eq!(hash.to_string().parse::<Hash>().unwrap(), hash);
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<Hash>(&json).unwrap(), hash);
        assert!("ab".parse::<Hash>().is_err());
        assert!(hash.to_string().to_uppercase().parse::<Hash>().is_err());
    }
}
