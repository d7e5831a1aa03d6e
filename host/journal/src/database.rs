//! The one connection, and when its writes are committed.
//!
//! Batched writes go into an open transaction that is committed once a second, without a sync (in WAL mode a crash of
//! the machine then loses the last moments and damages nothing). Synced writes are a transaction of their own under
//! `synchronous=FULL`; the sync covers all batches before it, since they are in the same file.
//!
//! SQLite rolls a whole transaction back when the disk is full. Records that already have a place in the chain must not
//! vanish then, so the statements of the open batch are kept until they are committed, and replayed into the next
//! transaction. The batch is bounded: while the disk stays full, new writes are refused.

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

/// A batch of this many statements is committed before its second is over.
const BATCH_STATEMENTS: usize = 4_096;

/// A batch of this many bytes is committed before its second is over.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// The number of free pages (of 4 KiB) from which on they are given back to the file system when the journal is opened.
const FREE_PAGES: i64 = 1_024;

/// Where the time went, since the journal was opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct JournalStats {
    /// The commits of batches, which do not sync.
    pub batches: u64,
    /// The time that the commits of batches took.
    pub batch_time: Duration,
    /// The commits that were on the disk when they returned.
    pub synced: u64,
    /// The time that the synced commits took: nearly all of it is the sync of the file.
    pub synced_time: Duration,
    /// The syncs of blob files and their folders.
    pub blob_syncs: u64,
    /// The time that the syncs of blob files and folders took.
    pub blob_sync_time: Duration,
}

/// A value that is bound to a statement.
#[derive(Clone, Debug)]
pub(crate) enum SqlValue {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<i64> for SqlValue {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<u8>> for SqlValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<SqlValue>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A statement with its values. It is replayed after a rollback, so it must depend on nothing but the database.
#[derive(Clone, Debug)]
pub(crate) struct SqlStatement {
    sql: &'static str,
    values: Vec<SqlValue>,
}

impl SqlStatement {
    pub(crate) fn new<const N: usize>(sql: &'static str, values: [SqlValue; N]) -> Self {
        Self { sql, values: values.into() }
    }

    fn bytes(&self) -> usize {
        let of = |value: &SqlValue| match value {
            SqlValue::Null | SqlValue::Int(_) => 16,
            SqlValue::Text(text) => text.len(),
            SqlValue::Bytes(bytes) => bytes.len(),
        };
        64 + self.values.iter().map(of).sum::<usize>()
    }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

fn query(sql: &'static str, values: Vec<SqlValue>) -> Query<'static> {
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        SqlValue::Null => query.bind(None::<i64>),
        SqlValue::Int(number) => query.bind(number),
        SqlValue::Text(text) => query.bind(text),
        SqlValue::Bytes(bytes) => query.bind(bytes),
    })
}

/// What a row is read as: a tuple, or a struct whose fields are named like the columns.
pub(crate) trait ReadRow: for<'r> FromRow<'r, SqliteRow> {}

impl<T: for<'r> FromRow<'r, SqliteRow>> ReadRow for T {}

/// The connection, and its open batch.
pub(crate) struct Database {
    connection: SqliteConnection,
    /// Whether a transaction is open; it holds what is in `batch`.
    in_transaction: bool,
    /// The statements that were written and not yet committed.
    batch: Vec<SqlStatement>,
    batch_bytes: usize,
    /// Whether the last commit of a batch failed.
    commit_failed: bool,
    /// Whether something was committed since the last synced commit.
    unsynced: bool,
    /// Whether erased bytes may still be in the write-ahead log.
    erased_in_log: bool,
    /// Notified when there is something for [`Self::commit_and_clean`] to do.
    work_pending: Arc<Notify>,
    pub(crate) stats: JournalStats,
}

impl Database {
    /// Opens the file, which must exist (SQLite gives its permissions to its log). When `work_pending` is notified, call
    /// [`Self::commit_and_clean`] a second later.
    pub(crate) async fn open(path: &Path, work_pending: Arc<Notify>) -> Result<Self, JournalError> {
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
        schema::create_or_check(&mut connection, path).await?;
        let mut database = Self {
            connection,
            in_transaction: false,
            batch: Vec::new(),
            batch_bytes: 0,
            commit_failed: false,
            unsynced: false,
            erased_in_log: false,
            work_pending,
            stats: JournalStats::default(),
        };
        let (free,): (i64,) = database.one("PRAGMA freelist_count", []).await?;
        if free > FREE_PAGES {
            database.execute("PRAGMA incremental_vacuum").await?;
        }
        // A crash may have come between the commit of an erasure and the emptying of the log.
        database.empty_log().await?;
        Ok(database)
    }

    /// Reads rows undecoded, including those of the open batch.
    pub(crate) async fn raw_rows<const N: usize>(
        &mut self,
        sql: &'static str,
        values: [SqlValue; N],
    ) -> Result<Vec<SqliteRow>, JournalError> {
        self.replay_batch().await?;
        Ok(query(sql, values.into()).fetch_all(&mut self.connection).await?)
    }

    /// Reads rows, including those of the open batch.
    pub(crate) async fn rows<T: ReadRow, const N: usize>(
        &mut self,
        sql: &'static str,
        values: [SqlValue; N],
    ) -> Result<Vec<T>, JournalError> {
        let rows = self.raw_rows(sql, values).await?;
        Ok(rows.iter().map(T::from_row).collect::<Result<_, _>>()?)
    }

