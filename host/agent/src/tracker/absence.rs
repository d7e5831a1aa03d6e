//! What the tracker does while nobody is there, or nothing may be seen: pause, idle time, lock, sleep, a set clock.
//!
//! The time is a gap with its cause from the first millisecond on, written minute by minute like tracked time. Idle
//! time is left out until the worker decides about it: it is never silently billed.

use candor_diary::parcel::{Gap, GapCause};

use super::clocks::{ClockReading, Jump, PULSE_MS};
use super::{Absence, JumpedStretch, Tracker};
use crate::plugins::collectors::CollectorEvent;
use crate::segments::record::Record;
use crate::tracker::presence::Sample;

/// How much of a segment is marked if the clock was set back into it, in milliseconds.
const MARK_MS: u64 = 1_000;
/// How many stretches that ended with a jump are remembered, in case that nobody was there since.
const STRETCHES: usize = 4_096;

impl Tracker {
    /// Notices a computer that slept, a clock that was set, a process that stood still: compares the clocks with what
    /// they showed before. Nothing else may be worked out from the clock before this was done.
    pub(super) async fn compare_clocks(&mut self) {
        let pulses = self.pulse.as_ref().map(super::Pulse::take_readings).unwrap_or_default();
        let now = ClockReading::now(self.shared.clock.as_ref());
        for reading in pulses.into_iter().chain([now]) {
            // A pulse may have come between these two lines the last time.
            if reading.is_before(self.clocks.last()) {
                continue;
            }
            if let Some(jump) = self.clocks.advance(reading, self.shared.clock.as_ref())
                && self.is_on()
            {
                self.handle_jump(jump).await;
            }
        }
    }

    /// Stops tracking as of `from`, for this reason. What was tracked after it already is taken back.
    pub(super) async fn begin_absence(&mut self, why: Absence, from: u64) {
        if self.state.borrow().absent.is_some() {
            self.change_absence(why, from).await;
            return;
        }
        let now = self.shared.clock.now();
        // A clock that was set back may have shown `from` before the stretch that runs, and that was worked.
        let began = self.state.borrow().running_since.unwrap_or(from);
        let from = from.max(began).min(now);
        // Up to then, not to now: not a millisecond of what follows passes for tracked.
        self.end_span(from).await;
        self.take_back_time(from, self.span_from).await;
        self.settle_clocks().await;
        self.span_from = self.span_from.max(now);
        if why != Absence::Away {
            // Private time and a password at the lock screen are not even counted.
            self.stop_counter(now).await;
        }
        self.shared.tracked.end(now);
        self.post_event(|| CollectorEvent::Stopped);
        self.state.send_modify(|s| {
            let began = s.running_since.take().unwrap_or(now);
            s.on_ms += from.saturating_sub(began);
            s.absent = Some((why, from));
        });
        self.write_gap(from, now, why.cause()).await;
        self.jumped_stretches.clear();
        self.shared.announce_change();
    }

    /// Begins an absence: nobody was there for `idle_ms`. What of it lies before a jump of the clocks is left out by
    /// what the clock showed then.
    async fn begin_idle(&mut self, idle_ms: u64, now: u64) {
        let began = self.shared.clock.monotonic().saturating_sub(idle_ms);
        for stretch in std::mem::take(&mut self.jumped_stretches) {
            let idle = stretch.steady.saturating_sub(began);
            let from = stretch.from.max(stretch.to.saturating_sub(idle));
            if from < stretch.to {
                self.take_back_time(from, stretch.to).await;
                self.write_gap(from, stretch.to, Absence::Away.cause()).await;
                self.state.send_modify(|s| s.on_ms = s.on_ms.saturating_sub(stretch.to - from));
            }
        }
        self.begin_absence(Absence::Away, now.saturating_sub(idle_ms)).await;
    }

    /// Turns one absence into another: nothing is tracked in between.
    async fn change_absence(&mut self, why: Absence, now: u64) {
        self.end_span(now).await;
        self.ask_about_absence(now).await;
        // What is typed at the lock screen is not even counted.
        self.stop_counter(now).await;
        self.state.send_modify(|s| s.absent = Some((why, now)));
        self.shared.announce_change();
    }

    /// Ends the stretch that runs: what the clock was set ahead by in it, each time by too little to notice, was not
    /// worked.
    pub(super) async fn settle_clocks(&mut self) {
        let ahead = self.clocks.settle(self.shared.clock.as_ref());
        let began = self.state.borrow().running_since;
        if let Some(began) = began {
            self.take_back_time(self.span_from.saturating_sub(ahead).max(began), self.span_from).await;
        }
    }

