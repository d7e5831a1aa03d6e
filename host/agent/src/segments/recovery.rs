//! Finds out whether tracking was cut off: by a crash, a kill, a loss of power.

use candor_journal::{JournalError, RecordFilter};

use crate::segments::record::Record;
use crate::segments::state::ContractState;

/// How many records are read at once.
const PAGE: u32 = 2_000;

/// Returns when the tracked time ended that no stop was written for; none if the last session ended properly. The
/// latest record decides, not the latest time: the clock may have been set.
///
/// # Errors
/// If the journal could not be read.
pub(crate) async fn cut_off(shared: &ContractState) -> Result<Option<u64>, JournalError> {
    let kinds = ["started", "stopped", "span"];
    let Some(latest) = shared.journal.latest_record(&shared.session_name, &kinds).await? else {
        return Ok(None);
    };
    Ok(match latest.body.and_then(|body| serde_json::from_slice::<Record>(&body).ok()) {
        Some(Record::Started) => Some(latest.at),
        Some(Record::Span { to, .. }) => Some(to),
        _ => None,
    })
}

/// How far back a question is looked for, in milliseconds: two weeks, after which its week is locked.
const QUESTION_MS: u64 = 14 * 24 * 60 * 60_000;

/// Returns the latest idle question that was not answered.
///
/// # Errors
/// If the journal could not be read.
pub(crate) async fn open_question(shared: &ContractState) -> Result<Option<(u64, u64)>, JournalError> {
    let kinds = ["question", "answered"].map(str::to_owned).to_vec();
    let found = shared
        .journal
        .read(RecordFilter {
            contract: Some(shared.session_name.clone()),
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
