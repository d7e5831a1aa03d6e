//! A small key-value store of this plugin's own, kept in the encrypted journal. Keys are 1 to 128 bytes long; all keys
//! and values together are bounded by a quota (64 KiB by default).

use crate::bindings::imports::store as raw;

/// Why the store refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The quota would be exceeded; carries the quota in bytes.
    #[error("the store is full: it holds at most {0} bytes; delete something first")]
    Full(u64),
    /// The key is empty or longer than 128 bytes.
    #[error("a key is 1 to 128 bytes long")]
    BadKey,
    /// The journal could not be read or written; carries the reason.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
}

impl From<raw::StoreError> for StoreError {
    fn from(error: raw::StoreError) -> Self {
        match error {
            raw::StoreError::Full(quota) => Self::Full(quota),
            raw::StoreError::BadKey => Self::BadKey,
            raw::StoreError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// The value under a key, or none.
///
/// # Errors
/// The key is malformed or the store cannot be reached.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    raw::get(key).map_err(Into::into)
}

/// Puts a value under a key, in place of the one before.
///
/// # Errors
/// The quota would be exceeded, the key is malformed, or the store cannot be reached.
pub fn set(key: &str, value: &[u8]) -> Result<(), StoreError> {
    raw::set(key, value).map_err(Into::into)
}

/// Removes a key. Removing one that is not there is no error.
///
/// # Errors
/// The key is malformed or the store cannot be reached.
pub fn delete(key: &str) -> Result<(), StoreError> {
    raw::delete(key).map_err(Into::into)
}

/// All keys, sorted.
///
/// # Errors
/// The store cannot be reached.
pub fn keys() -> Result<Vec<String>, StoreError> {
    raw::keys().map_err(Into::into)
}