    /// Takes back tracked time that was recorded already: it was none.
    async fn take_back_time(&self, from: u64, to: u64) {
        for part in crate::segments::assemble::cut_gap(&self.shared.cut, from, to, GapCause::Unanswered) {
            self.record(part.from, &Record::TakenBack { from: part.from, to: part.to }).await;
            self.ledger.marks.mark_open(self.shared.cut.start_of(part.from));
        }
    }

    /// Asks the worker about the time until `to`, if nobody was there.
    pub(super) async fn ask_about_absence(&mut self, to: u64) {
        let Some((Absence::Away, from)) = self.state.borrow().absent else { return };
        if from < to {
            self.record(from, &Record::Question { from, to }).await;
            self.state.send_modify(|s| s.question = Some((from, to)));
        }
    }

    /// Goes on with tracking from `at`, if it was held up. The worker is asked about time in which nobody was there.
    pub(super) async fn end_absence(&mut self, at: u64) {
        if self.state.borrow().absent.is_none() {
            return;
        }
        self.end_span(at).await;
        self.ask_about_absence(at).await;
        self.shared.tracked.begin(at);
        self.span_from = self.span_from.max(at);
        let now = self.shared.clock.now();
        let steady = self.shared.clock.monotonic().saturating_sub(now.saturating_sub(at));
        self.state.send_modify(|s| {
            s.absent = None;
            s.running_since = Some(at);
            s.running_since_steady = steady;
        });
        if self.counter.is_none() {
            self.start_counter(at).await;
        }
        self.post_event(|| CollectorEvent::Started);
        self.shared.announce_change();
    }

    /// Handles a jump of the clocks. The time between is no evidence, and tracking goes on from what the clock shows
    /// now, whatever it showed before.
    async fn handle_jump(&mut self, jump: Jump) {
        let Jump { vouched, now, cause, .. } = jump;
        let (absent, running) = {
            let state = self.state.borrow();
            (state.absent, state.running_since)
        };
        // A pause or stop that was asked for meanwhile is by the clock as it is now, or as it was: the steady one
        // decides.
        let halted =
            self.shared.tracked.oldest_halt_at().map_or(0, |halted| jump.steady.saturating_sub(halted));
        let vouched = vouched.saturating_sub(halted).max(running.unwrap_or(self.span_from));
        // The clock was ahead of what it is believed to show, by too little to notice at once.
        self.take_back_time(vouched, self.span_from).await;
        self.write_up_to(vouched).await;
        if let Some(from) = running {
            self.jumped_stretches.push_back(JumpedStretch { from, to: vouched, steady: jump.steady });
            while self.jumped_stretches.len() > STRETCHES {
                self.jumped_stretches.pop_front();
            }
        }
        let counts = self.counter.is_some();
        self.stop_counter(u64::MAX).await;
        let cause = match absent {
            // Private time stays private time, whatever the computer does meanwhile.
            Some((Absence::Paused, _)) => GapCause::Paused,
            _ => cause,
        };
        self.write_jump_gap(vouched, &jump, cause).await;
        self.span_from = now;
        self.shared.tracked.end(vouched);
        let segment = self.shared.cut.start_of(now);
        if self.state.borrow().stopping && segment != self.segment {
            // The segment at whose end it was to stop is over.
            let ended = std::mem::replace(&mut self.segment, segment);
            self.stop_tracking(vouched).await;
            self.post_event(|| CollectorEvent::Segment(ended));
            self.shared.announce_change();
            return;
        }
        // Who wakes at the lock screen is not there yet.
        let obstacle = running.and_then(|_| self.obstacle(self.presence.sample()));
        let goes_on = running.is_some() && obstacle.is_none();
        if goes_on {
            self.shared.tracked.begin(now);
        }
        self.show_jump(vouched, &jump, obstacle, goes_on);
        if counts && obstacle.is_none() {
            self.start_counter(now).await;
        }
        if running.is_some() && (jump.cause == GapCause::ClockJump || !goes_on) {
            // What collectors wait for was worked out from the clock as it was.
            self.post_event(|| CollectorEvent::Stopped);
            if goes_on {
                self.post_event(|| CollectorEvent::Started);
            }
        }
        self.shared.announce_change();
    }

