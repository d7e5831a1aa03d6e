//! Fills a database with segments: the rows that deliveries would leave, written straight into it. What reads them does
//! not check signatures, which were checked at the door, so one signature stands for all.

use anyhow::Result;
use candor_seal::{Envelope, SecretKey, Signature, sha256_hex};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{Connection as _, QueryBuilder, Sqlite};

use crate::office::{Office, contract};
use crate::{now, print_progress, segment};

/// Rows of one statement.
const BATCH: usize = 100;
/// Rows of one transaction.
const TRANSACTION: u64 = 20_000;
/// Segments tracked a day.
const A_DAY: u64 = 60;

const PARCEL_TYPE: &str = "application/vnd.candor.parcel+json";

/// Where a day with segments and one without lie.
pub(crate) struct Filled {
    /// First millisecond of a day, UTC, on which as much was tracked as on any.
    pub(crate) day: u64,
    /// First millisecond of a day before all of them.
    pub(crate) empty_day: u64,
}

/// A row that is about to be written.
struct Row {
    id: String,
    start: i64,
    sequence: i64,
    head: String,
    picture: String,
    envelope: Vec<u8>,
    digest: String,
}

/// Writes so many segments, spread over the contracts evenly: ten hours a day up to yesterday, UTC.
pub(crate) fn fill(office: &Office, contracts: u32, segments: u64) -> Result<Filled> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fill_all(office, contracts, segments))
}

async fn fill_all(office: &Office, contracts: u32, segments: u64) -> Result<Filled> {
    const DAY_MS: u64 = 86_400_000;
    let options = SqliteConnectOptions::new()
        .filename(office.data().join("backoffice.db"))
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-1000000");
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let today = now() / DAY_MS * DAY_MS;
    let each = segments / u64::from(contracts);
    let days = each.div_ceil(A_DAY);
    let mut written = 0;
    sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
    let devices: Vec<String> =
        (0..contracts).map(|nth| sha256_hex(&nth.to_be_bytes()).chars().take(32).collect()).collect();
    for (nth, device) in (0..contracts).zip(&devices) {
        sqlx::query(
            "INSERT INTO devices (id, contract, name, public_key, token_hash, enrolled_at, terms)
             VALUES (?, ?, 'bench', ?, randomblob(32), 1, 1)",
        )
        .bind(device)
        .bind(contract(nth))
        .bind(SecretKey::generate()?.public().to_hex())
        .execute(&mut connection)
        .await?;
    }
    // Day by day, as it came in: the rows of one contract lie between those of others.
    let mut done = vec![0; devices.len()];
    for day in (1..=days).rev() {
        for ((nth, device), done) in (0..contracts).zip(&devices).zip(&mut done) {
            let from = today - day * DAY_MS + 8 * 3_600_000;
            let rows: Vec<Row> = (0..A_DAY.min(each - *done))
                .map(|n| row(device, &contract(nth), from + n * segment::LENGTH_MS, *done + n + 1))
                .collect::<Result<_>>()?;
            *done += rows.len() as u64;
            for rows in rows.chunks(BATCH) {
                write(&mut connection, rows, device, &contract(nth)).await?;
            }
            let before = written / TRANSACTION;
            written += rows.len() as u64;
            if written / TRANSACTION > before {
                sqlx::raw_sql("COMMIT; BEGIN").execute(&mut connection).await?;
                print_progress(format_args!("{written} of {segments} segments are in the database"));
            }
        }
    }
    sqlx::raw_sql("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    connection.close().await?;
    // The first day of the filling can be short, the one after it is whole if there is one.
    let whole = if days > 1 { today - 2 * DAY_MS } else { today - DAY_MS };
    Ok(Filled { day: whole, empty_day: today - (days + 30) * DAY_MS })
}

fn row(device: &str, contract: &str, start: u64, sequence: u64) -> Result<Row> {
    let picture = sha256_hex(&start.to_be_bytes());
    let parcel =
        segment::parcel(device, contract, &"5".repeat(64), start, sequence, Some((&picture, 50_000)));
    let envelope = Envelope {
        payload_type: PARCEL_TYPE.to_owned(),
        payload: serde_json::to_vec(&parcel)?,
        signatures: vec![Signature { keyid: "5".repeat(64), sig: vec![5; 64] }],
    }
    .to_json();
    Ok(Row {
        id: segment::id(device, start),
        start: i64::try_from(start)?,
        sequence: i64::try_from(sequence)?,
        head: sha256_hex(&sequence.to_be_bytes()),
        digest: sha256_hex(&envelope),
        picture,
        envelope,
    })
}

/// Writes a batch: three statements, each with all its rows.
async fn write(connection: &mut SqliteConnection, rows: &[Row], device: &str, contract: &str) -> Result<()> {
    let mut attachments = QueryBuilder::<Sqlite>::new(
        "INSERT INTO attachments (parcel, sha256, device, bytes, file, received_at, claimed) ",
    );
    attachments.push_values(rows, |mut values, row| {
        values.push_bind(&row.id).push_bind(&row.picture).push_bind(device).push("50000");
        values.push_bind(format!("pictures/bench/{}", row.id)).push_bind(row.start).push("1");
    });
    attachments.build().execute(&mut *connection).await?;
    let mut parcels = QueryBuilder::<Sqlite>::new(
        "INSERT INTO parcels (id, device, contract, start, length, sequence, chain_head, digest, received_at,
         tracked_bits, active_bits, gap, revision, removed) ",
    );
    parcels.push_values(rows, |mut values, row| {
        values.push_bind(&row.id).push_bind(device).push_bind(contract).push_bind(row.start).push("10");
        values.push_bind(row.sequence).push_bind(&row.head).push_bind(&row.digest);
        values.push_bind(row.start + 600_000).push("1023, 1023, 0, 0, 0");
    });
    parcels.build().execute(&mut *connection).await?;
    let mut bodies = QueryBuilder::<Sqlite>::new("INSERT INTO bodies (parcel, envelope, receipt) ");
    bodies.push_values(rows, |mut values, row| {
        values.push_bind(&row.id).push_bind(row.envelope.as_slice()).push("zeroblob(700)");
    });
    bodies.build().execute(connection).await?;
    Ok(())
}
