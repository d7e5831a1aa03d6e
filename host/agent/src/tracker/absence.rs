//! What the tracker does while nobody is there, or nothing may be seen: pause, idle time, lock, sleep, a set clock.
//!
//! The time is a gap with its cause from the first millisecond on, written minute by minute like tracked time. Idle time
//! is left out until the worker says what to do with it: it is never silently billed.

use candor_diary::parcel::{Gap, GapCause};

use super::{Absence, HEARTBEAT_MS, Tracker};
use crate::clock::Clock;
use crate::collectors::Event;
use crate::presence::Presence;
use crate::record::Record;

/// A difference of the clocks beyond this is a jump, in milliseconds.
const JUMP_MS: u64 = 2_000;
/// Of a longer gap only the last part is recorded, in milliseconds: 24 hours.
const LONGEST_GAP_MS: u64 = 24 * 60 * 60_000;

/// What the clocks showed at a heartbeat, in milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Beat {
    pub(super) wall: u64,
    steady: u64,
    asleep: u64,
}

impl Beat {
    /// What they show now.
    pub(super) fn now(clock: &dyn Clock, presence: &dyn Presence) -> Self {
        Self { wall: clock.now(), steady: clock.monotonic(), asleep: presence.sample().asleep_ms }
    }
}

impl Tracker {
    /// A computer that slept, a clock that was set, a person who went or came back.
    pub(super) async fn heartbeat(&mut self) {
        let now = Beat::now(self.shared.clock.as_ref(), self.presence.as_ref());
        let last = std::mem::replace(&mut self.beat, now);
        if self.state.borrow().since.is_none() {
            return;
        }
        self.jumped(last, now).await;
        self.attend().await;
    }

    /// From `from` on nothing is tracked, for this reason. What was tracked after it already is left out again.
    pub(super) async fn leave(&mut self, why: Absence, from: u64) {
        let now = self.shared.clock.now();
        let from = from.clamp(self.state.borrow().since.unwrap_or(from), now);
        // Up to then, not to now: not a millisecond of what follows passes for tracked.
        self.end_span(from).await;
        self.span_from = self.span_from.max(now);
        if why != Absence::Away {
            // Private time and a password at the lock screen are not even counted.
            self.stop_counter(now).await;
        }
        self.shared.set_tracking(false);
        self.post(|| Event::Stopped);
        self.state.send_modify(|s| {
            let began = s.running_since.take().unwrap_or(now);
            s.on_ms += from.saturating_sub(began);
            s.absent = Some((why, from));
        });
        if from < now {
            for start in self.write_gap(from, now, why.cause()).await {
                self.change_closed(start).await;
            }
        }
        self.shared.changed();
    }

    /// Tracking goes on from `at`, where it was held up. Time in which nobody was there is asked about.
    pub(super) async fn back(&mut self, at: u64) {
        let Some((why, from)) = self.state.borrow().absent else { return };
        self.end_span(at).await;
        if why == Absence::Away {
            self.record(from, &Record::Question { from, to: at }).await;
        }
        self.shared.set_tracking(true);
        self.span_from = self.span_from.max(at);
        self.state.send_modify(|s| {
            s.absent = None;
            s.running_since = Some(at);
            if why == Absence::Away {
                s.question = Some((from, at));
            }
        });
        if self.counter.is_none() {
            self.start_counter(at).await;
        }
        self.post(|| Event::Started);
        self.shared.changed();
    }

    /// Records a gap, cut at the ends of segments; answers their starts.
    pub(super) async fn write_gap(&mut self, from: u64, to: u64, cause: GapCause) -> Vec<u64> {
        let mut starts = Vec::new();
        let mut at = from.max(to.saturating_sub(LONGEST_GAP_MS));
        while at < to {
            let start = self.shared.length.start_of(at);
            let end = to.min(start + self.shared.length.ms());
            self.record(at, &Record::Gap(Gap { from: at, to: end, cause })).await;
            starts.push(start);
            if self.shared.open(start) {
                self.open.insert(start);
            }
            at = end;
        }
        starts
    }

    /// A segment that is closed already holds something else now.
    async fn change_closed(&self, start: u64) {
        let _turn = self.closing.turn.lock().await;
        match self.closing.revise(start).await {
            Ok(Some(_)) => self.closed.notify_one(),
            Ok(None) => {}
            // Caught up with at the next start.
            Err(error) => self.shared.problem("segment", Some(format!("not changed yet: {error}"))),
        }
    }

    /// The time between is no evidence.
    async fn jumped(&mut self, last: Beat, now: Beat) {
        let expected = last.wall + (now.steady - last.steady);
        if now.wall.abs_diff(expected) <= JUMP_MS {
            return;
        }
        let seen_until = expected.max(self.span_from).min(now.wall.max(expected));
        self.end_span(seen_until).await;
        if now.wall > expected {
            let slept = now.asleep.saturating_sub(last.asleep) > JUMP_MS;
            let cause = if slept { GapCause::Asleep } else { GapCause::ClockJump };
            self.write_gap(seen_until, now.wall, cause).await;
            self.state.send_modify(|s| {
                if let Some(began) = s.running_since.replace(now.wall) {
                    s.on_ms += seen_until.saturating_sub(began);
                }
            });
        }
        // Backwards: what the clock shows again was recorded already; go on where it was.
        self.span_from = self.span_from.max(now.wall);
    }

    /// Looks whether anybody is there.
    async fn attend(&mut self) {
        let sample = self.presence.sample();
        let now = self.shared.clock.now();
        let absent = self.state.borrow().absent;
        let limit = self.shared.choices().idle_ms;
        let idle = sample.idle_ms.unwrap_or(0);
        match absent {
            Some((Absence::Paused, _)) => {}
            Some((Absence::Locked, _)) if sample.locked => {}
            Some((Absence::DisplayLost, _)) if sample.display_lost => {}
            // Touched again after it was found untouched.
            Some((Absence::Away, _)) if idle >= HEARTBEAT_MS.min(limit) && !sample.locked => {}
            Some(_) => self.back(now.saturating_sub(idle.min(HEARTBEAT_MS))).await,
            None if sample.display_lost => self.leave(Absence::DisplayLost, now).await,
            None if sample.locked => self.leave(Absence::Locked, now).await,
            None if limit > 0 && idle >= limit => self.leave(Absence::Away, now.saturating_sub(idle)).await,
            None => {}
        }
    }
}
