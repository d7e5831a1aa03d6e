//! What can go wrong with the database.

/// The database did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum OfficeStoreError {
    /// SQLite or the connection to it failed.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored value cannot be read back.
    #[error("the database holds {what} that cannot be read: {why}")]
    Damaged {
        /// The kind of value, with its article, such as `a parcel`.
        what: &'static str,
        /// What is wrong with it, in words.
        why: String,
    },
    /// The database was written by an earlier Candor, whose tables were others.
    #[error(
        "this data folder was written by an earlier Candor and cannot be read: name a new folder with --data"
    )]
    Earlier,
    /// The file is something else.
    #[error("this is no database of a back office: name another folder with --data")]
    Foreign,
    /// The database was written by a newer Candor.
    #[error(
        "this data folder was written by a newer Candor (layout {found}, this program knows {known}): use a newer candor-backoffice"
    )]
    TooNew {
        /// The layout that the file has.
        found: i64,
        /// The newest layout that this program knows.
        known: i64,
    },
    /// Too many wait to write already. Nothing was done.
    #[error("too many wait to write to the database")]
    Busy,
    /// What was written is not on the disk. Nothing of it counts.
    #[error("the database did not keep what was written: {0}. Is the disk full?")]
    NotCommitted(std::sync::Arc<str>),
    /// A part of the work ended early; the log says why.
    #[error("the work broke off")]
    BrokenOff,
    /// A number is above SQLite's largest, 2⁶³ − 1.
    #[error("{0} is too large")]
    TooLarge(&'static str),
    /// The system gave no randomness for a new secret.
    #[error(transparent)]
    NoRandomness(#[from] crate::secrets::NoRandomness),
}
