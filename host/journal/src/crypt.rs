//! What is encrypted with what.
//!
//! - The master key (32 bytes, the caller's) is never used as it is: a wrapping key and a naming key are derived from
//!   it.
//! - Each record, blob and envelope has a [`Secret`] of its own: a random key, and a salt for the chain. The secret is
//!   stored wrapped under the wrapping key, in a row of its own, so that erasing is overwriting its 104 bytes with zeros, in place.
//! - Small values that are replaced often (plugin stores, receipts, errors) are sealed under the wrapping key directly.
//!
//! All of it is XChaCha20-Poly1305 with random nonces (or, in a blob's frames, counted ones under a key that is used
//! once). The associated data names what a ciphertext belongs to, so that none can be moved to another place.

use candor_seal::{Hash, commitment};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::error::JournalError;
use crate::master_key::MasterKey;
use crate::random::random;

/// Bytes of a nonce.
const NONCE: usize = 24;

/// Bytes of an authentication tag.
pub(crate) const TAG: usize = 16;

/// What a ciphertext belongs to.
pub(crate) struct Context(Vec<u8>);

impl Context {
    /// A context of its own for each `purpose`.
    pub(crate) fn new(purpose: &str) -> Self {
        Self(Vec::new()).bytes(b"candor journal v1").bytes(purpose.as_bytes())
    }

    /// Adds bytes; their length goes first, so that no two contexts come out alike.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a number.
    pub(crate) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }
}

fn encrypt(
    key: &[u8; 32],
    nonce: [u8; NONCE],
    context: &Context,
    bytes: &[u8],
) -> Result<Vec<u8>, JournalError> {
    XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), Payload { msg: bytes, aad: &context.0 })
        // It fails for lengths beyond 256 GiB only.
        .map_err(|_| JournalError::Unusable { what: "the value", reason: "too long to encrypt" })
}

fn decrypt(
    key: &[u8; 32],
    nonce: [u8; NONCE],
    context: &Context,
    bytes: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(nonce), Payload { msg: bytes, aad: &context.0 })
        .map(Zeroizing::new)
        .ok()
}

/// Encrypts under a random nonce, which goes in front.
fn seal(key: &[u8; 32], context: &Context, bytes: &[u8]) -> Result<Vec<u8>, JournalError> {
    let nonce = random::<NONCE>()?;
    let mut sealed = nonce.to_vec();
    sealed.append(&mut encrypt(key, nonce, context, bytes)?);
    Ok(sealed)
}

fn unseal(key: &[u8; 32], context: &Context, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, encrypted) = sealed.split_first_chunk::<NONCE>()?;
    decrypt(key, *nonce, context, encrypted)
}

/// The keys derived from a master key.
pub(crate) struct Keys {
    wrapping: Zeroizing<[u8; 32]>,
    naming: Zeroizing<[u8; 32]>,
}

impl Keys {
    pub(crate) fn derive(master: &MasterKey) -> Self {
        let derived = |label: &[u8]| Zeroizing::new(commitment(master.bytes(), label).0);
        Self {
            wrapping: derived(b"candor journal v1 wrapping"),
            naming: derived(b"candor journal v1 naming"),
        }
    }

    /// Seals a small value.
    pub(crate) fn seal(&self, context: &Context, value: &[u8]) -> Result<Vec<u8>, JournalError> {
        seal(&self.wrapping, context, value)
    }

    /// Opens what [`Self::seal`] made in the same context; none where it was changed.
    pub(crate) fn unseal(&self, context: &Context, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        unseal(&self.wrapping, context, sealed)
    }

    /// A name to look something up by, that says nothing about the name given.
    pub(crate) fn name(&self, context: &Context) -> Hash {
        commitment(&self.naming, &context.0)
    }
}

/// What makes one record, blob or envelope readable; all that erasing has to destroy.
pub(crate) struct Secret {
    key: Zeroizing<[u8; 32]>,
    salt: Zeroizing<[u8; 32]>,
}

impl Secret {
    pub(crate) fn new() -> Result<Self, JournalError> {
        Ok(Self { key: Zeroizing::new(random()?), salt: Zeroizing::new(random()?) })
    }

