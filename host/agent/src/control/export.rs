//! Writes all of one's own data into a folder that can be read without Candor.
//!
//! ```text
//! index.html        where to begin: the days of each contract, for a browser, without a network
//! days/             a page a day
//! pictures/         every picture that is still there, by day and time: 2026-11-26/09-30-12.webp
//! segments.csv      a segment a line, for a spreadsheet
//! segments.json     the same, with all that is known of each
//! records.jsonl     every record of the journal, one a line, in order
//! parcels/          every parcel as it was signed, and its receipt
//! terms/            the terms of each contract
//! ledgers/          what this device has of each contract's ledger: ledger.jsonl, an entry a line, and ledger-head.json,
//!                   how far it goes, as the back office signed it
//! ```

mod files;
mod pages;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candor_journal::{Journal, RecordFilter};
use candor_protocol::{Exported, Segment};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use files::{ExportError, ExportedContract, create, local, make, unwritten, write};

use crate::contract::session::ContractSession;
use crate::contract::sessions::Sessions;
use crate::segments::history::view;
use crate::segments::record::Record;
use crate::segments::stored_parcel::load_parcel;

/// How many records are read at once.
const PAGE: u32 = 1_000;
/// How much of a picture is read at once, in bytes.
const CHUNK: u32 = 1 << 20;

/// Exports everything into the new folder `to`.
///
/// # Errors
/// If the folder exists or cannot be written; what was written until then stays.
pub(crate) async fn export(sessions: &Sessions, to: &str) -> Result<Exported, ExportError> {
    let folder = PathBuf::from(to);
    if !folder.is_absolute() {
        return Err(ExportError::RelativePath);
    }
    if folder.exists() {
        return Err(ExportError::Exists(to.to_owned()));
    }
    make(&folder)?;
    for inside in ["pictures", "parcels", "terms", "ledgers", "days"] {
        make(&folder.join(inside))?;
    }
    let all = sessions.all().await;
    for session in &all {
        let name = session.folder.name().unwrap_or_else(|| "contract".into());
        write(
            &folder.join(format!("terms/{name}.json")),
            &serde_json::to_vec_pretty(&session.enrolment.terms)?,
        )?;
        write_ledger(session, &folder.join(format!("ledgers/{name}"))).await?;
    }
    let zone = TimeZone::system();
    let journal = &sessions.context().journal;
    let Written { records, pictures, by_session } = write_records(journal, &folder, &zone).await?;
    write_parcels(journal, &folder, &all).await?;
    let mut contracts = Vec::new();
    for session in &all {
        let segments = segments(session).await?;
        let pictures = by_session.get(&session.shared.session_name).cloned().unwrap_or_default();
        contracts.push(ExportedContract { terms: &session.enrolment.terms, segments, pictures });
    }
    table::write(&folder, &contracts, &zone)?;
    pages::write(&folder, &contracts, &zone, sessions.context().clock.now())?;
    Ok(Exported { folder: to.to_owned(), records, pictures })
}

/// Writes what this device has of a contract's ledger, if it has anything.
async fn write_ledger(session: &ContractSession, folder: &Path) -> Result<(), ExportError> {
    let copy = Arc::clone(&session.ledger_copy);
    let read = tokio::task::spawn_blocking(move || copy.export()).await;
    let read = read.map_err(std::io::Error::other).flatten().map_err(ExportError::Ledger)?;
    if let Some((head, lines)) = read {
        make(folder)?;
        write(&folder.join("ledger.jsonl"), &lines)?;
        write(&folder.join("ledger-head.json"), &head.to_json())?;
    }
    Ok(())
}

/// All segments of a contract, in order. What is billed of them is known only of a contract that is worked on.
async fn segments(session: &ContractSession) -> Result<Vec<Segment>, ExportError> {
    let now = session.context.clock.now();
    if let Some(pipeline) = session.pipeline().await {
        return Ok(pipeline.ledger.segments(0, now.saturating_add(1)).await?);
    }
    let mut all = Vec::new();
    for entry in
        session.context.journal.closed_parcels(&session.shared.session_name, 0, now.saturating_add(1)).await?
    {
        if let Ok(stored) = load_parcel(&session.context.journal, &entry.parcel_id).await {
            all.push(view(&stored.parcel, Some(&entry), 0, now));
        }
    }
    Ok(all)
}

