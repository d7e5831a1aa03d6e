//! Keys, clicks and scrolls: the counter that runs while tracking does, and its minutes.

use std::time::Duration;

use candor_diary::parcel::{Activity, Gap, GapCause};
use candor_diary::segment::{MINUTE_MS, minute_of};

use super::Tracker;
use super::counter::CounterTask;
use crate::plugins::collectors::CollectorEvent;
use crate::tracker::input::Counted;

/// How long after the end of a minute its counts may come, in milliseconds, on a computer that is not busy.
const COUNTS_LATE_MS: u64 = 5_000;
/// How much longer a busy computer may take.
const BUSY: Duration = Duration::from_secs(2);

impl Tracker {
    pub(super) async fn stop_counter(&mut self, at: u64) {
        if let Some(counter) = self.counter.take() {
            for counted in counter.finish().await {
                self.take_counts(counted, at);
            }
        }
    }

    pub(super) async fn start_counter(&mut self, now: u64) {
        if self.ledger.activity() == Activity::Off {
            return;
        }
        match self.input.start() {
            Ok(input) => {
                self.reported = None;
                // Its process begins to count a moment later, perhaps in the next minute.
                let clock = self.shared.clock.as_ref();
                self.counting_since = now.max(clock.now()) + clock.to_clock_ms(BUSY);
                self.counter = Some(CounterTask::start(input));
                self.shared.set_problem("counter", None);
            }
            Err(error) => self.counter_lost(error.to_string(), now).await,
        }
    }

    pub(super) async fn handle_count(&mut self, counted: Result<Counted, String>) {
        match counted {
            Ok(counted) => self.take_counts(counted, u64::MAX),
            Err(error) => self.counter_lost(error, minute_of(self.shared.clock.now())).await,
        }
    }

    /// Records that nothing is counted until the next counter is started, at the end of the minute.
    async fn counter_lost(&mut self, why: String, from: u64) {
        self.counter = None;
        self.shared.set_problem("counter", Some(why));
        self.write_gap(from, minute_of(from) + MINUTE_MS, GapCause::CounterLost).await;
    }

    /// Returns when the counts of a minute are overdue.
    pub(super) fn overdue_at(&self, minute: u64) -> u64 {
        minute + MINUTE_MS + COUNTS_LATE_MS + self.shared.clock.to_clock_ms(BUSY)
    }

    /// Records a count that is overdue as a gap, never as activity: the counter hangs or is gone. It is started again.
    pub(super) async fn drop_overdue_counts(&mut self) {
        let now = self.shared.clock.now();
        // Minutes that lie ahead were left behind by a clock that was set back: their counts will not come.
        let overdue = |minute: &u64| self.overdue_at(*minute) <= now || *minute > now;
        let overdue: Vec<u64> = self.uncounted.iter().copied().filter(overdue).collect();
        for minute in &overdue {
            self.uncounted.remove(minute);
            let gap = Gap { from: *minute, to: minute + MINUTE_MS, cause: GapCause::CounterLost };
            self.write_gap_part(gap).await;
        }
        // One that was started later has nothing to do with it.
        let owed = |minute: &u64| {
            minute_of(self.counting_since) <= *minute && self.reported.is_none_or(|last| last < *minute)
        };
        if overdue.iter().any(owed)
            && let Some(counter) = self.counter.take()
        {
            self.shared
                .set_problem("counter", Some("the counter does not answer and is started again".into()));
            // What it reports of a time that is recorded as a gap already is not taken, so nobody waits for it.
            counter.discard();
            if self.is_on() && self.state.borrow().absent.is_none() {
                self.start_counter(now).await;
            }
        }
    }

    /// Takes the counts of a minute that begins before `until`, for the collectors, unless they are recorded as missing
    /// already.
    fn take_counts(&mut self, counted: Counted, until: u64) {
        let overdue = self.overdue_at(counted.minute) <= self.shared.clock.now();
        if counted.minute < until && !overdue {
            self.uncounted.remove(&counted.minute);
            self.reported = Some(counted.minute);
            self.shared.add_counts(counted.minute, counted.counts);
            self.post_event(|| CollectorEvent::Minute(counted.minute));
        }
    }
}
