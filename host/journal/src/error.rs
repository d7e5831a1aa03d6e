//! What can go wrong with a journal, and what to do then.

use std::io;
use std::num::TryFromIntError;
use std::path::{Path, PathBuf};

use crate::outbox_state::OutboxState;

/// What went wrong. The text says what to do next; it never holds recorded content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process has the journal open.
    #[error("the journal in {0} is open in another process: stop the other agent first")]
    InUse(PathBuf),
    /// The journal was closed by [`crate::Journal::close`].
    #[error("the journal is closed: open it again")]
    Closed,
    /// The runtime went away under a call.
    #[error("the journal stopped before this was confirmed: restart the agent and check whether it was done")]
    Stopped,
    /// There is no room on the disk, or a quota is used up.
    #[error(
        "the disk is full: free some space and try again; this was not recorded, all that was recorded before is safe"
    )]
    DiskFull,
    /// The database was written by a later version.
    #[error("the journal has schema {found}, this version knows {known}: install the newer version again")]
    NewerSchema {
        /// The schema found.
        found: i64,
        /// The latest schema that this version knows.
        known: i64,
    },
    /// The file is a database of something else.
    #[error("{0} is not a journal: move it away, or choose another folder")]
    NotAJournal(PathBuf),
    /// The master key does not belong to this journal.
    #[error("the journal was written under another master key: put the right key file back")]
    WrongKey,
    /// The master key's file cannot be used.
    #[error("the key file {path}: {reason}")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database failed.
    #[error("the journal's database failed ({0}): try again; if it stays, restore the folder from a backup")]
    Database(#[source] sqlx::Error),
    /// Something in the journal is not as it was written.
    #[error("the journal is damaged: {0}; run `candor verify` to see how much")]
    Damaged(String),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness ({0}): try again")]
    NoRandomness(String),
    /// A value outside its bounds.
    #[error("{what} is not usable: {reason}")]
    Unusable {
        /// Which value.
        what: &'static str,
        /// Its bounds.
        reason: &'static str,
    },
    /// There is no such record, blob or parcel.
    #[error("there is no {what} {id} in the journal")]
    NotFound {
        /// 'record', 'blob' or 'parcel'.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// It was erased, and cannot be had back.
    #[error("{what} {id} was erased")]
    Erased {
        /// 'record', 'blob' or 'parcel'.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The segment was closed before; its parcel is in the outbox.
    #[error("the segment of {contract} that starts at {start} is closed already")]
    SegmentClosed {
        /// The contract.
        contract: String,
        /// The segment's first millisecond.
        start: u64,
    },
    /// There is a parcel with this id already.
    #[error("there is a parcel {0} already: draw a new id")]
    ParcelExists(String),
    /// It cannot be cancelled any more.
    #[error("parcel {parcel_id} is {state} already")]
    ParcelSettled {
        /// The parcel.
        parcel_id: String,
        /// Its state.
        state: OutboxState,
    },
    /// The caller could not make the parcel; nothing was closed.
    #[error("the parcel could not be made, the segment stays open: {0}")]
    Draft(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl JournalError {
    /// Whether what was asked for is not there as it was written: another try finds the same.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) | Self::NotFound { .. } | Self::Erased { .. } => true,
            Self::File { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::InvalidData
                    | io::ErrorKind::IsADirectory
                    | io::ErrorKind::NotADirectory
            ),
            _ => false,
        }
    }

    /// An error of the file system.
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull
            }
            _ => Self::File { path: path.to_owned(), source },
        }
    }
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(&error, sqlx::Error::ColumnDecode { source, .. } if source.is::<TryFromIntError>()) {
            return Self::Damaged("a negative number".to_owned());
        }
        let code = error.as_database_error().and_then(|e| e.code()).unwrap_or_default();
        match code.as_ref() {
            // SQLITE_FULL, and SQLITE_IOERR_WRITE: what a used-up quota or a file-size limit looks like.
            "13" | "778" => Self::DiskFull,
            // SQLITE_CORRUPT, SQLITE_NOTADB.
            "11" | "26" => Self::Damaged("the database file is malformed".to_owned()),
            _ => Self::Database(error),
        }
    }
}

/// A number as SQLite stores it.
pub(crate) fn stored(what: &'static str, number: u64) -> Result<i64, JournalError> {
    i64::try_from(number).map_err(|_| JournalError::Unusable { what, reason: "larger than 2^63 - 1" })
}
