//! Digests as text, the way every document of Candor writes them: 64 lowercase hex digits.

use sha2::{Digest as _, Sha256};

/// Returns the SHA-256 of `bytes` as 64 lowercase hex digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Reads 32 bytes from exactly 64 lowercase hex digits.
pub(crate) fn decode_lowercase_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let lowercase = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (lowercase && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_fips_180() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
