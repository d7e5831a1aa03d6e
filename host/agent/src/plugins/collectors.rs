//! Runs each collector in a task of its own, wakes it when it asked to be, and keeps its failures its own
//! (invariant 13).

use std::sync::Arc;

use candor_diary::parcel::{Gap, GapCause, NoSnapshot};
use candor_diary::segment::{MINUTE_MS, SegmentLength};
use candor_sandbox::model::{Cause, Wake};
use candor_sandbox::{Collector, Failure};
use candor_seal::commitment;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::{Clock, sleep, sleep_until};
use crate::guard::scene::SETTLE_MS;
use crate::segments::assemble::cut_gap;
use crate::segments::record::Record;
use crate::segments::state::ContractState;

/// How many events may wait for one collector. What does not fit is not delivered and shows as a gap.
const QUEUE: usize = 64;

/// Random moments keep this far from a segment's end, in milliseconds: a picture there would still be judged when the
/// segment closes.
const BEFORE_END_MS: u64 = 3_000;

/// The shortest time between two wakes by a timer, in milliseconds.
const SHORTEST_MS: u64 = 1_000;
/// The longest wait before a collector that failed is started again, in milliseconds.
const LONGEST_RETRY_MS: u64 = 60_000;

/// Something that happened, which a collector may have asked to be woken for.
pub enum CollectorEvent {
    /// Tracking began: the collector starts afresh.
    Started,
    /// Tracking ended: no timer may fire any more.
    Stopped,
    /// A minute ended and was counted, the one that starts at this millisecond since the Unix epoch.
    Minute(u64),
    /// A segment ended, the one that starts at this millisecond since the Unix epoch.
    Segment(u64),
    /// The desktop's windows changed, and the change can be judged.
    WindowChanged,
    /// Asks for an answer once everything before this is done.
    Flush(oneshot::Sender<()>),
}

/// The queue of one running collector.
#[derive(Clone)]
pub struct CollectorHandle {
    /// The plugin's name, as the terms have it.
    pub name: String,
    queue: mpsc::Sender<CollectorEvent>,
}

impl CollectorHandle {
    /// Starts the collector's task on the plugins' runtime. `secret` draws its random moments.
    /// `collector` is none if it could not even be loaded: then each segment says so. `pictures` is whether it is one
    /// that takes them.
    #[must_use]
    pub fn start(
        runtime: &Handle,
        name: &str,
        collector: Option<Collector>,
        pictures: bool,
        shared: Arc<ContractState>,
        secret: [u8; 32],
    ) -> Self {
        let (queue, events) = mpsc::channel(QUEUE);
        let task = CollectorTask {
            name: name.to_owned(),
            collector,
            pictures,
            shared,
            secret,
            wakes: Vec::new(),
            on: false,
            outage: None,
            since: 0,
            fired: 0,
            drawn: None,
        };
        runtime.spawn(task.run(events));
        Self { name: name.to_owned(), queue }
    }

    /// Hands it an event; false if its queue is full.
    pub fn send(&self, event: CollectorEvent) -> bool {
        self.queue.try_send(event).is_ok()
    }
}

/// Passes changes of the windows on to the collectors, once such a change can be judged. A burst of changes wakes them
/// once each 1.5 s; what they see then is the layout as it was when it had settled.
pub fn forward_window_changes(
    mut changes: watch::Receiver<u64>,
    collectors: &[CollectorHandle],
    clock: Arc<dyn Clock>,
) {
    let queues: Vec<_> = collectors.iter().map(|c| c.queue.clone()).collect();
    tokio::spawn(async move {
        while changes.changed().await.is_ok() {
            changes.borrow_and_update();
            sleep(clock.as_ref(), SETTLE_MS + 50).await;
            for queue in &queues {
                // A full queue means the collector is behind: it sees the latest layout when it gets there.
                drop(queue.try_send(CollectorEvent::WindowChanged));
            }
        }
    });
}

/// Waits until all collectors have done what they were handed, each at most `limit_ms`.
pub async fn flush_collectors(collectors: &[CollectorHandle], shared: &ContractState, limit_ms: u64) {
    let limit = shared.clock.to_real_duration(limit_ms);
    // All at once: the slowest decides how long it takes, not their sum.
    let waits = collectors.iter().map(|c| {
        let (done, wait) = oneshot::channel();
        let sent = c.send(CollectorEvent::Flush(done));
        async move {
            if sent {
                // Both outcomes end the wait: what is late is refused by the closed segment.
                let _ = tokio::time::timeout(limit, wait).await;
            }
        }
    });
    let mut waits: tokio::task::JoinSet<()> = waits.collect();
    while waits.join_next().await.is_some() {}
}

