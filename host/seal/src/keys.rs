//! Ed25519 keys.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::digest::{decode_lowercase_hex, sha256_hex};
use crate::error::SealError;

/// A key that signs. It is wiped from memory when it is dropped, and never printed.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Makes a new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`] if it gives none.
    #[cfg(not(target_family = "wasm"))]
    pub fn generate() -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(bytes.as_mut()).map_err(|e| SealError::NoRandomness(e.to_string()))?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Makes a key of 32 bytes (RFC 8032's private key), as [`Self::to_bytes`] returns them. Any 32 bytes are a key.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(bytes))
    }

    /// Returns the key's 32 bytes. Store them where only their owner can read them.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Returns the key that verifies what this one signs.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public().key_id())
    }
}

/// A key that verifies. Written as 64 lowercase hex digits everywhere.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a key from 64 lowercase hex digits.
    ///
    /// # Errors
    /// [`SealError::BadPublicKey`] if it is anything else, or one of the few keys that sign everything.
    pub fn from_hex(text: &str) -> Result<Self, SealError> {
        let bytes = decode_lowercase_hex(text).ok_or(SealError::BadPublicKey)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| SealError::BadPublicKey)?;
        // Keys of small order verify one signature for any message.
        if key.is_weak() { Err(SealError::BadPublicKey) } else { Ok(Self(key)) }
    }

    /// Returns the key as 64 lowercase hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0.as_bytes())
    }

    /// Returns a short name for the key, to choose among keys and never to trust one: the first 16 hex digits of its
    /// [fingerprint](Self::fingerprint).
    #[must_use]
    pub fn key_id(&self) -> String {
        let mut id = self.fingerprint();
        id.truncate(16);
        id
    }

    /// Returns the fingerprint by which people and invitations name the key: its SHA-256, 64 lowercase hex digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        // Strict: one message and key have no second signature that also counts.
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_hex())
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_key_is_that_of_rfc_8032() {
        // RFC 8032, 7.1, test 1.
        let mut secret = [0; 32];
        hex::decode_to_slice("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", &mut secret)
            .unwrap();
        let public = SecretKey::from_bytes(&secret).public();
        assert_eq!(public.to_hex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(public.key_id(), sha256_hex(public.0.as_bytes())[..16]);
    }

    #[test]
    fn a_key_survives_being_written_and_read() {
        let key = SecretKey::generate().unwrap();
        assert_eq!(SecretKey::from_bytes(&key.to_bytes()).public(), key.public());
        assert_eq!(PublicKey::from_hex(&key.public().to_hex()).unwrap(), key.public());
        let json = serde_json::to_string(&key.public()).unwrap();
        assert_eq!(json, format!("\"{}\"", key.public().to_hex()));
        assert_eq!(serde_json::from_str::<PublicKey>(&json).unwrap(), key.public());
    }

    #[test]
    fn two_new_keys_differ() {
        assert_ne!(SecretKey::generate().unwrap().public(), SecretKey::generate().unwrap().public());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let good = SecretKey::generate().unwrap().public().to_hex();
        let neutral_point = format!("01{}", "0".repeat(62));
        for bad in
            ["", &good[1..], &format!("{good}0"), &good.to_uppercase(), &"zz".repeat(32), &neutral_point]
        {
            // An uppercase form without letters would be the same text; a 64-digit key has letters.
            assert!(PublicKey::from_hex(bad).is_err(), "{bad:?} was taken for a key");
        }
    }

    #[test]
    fn a_secret_key_is_not_printed() {
        let key = SecretKey::from_bytes(&[0xab; 32]);
        assert!(!format!("{key:?}").contains("abab"));
    }
}
