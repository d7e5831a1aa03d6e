//! The back office's memory: one SQLite database. Every statement of SQL stands in this module.
//!
//! Writes that acknowledge something run in one transaction and are synced before they return (`synchronous = FULL`
//! with a write-ahead log), so that an answer that a device has seen is still true after a loss of power. Other
//! processes, such as the command line, may use the database at the same time.

mod accounts;
mod contracts;
mod devices;
mod erasures;
mod keep;
mod parcels;
mod schema;

use std::path::Path;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub use accounts::{Account, NewAccount, Role};
pub use contracts::{Contract, TermsChange};
pub use devices::Device;
pub use keep::{Incoming, PutOutcome};
pub use parcels::{Attachment, Delivery, FactsRow, Newest, StoredAttachment, Superseded};

use crate::limits;

/// The database did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database itself.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored value cannot be read back.
    #[error("the database holds {what} that cannot be read: {why}")]
    Damaged {
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The database was written by a newer Candor.
    #[error("the database has layout {found}, this program knows {known}: use a newer candor-backoffice")]
    TooNew {
        /// Layout of the file.
        found: i64,
        /// Newest layout known.
        known: i64,
    },
    /// A number does not fit the database.
    #[error("{0} is too large")]
    TooLarge(&'static str),
    /// No randomness for a new secret.
    #[error(transparent)]
    NoRandomness(#[from] crate::secrets::NoRandomness),
}

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the database, making or updating its tables.
    ///
    /// # Errors
    /// [`StoreError`] where the file cannot be opened, or was written by a newer Candor.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(limits::DATABASE_BUSY)
            .pragma("temp_store", "memory")
            .pragma("secure_delete", "on");
        let pool = SqlitePoolOptions::new()
            .max_connections(limits::DATABASE_CONNECTIONS)
            .connect_with(options)
            .await?;
        schema::bring_up_to_date(&pool).await?;
        Ok(Self { pool })
    }

    /// Closes the database; waits for what is under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that takes the write lock at once: one that read first and then wants to write could fail midway.
    async fn write(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// SQLite's integers are signed.
fn signed(value: u64, what: &'static str) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::TooLarge(what))
}

/// Back again.
fn unsigned(value: i64, what: &'static str) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Damaged { what, why: "it is negative".to_owned() })
}
