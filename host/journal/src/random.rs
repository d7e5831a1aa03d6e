//! Randomness from the operating system.

use crate::error::JournalError;

/// Returns `N` random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], JournalError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| JournalError::NoRandomness(e.to_string()))?;
    Ok(bytes)
}

/// Returns a random id of 32 lowercase hex digits.
pub(crate) fn random_id() -> Result<String, JournalError> {
    Ok(hex::encode(random::<16>()?))
}
