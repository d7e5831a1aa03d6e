//! The worker's answer about time in which nobody was there, and how it is undone.

use candor_diary::parcel::{Gap, GapCause};
use candor_journal::OutboxState;

use crate::closing::{Closing, Placed};
use crate::edits::EditError;
use crate::record::Record;

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleReply {
    /// First millisecond of the time that was asked about.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
    /// The segments that were typed in by it, by their starts.
    pub typed: Vec<u64>,
}

impl Closing {
    /// Takes an answer back: what was typed in by it is erased, and what it left out is unanswered again.
    ///
    /// # Errors
    /// `EditError`, where a segment that was typed in was sent, and nothing changes.
    pub(crate) async fn unanswer(&self, reply: &IdleReply) -> Result<(), EditError> {
        let _turn = self.turn.lock().await;
        self.all_written().await?;
        self.check_lock(reply.from)?;
        let now = self.shared.clock.now();
        for start in &reply.typed {
            let sent = |entry: &candor_journal::OutboxEntry| match entry.state {
                OutboxState::Held => entry.hold_until <= now,
                OutboxState::Cancelled => false,
                _ => true,
            };
            if self.latest(*start).await?.as_ref().is_some_and(sent) {
                return Err(EditError::Refused(
                    "it is too late to undo that answer: the time was sent. Remove the segment instead",
                ));
            }
        }
        let answered = |record: &Record| match record {
            Record::Answered { from } => *from == reply.from,
            Record::Gap(Gap { from, to, cause: GapCause::LeftOut }) => *from >= reply.from && *to <= reply.to,
            _ => false,
        };
        for start in self.shared.cut.starts(reply.from, reply.to) {
            let records = self.records(start).await?;
            // The last one was that of the answer: time that was typed in before keeps its own.
            let typed = records.iter().rev().find(|r| matches!(r.record, Record::Manual { .. }));
            let typed = typed.filter(|_| reply.typed.contains(&start)).map(|r| r.sequence);
            let undone = |r: &&Placed| answered(&r.record) || Some(r.sequence) == typed;
            let sequences: Vec<u64> = records.iter().filter(undone).map(|r| r.sequence).collect();
            if !sequences.is_empty() {
                self.erase(start, sequences, &Record::Restored).await?;
                self.revise(start).await?;
            }
        }
        self.shared.changed();
        Ok(())
    }
}
