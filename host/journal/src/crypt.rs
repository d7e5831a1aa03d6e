//! What is encrypted with what.
//!
//! - The caller's master key (32 bytes) is never used itself: a wrapping key and a naming key are derived from it.
//! - Each record, blob, envelope and detail has a [`ItemSecret`] of its own: a random key, and a salt for the chain. The secret
//!   is stored wrapped under the wrapping key, in a row of its own. Erasing overwrites its 104 bytes with zeros, in
//!   place.
//! - Small values that are replaced often (plugin stores, receipts, errors) are sealed under the wrapping key directly.
//!
//! All of it is XChaCha20-Poly1305 with random nonces (or, in a blob's frames, counted ones under a key that is used
//! once). The associated data names what a ciphertext belongs to, so none can be moved to another place.

use candor_seal::{Hash, commitment};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::error::JournalError;
use crate::master_key::MasterKey;
use crate::random::random;

/// The length of a nonce, bytes.
const NONCE: usize = 24;

/// The length of an authentication tag, bytes.
pub(crate) const TAG: usize = 16;

/// What a ciphertext belongs to: no ciphertext opens in another context.
pub(crate) struct CipherContext(Vec<u8>);

impl CipherContext {
    /// Starts a context. Each `purpose` has one of its own.
    pub(crate) fn new(purpose: &str) -> Self {
        Self(Vec::new()).bytes(b"candor journal v1").bytes(purpose.as_bytes())
    }

    /// Appends bytes. Their length goes first, so no two contexts come out alike.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// Appends a number as 8 bytes, big-endian.
    pub(crate) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }
}

fn encrypt(
    key: &[u8; 32],
    nonce: [u8; NONCE],
    context: &CipherContext,
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
    context: &CipherContext,
    bytes: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(nonce), Payload { msg: bytes, aad: &context.0 })
        .map(Zeroizing::new)
        .ok()
}

/// Encrypts under a random nonce and puts it in front.
fn seal(key: &[u8; 32], context: &CipherContext, bytes: &[u8]) -> Result<Vec<u8>, JournalError> {
    let nonce = random::<NONCE>()?;
    let mut sealed = nonce.to_vec();
    sealed.append(&mut encrypt(key, nonce, context, bytes)?);
    Ok(sealed)
}

fn unseal(key: &[u8; 32], context: &CipherContext, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, encrypted) = sealed.split_first_chunk::<NONCE>()?;
    decrypt(key, *nonce, context, encrypted)
}

/// The keys that are derived from a master key.
pub(crate) struct JournalKeys {
    wrapping: Zeroizing<[u8; 32]>,
    naming: Zeroizing<[u8; 32]>,
}

impl JournalKeys {
    pub(crate) fn derive(master: &MasterKey) -> Self {
        let derived = |label: &[u8]| Zeroizing::new(commitment(master.bytes(), label).0);
        Self {
            wrapping: derived(b"candor journal v1 wrapping"),
            naming: derived(b"candor journal v1 naming"),
        }
    }

    /// Encrypts a small value under the wrapping key.
    pub(crate) fn seal(&self, context: &CipherContext, value: &[u8]) -> Result<Vec<u8>, JournalError> {
        seal(&self.wrapping, context, value)
    }

    /// Opens what [`Self::seal`] made in the same context; `None` if it was changed.
    pub(crate) fn unseal(&self, context: &CipherContext, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        unseal(&self.wrapping, context, sealed)
    }

    /// Returns a name to look something up by, which reveals nothing about what `context` holds.
    pub(crate) fn lookup_name(&self, context: &CipherContext) -> Hash {
        commitment(&self.naming, &context.0)
    }
}

/// The key and salt of one record, blob, envelope or detail: all that erasing has to destroy.
pub(crate) struct ItemSecret {
    key: Zeroizing<[u8; 32]>,
    salt: Zeroizing<[u8; 32]>,
}

impl ItemSecret {
    pub(crate) fn new() -> Result<Self, JournalError> {
        Ok(Self { key: Zeroizing::new(random()?), salt: Zeroizing::new(random()?) })
    }

