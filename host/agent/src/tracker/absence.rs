//! What the tracker does while nobody is there, or nothing may be seen: pause, idle time, lock, sleep, a set clock.
//!
//! The time is a gap with its cause from the first millisecond on, written minute by minute like tracked time. Idle time
//! is left out until the worker says what to do with it: it is never silently billed.

use candor_diary::parcel::{Gap, GapCause};

use super::clocks::{Jump, PULSE_MS, Reading};
use super::{Absence, Tracker};
use crate::collectors::Event;
use crate::record::Record;

/// How much of a segment is marked where the clock was set back into it, in milliseconds.
const MARK_MS: u64 = 1_000;

impl Tracker {
    /// A computer that slept, a clock that was set, a process that stood still: compares the clocks with what they showed
    /// before. Nothing else may be worked out from the clock before this was done.
    pub(super) async fn compare_clocks(&mut self) {
        let pulses = self.pulse.as_ref().map(super::Pulse::take).unwrap_or_default();
        let now = Reading::now(self.shared.clock.as_ref());
        for reading in pulses.into_iter().chain([now]) {
            // A pulse may have come between these two lines the last time.
            if reading.is_before(self.reading) {
                continue;
            }
            let last = std::mem::replace(&mut self.reading, reading);
            if self.is_on()
                && let Some(jump) = last.until(reading, self.shared.clock.as_ref())
            {
                self.jumped(jump).await;
            }
        }
    }

    /// From `from` on nothing is tracked, for this reason. What was tracked after it already is left out again.
    pub(super) async fn leave(&mut self, why: Absence, from: u64) {
        let now = self.shared.clock.now();
        let from = from.max(self.state.borrow().since.unwrap_or(from)).min(now);
        // Up to then, not to now: not a millisecond of what follows passes for tracked.
        self.end_span(from).await;
        self.span_from = self.span_from.max(now);
        if why != Absence::Away {
            // Private time and a password at the lock screen are not even counted.
            self.stop_counter(now).await;
        }
        self.shared.tracked.end(now);
        self.post(|| Event::Stopped);
        self.state.send_modify(|s| {
            let began = s.running_since.take().unwrap_or(now);
            s.on_ms += from.saturating_sub(began);
            s.absent = Some((why, from));
        });
        self.write_gap(from, now, why.cause()).await;
        self.shared.changed();
    }

    /// Tracking goes on from `at`, where it was held up. Time in which nobody was there is asked about.
    pub(super) async fn back(&mut self, at: u64) {
        let Some((why, from)) = self.state.borrow().absent else { return };
        self.end_span(at).await;
        let question = (why == Absence::Away && from < at).then_some((from, at));
        if let Some((from, to)) = question {
            self.record(from, &Record::Question { from, to }).await;
        }
        self.shared.tracked.begin(at);
        self.span_from = self.span_from.max(at);
        let now = self.shared.clock.now();
        let steady = self.shared.clock.monotonic().saturating_sub(now.saturating_sub(at));
        self.state.send_modify(|s| {
            s.absent = None;
            s.running_since = Some(at);
            s.running_since_steady = steady;
            s.question = question.or(s.question);
        });
        if self.counter.is_none() {
            self.start_counter(at).await;
        }
        self.post(|| Event::Started);
        self.shared.changed();
    }

    /// The time between is no evidence, and goes on from what the clock shows now, whatever it showed before.
    async fn jumped(&mut self, jump: Jump) {
        let Jump { vouched, now, cause } = jump;
        let vouched = vouched.max(self.span_from);
        self.write_span(vouched).await;
        let counts = self.counter.is_some();
        self.stop_counter(u64::MAX).await;
        let absent = self.state.borrow().absent;
        let cause = match absent {
            // Private time stays private time, whatever the computer does meanwhile.
            Some((Absence::Paused, _)) => GapCause::Paused,
            _ => cause,
        };
        let length = self.shared.length.ms();
        if now < vouched {
            // What the clock shows again was recorded already: a mark says why minutes may be told twice.
            let to = (now + MARK_MS).min(vouched);
            self.write_gap(now, to, cause).await;
        } else if jump.cause == GapCause::ClockJump && now - vouched > length {
            // No time passed: the segment that was left and the one that was come into say so, and none between.
            let left = Gap { from: vouched, to: self.shared.length.start_of(vouched) + length, cause };
            let entered = Gap { from: self.shared.length.start_of(now), to: now, cause };
            for gap in [left, entered].into_iter().filter(|gap| gap.to > gap.from) {
                self.write_gap_part(gap).await;
            }
        } else {
            self.write_gap(vouched, now, cause).await;
        }
        self.span_from = now;
        self.shared.tracked.end(vouched);
        if absent.is_none() {
            self.shared.tracked.begin(now);
        }
        let steady = self.shared.clock.monotonic();
        self.state.send_modify(|s| {
            s.since = s.since.map(|since| since.min(now));
            if let Some(began) = s.running_since {
                s.on_ms += vouched.saturating_sub(began);
                s.running_since = Some(now);
                s.running_since_steady = steady;
            }
            if let Some((_, from)) = &mut s.absent {
                // A clock that was set ahead made the absence no longer. What one that was set back shows again was
                // told already, and perhaps worked.
                let ahead = jump.cause == GapCause::ClockJump && now > vouched;
                let passed = vouched.saturating_sub(*from);
                *from = if ahead { now.saturating_sub(passed) } else { (*from).min(now) };
            }
        });
        if counts {
            self.start_counter(now).await;
        }
        if jump.cause == GapCause::ClockJump && absent.is_none() {
            // What collectors wait for was worked out from the clock as it was.
            self.post(|| Event::Stopped);
            self.post(|| Event::Started);
        }
        self.shared.changed();
    }

    /// Looks whether anybody is there.
    pub(super) async fn attend(&mut self) {
        if !self.is_on() {
            return;
        }
        self.looked = self.shared.clock.monotonic();
        let sample = self.presence.sample();
        let now = self.shared.clock.now();
        let absent = self.state.borrow().absent;
        let limit = self.shared.choices().idle_ms;
        let idle = sample.idle_ms.unwrap_or(0);
        let unseen = sample.unseen && self.state.borrow().to_be_shown();
        match absent {
            Some((Absence::Paused, _)) => {}
            Some((Absence::Locked, _)) if sample.locked => {}
            Some((Absence::DisplayLost, _)) if sample.display_lost => {}
            Some((Absence::NoSign, _)) if unseen => {}
            // Touched again after it was found untouched.
            Some((Absence::Away, _)) if idle >= PULSE_MS.min(limit) && !sample.locked => {}
            // Somebody was there again when they touched it; the others are over when that is seen, and not before.
            Some((Absence::Away, _)) => self.back(now.saturating_sub(idle.min(PULSE_MS))).await,
            Some(_) => self.back(now).await,
            None if sample.display_lost => self.leave(Absence::DisplayLost, now).await,
            None if sample.locked => self.leave(Absence::Locked, now).await,
            None if limit > 0 && idle >= limit => self.leave(Absence::Away, now.saturating_sub(idle)).await,
            None => {}
        }
        if unseen && self.state.borrow().absent.is_none() {
            self.leave(Absence::NoSign, now).await;
        }
    }
}