    /// The secret, encrypted for the database: [`WRAPPED`] bytes.
    pub(crate) fn wrap(&self, keys: &Keys, context: &Context) -> Result<Vec<u8>, JournalError> {
        let mut both = Zeroizing::new([0_u8; 64]);
        let (key, salt) = both.split_at_mut(32);
        key.copy_from_slice(self.key.as_ref());
        salt.copy_from_slice(self.salt.as_ref());
        seal(&keys.wrapping, context, both.as_ref())
    }

    /// Opens what [`Self::wrap`] made in the same context; none where it was changed or erased.
    pub(crate) fn unwrap(keys: &Keys, context: &Context, wrapped: &[u8]) -> Option<Self> {
        let both = unseal(&keys.wrapping, context, wrapped)?;
        let (key, salt) = both.split_first_chunk::<32>()?;
        let salt = <[u8; 32]>::try_from(salt).ok()?;
        Some(Self { key: Zeroizing::new(*key), salt: Zeroizing::new(salt) })
    }

    /// What the chain says of `body`.
    pub(crate) fn commitment(&self, body: &[u8]) -> Hash {
        commitment(&self.salt, body)
    }

    pub(crate) fn seal(&self, context: &Context, bytes: &[u8]) -> Result<Vec<u8>, JournalError> {
        seal(&self.key, context, bytes)
    }

    pub(crate) fn unseal(&self, context: &Context, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        unseal(&self.key, context, sealed)
    }

    /// Encrypts frame `index` of a blob. The nonce is counted: to be called once for each index of a secret.
    pub(crate) fn seal_frame(
        &self,
        context: &Context,
        index: u64,
        frame: &[u8],
    ) -> Result<Vec<u8>, JournalError> {
        encrypt(&self.key, frame_nonce(index), context, frame)
    }

    /// Opens what [`Self::seal_frame`] made in the same context.
    pub(crate) fn unseal_frame(
        &self,
        context: &Context,
        index: u64,
        frame: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        decrypt(&self.key, frame_nonce(index), context, frame)
    }
}

fn frame_nonce(index: u64) -> [u8; NONCE] {
    let mut nonce = *b"candor frame....\0\0\0\0\0\0\0\0";
    let (_, counter) = nonce.split_at_mut(16);
    counter.copy_from_slice(&index.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::derive(&MasterKey::from_bytes([3; 32]))
    }

    #[test]
    fn a_secret_survives_being_wrapped() {
        let secret = Secret::new().unwrap();
        let wrapped = secret.wrap(&keys(), &Context::new("a")).unwrap();
        assert_eq!(wrapped.len(), 104, "the format is fixed");
        let again = Secret::unwrap(&keys(), &Context::new("a"), &wrapped).unwrap();
        assert_eq!(again.commitment(b"body"), secret.commitment(b"body"));
        let sealed = secret.seal(&Context::new("b"), b"body").unwrap();
        assert_eq!(again.unseal(&Context::new("b"), &sealed).unwrap().as_slice(), b"body");
    }

    #[test]
    fn a_ciphertext_opens_in_its_own_place_only() {
        let secret = Secret::new().unwrap();
        let sealed = secret.seal(&Context::new("a").number(1), b"body").unwrap();
        assert!(secret.unseal(&Context::new("a").number(2), &sealed).is_none());
        assert!(secret.unseal(&Context::new("b").number(1), &sealed).is_none());
        assert!(Secret::new().unwrap().unseal(&Context::new("a").number(1), &sealed).is_none());
        let frame = secret.seal_frame(&Context::new("f"), 0, b"frame").unwrap();
        assert!(secret.unseal_frame(&Context::new("f"), 1, &frame).is_none());
        assert!(secret.unseal_frame(&Context::new("f"), 0, &frame).is_some());
    }

    #[test]
    fn a_changed_ciphertext_does_not_open() {
        let keys = keys();
        let sealed = keys.seal(&Context::new("a"), b"value").unwrap();
        for byte in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[byte] ^= 1;
            assert!(keys.unseal(&Context::new("a"), &changed).is_none());
        }
        assert!(keys.unseal(&Context::new("a"), &sealed[..10]).is_none());
        assert!(Secret::unwrap(&keys, &Context::new("a"), &[0; 104]).is_none());
    }

    #[test]
    fn no_two_contexts_come_out_alike() {
        assert_ne!(Context::new("a").bytes(b"bc").0, Context::new("ab").bytes(b"c").0);
        assert_ne!(Context::new("a").bytes(b"").bytes(b"b").0, Context::new("a").bytes(b"b").bytes(b"").0);
    }
}
