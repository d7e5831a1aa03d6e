//! The one connection, and what of it is committed when.
//!
//! Batched writes go into an open transaction that is committed once a second, without a sync (in WAL mode a crash of
//! the machine then loses the last moments and damages nothing). Synced writes are a transaction of their own under
//! `synchronous=FULL`; the sync covers all batches before it, since they are in the same file.
//!
//! SQLite rolls a whole transaction back when the disk is full. Records that were handed a place in the chain must not
//! vanish by that, so the statements of the open batch are kept until they are committed, and played again into the
//! next transaction. What piles up is bounded: while the disk stays full, new writes are refused.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::sqlite::{
    SqliteArguments, SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode,
    SqliteLockingMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, FromRow, Sqlite};
use tokio::sync::Notify;

use crate::{JournalError, schema};

/// A batch is committed before its second is over when it holds this many statements,
const BATCH_STATEMENTS: usize = 4_096;

/// or this many bytes.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Free pages (of 4 KiB) that are given back to the file system when the journal is opened.
const FREE_PAGES: i64 = 1_024;

/// Where the time went, since the journal was opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Commits of batches, which do not sync.
    pub batches: u64,
    /// Time that they took.
    pub batch_time: Duration,
    /// Synced commits.
    pub synced: u64,
    /// Time that the commits themselves took: nearly all of it is the sync of the file.
    pub synced_time: Duration,
    /// Syncs of blob files and their folders.
    pub blob_syncs: u64,
    /// Time that they took.
    pub blob_sync_time: Duration,
}

/// A value for a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A statement with its values. Played again after a rollback, so it must not depend on anything but the database.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    sql: &'static str,
    values: Vec<Value>,
}

impl Statement {
    pub(crate) fn new<const N: usize>(sql: &'static str, values: [Value; N]) -> Self {
        Self { sql, values: values.into() }
    }

