//! Fills a database with segments: the rows that deliveries would leave, written straight into it. All of it is real:
//! signed cores, salted details, receipts, the chain of each ledger and its locked weeks, so that `candor-backoffice
//! verify` finds nothing. Only the files of pictures are not there.

use anyhow::{Context as _, Result, ensure};
use candor_diary::billing::Facts;
use candor_diary::calendar::lock_of;
use candor_diary::ledger::chain::append;
use candor_diary::ledger::{Author, AuthorRole, Body, Entry, LedgerHead, Statement};
use candor_diary::parcel::Detail;
use candor_diary::terms::Terms;
use candor_diary::wire::{RECEIPT_TYPE, Receipt};
use candor_seal::{Envelope, SecretKey, sha256_hex};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{Connection as _, QueryBuilder, Sqlite};

use crate::locked::LockedWeeks;
use crate::office::{Office, contract};
use crate::segment;
use crate::shared::{now, print_progress};

/// Rows of one statement.
const BATCH: usize = 100;
/// Rows of one transaction.
const TRANSACTION: u64 = 20_000;
/// Segments tracked a day.
const A_DAY: u64 = 60;
/// How long after its end a segment is delivered, in milliseconds.
const DELIVERED_MS: u64 = 5_000;

/// Where a day with segments and one without lie.
pub(crate) struct Filled {
    /// First millisecond of a day, UTC, on which as much was tracked as on any.
    pub(crate) day: u64,
    /// First millisecond of a day before all of them.
    pub(crate) empty_day: u64,
}

/// A contract that is filled, with its one device.
struct Filling {
    contract: String,
    terms: Terms,
    device: String,
    key: SecretKey,
    head: LedgerHead,
    /// When the last entry was written.
    entered_at: u64,
    /// Segments so far.
    done: u64,
    weeks: LockedWeeks,
}

/// A parcel that is about to be written.
struct Row {
    id: String,
    start: i64,
    sequence: i64,
    head: String,
    received_at: i64,
    facts: Facts,
    picture: String,
    envelope: Vec<u8>,
    digest: String,
    receipt: Vec<u8>,
    details: Vec<Detail>,
}

/// What is about to be written of one contract.
#[derive(Default)]
struct Rows {
    parcels: Vec<Row>,
    entries: Vec<Entry>,
    /// First millisecond of each week, the number of its entry, and the week as JSON.
    weeks: Vec<(u64, u64, String)>,
}

/// Writes so many segments, spread over the contracts evenly: ten hours a day up to yesterday, UTC.
pub(crate) fn fill(office: &Office, contracts: u32, segments: u64) -> Result<Filled> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fill_all(office, contracts, segments))
}