/// Returns the moment at which a segment's picture is taken: a keyed PRF of segment and plugin, so that nobody can
/// foretell it and a restart draws the same.
#[must_use]
pub fn random_moment(secret: &[u8; 32], plugin: &str, start: u64, length: SegmentLength) -> u64 {
    let drawn = commitment(secret, format!("candor random moment\n{plugin}\n{start}").as_bytes());
    let mut eight = [0u8; 8];
    eight.copy_from_slice(&drawn.as_bytes()[..8]);
    let room = length.ms().saturating_sub(BEFORE_END_MS).max(1);
    start + u64::from_be_bytes(eight) % room
}

/// A collector that does not run.
#[derive(Clone, Copy)]
struct Outage {
    /// Up to when a gap says so, milliseconds since the Unix epoch.
    recorded_until: u64,
    /// When it is tried again, milliseconds since the Unix epoch.
    retry_at: u64,
    /// How often it was tried since it went down.
    tries: u32,
}

struct CollectorTask {
    name: String,
    collector: Option<Collector>,
    pictures: bool,
    shared: Arc<ContractState>,
    secret: [u8; 32],
    wakes: Vec<Wake>,
    on: bool,
    /// Whether it is to be started again, because it failed.
    outage: Option<Outage>,
    /// When `every` last fired or was set.
    since: u64,
    /// When `at` last fired.
    fired: u64,
    /// The segment whose random moment has passed.
    drawn: Option<u64>,
}