    fn bytes(&self) -> usize {
        let of = |value: &Value| match value {
            Value::Null | Value::Int(_) => 16,
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
        };
        64 + self.values.iter().map(of).sum::<usize>()
    }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

fn query(sql: &'static str, values: Vec<Value>) -> Query<'static> {
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Null => query.bind(None::<i64>),
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

/// What a row is read as: a tuple, or a struct whose fields are named like the columns.
pub(crate) trait ReadRow: for<'r> FromRow<'r, SqliteRow> {}

impl<T: for<'r> FromRow<'r, SqliteRow>> ReadRow for T {}

/// The connection.
pub(crate) struct Database {
    connection: SqliteConnection,
    /// A transaction is open, and holds what is in `batch`.
    open: bool,
    /// Written and not yet committed.
    batch: Vec<Statement>,
    batch_bytes: usize,
    /// The last commit of a batch failed.
    stuck: bool,
    /// Something was committed since the last synced commit.
    unsynced: bool,
    /// Erased bytes may still be in the write-ahead log.
    residue: bool,
    /// Told when there is something for [`Self::tend`] to do.
    untended: Arc<Notify>,
    pub(crate) stats: Stats,
}

impl Database {
    /// Opens the file, which exists (with the permissions that SQLite then gives to its log, too). `untended` is told
    /// when a second later [`Self::tend`] is to be called.
    pub(crate) async fn open(path: &Path, untended: Arc<Notify>) -> Result<Self, JournalError> {
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .locking_mode(SqliteLockingMode::Exclusive)
            .auto_vacuum(SqliteAutoVacuum::Incremental)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("temp_store", "MEMORY")
            .pragma("secure_delete", "ON")
            .pragma("trusted_schema", "OFF")
            .pragma("cell_size_check", "ON")
            .disable_statement_logging()
            .connect()
            .await?;
        schema::migrate(&mut connection, path).await?;
        let mut database = Self {
            connection,
            open: false,
            batch: Vec::new(),
            batch_bytes: 0,
            stuck: false,
            unsynced: false,
            residue: false,
            untended,
            stats: Stats::default(),
        };
        let (free,): (i64,) = database.one("PRAGMA freelist_count", []).await?;
        if free > FREE_PAGES {
            database.execute("PRAGMA incremental_vacuum").await?;
        }
        // Erasures whose crash came between their commit and the emptying of the log.
        database.empty_log().await?;
        Ok(database)
    }

    /// Reads rows as they are, those of the open batch included.
    pub(crate) async fn raw_rows<const N: usize>(
        &mut self,
        sql: &'static str,
        values: [Value; N],
    ) -> Result<Vec<SqliteRow>, JournalError> {
        self.replay_batch().await?;
        Ok(query(sql, values.into()).fetch_all(&mut self.connection).await?)
    }

    /// Reads rows, those of the open batch included.
    pub(crate) async fn rows<T: ReadRow, const N: usize>(
        &mut self,
        sql: &'static str,
        values: [Value; N],
    ) -> Result<Vec<T>, JournalError> {
        let rows = self.raw_rows(sql, values).await?;
        Ok(rows.iter().map(T::from_row).collect::<Result<_, _>>()?)
    }

    /// Reads at most one row.
    pub(crate) async fn maybe<T: ReadRow, const N: usize>(
        &mut self,
        sql: &'static str,
        values: [Value; N],
    ) -> Result<Option<T>, JournalError> {
        self.replay_batch().await?;
        let row = query(sql, values.into()).fetch_optional(&mut self.connection).await?;
        Ok(row.as_ref().map(T::from_row).transpose()?)
    }

    /// Reads exactly one row.
    pub(crate) async fn one<T: ReadRow, const N: usize>(
        &mut self,
        sql: &'static str,
        values: [Value; N],
    ) -> Result<T, JournalError> {
        self.maybe(sql, values).await?.ok_or_else(|| JournalError::Damaged("a row is missing".to_owned()))
    }

    /// Whether there is a row.
    pub(crate) async fn exists<const N: usize>(
        &mut self,
        sql: &'static str,
        values: [Value; N],
    ) -> Result<bool, JournalError> {
        Ok(!self.raw_rows(sql, values).await?.is_empty())
    }

    /// Writes within the batch: all of `statements` or none.
    pub(crate) async fn write(&mut self, statements: Vec<Statement>) -> Result<(), JournalError> {
        if self.stuck || self.batch.len() >= BATCH_STATEMENTS || self.batch_bytes >= BATCH_BYTES {
            self.commit().await?;
        }
        self.replay_batch().await?;
        self.begin().await?;
        self.apply(&statements).await?;
        self.batch_bytes += statements.iter().map(Statement::bytes).sum::<usize>();
        self.batch.extend(statements);
        self.untended.notify_one();
        Ok(())
    }

    /// Writes in a transaction of its own, synced when this returns: all of `statements` or none. The batch is
    /// committed first.
    pub(crate) async fn write_synced(&mut self, statements: Vec<Statement>) -> Result<(), JournalError> {
        self.commit().await?;
        self.execute("PRAGMA synchronous = FULL").await?;
        let written = self.synced_transaction(&statements).await;
        if let Err(error) = self.execute("PRAGMA synchronous = NORMAL").await {
            // Every batch is synced from now on: slower, and as safe.
            tracing::warn!(%error, "the journal stays synchronous");
        }
        written
    }

    async fn synced_transaction(&mut self, statements: &[Statement]) -> Result<(), JournalError> {
        self.begin().await?;
        self.apply(statements).await?;
        let before = Instant::now();
        let committed = self.execute("COMMIT").await;
        self.stats.synced += 1;
        self.stats.synced_time += before.elapsed();
        self.open = false;
        if committed.is_err() {
            self.roll_back().await;
        } else {
            self.unsynced = false;
        }
        committed
    }

    /// Commits the batch. It is on its way to the disk then, and survives a crash of the process.
    pub(crate) async fn commit(&mut self) -> Result<(), JournalError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.replay_batch().await.inspect_err(|_| self.stuck = true)?;
        let before = Instant::now();
        let committed = self.execute("COMMIT").await;
        self.stats.batches += 1;
        self.stats.batch_time += before.elapsed();
        self.open = false;
        self.stuck = committed.is_err();
        if committed.is_err() {
            self.roll_back().await;
        } else {
            self.batch.clear();
            self.batch_bytes = 0;
            self.unsynced = true;
        }
        committed
    }

    /// Commits and syncs all that was written.
    pub(crate) async fn sync(&mut self) -> Result<(), JournalError> {
        self.commit().await?;
        if self.unsynced {
            // SQLite syncs with a commit, so there has to be something to commit.
            let touch = "INSERT INTO meta VALUES ('synced', zeroblob(1)) ON CONFLICT DO UPDATE SET value = zeroblob(1)";
            self.write_synced(vec![Statement::new(touch, [])]).await?;
        }
        Ok(())
    }

    /// Says that erased bytes may be in the log, and empties it. Where that fails it is tried again by [`Self::tend`].
    pub(crate) async fn wipe(&mut self) -> Result<(), JournalError> {
        self.residue = true;
        self.untended.notify_one();
        self.empty_log().await
    }

    /// What has to be done a second after something was written. Asks to be called again where it fails.
    pub(crate) async fn tend(&mut self) -> Result<(), JournalError> {
        let tended = match self.commit().await {
            Ok(()) if self.residue => self.empty_log().await,
            committed => committed,
        };
        tended.inspect_err(|_| self.untended.notify_one())
    }

    /// Moves the write-ahead log into the database and cuts it to nothing.
    async fn empty_log(&mut self) -> Result<(), JournalError> {
        self.commit().await?;
        let (busy, _, _): (i64, i64, i64) = self.one("PRAGMA wal_checkpoint(TRUNCATE)", []).await?;
        if busy != 0 {
            return Err(JournalError::Database(sqlx::Error::Protocol("the log is in use".to_owned())));
        }
        self.residue = false;
        self.unsynced = false;
        Ok(())
    }

    /// Commits, syncs, and closes the file.
    pub(crate) async fn close(mut self) -> Result<(), JournalError> {
        self.commit().await?;
        self.empty_log().await?;
        Ok(self.connection.close().await?)
    }

    async fn begin(&mut self) -> Result<(), JournalError> {
        if !self.open {
            self.execute("BEGIN IMMEDIATE").await?;
            self.open = true;
        }
        Ok(())
    }

    /// After a rollback: brings back what the batch had written.
    async fn replay_batch(&mut self) -> Result<(), JournalError> {
        if self.open || self.batch.is_empty() {
            return Ok(());
        }
        self.begin().await?;
        let batch = std::mem::take(&mut self.batch);
        let applied = self.apply(&batch).await;
        self.batch = batch;
        applied
    }

    async fn apply(&mut self, statements: &[Statement]) -> Result<(), JournalError> {
        for statement in statements {
            let done = query(statement.sql, statement.values.clone()).execute(&mut self.connection).await;
            if let Err(error) = done {
                self.roll_back().await;
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Leaves the transaction. Some errors have made SQLite do so already; then there is none to roll back.
    async fn roll_back(&mut self) {
        self.open = false;
        drop(self.execute("ROLLBACK").await);
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), JournalError> {
        sqlx::query(sql).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Lets the file grow to `pages` and no further: a full disk for tests.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&mut self, pages: u32) -> Result<(), JournalError> {
        let sql = format!("PRAGMA max_page_count = {pages}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut self.connection).await?;
        Ok(())
    }
}
