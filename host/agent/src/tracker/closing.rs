//! Which segments the tracker has closed, and when.

use super::Tracker;
use super::closer::LONGEST_WAIT_MS;

impl Tracker {
    /// Returns when there is a segment to be closed.
    pub(super) fn close_due(&self) -> Option<u64> {
        if self.closer.is_busy() {
            return None;
        }
        let now = self.shared.clock.now();
        self.ledger.marks.open_segments().into_iter().filter_map(|start| self.segment_due(start, now)).min()
    }

    /// Returns when a segment is to be closed: not while it runs, and not before its counts came or are overdue.
    fn segment_due(&self, start: u64, now: u64) -> Option<u64> {
        if self.is_on() && start == self.shared.cut.start_of(self.span_from) {
            return None;
        }
        let counts = self.uncounted.range(start..self.shared.cut.end_of(start)).next_back();
        let due = self.closer.due_at(start, now);
        // Counts of a minute that a clock which was set back left ahead will not come.
        let counts = counts.filter(|minute| **minute <= now);
        Some(counts.map_or(due, |minute| due.max(self.overdue_at(*minute).min(now + LONGEST_WAIT_MS))))
    }

    /// Closes the segments whose time has come.
    pub(super) async fn close_ended(&mut self) {
        self.drop_overdue_counts().await;
        let now = self.shared.clock.now();
        let due = |start: &u64| self.segment_due(*start, now).is_some_and(|due| due <= now);
        let ended: Vec<u64> = self.ledger.marks.open_segments().into_iter().filter(due).collect();
        if !ended.is_empty() {
            self.closer.start_closing(ended);
        }
    }
}
