//! Random secrets and how they are kept: whoever reads the database learns no token, code or cookie, only hashes.

use sha2::{Digest, Sha256};

/// The system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no randomness: {0}")]
pub struct NoRandomness(getrandom::Error);

/// Returns `N` random bytes from the system.
///
/// # Errors
/// [`NoRandomness`] if the system has none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(bytes)
}

/// Returns a new token for a device or a session: 32 random bytes as 64 hex digits.
///
/// # Errors
/// [`NoRandomness`] if the system has none.
pub fn new_token() -> Result<String, NoRandomness> {
    Ok(hex::encode(random_bytes::<32>()?))
}

/// Returns a new identifier that is no secret: 16 random bytes as 32 hex digits.
///
/// # Errors
/// [`NoRandomness`] if the system has none.
pub fn new_id() -> Result<String, NoRandomness> {
    Ok(hex::encode(random_bytes::<16>()?))
}

/// Letters and digits that nobody mistakes for each other.
const CODE_LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Returns a new enrolment code: 16 letters and digits in four groups, 80 bits.
///
/// # Errors
/// [`NoRandomness`] if the system has none.
pub fn new_code() -> Result<String, NoRandomness> {
    let mut text = String::with_capacity(19);
    for (at, byte) in random_bytes::<16>()?.into_iter().enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            text.push('-');
        }
        text.push(char::from(CODE_LETTERS[usize::from(byte % 32)]));
    }
    Ok(text)
}

/// Returns what is kept of a token: its SHA-256. A token has 256 bits, so a plain hash cannot be guessed back.
#[must_use]
pub fn hash_token(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Returns what is kept of an enrolment code; groups and case do not count, since people type it.
#[must_use]
pub fn hash_code(code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    hash_token(&plain.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_can_be_typed_without_its_dashes_and_in_small_letters() {
        let code = new_code().unwrap();
        assert_eq!(code.len(), 19);
        assert_eq!(hash_code(&code), hash_code(&code.replace('-', " ").to_lowercase()));
        assert_ne!(hash_code(&code), hash_code(&super::new_code().unwrap()));
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        let token = new_token().unwrap();
        assert_eq!(token.len(), 64);
        assert_ne!(token, super::new_token().unwrap());
    }
}
