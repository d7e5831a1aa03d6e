//! What a run tells about itself, in JSON.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;

use crate::backoffice::ServingBackOffice;
use crate::state::SignIns;

/// What `--report` writes into its file, as JSON.
#[derive(Serialize)]
pub(super) struct Report {
    diary_url: String,
    sign_in: SignIns,
    /// How many segments of this run the back office holds.
    pub(super) delivered: u64,
    /// How many segments the outbox still holds, whichever run they are of.
    pub(super) waiting: u64,
    segments: Vec<ReportedSegment>,
}

/// A segment that the back office holds.
#[derive(Serialize)]
struct ReportedSegment {
    /// First millisecond, Unix epoch.
    start: u64,
    minutes_active: u64,
    keys: u64,
    clicks: u64,
    scrolls: u64,
    memo: Option<String>,
    snapshot: Option<ReportedPicture>,
    no_snapshot_because: Option<String>,
}

/// A segment's picture, as the parcel describes it.
#[derive(Serialize)]
struct ReportedPicture {
    sha256: String,
    media_type: String,
    width: u64,
    height: u64,
    bytes: u64,
    /// What was covered, as the parcel says it.
    redactions: Vec<Value>,
    /// The picture in the back office's folder.
    file: PathBuf,
}

/// Asks the back office what it holds of this run.
pub(super) fn make_report(
    backoffice: &ServingBackOffice,
    contract: &str,
    waiting: u64,
    from: Option<u64>,
) -> Result<Report> {
    let segments: Vec<ReportedSegment> = match from {
        Some(from) => backoffice
            .deliveries(contract, from)?
            .iter()
            .map(|delivery| segment(delivery).context("the back office lists a segment that cannot be read"))
            .collect::<Result<_>>()?,
        None => Vec::new(),
    };
    Ok(Report {
        diary_url: backoffice.diary_url(contract),
        sign_in: backoffice.sign_ins().clone(),
        delivered: u64::try_from(segments.len())?,
        waiting,
        segments,
    })
}

fn segment(delivery: &Value) -> Option<ReportedSegment> {
    let number = |name: &str| delivery[name].as_u64();
    let text = |name: &str| delivery[name].as_str().map(str::to_owned);
    let count = |name: &str| delivery["counts"][name].as_u64();
    let snapshot = &delivery["snapshot"];
    Some(ReportedSegment {
        start: number("start")?,
        minutes_active: number("minutes_active")?,
        keys: count("keys")?,
        clicks: count("clicks")?,
        scrolls: count("scrolls")?,
        memo: text("memo"),
        snapshot: if snapshot.is_null() { None } else { Some(picture(snapshot)?) },
        no_snapshot_because: text("no_snapshot_because"),
    })
}

fn picture(snapshot: &Value) -> Option<ReportedPicture> {
    let number = |name: &str| snapshot[name].as_u64();
    let text = |name: &str| snapshot[name].as_str().map(str::to_owned);
    Some(ReportedPicture {
        sha256: text("sha256")?,
        media_type: text("media_type")?,
        width: number("width")?,
        height: number("height")?,
        bytes: number("bytes")?,
        redactions: snapshot["redactions"].as_array()?.clone(),
        file: std::path::absolute(text("file")?).ok()?,
    })
}
