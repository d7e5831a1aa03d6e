//! The one error type of this crate.

use std::io;
use std::num::TryFromIntError;
use std::path::{Path, PathBuf};

use crate::outbox_state::OutboxState;

/// Why a call to the journal failed. The text says what to do next; it never holds recorded content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process has the journal open.
    #[error("the journal in {0} is open in another process: stop the other agent first")]
    InUse(PathBuf),
    /// The journal was closed by [`crate::Journal::close`].
    #[error("the journal is closed: open it again")]
    Closed,
    /// The runtime ended during a call.
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
        /// The schema of the database.
        found: i64,
        /// The latest schema that this version knows.
        known: i64,
    },
    /// The database was written by an earlier version, whose schema this one does not read.
    #[error(
        "{0} was written by an earlier version and cannot be read: move it away, and Candor begins a new journal"
    )]
    OlderSchema(PathBuf),
    /// The file is the database of another program.
    #[error("{0} is not a journal: move it away, or choose another folder")]
    NotAJournal(PathBuf),
    /// The master key does not belong to this journal.
    #[error("the journal was written under another master key: put the right key file back")]
    WrongKey,
    /// The master key's file cannot be used.
    #[error("the key file {path}: {reason}")]
    KeyFile {
        /// The path of the key file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The path of the file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The database could not do what was asked of it; says why.
    #[error("the journal's database failed ({0}): try again; if it stays, restore the folder from a backup")]
    Database(#[source] sqlx::Error),
    /// Something in the journal is not as it was written.
    #[error("the journal is damaged: {0}; run `candor verify` to see how much")]
    Damaged(String),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness ({0}): try again")]
    NoRandomness(String),
    /// A value is out of its bounds.
    #[error("{what} is not usable: {reason}")]
    Unusable {
        /// The value, as a phrase for a sentence.
        what: &'static str,
        /// Which bound it breaks.
        reason: &'static str,
    },
    /// There is no such record, blob, parcel or detail.
    #[error("there is no {what} {id} in the journal")]
    NotFound {
        /// The word 'record', 'blob', 'parcel' or 'detail'.
        what: &'static str,
        /// The id or sequence that was asked for.
        id: String,
    },
    /// The record, blob, parcel or detail was erased, and cannot be restored.
    #[error("{what} {id} was erased")]
    Erased {
        /// The word 'record', 'blob', 'parcel' or 'detail'.
        what: &'static str,
        /// The id or sequence that was asked for.
        id: String,
    },
    /// The segment was closed before; its parcel is in the outbox.
    #[error("the segment of {contract} that starts at {start} is closed already")]
    SegmentClosed {
        /// The contract whose segment it is.
        contract: String,
        /// The segment's first millisecond since the Unix epoch.
        start: u64,
    },
    /// There is a parcel with this id already.
    #[error("there is a parcel {0} already: draw a new id")]
    ParcelExists(String),
    /// The parcel cannot be cancelled any more.
    #[error("parcel {parcel_id} is {state} already")]
    ParcelSettled {
        /// The id of the parcel.
        parcel_id: String,
        /// The state that it is in.
        state: OutboxState,
    },
    /// The caller could not make the parcel; nothing was closed.
    #[error("the parcel could not be made, the segment stays open: {0}")]
    Draft(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl JournalError {
    /// Whether what was asked for is missing or not as it was written, so that retrying cannot help.
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

    /// Makes an error of one of the file system.
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

/// Returns a number as SQLite stores it.
pub(crate) fn sqlite_integer(what: &'static str, number: u64) -> Result<i64, JournalError> {
    i64::try_from(number).map_err(|_| JournalError::Unusable { what, reason: "larger than 2^63 - 1" })
}
