//! The floor: SQLite alone writes the rows that the back office has just written, as durably and in groups as large as
//! it could have; and the file system alone the pictures.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::office::Office;

/// The tables whose rows a delivery writes, in order, and those that they point to.
const GIVEN: [&str; 4] = ["accounts", "contracts", "terms", "devices"];
const WRITTEN: [&str; 2] = ["parcels", "bodies"];

/// Writes the rows of the office's database into an empty one of the same tables, `group` at a time.
pub(crate) fn measure(office: &Office, rows: u64, group: u64, picture: Option<&[u8]>) -> Result<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bare = Office::new(0)?;
    let mut connection = runtime.block_on(prepare(&bare, office))?;
    let pictures = bare.data().join("pictures/bare");
    std::fs::create_dir_all(&pictures)?;
    let began = Instant::now();
    let mut at = 1;
    while at <= rows {
        if let Some(picture) = picture {
            write_pictures(&pictures, at, group, picture)?;
            runtime.block_on(copy(&mut connection, &["attachments"], at, group))?;
        }
        runtime.block_on(copy(&mut connection, &WRITTEN, at, group))?;
        at += group;
    }
    Ok(began.elapsed())
}

async fn prepare(bare: &Office, full: &Office) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(bare.data().join("backoffice.db"))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("temp_store", "memory")
        .pragma("secure_delete", "on");
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let source = full.data().join("backoffice.db").display().to_string();
    sqlx::query("ATTACH ? AS source").bind(source).execute(&mut connection).await?;
    sqlx::raw_sql("DELETE FROM accounts").execute(&mut connection).await?;
    for table in GIVEN {
        let copied = format!("INSERT INTO {table} SELECT * FROM source.{table}");
        sqlx::raw_sql(AssertSqlSafe(copied)).execute(&mut connection).await?;
    }
    Ok(connection)
}

/// Copies rows in one transaction. SQLite gets it all in one call, so that nothing but SQLite is measured.
async fn copy(connection: &mut SqliteConnection, tables: &[&str], at: u64, group: u64) -> Result<()> {
    let mut statements = "BEGIN IMMEDIATE;".to_owned();
    for table in tables {
        statements.push_str(&format!(
            "INSERT INTO {table} SELECT * FROM source.{table} WHERE rowid >= ?1 AND rowid < ?2;"
        ));
    }
    statements.push_str("COMMIT;");
    sqlx::query(AssertSqlSafe(statements))
        .bind(i64::try_from(at)?)
        .bind(i64::try_from(at + group)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes pictures at once, each as the back office does: to a file that is synced, then named, then its folder synced.
fn write_pictures(folder: &Path, at: u64, count: u64, bytes: &[u8]) -> Result<()> {
    let write = |nth: u64| -> std::io::Result<()> {
        let fresh = folder.join(format!("{nth}.new"));
        let mut file = File::create_new(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&fresh, folder.join(nth.to_string()))?;
        File::open(folder)?.sync_all()
    };
    let write = &write;
    std::thread::scope(|scope| {
        let running: Vec<_> = (at..at + count).map(|nth| scope.spawn(move || write(nth))).collect();
        running.into_iter().try_for_each(|one| {
            one.join().unwrap_or_else(|_| Err(std::io::Error::other("a thread ended early")))
        })
    })?;
    Ok(())
}
