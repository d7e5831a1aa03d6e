//! The worker's answer about time in which nobody was there, and how it is undone.
//!
//! What an answer typed in names the question. So what an answer left that was cut off half way, or was given twice,
//! goes before another is given, and all of it goes when it is undone.

use candor_diary::memo::Memo;
use candor_diary::parcel::{Gap, GapCause};
use candor_diary::terms::ManualTime;
use candor_protocol::IdleAnswer;

use crate::segments::assemble::reports_nothing;
use crate::segments::error::EditError;
use crate::segments::ledger::SegmentLedger;
use crate::segments::record::Record;
use crate::segments::record::StoredRecord;

/// Why time that an answer types in was not tracked, for a client that is asked about each.
const REASON: &str = "There were no keys, clicks or scrolls";

impl SegmentLedger {
    /// Types in the answer about the time `from` until before `to`; leaving it out types nothing.
    ///
    /// # Errors
    /// `EditError`; the question stays open.
    pub(crate) async fn answer(&self, from: u64, to: u64, answer: &IdleAnswer) -> Result<(), EditError> {
        let memo: Option<Memo> = match answer {
            IdleAnswer::Manual(memo) => Some(memo.parse()?),
            IdleAnswer::LeaveOut => None,
        };
        self.unanswer(from, to).await?;
        if let Some(memo) = memo {
            let reason = (self.terms.manual_time == ManualTime::Ask).then(|| REASON.parse()).transpose()?;
            self.type_in(from, to, &memo, reason, Some(from)).await?;
        }
        Ok(())
    }

    /// Undoes the answer about the time `from` until before `to`.
    ///
    /// # Errors
    /// `EditError` if something that it typed in may have been sent: nothing changes then.
    pub(crate) async fn undo_answer(&self, from: u64, to: u64) -> Result<(), EditError> {
        self.check_lock(from)?;
        let now = self.shared.clock.now();
        let journal = &self.shared.journal;
        for start in self.shared.cut.starts(from, to) {
            let typed = self.records(start).await?.iter().any(|r| is_typed(&r.record, from));
            if typed && !journal.never_left(&self.shared.session_name, start, now).await? {
                return Err(EditError::Refused(
                    "it is too late to undo that answer: the time was sent. Remove the segment instead",
                ));
            }
        }
        self.unanswer(from, to).await
    }

    /// Erases an answer: what it typed in, that it was given, and that the time was left out.
    async fn unanswer(&self, from: u64, to: u64) -> Result<(), EditError> {
        let of_answer = |stored: &&StoredRecord| match &stored.record {
            Record::Answered { from: of } => *of == from,
            Record::Gap(Gap { from: begin, to: end, cause: GapCause::LeftOut }) => {
                *begin >= from && *end <= to
            }
            record => is_typed(record, from),
        };
        for start in self.shared.cut.starts(from, to) {
            let _edit_lock = self.edit_lock.lock().await;
            self.require_all_written().await?;
            let records = self.records(start).await?;
            // Nothing but the answer was removed there: without it there is no removal to report.
            let rest =
                records.iter().filter(|r| !of_answer(r) && !matches!(r.record, Record::Withdrawn { .. }));
            let rest: Vec<Record> = rest.map(|r| r.record.clone()).collect();
            let only = records.iter().any(|r| is_typed(&r.record, from))
                && self.parcel_of(start, &rest).is_none_or(|parcel| reports_nothing(&parcel));
            let gone =
                |r: &&StoredRecord| of_answer(r) || (only && matches!(r.record, Record::Withdrawn { .. }));
            let sequences: Vec<u64> = records.iter().filter(gone).map(|r| r.sequence).collect();
            if !sequences.is_empty() {
                self.erase(start, sequences, &Record::Restored).await?;
                self.revise(start).await?;
            }
        }
        self.shared.announce_change();
        Ok(())
    }
}

/// Returns whether this was typed in as the answer to the question about the time from then on.
fn is_typed(record: &Record, from: u64) -> bool {
    matches!(record, Record::Manual { answers: Some(of), .. } if *of == from)
}
