//! The floor: SQLite alone writes the rows that the back office has just written, as durably and in groups as large as
//! it could have; and the file system alone the pictures.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::office::Office;

/// The tables that those of [`WRITTEN`] point to.
const GIVEN: [&str; 4] = ["accounts", "contracts", "terms", "devices"];
/// The tables whose rows a delivery writes, in order. None ever loses a row here, so row ids count from 1 without holes.
const WRITTEN: [&str; 4] = ["parcels", "bodies", "details", "entries"];

/// Writes the rows of the office's database into an empty one of the same tables, `group` at a time.
pub(crate) fn measure(office: &Office, rows: u64, group: u64, picture: Option<&[u8]>) -> Result<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bare = Office::new(0)?;
    let mut connection = runtime.block_on(prepare(&bare, office))?;
    let pictures = bare.data().join("pictures/bare");
    std::fs::create_dir_all(&pictures)?;
    let attachments = runtime.block_on(shares(&mut connection, &["attachments"], rows))?;
    let written = runtime.block_on(shares(&mut connection, &WRITTEN, rows))?;
    let began = Instant::now();
    let mut at = 0;
    while at < rows {
        let until = (at + group).min(rows);
        if let Some(picture) = picture {
            write_pictures(&pictures, at, until - at, picture)?;
            runtime.block_on(copy(&mut connection, &attachments, at, until))?;
        }
        runtime.block_on(copy(&mut connection, &written, at, until))?;
        at = until;
    }
    Ok(began.elapsed())
}

/// A table whose rows are copied.
struct Share {
    table: &'static str,
    /// How many rows it has.
    rows: u64,
    /// How many parcels they belong to.
    parcels: u64,
}

impl Share {
    /// The last row id that is copied with the first `parcels` of them.
    fn until(&self, parcels: u64) -> u64 {
        self.rows * parcels / self.parcels
    }
}

async fn shares(
    connection: &mut SqliteConnection,
    tables: &[&'static str],
    parcels: u64,
) -> Result<Vec<Share>> {
    let mut shares = Vec::new();
    for table in tables.iter().copied() {
        let counted = format!("SELECT count(*), coalesce(max(rowid), 0) FROM source.{table}");
        let (rows, last): (u64, u64) =
            sqlx::query_as(AssertSqlSafe(counted)).fetch_one(&mut *connection).await?;
        ensure!(rows == last, "{table} has {rows} rows, and the last is {last}");
        // With a parcel come all of its details, or SQLite would refuse them.
        ensure!(table == "entries" || rows % parcels == 0, "{rows} rows of {table} for {parcels} parcels");
        shares.push(Share { table, rows, parcels });
    }
    Ok(shares)
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

/// Copies the rows of parcels `from..to` in one transaction. SQLite gets it all in one call, so that nothing but SQLite
/// is measured.
async fn copy(connection: &mut SqliteConnection, shares: &[Share], from: u64, to: u64) -> Result<()> {
    let mut statements = "BEGIN IMMEDIATE;".to_owned();
    for share in shares {
        let (table, after, until) = (share.table, share.until(from), share.until(to));
        statements.push_str(&format!(
            "INSERT INTO {table} SELECT * FROM source.{table} WHERE rowid > {after} AND rowid <= {until};"
        ));
        if table == "entries" {
            statements.push_str(&head_after(until));
        }
    }
    statements.push_str("COMMIT;");
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await?;
    Ok(())
}

/// Says how far the ledger goes with the entry of this row id.
fn head_after(entry: u64) -> String {
    format!(
        "UPDATE contracts SET (entries, entered_at, head) =
         (SELECT number, at, head FROM source.entries WHERE rowid = {entry});"
    )
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