impl CollectorTask {
    async fn run(mut self, mut events: mpsc::Receiver<CollectorEvent>) {
        loop {
            let timer = if self.on { self.next_timer() } else { None };
            let clock = Arc::clone(&self.shared.clock);
            let due = async {
                match timer {
                    Some((at, cause)) => {
                        sleep_until(clock.as_ref(), at).await;
                        cause
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    None => return,
                    Some(event) => self.handle_event(event).await,
                },
                cause = due => self.fire_timer(cause).await,
            }
        }
    }

    /// Returns the random moment of a segment.
    fn moment_in(&self, start: u64) -> u64 {
        random_moment(&self.secret, &self.name, start, self.shared.cut.length_at(start))
    }

    /// Returns the earliest wake that the clock brings.
    fn next_timer(&self) -> Option<(u64, Cause)> {
        if let Some(outage) = self.outage {
            return self.collector.is_some().then_some((outage.retry_at, Cause::Started));
        }
        let now = self.shared.clock.now();
        self.wakes
            .iter()
            .filter_map(|wake| match *wake {
                // At once if it has passed, and not more often than any other timer.
                Wake::At(at) => Some((at.max(self.fired + SHORTEST_MS), Cause::At(at))),
                Wake::Every(ms) => Some((self.since + ms.max(SHORTEST_MS), Cause::Every(ms))),
                Wake::AtRandomInSegment => {
                    let cut = &self.shared.cut;
                    let mut start = cut.start_of(now);
                    let mut at = self.moment_in(start);
                    if self.drawn == Some(start) || at < self.since.min(now) {
                        start = cut.end_of(start);
                        at = self.moment_in(start);
                    }
                    Some((at, Cause::RandomInSegment(start)))
                }
                Wake::OnWindowChange | Wake::OnMinute | Wake::OnSegment => None,
            })
            .min_by_key(|(at, _)| *at)
    }

    async fn handle_event(&mut self, event: CollectorEvent) {
        match event {
            CollectorEvent::Started => {
                self.on = true;
                self.wakes.clear();
                let now = self.shared.clock.now();
                (self.since, self.fired) = (now, 0);
                self.outage = None;
                // A moment that passed before tracking began is missed, not made up for.
                let start = self.shared.cut.start_of(now);
                if self.moment_in(start) < now {
                    self.drawn = Some(start);
                }
                self.wake(Cause::Started).await;
            }
            CollectorEvent::Stopped => {
                self.on = false;
                self.record_outage().await;
            }
            CollectorEvent::Minute(start) if self.waits_for(Wake::OnMinute) => {
                self.wake(Cause::Minute(start)).await
            }
            CollectorEvent::Segment(start) => {
                self.record_outage().await;
                if self.waits_for(Wake::OnSegment) {
                    self.wake(Cause::Segment(start)).await;
                }
            }
            CollectorEvent::WindowChanged if self.on && self.waits_for(Wake::OnWindowChange) => {
                self.wake(Cause::WindowChanged).await;
            }
            CollectorEvent::Minute(_) | CollectorEvent::WindowChanged => {}
            // If this fails, nobody waits any more.
            CollectorEvent::Flush(done) => drop(done.send(())),
        }
    }

    fn waits_for(&self, wake: Wake) -> bool {
        self.outage.is_none() && self.wakes.contains(&wake)
    }

    /// Handles a timer that is due.
    async fn fire_timer(&mut self, cause: Cause) {
        match cause {
            Cause::At(at) => {
                self.wakes.retain(|w| *w != Wake::At(at));
                self.fired = self.shared.clock.now();
            }
            Cause::Every(_) => self.since = self.shared.clock.now(),
            Cause::RandomInSegment(start) => self.drawn = Some(start),
            _ => {}
        }
        self.wake(cause).await;
    }

    async fn wake(&mut self, cause: Cause) {
        let woken = match &mut self.collector {
            Some(collector) => collector.woken(cause).await,
            // Why it could not be loaded is reported by the code that tried.
            None => return self.schedule_retry(),
        };
        match woken {
            Ok(wakes) => {
                self.record_outage().await;
                self.outage = None;
                if !wakes.iter().any(|w| matches!(w, Wake::Every(_)) && self.waits_for(*w)) {
                    self.since = self.shared.clock.now();
                }
                self.wakes = wakes;
                self.shared.set_problem(&self.name, None);
            }
            Err(failure) => self.handle_failure(cause, &failure).await,
        }
    }

    /// A collector that fails leaves a gap that names it; it is started again.
    async fn handle_failure(&mut self, cause: Cause, failure: &Failure) {
        self.shared.set_problem(&self.name, Some(format!("the collector failed: {failure}")));
        let now = self.shared.clock.now();
        let record = match cause {
            Cause::RandomInSegment(start) => {
                let at = self.shared.tracked.latest_tracked(now).unwrap_or(start);
                Some((at, Record::NoSnapshot { why: NoSnapshot::CollectorFailed }))
            }
            Cause::Minute(from) => {
                let gap = Gap { from, to: from + MINUTE_MS, cause: GapCause::CollectorFailed };
                Some((from, Record::Gap(gap)))
            }
            _ => None,
        };
        if let Some((at, record)) = record {
            self.record(at, &record).await;
        }
        let lost_state = !matches!(failure, Failure::Rejected(_));
        if cause == Cause::Started || lost_state {
            // It remembers nothing, or never began: it has to be started before it is woken for anything else.
            self.schedule_retry();
        }
    }

    /// Schedules the next try: first soon, then less and less often.
    fn schedule_retry(&mut self) {
        let now = self.shared.clock.now();
        let (recorded_until, tries) =
            self.outage.map_or((now, 0), |outage| (outage.recorded_until, outage.tries));
        let wait = SHORTEST_MS.saturating_mul(1 << tries.min(6)).min(LONGEST_RETRY_MS);
        self.outage = Some(Outage { recorded_until, retry_at: now + wait, tries: tries.saturating_add(1) });
    }

    /// Records the time in which it did not run as a gap, and as the reason why there is no picture of it.
    async fn record_outage(&mut self) {
        let Some(outage) = self.outage else { return };
        let now = self.shared.clock.now();
        let (from, to) =
            (outage.recorded_until, self.shared.tracked.latest_tracked(now).map_or(now, |latest| latest + 1));
        self.outage = Some(Outage { recorded_until: to.max(from), ..outage });
        let cut = Arc::clone(&self.shared.cut);
        for gap in cut_gap(&cut, from, to, GapCause::CollectorFailed) {
            self.record(gap.from, &Record::Gap(gap)).await;
            if self.pictures {
                self.record(gap.from, &Record::NoSnapshot { why: NoSnapshot::CollectorFailed }).await;
            }
        }
    }

    // Mutable although nothing changes: a shared borrow of a collector may not wait on another thread.
    async fn record(&mut self, at: u64, record: &Record) {
        if let Err(error) = self.shared.record(at, record).await {
            self.shared.set_problem("journal", Some(error.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_moments_are_the_same_after_a_restart_and_differ_by_segment_plugin_and_device() {
        let length = SegmentLength::new(10).unwrap();
        let at = |secret: u8, plugin: &str, start| random_moment(&[secret; 32], plugin, start, length);
        assert_eq!(at(1, "screenshots", 600_000), at(1, "screenshots", 600_000));
        assert_ne!(at(1, "screenshots", 600_000) % 600_000, at(1, "screenshots", 1_200_000) % 600_000);
        assert_ne!(at(1, "screenshots", 600_000), at(2, "screenshots", 600_000));
        assert_ne!(at(1, "screenshots", 600_000), at(1, "others", 600_000));
    }

    #[test]
    fn random_moments_fill_the_segment_and_stay_off_its_end() {
        let length = SegmentLength::new(1).unwrap();
        let mut tenths = [0u32; 10];
        for segment in 0..2_000u64 {
            let start = segment * 60_000;
            let offset = random_moment(&[7; 32], "screenshots", start, length) - start;
            assert!(offset < 57_000);
            tenths[(offset / 5_700) as usize] += 1;
        }
        assert!(tenths.iter().all(|n| (100..300).contains(n)), "{tenths:?}");
    }
}
