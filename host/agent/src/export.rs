//! Writes all of one's own data into a folder that can be read without Candor.
//!
//! ```text
//! records.jsonl     every record of the journal, one a line, in order
//! pictures/         every picture that is still there, named by its SHA-256
//! parcels/          every parcel as it was signed, and its receipt
//! terms/            the terms of each contract
//! ```

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use candor_journal::{Journal, RecordFilter};
use candor_protocol::Exported;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::record::Record;

/// How many records are read at once.
const PAGE: u32 = 1_000;
/// How much of a picture is read at once, in bytes.
const CHUNK: u32 = 1 << 20;

/// Exports everything into the new folder `to`.
///
/// # Errors
/// Where the folder exists or cannot be written; what was written until then stays.
pub(crate) async fn export(agent: &Agent, to: &str) -> Result<Exported> {
    let folder = PathBuf::from(to);
    if !folder.is_absolute() {
        bail!("name the folder with its whole path");
    }
    if folder.exists() {
        bail!("{to} is there already: name a new folder");
    }
    for path in [folder.clone(), folder.join("pictures"), folder.join("parcels"), folder.join("terms")] {
        // For its owner only, as in the journal: the folders above may be open to everybody.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.with_context(|| format!("{} could not be made", path.display()))?;
    }
    for seat in agent.seats().await {
        let name = seat.folder.name().unwrap_or_else(|| "contract".into());
        write(
            &folder.join(format!("terms/{name}.json")),
            &serde_json::to_vec_pretty(&seat.enrolment.terms)?,
        )?;
    }
    let journal = &agent.house().journal;
    let (records, pictures) = write_records(journal, &folder).await?;
    write_parcels(journal, &folder).await?;
    Ok(Exported { folder: to.to_owned(), records, pictures })
}

/// A new file that nobody but its owner can read.
fn create(path: &Path) -> Result<fs::File> {
    let created = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.with_context(|| format!("{} could not be written", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    create(path)?.write_all(bytes).with_context(|| format!("{} could not be written", path.display()))
}

async fn write_records(journal: &Journal, folder: &Path) -> Result<(u64, u64)> {
    let mut lines = std::io::BufWriter::new(create(&folder.join("records.jsonl"))?);
    let (mut count, mut pictures, mut after) = (0, 0, None);
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
            writeln!(lines, "{line}").context("records.jsonl could not be written")?;
            count += 1;
            let parsed = record.body.and_then(|body| serde_json::from_slice(&body).ok());
            if let Some(Record::Snapshot { facts, blob }) = parsed
                && write_picture(journal, &blob, &folder.join(format!("pictures/{}.webp", facts.sha256)))
                    .await?
            {
                pictures += 1;
            }
        }
        if !full {
            break;
        }
    }
    lines.flush().context("records.jsonl could not be written")?;
    Ok((count, pictures))
}

/// Whether there was still a picture to write.
async fn write_picture(journal: &Journal, blob: &str, path: &Path) -> Result<bool> {
    // One that is damaged keeps nobody from the rest.
    let Ok(info) = journal.check_blob(blob).await else { return Ok(false) };
    if path.exists() {
        // The same picture twice.
        return Ok(false);
    }
    let mut file = create(path)?;
    let mut offset = 0;
    while offset < info.length {
        let bytes = journal.read_blob(blob, offset, CHUNK).await?;
        if bytes.is_empty() {
            break;
        }
        offset += bytes.len() as u64;
        file.write_all(&bytes).with_context(|| format!("{} could not be written", path.display()))?;
    }
    Ok(true)
}

async fn write_parcels(journal: &Journal, folder: &Path) -> Result<()> {
    for entry in journal.outbox(10_000).await? {
        if let Ok(envelope) = journal.envelope(&entry.parcel_id).await {
            write(&folder.join(format!("parcels/{}.dsse.json", entry.parcel_id)), &envelope)?;
        }
        if let Some(receipt) = &entry.receipt {
            write(&folder.join(format!("parcels/{}.receipt.json", entry.parcel_id)), receipt)?;
        }
    }
    Ok(())
}