    /// Returns the secret encrypted for the database: 104 bytes.
    pub(crate) fn wrap(&self, keys: &JournalKeys, context: &CipherContext) -> Result<Vec<u8>, JournalError> {
        let mut both = Zeroizing::new([0_u8; 64]);
        let (key, salt) = both.split_at_mut(32);
        key.copy_from_slice(self.key.as_ref());
        salt.copy_from_slice(self.salt.as_ref());
        seal(&keys.wrapping, context, both.as_ref())
    }

    /// Opens what [`Self::wrap`] made in the same context; `None` if it was changed or erased.
    pub(crate) fn unwrap(keys: &JournalKeys, context: &CipherContext, wrapped: &[u8]) -> Option<Self> {
        let both = unseal(&keys.wrapping, context, wrapped)?;
        let (key, salt) = both.split_first_chunk::<32>()?;
        let salt = <[u8; 32]>::try_from(salt).ok()?;
        Some(Self { key: Zeroizing::new(*key), salt: Zeroizing::new(salt) })
    }

    /// Returns what the chain says of `body`.
    pub(crate) fn commitment(&self, body: &[u8]) -> Hash {
        commitment(&self.salt, body)
    }

    pub(crate) fn seal(&self, context: &CipherContext, bytes: &[u8]) -> Result<Vec<u8>, JournalError> {
        seal(&self.key, context, bytes)
    }

    pub(crate) fn unseal(&self, context: &CipherContext, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        unseal(&self.key, context, sealed)
    }

    /// Encrypts frame `index` of a blob. The nonce is the index: call this once for each index of a secret.
    pub(crate) fn seal_frame(
        &self,
        context: &CipherContext,
        index: u64,
        frame: &[u8],
    ) -> Result<Vec<u8>, JournalError> {
        encrypt(&self.key, frame_nonce(index), context, frame)
    }

    /// Opens what [`Self::seal_frame`] made in the same context.
    pub(crate) fn unseal_frame(
        &self,
        context: &CipherContext,
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

    fn keys() -> JournalKeys {
        JournalKeys::derive(&MasterKey::from_bytes([3; 32]))
    }

    #[test]
    fn a_secret_survives_being_wrapped() {
        let secret = ItemSecret::new().unwrap();
        let wrapped = secret.wrap(&keys(), &CipherContext::new("a")).unwrap();
        assert_eq!(wrapped.len(), 104, "the format is fixed");
        let again = ItemSecret::unwrap(&keys(), &CipherContext::new("a"), &wrapped).unwrap();
        assert_eq!(again.commitment(b"body"), secret.commitment(b"body"));
        let sealed = secret.seal(&CipherContext::new("b"), b"body").unwrap();
        assert_eq!(again.unseal(&CipherContext::new("b"), &sealed).unwrap().as_slice(), b"body");
    }

    #[test]
    fn a_ciphertext_opens_in_its_own_place_only() {
        let secret = ItemSecret::new().unwrap();
        let sealed = secret.seal(&CipherContext::new("a").number(1), b"body").unwrap();
        assert!(secret.unseal(&CipherContext::new("a").number(2), &sealed).is_none());
        assert!(secret.unseal(&CipherContext::new("b").number(1), &sealed).is_none());
        assert!(ItemSecret::new().unwrap().unseal(&CipherContext::new("a").number(1), &sealed).is_none());
        let frame = secret.seal_frame(&CipherContext::new("f"), 0, b"frame").unwrap();
        assert!(secret.unseal_frame(&CipherContext::new("f"), 1, &frame).is_none());
        assert!(secret.unseal_frame(&CipherContext::new("f"), 0, &frame).is_some());
    }

    #[test]
    fn a_changed_ciphertext_does_not_open() {
        let keys = keys();
        let sealed = keys.seal(&CipherContext::new("a"), b"value").unwrap();
        for byte in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[byte] ^= 1;
            assert!(keys.unseal(&CipherContext::new("a"), &changed).is_none());
        }
        assert!(keys.unseal(&CipherContext::new("a"), &sealed[..10]).is_none());
        assert!(ItemSecret::unwrap(&keys, &CipherContext::new("a"), &[0; 104]).is_none());
    }

    #[test]
    fn no_two_contexts_come_out_alike() {
        assert_ne!(CipherContext::new("a").bytes(b"bc").0, CipherContext::new("ab").bytes(b"c").0);
        assert_ne!(
            CipherContext::new("a").bytes(b"").bytes(b"b").0,
            CipherContext::new("a").bytes(b"b").bytes(b"").0
        );
    }
}
