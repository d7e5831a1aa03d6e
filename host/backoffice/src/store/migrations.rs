//! The tables: the SQL files of `migrations/`, built into the program and applied in order by sqlx, which notes each in
//! `_sqlx_migrations`. A file that was once released is never changed; what changes is a further file.
//!
//! `sqlx::migrate!` would read the folder itself, but compiles sqlx and SQLite a second time for the compiler.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{SqlSafeStr, SqliteConnection};

use super::error::OfficeStoreError;

/// The files in their order; a layout is the number of the last one that was applied.
const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "first tables", include_str!("../../migrations/0001_first_tables.sql")),
    (2, "revisions", include_str!("../../migrations/0002_revisions.sql")),
    (3, "terms of devices", include_str!("../../migrations/0003_terms_of_devices.sql")),
];

/// The last layout that was counted in SQLite's `user_version`.
const COUNTED_BEFORE: i64 = 3;

/// Creates or updates the tables, all or nothing.
///
/// # Errors
/// [`OfficeStoreError::TooNew`] if the database has a migration that is not known here, [`OfficeStoreError`] of the
/// database.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), OfficeStoreError> {
    // For SQLite, sqlx takes no lock: two processes that open a new folder at once wait for each other here.
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    apply(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}

async fn apply(connection: &mut SqliteConnection) -> Result<(), OfficeStoreError> {
    let migrations = MIGRATIONS.into_iter().map(|(number, description, sql)| {
        Migration::new(number, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    // Databases of before sqlx kept the count have it in SQLite's `user_version`.
    let counted: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    // Of one that counts otherwise nothing is known, and sqlx would take it for up to date.
    if !(0..=COUNTED_BEFORE).contains(&counted) {
        return Err(too_new(counted));
    }
    if counted > 0 {
        migrator.skip(&mut *connection, Some(counted)).await.map_err(migration_error)?;
    }
    migrator.run(connection).await.map_err(migration_error)
}

fn migration_error(error: MigrateError) -> OfficeStoreError {
    match error {
        MigrateError::VersionMissing(found) => too_new(found),
        other => OfficeStoreError::Database(other.into()),
    }
}

fn too_new(found: i64) -> OfficeStoreError {
    OfficeStoreError::TooNew { found, known: MIGRATIONS.last().map_or(0, |(number, ..)| *number) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;

    async fn open(path: &Path) -> SqlitePool {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        SqlitePool::connect_with(options).await.unwrap()
    }

    async fn applied(pool: &SqlitePool) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(pool).await.unwrap()
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
        assert_eq!(applied(&one).await, 3);
    }

    #[tokio::test]
    async fn a_database_of_before_keeps_what_it_holds_and_one_of_a_newer_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pool = open(&folder.path().join("backoffice.db")).await;
        for (_, _, sql) in &MIGRATIONS[..2] {
            sqlx::raw_sql(*sql).execute(&pool).await.unwrap();
        }
        sqlx::raw_sql("PRAGMA user_version = 2; INSERT INTO erasures (file, since) VALUES ('a', 1);")
            .execute(&pool)
            .await
            .unwrap();
        migrate(&pool).await.unwrap();
        migrate(&pool).await.unwrap();
        assert_eq!(applied(&pool).await, 3);
        let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM erasures").fetch_one(&pool).await.unwrap();
        assert_eq!(kept, 1);
        sqlx::query("SELECT terms FROM devices").fetch_all(&pool).await.unwrap();

        sqlx::raw_sql("INSERT INTO _sqlx_migrations VALUES (4, 'newer', 0, TRUE, x'00', 0)")
            .execute(&pool)
            .await
            .unwrap();
        let refused = migrate(&pool).await;
        assert!(matches!(refused, Err(OfficeStoreError::TooNew { found: 4, known: 3 })), "{refused:?}");
    }

    #[tokio::test]
    async fn a_database_that_counts_a_layout_that_never_was_is_refused() {
        for counted in [4, -1] {
            let folder = tempfile::tempdir().unwrap();
            let pool = open(&folder.path().join("backoffice.db")).await;
            sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA user_version = {counted}")))
                .execute(&pool)
                .await
                .unwrap();
            let refused = migrate(&pool).await;
            assert!(
                matches!(refused, Err(OfficeStoreError::TooNew { found, .. }) if found == counted),
                "{refused:?}"
            );
        }
    }
}
