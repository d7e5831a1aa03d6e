//! Closes segments that have ended, beside the tracker: a plugin that takes its time holds up no command, and a segment
//! that cannot be closed no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::plugins::collectors::{CollectorHandle, flush_collectors};
use crate::segments::ledger::SegmentLedger;

/// How long collectors may take to finish what they were handed, in milliseconds.
pub(super) const FLUSH_MS: u64 = 8_000;
/// How long after its end a segment stays open for pictures that are still being judged and counts on their way, ms.
const GRACE_MS: u64 = 2_500;
/// The longest wait before a segment that could not be closed is tried again, in milliseconds.
pub(super) const LONGEST_WAIT_MS: u64 = 60_000;

/// The outcome of closing a segment.
pub(super) struct CloseOutcome {
    start: u64,
    /// The mark that it had when it began to be closed.
    mark: Option<u64>,
    /// Why it could not be.
    failed: Option<String>,
}

/// Closes segments in a task of its own.
pub(super) struct Closer {
    ledger: Arc<SegmentLedger>,
    collectors: Vec<CollectorHandle>,
    /// Notified when something was closed.
    outbox_changed: Arc<Notify>,
    task: Option<JoinHandle<Vec<CloseOutcome>>>,
    /// When a segment that could not be closed is tried again, by the steady clock, and how often it was tried.
    failed: BTreeMap<u64, (u64, u32)>,
}

impl Closer {
    pub(super) fn new(
        ledger: Arc<SegmentLedger>,
        collectors: Vec<CollectorHandle>,
        outbox_changed: Arc<Notify>,
    ) -> Self {
        Self { ledger, collectors, outbox_changed, task: None, failed: BTreeMap::new() }
    }

    /// Notifies the outbox worker that there may be something to deliver.
    pub(super) fn notify_outbox(&self) {
        self.outbox_changed.notify_one();
    }

    pub(super) fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// Returns when a segment is to be closed, at the earliest.
    pub(super) fn due_at(&self, start: u64, now: u64) -> u64 {
        let steady = self.ledger.shared.clock.monotonic();
        let end = self.ledger.shared.cut.end_of(start) + GRACE_MS;
        // One that begins later than now was left behind by a clock that was set back.
        let due = if start > now { now } else { end };
        self.failed.get(&start).map_or(due, |(again, _)| due.max(now + again.saturating_sub(steady)))
    }

    pub(super) fn start_closing(&mut self, ended: Vec<u64>) {
        let (ledger, collectors) = (Arc::clone(&self.ledger), self.collectors.clone());
        self.task = Some(tokio::spawn(async move {
            flush_collectors(&collectors, &ledger.shared, FLUSH_MS).await;
            let mut closed = Vec::with_capacity(ended.len());
            for start in ended {
                let mark = ledger.marks.mark_of(start);
                let failed = if ledger.shared.write_pending().await {
                    ledger.close(start).await.err().map(|error| error.to_string())
                } else {
                    Some("what was recorded of it could not be written yet".to_owned())
                };
                closed.push(CloseOutcome { start, mark, failed });
            }
            closed
        }));
    }

    /// Waits for what was closed. Safe to drop while waiting.
    pub(super) async fn wait_closed(&mut self) -> Vec<CloseOutcome> {
        let Some(task) = &mut self.task else { return std::future::pending().await };
        let closed = task.await.unwrap_or_default();
        self.task = None;
        closed
    }

    /// Handles the outcome of closing segments.
    pub(super) fn handle_outcomes(&mut self, closed: Vec<CloseOutcome>) {
        let shared = &self.ledger.shared;
        let steady = shared.clock.monotonic();
        for CloseOutcome { start, mark, failed } in closed {
            let Some(why) = failed else {
                self.failed.remove(&start);
                self.ledger.marks.clear_mark(start, mark);
                self.outbox_changed.notify_one();
                continue;
            };
            let (_, tries) = self.failed.get(&start).copied().unwrap_or_default();
            let wait = GRACE_MS.saturating_mul(1 << tries.min(5)).min(LONGEST_WAIT_MS);
            self.failed.insert(start, (steady.saturating_add(wait), tries.saturating_add(1)));
            shared.set_problem("segment", Some(format!("not closed yet: {why}")));
        }
        if self.failed.is_empty() {
            shared.set_problem("segment", None);
        }
    }

    /// Waits until what is being closed is closed.
    pub(super) async fn finish(&mut self) {
        if self.is_busy() {
            let closed = self.wait_closed().await;
            self.handle_outcomes(closed);
        }
    }
}
