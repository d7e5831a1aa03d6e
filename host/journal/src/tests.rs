//! Tests that go through the whole journal, and what they share.

mod concurrency;
mod cost;
mod details;
mod disk_full;
mod erasure;
mod kill;
mod opening;
mod outbox;
mod recording;
mod tampering;

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::{DetailDraft, Hash, Journal, JournalError, MasterKey, OutboxDraft, OutboxEntry, SegmentClose};

/// Stands for what was recorded: must be in no file.
const MARKER: &str = "payroll-of-the-whole-company";

const MINUTE: u64 = 60_000;

fn key() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

async fn open(dir: &Path) -> Journal {
    Journal::open(dir, &key()).await.unwrap()
}

/// A journal in a folder of its own, which goes with it.
async fn fresh() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    (folder, journal)
}

fn draft(parcel_id: &str) -> OutboxDraft {
    OutboxDraft {
        parcel_id: parcel_id.to_owned(),
        envelope: format!("envelope of {parcel_id}: {MARKER}").into_bytes(),
        attachments: Vec::new(),
        details: Vec::new(),
        target: "backoffice".to_owned(),
        hold_until: 0,
    }
}

/// A detail of that kind, of so many bytes and some more.
fn detail(kind: &str, bytes: usize) -> DetailDraft {
    // Each is another, as each has a salt in it.
    let salt = hex::encode(crate::random::random::<16>().unwrap());
    let bytes = format!("{{\"salt\":\"{salt}\",\"{kind}\":\"{MARKER}{}\"}}", "x".repeat(bytes)).into_bytes();
    DetailDraft { name: candor_seal::sha256_hex(&bytes), kind: kind.to_owned(), bytes }
}

fn closing(start: u64) -> SegmentClose {
    SegmentClose {
        contract: "c1".to_owned(),
        start,
        kind: "segment".to_owned(),
        at: start + MINUTE,
        body: format!("segment {start}: {MARKER}").into_bytes(),
        revision: 0,
    }
}

async fn close_segment(
    journal: &Journal,
    start: u64,
    draft: OutboxDraft,
) -> Result<OutboxEntry, JournalError> {
    journal.close_segment(closing(start), |_: u64, _: &Hash| Ok::<_, JournalError>(draft)).await
}

/// Every file below `dir`.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The files below `dir` that hold `bytes`.
fn files_with(dir: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes);
    files(dir).into_iter().filter(holds).collect()
}

/// Does something to a closed journal's database behind its back.
async fn behind_its_back(dir: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(dir.join("journal.db")).foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
