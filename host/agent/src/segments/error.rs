//! Why a segment could not be closed or changed.

use candor_diary::memo::BadMemo;
use candor_diary::parcel::MAX_REVISION;
use candor_journal::JournalError;

use crate::segments::state::RecordError;

/// Why a segment could not be closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The journal could not be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record or parcel could not be written down.
    #[error("a record could not be written down: {0}")]
    Json(#[from] serde_json::Error),
    /// A record could not be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// There is no key to sign with.
    #[error("{0}")]
    NoKey(String),
    /// It was changed too often.
    #[error("this segment was changed {MAX_REVISION} times and cannot be changed again")]
    ChangedTooOften,
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
}

/// Why nothing was changed; a sentence for the person.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The week is locked.
    #[error("this week was locked on Monday at 12:00 UTC: ask the client to change it")]
    Locked,
    /// The change is refused, for this reason.
    #[error("{0}")]
    Refused(&'static str),
    /// A memo or a reason is none.
    #[error(transparent)]
    Memo(#[from] BadMemo),
    /// The journal could not be read or written.
    #[error("the change was not kept: {0}")]
    Close(#[from] CloseError),
}

impl From<JournalError> for EditError {
    fn from(error: JournalError) -> Self {
        Self::Close(error.into())
    }
}

impl From<serde_json::Error> for EditError {
    fn from(error: serde_json::Error) -> Self {
        Self::Close(error.into())
    }
}