    /// Records the gap that a jump of the clocks leaves after `vouched`.
    async fn write_jump_gap(&self, vouched: u64, jump: &Jump, cause: GapCause) {
        let (left, length) = (self.shared.cut.end_of(vouched), self.shared.cut.length_at(vouched).ms());
        let now = jump.now;
        if now < vouched {
            // What the clock shows again was recorded already: a mark says why minutes may show twice.
            let to = (now + MARK_MS).min(vouched);
            self.write_gap(now, to, cause).await;
        } else if jump.cause == GapCause::ClockJump && now - vouched > length {
            // No time passed: the segment that was left and the one that was come into say so, and none between.
            let left = Gap { from: vouched, to: left, cause };
            let entered = Gap { from: self.shared.cut.start_of(now), to: now, cause };
            for gap in [left, entered].into_iter().filter(|gap| gap.to > gap.from) {
                self.write_gap_part(gap).await;
            }
        } else {
            self.write_gap(vouched, now, cause).await;
        }
    }

    /// Shows what the tracker does after a jump of the clocks: whether tracking goes on, and since when nobody is there.
    fn show_jump(&self, vouched: u64, jump: &Jump, obstacle: Option<Absence>, goes_on: bool) {
        let (now, steady) = (jump.now, self.shared.clock.monotonic());
        self.state.send_modify(|s| {
            s.since = s.since.map(|since| since.min(now));
            if let Some(began) = s.running_since {
                s.on_ms += vouched.saturating_sub(began);
                s.running_since = goes_on.then_some(now);
                s.running_since_steady = steady;
            }
            if let Some((_, from)) = &mut s.absent {
                // A clock that was set ahead made the absence no longer. What one that was set back shows again was
                // recorded already, and perhaps worked.
                let ahead = jump.cause == GapCause::ClockJump && now > vouched;
                let passed = vouched.saturating_sub(*from);
                *from = if ahead { now.saturating_sub(passed) } else { (*from).min(now) };
            }
            s.absent = obstacle.map(|why| (why, now)).or(s.absent);
        });
    }

    /// Returns what keeps time from being tracked, apart from that nobody may be there.
    pub(super) fn obstacle(&self, sample: Sample) -> Option<Absence> {
        if sample.display_lost {
            Some(Absence::DisplayLost)
        } else if sample.locked {
            Some(Absence::Locked)
        } else if sample.unseen && self.state.borrow().to_be_shown() {
            Some(Absence::NoSign)
        } else {
            None
        }
    }

    /// Checks whether anybody is there, and begins or ends an absence by it.
    pub(super) async fn check_presence(&mut self) {
        if !self.is_on() {
            return;
        }
        self.checked_at = self.shared.clock.monotonic();
        let sample = self.presence.sample();
        let now = self.shared.clock.now();
        let limit = self.shared.choices().idle_ms;
        let idle = sample.idle_ms.unwrap_or(0);
        let nobody = limit > 0 && idle >= limit;
        let obstacle = self.obstacle(sample);
        // Somebody was there since.
        let touched = self.checked_at.saturating_sub(idle);
        self.jumped_stretches.retain(|stretch| stretch.steady > touched);
        let absent = self.state.borrow().absent.map(|(why, _)| why);
        match (absent, obstacle) {
            (Some(Absence::Paused), _) => {}
            (Some(Absence::Away), Some(why @ (Absence::DisplayLost | Absence::Locked))) => {
                self.change_absence(why, now).await;
            }
            // Touched again after it was found untouched.
            (Some(Absence::Away), _) if idle >= PULSE_MS.min(limit) => {}
            (Some(why), Some(obstacle)) if why == obstacle => {}
            (Some(_), Some(obstacle)) => self.change_absence(obstacle, now).await,
            // Somebody was there again when they touched it; the others are over when that is seen, and not before.
            (Some(Absence::Away), None) => self.end_absence(now.saturating_sub(idle.min(PULSE_MS))).await,
            (Some(_), None) if nobody => self.change_absence(Absence::Away, now).await,
            (Some(_), None) => self.end_absence(now).await,
            (None, obstacle) => {
                if nobody {
                    self.begin_idle(idle, now).await;
                }
                match obstacle {
                    Some(why) if nobody => self.change_absence(why, now).await,
                    Some(why) => self.begin_absence(why, now).await,
                    None => {}
                }
            }
        }
    }
}
