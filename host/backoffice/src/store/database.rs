//! The one SQLite database: how it is opened and how a write begins.

use std::path::Path;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::error::OfficeStoreError;
use super::migrations;
use crate::limits;

/// The database of one data folder. Clones share its connections.
#[derive(Clone, Debug)]
pub struct OfficeStore {
    pub(super) pool: SqlitePool,
}

impl OfficeStore {
    /// Opens the database, making or updating its tables.
    ///
    /// # Errors
    /// [`OfficeStoreError`] if the file cannot be opened, or was written by a newer Candor.
    pub async fn open(path: &Path) -> Result<Self, OfficeStoreError> {
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
        migrations::migrate(&pool).await?;
        Ok(Self { pool })
    }

    /// Closes the database; waits for what is under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Begins a transaction that takes the write lock at once: one that read first and then wants to write could fail
    /// midway.
    pub(super) async fn begin_write(
        &self,
    ) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, OfficeStoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Returns a number as SQLite holds it: its integers are signed. `what` names the number in the error.
pub(super) fn to_signed(value: u64, what: &'static str) -> Result<i64, OfficeStoreError> {
    i64::try_from(value).map_err(|_| OfficeStoreError::TooLarge(what))
}
