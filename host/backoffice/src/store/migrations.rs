//! The tables: the SQL files of `migrations/`, built into the program and applied in order by sqlx, which notes each with
//! its digest in `_sqlx_migrations`. A file that was once released is never changed; what changes is a further file.
//! Before the first release the one file changes in place, and a database that was made by another form of it is refused.
//!
//! `application_id` says that the file is a back office's, `user_version` the layout that it has: the number of the last
//! file applied.
//!
//! `sqlx::migrate!` would read the folder itself, but compiles sqlx and SQLite a second time for the compiler.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqliteConnection};

use super::error::OfficeStoreError;

/// The files in their order.
const MIGRATIONS: [(i64, &str, &str); 1] = [(1, "schema", include_str!("../../migrations/0001_schema.sql"))];

/// The layout of a database to which all of them were applied.
const LAYOUT: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// Marks the file as a back office's: 'Cnbo'.
const APPLICATION_ID: i64 = 0x436e_626f;

/// Creates or updates the tables, all or nothing.
///
/// # Errors
/// What [`refuse_other`] refuses, [`OfficeStoreError::TooNew`] and [`OfficeStoreError::Earlier`] if the database was made
/// by other files than these, [`OfficeStoreError`] of the database.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), OfficeStoreError> {
    // For SQLite, sqlx takes no lock: two processes that open a new folder at once wait for each other here.
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    refuse_other(&mut tx).await?;
    let migrations = MIGRATIONS.into_iter().map(|(number, description, sql)| {
        Migration::new(number, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect()).run(&mut *tx).await.map_err(migration_error)?;
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {LAYOUT};");
    sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}

/// Refuses a database that this program cannot use. Changes nothing.
///
/// # Errors
/// [`OfficeStoreError::Foreign`] if it is no back office's, [`OfficeStoreError::Earlier`] or
/// [`OfficeStoreError::TooNew`] if it is one of another layout, [`OfficeStoreError`] of the database.
pub(super) async fn refuse_other(connection: &mut SqliteConnection) -> Result<(), OfficeStoreError> {
    let application = pragma(connection, "PRAGMA application_id").await?;
    let layout = pragma(connection, "PRAGMA user_version").await?;
    if application == APPLICATION_ID {
        return match layout {
            LAYOUT => Ok(()),
            newer if newer > LAYOUT => Err(OfficeStoreError::TooNew { found: newer, known: LAYOUT }),
            _ => Err(OfficeStoreError::Earlier),
        };
    }
    // Before they were marked, they had these.
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('accounts', 'contracts', 'parcels')";
    if application == 0 && pragma(connection, tables).await? == 3 {
        return Err(OfficeStoreError::Earlier);
    }
    let empty = pragma(connection, "SELECT count(*) FROM sqlite_schema").await? == 0;
    if application == 0 && layout == 0 && empty { Ok(()) } else { Err(OfficeStoreError::Foreign) }
}

async fn pragma(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, OfficeStoreError> {
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

fn migration_error(error: MigrateError) -> OfficeStoreError {
    match error {
        MigrateError::VersionMissing(found) => OfficeStoreError::TooNew { found, known: LAYOUT },
        MigrateError::VersionMismatch(_) => OfficeStoreError::Earlier,
        other => OfficeStoreError::Database(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;
    use crate::store::OfficeStore;

    async fn open(path: &Path) -> SqlitePool {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        SqlitePool::connect_with(options).await.unwrap()
    }

    async fn number(pool: &SqlitePool, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
    }

    #[tokio::test]
    async fn the_tables_are_made_once_even_if_two_open_a_new_folder_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backoffice.db");
        let (one, other) = (open(&path).await, open(&path).await);
        let (first, second) = tokio::join!(migrate(&one), migrate(&other));
        first.unwrap();
        second.unwrap();
        migrate(&one).await.unwrap();
        assert_eq!(number(&one, "SELECT count(*) FROM _sqlx_migrations").await, 1);
        assert_eq!(number(&one, "PRAGMA application_id").await, APPLICATION_ID);
        assert_eq!(number(&one, "PRAGMA user_version").await, LAYOUT);
    }

    /// What opening says of a database that was prepared like this, and whether the file is as it was.
    async fn opened(prepare: &'static str) -> (String, bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backoffice.db");
        let pool = open(&path).await;
        sqlx::raw_sql(prepare).execute(&pool).await.unwrap();
        pool.close().await;
        let before = std::fs::read(&path).unwrap();
        let said = match OfficeStore::open(&path).await {
            Ok(store) => {
                store.close().await;
                "opened".to_owned()
            }
            Err(error) => error.to_string(),
        };
        (said, std::fs::read(&path).unwrap() == before)
    }

    #[tokio::test]
    async fn a_database_of_another_program_or_layout_is_refused_in_one_sentence_and_left_as_it_is() {
        const EARLIER: &str = "this data folder was written by an earlier Candor and cannot be read: name a new folder with --data";
        const FOREIGN: &str = "this is no database of a back office: name another folder with --data";
        for (prepare, sentence) in [
            // As the last form of it was, before databases were marked.
            (
                "CREATE TABLE accounts (id TEXT); CREATE TABLE contracts (id TEXT); CREATE TABLE parcels (id TEXT);
                 CREATE TABLE _sqlx_migrations (version BIGINT);",
                EARLIER,
            ),
            ("PRAGMA application_id = 0x436e626f; PRAGMA user_version = 0; CREATE TABLE a (b);", EARLIER),
            ("CREATE TABLE notes (text TEXT);", FOREIGN),
            ("PRAGMA user_version = 7;", FOREIGN),
            // A tracker's journal.
            ("PRAGMA application_id = 0x436e6472; PRAGMA user_version = 1; CREATE TABLE meta (a);", FOREIGN),
            (
                "PRAGMA application_id = 0x436e626f; PRAGMA user_version = 2; CREATE TABLE a (b);",
                "this data folder was written by a newer Candor (layout 2, this program knows 1): use a newer candor-backoffice",
            ),
        ] {
            assert_eq!(opened(prepare).await, (sentence.to_owned(), true), "{prepare}");
        }

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backoffice.db");
        std::fs::write(&path, "a text that somebody keeps under this name, longer than a header".repeat(9))
            .unwrap();
        assert_eq!(OfficeStore::open(&path).await.unwrap_err().to_string(), FOREIGN);
    }

    #[tokio::test]
    async fn a_database_that_another_form_of_the_schema_made_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backoffice.db");
        OfficeStore::open(&path).await.unwrap().close().await;
        OfficeStore::open(&path).await.unwrap().close().await;
        let pool = open(&path).await;
        sqlx::raw_sql("UPDATE _sqlx_migrations SET checksum = x'00'").execute(&pool).await.unwrap();
        let refused = OfficeStore::open(&path).await;
        assert!(matches!(refused, Err(OfficeStoreError::Earlier)), "{refused:?}");
        sqlx::raw_sql("UPDATE _sqlx_migrations SET version = 2").execute(&pool).await.unwrap();
        let refused = OfficeStore::open(&path).await;
        assert!(matches!(refused, Err(OfficeStoreError::TooNew { found: 2, known: 1 })), "{refused:?}");
    }
}
