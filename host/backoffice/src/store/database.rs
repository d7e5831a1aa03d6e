//! The one SQLite database: how it is opened and how a write begins.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};

use super::error::OfficeStoreError;
use super::migrations;
use super::writes::WriteQueue;
use super::writes::WriteTurn;
use crate::limits;

/// The database of one data folder. Clones share its connections.
#[derive(Clone, Debug)]
pub struct OfficeStore {
    pub(super) pool: SqlitePool,
    pub(super) writes: WriteQueue,
    options: SqliteConnectOptions,
}

impl OfficeStore {
    /// Opens the database, making or updating its tables.
    ///
    /// # Errors
    /// [`OfficeStoreError::Foreign`], [`OfficeStoreError::Earlier`] and [`OfficeStoreError::TooNew`] if the file is not
    /// what this program writes, and is left as it is; [`OfficeStoreError`] if it cannot be opened.
    pub async fn open(path: &Path) -> Result<Self, OfficeStoreError> {
        refuse_other_file(path).await?;
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
            // There is no network in between that could have broken.
            .test_before_acquire(false)
            // One whose transaction could not be rolled back, because SQLite had done so on a full disk, would begin
            // none any more.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options.clone())
            .await?;
        migrations::migrate(&pool).await?;
        Ok(Self { writes: WriteQueue::new(pool.clone()), pool, options })
    }

    /// Closes the database; waits for what is under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Waits for the turn to write. Nobody else writes until it is committed or dropped.
    pub(super) async fn begin_write(&self) -> Result<WriteTurn, OfficeStoreError> {
        self.writes.take_turn().await
    }

    /// The same for what devices deliver, which waits only as long as there is a place to wait:
    /// [`OfficeStoreError::Busy`].
    pub(super) async fn begin_delivery(&self) -> Result<WriteTurn, OfficeStoreError> {
        self.writes.take_bounded_turn().await
    }

    /// Opens a connection of its own that waits for nobody longer than this.
    pub(super) async fn connect_apart(&self, wait: Duration) -> Result<SqliteConnection, OfficeStoreError> {
        Ok(self.options.clone().busy_timeout(wait).connect().await?)
    }
}

/// Refuses a file that is there and not what this program writes, before anything is set in it.
async fn refuse_other_file(path: &Path) -> Result<(), OfficeStoreError> {
    if !path.exists() {
        return Ok(());
    }
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(limits::DATABASE_BUSY);
    let mut connection = options.connect().await.map_err(foreign_or_failed)?;
    migrations::refuse_other(&mut connection).await.map_err(|error| match error {
        OfficeStoreError::Database(error) => foreign_or_failed(error),
        other => other,
    })?;
    connection.close().await?;
    Ok(())
}

fn foreign_or_failed(error: sqlx::Error) -> OfficeStoreError {
    /// SQLite's code for a file that is no database.
    const SQLITE_NOTADB: &str = "26";
    let code = error.as_database_error().and_then(|e| e.code());
    if code.as_deref() == Some(SQLITE_NOTADB) {
        OfficeStoreError::Foreign
    } else {
        OfficeStoreError::Database(error)
    }
}

/// Returns a number as SQLite holds it: its integers are signed. `what` names the number in the error.
pub(super) fn to_signed(value: u64, what: &'static str) -> Result<i64, OfficeStoreError> {
    i64::try_from(value).map_err(|_| OfficeStoreError::TooLarge(what))
}

/// Returns a list as SQLite's `json_each` reads it: a statement has no other way to take any number of values.
pub(super) fn json_list(values: &[&str]) -> String {
    serde_json::Value::from(values).to_string()
}