/// What became of the records.
#[derive(Default)]
struct Written {
    records: u64,
    pictures: u64,
    /// The paths of the pictures, by session and moment.
    by_session: BTreeMap<String, BTreeMap<u64, String>>,
}

async fn write_records(journal: &Journal, folder: &Path, zone: &TimeZone) -> Result<Written, ExportError> {
    let lost = |why| unwritten(Path::new("records.jsonl"), why);
    let mut lines = std::io::BufWriter::new(create(&folder.join("records.jsonl"))?);
    let mut written = Written::default();
    let mut after = None;
    loop {
        let filter = RecordFilter { after_sequence: after, limit: PAGE, ..RecordFilter::default() };
        let page = journal.read(filter).await?;
        let full = page.len() >= PAGE as usize;
        after = page.last().map(|r| r.sequence);
        for record in page {
            let body = match &record.body {
                Some(body) => serde_json::from_slice(body).unwrap_or(Value::Null),
                None if record.damaged => json!("damaged"),
                None => json!("erased"),
            };
            let line = json!({
                "sequence": record.sequence,
                "kind": record.kind,
                "contract": record.contract,
                "at": record.at,
                "body": body,
            });
            writeln!(lines, "{line}").map_err(lost)?;
            written.records += 1;
            let parsed = record.body.and_then(|body| serde_json::from_slice(&body).ok());
            if let Some(Record::Snapshot { facts, blob }) = parsed
                && let Some(path) = write_picture(journal, &blob, folder, facts.at, zone).await?
            {
                let session = record.contract.unwrap_or_default();
                written.by_session.entry(session).or_default().insert(facts.at, path);
                written.pictures += 1;
            }
        }
        if !full {
            break;
        }
    }
    lines.flush().map_err(lost)?;
    Ok(written)
}

/// Writes a picture under the day and time at which it was taken. Returns where, in the export; none where there was none any
/// more.
async fn write_picture(
    journal: &Journal,
    blob: &str,
    folder: &Path,
    at: u64,
    zone: &TimeZone,
) -> Result<Option<String>, ExportError> {
    // One that is damaged keeps nobody from the rest.
    let Ok(info) = journal.check_blob(blob).await else { return Ok(None) };
    let Some(taken) = local(at, zone) else { return Ok(None) };
    let day = format!("pictures/{}", taken.date());
    make(&folder.join(&day))?;
    let name = format!("{day}/{}", taken.strftime("%H-%M-%S"));
    // Two contracts, or an hour that the clock showed twice.
    let free = |path: &String| !folder.join(path).exists();
    let numbered = (2..=u64::from(u16::MAX)).map(|nth| format!("{name}-{nth}.webp"));
    let path = std::iter::once(format!("{name}.webp")).chain(numbered).find(free);
    let path = path.ok_or_else(|| ExportError::TooManyPictures(folder.join(&day)))?;
    let mut file = create(&folder.join(&path))?;
    let mut offset = 0;
    while offset < info.length {
        let bytes = journal.read_blob(blob, offset, CHUNK).await?;
        if bytes.is_empty() {
            break;
        }
        offset += bytes.len() as u64;
        file.write_all(&bytes).map_err(|why| unwritten(Path::new(&path), why))?;
    }
    Ok(Some(path))
}

/// Of each segment the latest parcel, and of the latest of all also those that they took the place of.
async fn write_parcels(
    journal: &Journal,
    folder: &Path,
    sessions: &[Arc<ContractSession>],
) -> Result<(), ExportError> {
    /// How many the journal lists at once.
    const LISTED: u32 = 10_000;
    let mut entries = journal.outbox(LISTED).await?;
    let mut listed: BTreeSet<String> = entries.iter().map(|entry| entry.parcel_id.clone()).collect();
    if entries.len() >= LISTED as usize {
        for session in sessions {
            let now = session.context.clock.now().saturating_add(1);
            let latest = journal.closed_parcels(&session.shared.session_name, 0, now).await?;
            entries.extend(latest.into_iter().filter(|entry| listed.insert(entry.parcel_id.clone())));
        }
    }
    for entry in entries {
        if let Ok(envelope) = journal.envelope(&entry.parcel_id).await {
            write(&folder.join(format!("parcels/{}.dsse.json", entry.parcel_id)), &envelope)?;
        }
        if let Some(receipt) = &entry.receipt {
            write(&folder.join(format!("parcels/{}.receipt.json", entry.parcel_id)), receipt)?;
        }
    }
    Ok(())
}
