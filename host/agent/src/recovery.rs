//! Finds out whether tracking was cut off: by a crash, a kill, a loss of power.

use candor_journal::{JournalError, RecordFilter};

use crate::record::Record;
use crate::shared::Shared;

/// How many records are read at once.
const PAGE: u32 = 2_000;

/// Where the tracked time ended that no stop was written for; none where the last session ended properly.
///
/// # Errors
/// Where the journal could not be read.
pub(crate) async fn cut_off(shared: &Shared) -> Result<Option<u64>, JournalError> {
    let kinds = ["started", "stopped", "span"].map(str::to_owned).to_vec();
    // What was before the last closed segment has no bearing on whether its end was cut off.
    let from_at = shared.journal.last_closed(&shared.contract).await?;
    let mut after = None;
    let mut running: Option<u64> = None;
    loop {
        let page = shared
            .journal
            .read(RecordFilter {
                contract: Some(shared.contract.clone()),
                from_at,
                after_sequence: after,
                kinds: kinds.clone(),
                limit: PAGE,
                ..RecordFilter::default()
            })
            .await?;
        let full = page.len() >= PAGE as usize;
        after = page.last().map(|r| r.sequence);
        for record in page {
            match record.body.and_then(|body| serde_json::from_slice::<Record>(&body).ok()) {
                Some(Record::Started) => running = Some(record.at),
                Some(Record::Stopped) => running = None,
                Some(Record::Span { to, .. }) => running = Some(to),
                _ => {}
            }
        }
        if !full {
            return Ok(running);
        }
    }
}

/// How far back a question is looked for, in milliseconds: two weeks, after which its week is locked.
const QUESTION_MS: u64 = 14 * 24 * 60 * 60_000;

/// The latest idle question that was not answered.
///
/// # Errors
/// Where the journal could not be read.
pub(crate) async fn open_question(shared: &Shared) -> Result<Option<(u64, u64)>, JournalError> {
    let kinds = ["question", "answered"].map(str::to_owned).to_vec();
    let found = shared
        .journal
        .read(RecordFilter {
            contract: Some(shared.contract.clone()),
            from_at: Some(shared.clock.now().saturating_sub(QUESTION_MS)),
            kinds,
            limit: PAGE,
            ..RecordFilter::default()
        })
        .await?;
    let mut question = None;
    for record in found {
        match record.body.and_then(|body| serde_json::from_slice::<Record>(&body).ok()) {
            Some(Record::Question { from, to }) => question = Some((from, to)),
            Some(Record::Answered { from }) if question.is_some_and(|(asked, _)| asked == from) => {
                question = None
            }
            _ => {}
        }
    }
    Ok(question)
}