async fn fill_all(office: &Office, contracts: u32, segments: u64) -> Result<Filled> {
    const DAY_MS: u64 = 86_400_000;
    let key = office.server_key()?;
    let options = SqliteConnectOptions::new()
        .filename(office.data().join("backoffice.db"))
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-1000000");
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let now = now();
    let today = now / DAY_MS * DAY_MS;
    let each = segments / u64::from(contracts);
    let days = each.div_ceil(A_DAY);
    let mut written = 0;
    sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
    let mut fillings = Vec::new();
    for nth in 0..contracts {
        fillings.push(begin(&mut connection, nth, today - days * DAY_MS).await?);
    }
    // Day by day, as it came in: the rows of one contract lie between those of others.
    for day in (1..=days).rev() {
        for filling in &mut fillings {
            let from = today - day * DAY_MS + 8 * 3_600_000;
            let mut rows = Rows::default();
            for nth in 0..A_DAY.min(each - filling.done) {
                filling.deliver(from + nth * segment::LENGTH_MS, &key, &mut rows)?;
            }
            write(&mut connection, &rows, filling).await?;
            let before = written / TRANSACTION;
            written += rows.parcels.len() as u64;
            if written / TRANSACTION > before {
                sqlx::raw_sql("COMMIT; BEGIN").execute(&mut connection).await?;
                print_progress(format_args!("{written} of {segments} segments are in the database"));
            }
        }
    }
    for filling in &mut fillings {
        let mut rows = Rows::default();
        filling.lock_weeks(now, &mut rows)?;
        write(&mut connection, &rows, filling).await?;
    }
    sqlx::raw_sql("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    connection.close().await?;
    // The first day of the filling can be short, the one after it is whole if there is one.
    let whole = if days > 1 { today - 2 * DAY_MS } else { today - DAY_MS };
    Ok(Filled { day: whole, empty_day: today - (days + 30) * DAY_MS })
}

/// Adds a contract's device. The contract was made just now: its terms and their entry are written anew, as of `since`.
async fn begin(connection: &mut SqliteConnection, nth: u32, since: u64) -> Result<Filling> {
    let contract = contract(nth);
    let at = i64::try_from(since)?;
    let entries: Vec<String> = sqlx::query_scalar("SELECT body FROM entries WHERE contract = ?")
        .bind(&contract)
        .fetch_all(&mut *connection)
        .await?;
    let [issued] = entries.as_slice() else {
        anyhow::bail!("a new contract has {} entries, not one for its terms", entries.len())
    };
    let issued: Body = serde_json::from_str(issued)?;
    ensure!(matches!(issued.says, Statement::TermsIssued { .. }), "a ledger does not begin with terms");
    let entry = append(&LedgerHead::first(&contract), since, &issued, segment::salt()?);
    sqlx::query("DELETE FROM entries WHERE contract = ?").bind(&contract).execute(&mut *connection).await?;
    insert_entries(connection, &contract, std::slice::from_ref(&entry)).await?;
    sqlx::query("UPDATE contracts SET created_at = ? WHERE id = ?")
        .bind(at)
        .bind(&contract)
        .execute(&mut *connection)
        .await?;
    let terms: String =
        sqlx::query_scalar("UPDATE terms SET issued_at = ? WHERE contract = ? RETURNING body")
            .bind(at)
            .bind(&contract)
            .fetch_one(&mut *connection)
            .await?;
    let terms: Terms = serde_json::from_str(&terms)?;
    let device: String = sha256_hex(&nth.to_be_bytes()).chars().take(32).collect();
    let key = SecretKey::generate()?;
    sqlx::query(
        "INSERT INTO devices (id, contract, name, public_key, token_hash, enrolled_at, terms, handed_out)
         VALUES (?, ?, 'bench', ?, randomblob(32), ?, 1, 1)",
    )
    .bind(&device)
    .bind(&contract)
    .bind(key.public().to_hex())
    .bind(at)
    .execute(connection)
    .await?;
    let head = LedgerHead { contract: contract.clone(), number: entry.number, head: entry.head };
    let weeks = LockedWeeks::new(&contract, &terms, since);
    Ok(Filling { contract, terms, device, key, head, entered_at: since, done: 0, weeks })
}

impl Filling {
    /// Makes the rows of one more segment, as the back office does when it is delivered.
    fn deliver(&mut self, start: u64, server: &SecretKey, rows: &mut Rows) -> Result<()> {
        let received_at = start + segment::LENGTH_MS + DELIVERED_MS;
        self.lock_weeks(received_at, rows)?;
        self.done += 1;
        let picture = sha256_hex(&start.to_be_bytes());
        let recorder = segment::Recorder {
            device: &self.device,
            contract: &self.contract,
            server: &server.public().to_hex(),
            terms: &self.terms.named(),
        };
        let (core, details) = segment::parcel(&recorder, start, self.done, Some((&picture, 50_000)))?;
        let envelope = segment::signed(&core, &self.key)?;
        let digest = sha256_hex(&envelope);
        let says = Statement::parcel(&core, &digest);
        let author = Author { role: AuthorRole::Device, id: self.device.clone() };
        self.enter(received_at, Body { author, says }, rows)?;
        let receipt = Receipt::of(&core, &digest, received_at, self.head.clone());
        let facts = Facts::of_core(&core, core.activity);
        self.weeks.receive(&self.device, received_at, facts);
        rows.parcels.push(Row {
            start: i64::try_from(start)?,
            sequence: i64::try_from(core.sequence)?,
            received_at: i64::try_from(received_at)?,
            receipt: Envelope::sign(RECEIPT_TYPE, serde_json::to_vec(&receipt)?, server).to_json(),
            id: core.id,
            head: core.chain_head,
            facts,
            picture,
            envelope,
            digest,
            details,
        });
        Ok(())
    }

    /// Freezes the weeks that are locked at `now`.
    fn lock_weeks(&mut self, now: u64, rows: &mut Rows) -> Result<()> {
        while let Some(week) = self.weeks.take_locked(now)? {
            let (start, body) = (week.week_start(), serde_json::to_string(&week)?);
            let author = Author { role: AuthorRole::BackOffice, id: String::new() };
            self.enter(lock_of(start), Body { author, says: Statement::WeekLocked { week } }, rows)?;
            rows.weeks.push((start, self.head.number, body));
        }
        Ok(())
    }

    fn enter(&mut self, at: u64, body: Body, rows: &mut Rows) -> Result<()> {
        ensure!(at >= self.entered_at, "an entry would be older than the one before it");
        let entry = append(&self.head, at, &body, segment::salt()?);
        (self.head.number, self.head.head, self.entered_at) = (entry.number, entry.head, at);
        rows.entries.push(entry);
        Ok(())
    }
}

/// Writes rows: a few statements, each with many of them.
async fn write(connection: &mut SqliteConnection, rows: &Rows, filling: &Filling) -> Result<()> {
    for parcels in rows.parcels.chunks(BATCH) {
        insert_parcels(connection, parcels, filling).await?;
    }
    for entries in rows.entries.chunks(BATCH) {
        insert_entries(connection, &filling.contract, entries).await?;
    }
    for (start, number, body) in &rows.weeks {
        sqlx::query("INSERT INTO weeks (contract, week_start, number, body) VALUES (?, ?, ?, ?)")
            .bind(&filling.contract)
            .bind(i64::try_from(*start)?)
            .bind(i64::try_from(*number)?)
            .bind(body)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("UPDATE contracts SET entries = ?, entered_at = ?, head = ? WHERE id = ?")
        .bind(i64::try_from(filling.head.number)?)
        .bind(i64::try_from(filling.entered_at)?)
        .bind(filling.head.head.0.as_slice())
        .bind(&filling.contract)
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_parcels(connection: &mut SqliteConnection, rows: &[Row], filling: &Filling) -> Result<()> {
    let (device, contract) = (&filling.device, &filling.contract);
    let mut attachments = QueryBuilder::<Sqlite>::new(
        "INSERT INTO attachments (parcel, sha256, device, bytes, file, received_at, claimed) ",
    );
    attachments.push_values(rows, |mut values, row| {
        values.push_bind(&row.id).push_bind(&row.picture).push_bind(device).push("50000");
        values.push_bind(format!("pictures/bench/{}", row.id)).push_bind(row.received_at).push("1");
    });
    attachments.build().execute(&mut *connection).await?;
    let bits: Vec<(i64, i64)> = rows
        .iter()
        .map(|row| Ok((i64::try_from(row.facts.tracked)?, i64::try_from(row.facts.active)?)))
        .collect::<Result<_>>()?;
    let mut parcels = QueryBuilder::<Sqlite>::new(
        "INSERT INTO parcels (id, device, contract, start, length, sequence, chain_head, digest, received_at,
         tracked_bits, active_bits, gap, revision, manual_time, removed, picture) ",
    );
    parcels.push_values(rows.iter().zip(&bits), |mut values, (row, (tracked, active))| {
        values.push_bind(&row.id).push_bind(device).push_bind(contract).push_bind(row.start);
        values.push_bind(row.facts.length.minutes()).push_bind(row.sequence).push_bind(&row.head);
        values.push_bind(&row.digest).push_bind(row.received_at).push_bind(*tracked).push_bind(*active);
        values.push_bind(row.facts.gap).push("0, 'no'").push_bind(row.facts.removed).push_bind(&row.picture);
    });
    parcels.build().execute(&mut *connection).await?;
    let mut bodies = QueryBuilder::<Sqlite>::new("INSERT INTO bodies (parcel, envelope, receipt) ");
    bodies.push_values(rows, |mut values, row| {
        values.push_bind(&row.id).push_bind(row.envelope.as_slice()).push_bind(row.receipt.as_slice());
    });
    bodies.build().execute(&mut *connection).await?;
    let mut details = QueryBuilder::<Sqlite>::new("INSERT INTO details (parcel, place, kind, sha256, body) ");
    let all = rows.iter().flat_map(|row| (0_i64..).zip(&row.details).map(move |detail| (row, detail)));
    details.push_values(all, |mut values, (row, (place, detail))| {
        values.push_bind(&row.id).push_bind(place).push_bind(detail.named.kind.name());
        values.push_bind(&detail.named.sha256).push_bind(detail.bytes.as_slice());
    });
    details.build().execute(connection).await?;
    Ok(())
}

async fn insert_entries(connection: &mut SqliteConnection, contract: &str, entries: &[Entry]) -> Result<()> {
    let numbered: Vec<(i64, i64, &Entry)> = entries
        .iter()
        .map(|entry| Ok((i64::try_from(entry.number)?, i64::try_from(entry.at)?, entry)))
        .collect::<Result<_>>()
        .context("a number is too large")?;
    let mut insert = QueryBuilder::<Sqlite>::new(
        "INSERT INTO entries (contract, number, at, kind, salt, body, commitment, head) ",
    );
    insert.push_values(numbered, |mut values, (number, at, entry)| {
        values.push_bind(contract).push_bind(number).push_bind(at).push_bind(&entry.kind);
        values.push_bind(entry.salt.map(|salt| salt.0.to_vec())).push_bind(&entry.body);
        values.push_bind(entry.commitment.0.to_vec()).push_bind(entry.head.0.to_vec());
    });
    insert.build().execute(connection).await?;
    Ok(())
}