    /// Reads at most one row.
    pub(crate) async fn maybe<T: ReadRow, const N: usize>(
        &mut self,
        sql: &'static str,
        values: [SqlValue; N],
    ) -> Result<Option<T>, JournalError> {
        self.replay_batch().await?;
        let row = query(sql, values.into()).fetch_optional(&mut self.connection).await?;
        Ok(row.as_ref().map(T::from_row).transpose()?)
    }

    /// Reads exactly one row.
    pub(crate) async fn one<T: ReadRow, const N: usize>(
        &mut self,
        sql: &'static str,
        values: [SqlValue; N],
    ) -> Result<T, JournalError> {
        self.maybe(sql, values).await?.ok_or_else(|| JournalError::Damaged("a row is missing".to_owned()))
    }

    /// Whether there is a row.
    pub(crate) async fn exists<const N: usize>(
        &mut self,
        sql: &'static str,
        values: [SqlValue; N],
    ) -> Result<bool, JournalError> {
        Ok(!self.raw_rows(sql, values).await?.is_empty())
    }

    /// Writes all of `statements` or none, within the batch.
    pub(crate) async fn write(&mut self, statements: Vec<SqlStatement>) -> Result<(), JournalError> {
        if self.commit_failed || self.batch.len() >= BATCH_STATEMENTS || self.batch_bytes >= BATCH_BYTES {
            self.commit().await?;
        }
        self.replay_batch().await?;
        self.begin().await?;
        self.apply(&statements).await?;
        self.batch_bytes += statements.iter().map(SqlStatement::bytes).sum::<usize>();
        self.batch.extend(statements);
        self.work_pending.notify_one();
        Ok(())
    }

    /// Writes all of `statements` or none, in a transaction of its own that is synced when this returns. The batch is
    /// committed first.
    pub(crate) async fn write_synced(&mut self, statements: Vec<SqlStatement>) -> Result<(), JournalError> {
        self.commit().await?;
        self.execute("PRAGMA synchronous = FULL").await?;
        let written = self.synced_transaction(&statements).await;
        if let Err(error) = self.execute("PRAGMA synchronous = NORMAL").await {
            // Every batch is synced from now on: slower, and as safe.
            tracing::warn!(%error, "the journal stays synchronous");
        }
        written
    }

    async fn synced_transaction(&mut self, statements: &[SqlStatement]) -> Result<(), JournalError> {
        self.begin().await?;
        self.apply(statements).await?;
        let before = Instant::now();
        let committed = self.execute("COMMIT").await;
        self.stats.synced += 1;
        self.stats.synced_time += before.elapsed();
        self.in_transaction = false;
        if committed.is_err() {
            self.roll_back().await;
        } else {
            self.unsynced = false;
        }
        committed
    }

    /// Commits the batch. It then survives a crash of the process, but not yet one of the machine.
    pub(crate) async fn commit(&mut self) -> Result<(), JournalError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.replay_batch().await.inspect_err(|_| self.commit_failed = true)?;
        let before = Instant::now();
        let committed = self.execute("COMMIT").await;
        self.stats.batches += 1;
        self.stats.batch_time += before.elapsed();
        self.in_transaction = false;
        self.commit_failed = committed.is_err();
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
            self.write_synced(vec![SqlStatement::new(touch, [])]).await?;
        }
        Ok(())
    }

    /// Empties the log, which may hold erased bytes. If that fails, [`Self::commit_and_clean`] retries it.
    pub(crate) async fn empty_log_of_erased(&mut self) -> Result<(), JournalError> {
        self.erased_in_log = true;
        self.work_pending.notify_one();
        self.empty_log().await
    }

    /// Does what has to be done a second after something was written. If it fails, it asks to be called again.
    pub(crate) async fn commit_and_clean(&mut self) -> Result<(), JournalError> {
        let committed = match self.commit().await {
            Ok(()) if self.erased_in_log => self.empty_log().await,
            committed => committed,
        };
        committed.inspect_err(|_| self.work_pending.notify_one())
    }

    /// Moves the write-ahead log into the database and cuts it to nothing.
    async fn empty_log(&mut self) -> Result<(), JournalError> {
        self.commit().await?;
        let (busy, _, _): (i64, i64, i64) = self.one("PRAGMA wal_checkpoint(TRUNCATE)", []).await?;
        if busy != 0 {
            return Err(JournalError::Database(sqlx::Error::Protocol("the log is in use".to_owned())));
        }
        self.erased_in_log = false;
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
        if !self.in_transaction {
            self.execute("BEGIN IMMEDIATE").await?;
            self.in_transaction = true;
        }
        Ok(())
    }

    /// Brings back what the batch had written, if it was rolled back.
    async fn replay_batch(&mut self) -> Result<(), JournalError> {
        if self.in_transaction || self.batch.is_empty() {
            return Ok(());
        }
        self.begin().await?;
        let batch = std::mem::take(&mut self.batch);
        let applied = self.apply(&batch).await;
        self.batch = batch;
        applied
    }

    async fn apply(&mut self, statements: &[SqlStatement]) -> Result<(), JournalError> {
        for statement in statements {
            let done = query(statement.sql, statement.values.clone()).execute(&mut self.connection).await;
            if let Err(error) = done {
                self.roll_back().await;
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Rolls the transaction back. After some errors SQLite has done so already; then there is none to roll back.
    async fn roll_back(&mut self) {
        self.in_transaction = false;
        drop(self.execute("ROLLBACK").await);
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), JournalError> {
        sqlx::query(sql).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Lets the file grow to `pages` and no further, which is a full disk for tests.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&mut self, pages: u32) -> Result<(), JournalError> {
        let sql = format!("PRAGMA max_page_count = {pages}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut self.connection).await?;
        Ok(())
    }
}
