//! Permission `folder`: write into one folder that the person chose.

use crate::attachment::{Part, lower};
use crate::bindings::imports::folder as raw;

/// Why a file was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// The name is empty, absolute, or leads out of the folder.
    #[error("the name is empty, absolute, or leads out of the folder")]
    BadName,
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// What the person allows for this folder, in bytes, is used up: something has to be removed from it first.
    #[error("the folder holds all that it may, {0} bytes: remove what is not needed, or allow it more")]
    OverQuota(u64),
    /// The file is longer than one may be, in bytes.
    #[error("the file is longer than {0} bytes")]
    TooLarge(u64),
    /// The folder could not be written; says why.
    #[error("the folder cannot be written: {0}")]
    Unavailable(String),
}

impl From<raw::FolderError> for FolderError {
    fn from(error: raw::FolderError) -> Self {
        match error {
            raw::FolderError::BadName => Self::BadName,
            raw::FolderError::Full => Self::Full,
            raw::FolderError::OverQuota(quota) => Self::OverQuota(quota),
            raw::FolderError::TooLarge(most) => Self::TooLarge(most),
            raw::FolderError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// Writes a file under a relative name such as `2026-11-23/0930.json`, whole or not at all. One that is there is
/// replaced.
///
/// # Errors
/// The name is refused, or the file could not be written.
pub fn put(name: &str, body: &[Part<'_>]) -> Result<(), FolderError> {
    raw::put(name, &lower(body)).map_err(Into::into)
}
