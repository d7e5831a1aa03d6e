//! What the tracker writes into the journal: spans and gaps as they end, the memo of each segment.

use candor_diary::parcel::{Activity, Gap, GapCause};
use candor_diary::segment::{MINUTE_MS, minute_of};

use super::Tracker;
use crate::segments::record::Record;

impl Tracker {
    /// Writes the span that runs, up to `to` or to the moment at which a stop or pause was asked for; the next begins
    /// there.
    pub(super) async fn end_span(&mut self, to: u64) {
        // The clock may have been set since the clocks were compared: that is a gap once they are compared again.
        let to = to.min(self.clocks.last().vouches_until(self.shared.clock.as_ref()));
        self.write_span(to).await;
    }

    /// The same, if the clocks were compared up to `to`.
    pub(super) async fn write_span(&mut self, to: u64) {
        self.write_up_to(self.shared.tracked.until_halt(to)).await;
    }

    /// The same, whatever was asked for meanwhile.
    pub(super) async fn write_up_to(&mut self, to: u64) {
        let from = self.span_from;
        if to <= from {
            return;
        }
        self.span_from = to;
        let absent = self.state.borrow().absent;
        if let Some((why, _)) = absent {
            self.write_gap(from, to, why.cause()).await;
            return;
        }
        let counted = self.ledger.activity() == Activity::Counted;
        // A late wake-up may bring more than one minute at once.
        let mut from = from;
        while from < to {
            let end = to.min(minute_of(from) + MINUTE_MS);
            let segment = self.shared.cut.start_of(from);
            // If the clock was set back into a closed segment, that takes notes again.
            self.shared.reopen(segment);
            // Each segment holds its own memo, so that it can be put together alone.
            if self.memo_of != segment {
                self.write_memo(from).await;
            }
            // By the worker's choice or by the terms: those may change before the segment is closed.
            if !counted && self.uncounted_in != Some(segment) {
                self.uncounted_in = Some(segment);
                self.record(from, &Record::NotCounted).await;
            }
            self.record(from, &Record::Span { from, to: end }).await;
            self.ledger.marks.mark_open(segment);
            // Its counts may have come before the minute was written down.
            if counted && self.reported.is_none_or(|reported| reported < minute_of(from)) {
                self.uncounted.insert(minute_of(from));
            }
            from = end;
        }
    }

    /// Writes a memo or label that changed into the segment that runs. If none does, the next start writes it.
    pub(super) async fn write_current_memo(&mut self) {
        if self.is_on() {
            self.write_memo(self.shared.clock.now()).await;
        }
    }

    pub(super) async fn write_memo(&mut self, at: u64) {
        self.memo_of = self.shared.cut.start_of(at);
        let (memo, label) = {
            let state = self.state.borrow();
            (state.memo.clone(), state.label.clone())
        };
        self.record(at, &Record::Memo { memo, label }).await;
        if self.state.borrow().no_sign {
            self.record(at, &Record::NoSign).await;
        }
        self.shared.announce_change();
    }

    pub(super) async fn record(&self, at: u64, record: &Record) {
        // The journal's problem reports what is kept for later; what cannot be written at all is reported here.
        if let Err(error) = self.shared.record(at, record).await {
            self.shared.set_problem("journal", Some(error.to_string()));
        }
    }

    /// Records a gap, cut at the ends of segments.
    pub(super) async fn write_gap(&self, from: u64, to: u64, cause: GapCause) {
        for gap in crate::segments::assemble::cut_gap(&self.shared.cut, from, to, cause) {
            self.write_gap_part(gap).await;
        }
    }

    pub(super) async fn write_gap_part(&self, gap: Gap) {
        self.record(gap.from, &Record::Gap(gap)).await;
        // One that is closed already holds something else now: closing it again makes its next revision.
        self.ledger.marks.mark_open(self.shared.cut.start_of(gap.from));
    }
}
