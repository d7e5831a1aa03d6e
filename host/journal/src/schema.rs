//! The database's tables. `user_version` says which version of them a file has.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use crate::JournalError;

/// Marks the file as a journal: 'Cndr'.
const APPLICATION_ID: i64 = 0x436e_6472;

/// The one schema that this version reads. Nothing was released under an earlier one, so none is converted.
pub(crate) const SCHEMA: i64 = 3;

// Wrapped secrets have a table of their own, with rows of one size that are only ever appended and overwritten in place:
// SQLite then never moves one, so that overwriting leaves no copy in some page's slack.
const TABLES: &str = "
     CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
     CREATE TABLE secret (id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;
     CREATE TABLE record (
         sequence INTEGER PRIMARY KEY,
         kind TEXT NOT NULL,
         contract TEXT,
         at INTEGER NOT NULL,
         commitment BLOB NOT NULL,
         head BLOB NOT NULL,
         secret INTEGER NOT NULL REFERENCES secret (id),
         erased_by INTEGER,
         body BLOB
     ) STRICT;
     CREATE INDEX record_at ON record (at);
     CREATE TABLE blob (
         id TEXT PRIMARY KEY,
         secret INTEGER NOT NULL REFERENCES secret (id),
         description BLOB
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE outbox (
         parcel TEXT PRIMARY KEY,
         contract TEXT NOT NULL,
         segment_start INTEGER NOT NULL,
         revision INTEGER NOT NULL,
         sequence INTEGER NOT NULL UNIQUE REFERENCES record (sequence),
         target TEXT NOT NULL,
         state TEXT NOT NULL,
         hold_until INTEGER NOT NULL,
         attempts INTEGER NOT NULL,
         next_try_at INTEGER NOT NULL,
         settled_at INTEGER,
         attachments TEXT NOT NULL,
         detail_count INTEGER NOT NULL,
         secret INTEGER NOT NULL REFERENCES secret (id),
         last_error BLOB,
         receipt BLOB,
         envelope BLOB,
         UNIQUE (contract, segment_start, revision)
     ) STRICT;
     CREATE INDEX outbox_open ON outbox (sequence) WHERE state IN ('held', 'waiting');
     CREATE TABLE detail (
         parcel TEXT NOT NULL REFERENCES outbox (parcel),
         place INTEGER NOT NULL,
         name TEXT NOT NULL,
         kind TEXT NOT NULL,
         secret INTEGER NOT NULL REFERENCES secret (id),
         length INTEGER NOT NULL,
         sealed BLOB,
         UNIQUE (parcel, place),
         UNIQUE (parcel, name)
     ) STRICT;
     CREATE TABLE store (
         plugin TEXT NOT NULL,
         name BLOB NOT NULL,
         sealed BLOB NOT NULL,
         PRIMARY KEY (plugin, name)
     ) STRICT, WITHOUT ROWID;";

/// Creates the tables in a new file; refuses a database of another version, and one of another program.
pub(crate) async fn create_or_check(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), JournalError> {
    let version = pragma(connection, "PRAGMA user_version").await?;
    let application = pragma(connection, "PRAGMA application_id").await?;
    let tables = pragma(connection, "SELECT count(*) FROM sqlite_schema").await?;
    if application != APPLICATION_ID && (tables > 0 || version != 0) {
        return Err(JournalError::NotAJournal(path.to_owned()));
    }
    if version > SCHEMA {
        return Err(JournalError::NewerSchema { found: version, known: SCHEMA });
    }
    if version == SCHEMA {
        return Ok(());
    }
    if tables > 0 || version != 0 {
        return Err(JournalError::OlderSchema(path.to_owned()));
    }
    let whole = format!(
        "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA}; COMMIT;"
    );
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(whole)).execute(&mut *connection).await {
        // If it began no transaction, or that is over, there is none to roll back.
        drop(sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await);
        return Err(error.into());
    }
    Ok(())
}

async fn pragma(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, JournalError> {
    Ok(sqlx::query(sql).fetch_one(connection).await?.try_get(0)?)
}
