//! Which time is tracked, decided at the very moment at which somebody asks for a pause or a stop (invariant 6).
//!
//! The tracker writes facts in its own pace; whether anything may be seen or noted is decided here, outside of its
//! queue. A note is taken only if its time lies in tracked time: what a collector hands over late concerns the time
//! before a pause, never of the pause.

use std::collections::VecDeque;

use parking_lot::Mutex;

/// How many stretches of tracked time are remembered. A note comes seconds after its time, a stretch lasts longer than
/// that, so a few would do.
const STRETCHES: usize = 256;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HaltKind {
    /// To end tracking at that moment.
    Stop,
    /// To pause for private time from that moment on.
    Pause,
}

/// A pause or stop that was asked for and that the tracker has not carried out yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Whether it is a stop or a pause.
    pub kind: HaltKind,
    /// When, milliseconds since the Unix epoch.
    pub at: u64,
    /// The same by the steady clock: `at` may be by a clock that was set since the clocks were compared.
    pub steady: u64,
}

/// A stretch of tracked time, milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TrackedStretch {
    from: u64,
    /// First millisecond after it; none while it goes on.
    to: Option<u64>,
}

#[derive(Debug, Default)]
struct TrackedInner {
    stretches: VecDeque<TrackedStretch>,
    halts: VecDeque<Halt>,
}

impl TrackedInner {
    fn running(&mut self) -> Option<&mut TrackedStretch> {
        self.stretches.back_mut().filter(|stretch| stretch.to.is_none())
    }
}

/// The tracked time of one contract.
#[derive(Debug, Default)]
pub struct TrackedTime(Mutex<TrackedInner>);

impl TrackedTime {
    fn with<T>(&self, work: impl FnOnce(&mut TrackedInner) -> T) -> T {
        work(&mut self.0.lock())
    }

    /// Returns whether time is tracked right now.
    pub fn is_on(&self) -> bool {
        self.with(|inner| inner.running().is_some())
    }

    /// Begins tracked time at `at`, unless a pause or stop was asked for meanwhile.
    pub fn begin(&self, at: u64) {
        self.with(|inner| {
            if !inner.halts.is_empty() || inner.running().is_some() {
                return;
            }
            inner.stretches.push_back(TrackedStretch { from: at, to: None });
            while inner.stretches.len() > STRETCHES {
                inner.stretches.pop_front();
            }
        });
    }

    /// Ends tracked time as of `at`.
    pub fn end(&self, at: u64) {
        self.with(|inner| {
            if let Some(running) = inner.running() {
                running.to = Some(at.max(running.from));
            }
        });
    }

    /// Asks for a pause or stop: it takes effect now, and the tracker is to carry it out.
    pub fn halt(&self, halt: Halt) {
        self.end(halt.at);
        self.with(|inner| inner.halts.push_back(halt));
    }

    /// Returns when the oldest pause or stop that is not carried out yet was asked for, by the steady clock.
    pub fn oldest_halt_at(&self) -> Option<u64> {
        self.with(|inner| inner.halts.front().map(|halt| halt.steady))
    }

    /// Forgets the oldest pause or stop that was asked for: the tracker carried it out or refused it.
    pub fn finish_halt(&self) {
        self.with(|inner| {
            inner.halts.pop_front();
        });
    }

    /// Returns what was asked for at last and is not carried out yet.
    pub fn latest_halt(&self) -> Option<Halt> {
        self.with(|inner| inner.halts.back().copied())
    }

    /// Returns `to`, or the moment at which a pause or stop was asked for if that was earlier.
    pub fn until_halt(&self, to: u64) -> u64 {
        self.with(|inner| inner.halts.front().map_or(to, |halt| to.min(halt.at)))
    }

    /// Returns whether `at` lies in tracked time.
    pub fn contains(&self, at: u64) -> bool {
        let within = |s: &TrackedStretch| s.from <= at && s.to.is_none_or(|to| at < to);
        self.with(|inner| inner.stretches.iter().rev().any(within))
    }

    /// Returns whether one stretch of tracked time holds both, and so all in between.
    pub fn contains_all(&self, first: u64, last: u64) -> bool {
        let within = |s: &TrackedStretch| s.from <= first && s.to.is_none_or(|to| last < to);
        self.with(|inner| inner.stretches.iter().rev().any(within))
    }

    /// Returns when the stretch that goes on began; none while nothing is tracked.
    pub fn since(&self) -> Option<u64> {
        self.with(|inner| inner.running().map(|running| running.from))
    }

    /// Returns `now` if it is tracked, else the last tracked millisecond before it; none if there was none.
    pub fn latest_tracked(&self, now: u64) -> Option<u64> {
        self.with(|inner| {
            inner.stretches.iter().rev().find_map(|stretch| match stretch.to {
                _ if stretch.from > now => None,
                Some(to) if to <= now => (to > stretch.from).then(|| to - 1),
                _ => Some(now),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariant_06_a_pause_takes_effect_when_it_is_asked_for_and_not_when_it_is_carried_out() {
        let time = TrackedTime::default();
        time.begin(100);
        time.halt(Halt { kind: HaltKind::Pause, at: 200, steady: 100 });
        assert!(!time.is_on() && time.contains(199) && !time.contains(200));
        // Whoever comes back by the way, such as a screen that was unlocked, does not undo it.
        time.begin(210);
        assert!(!time.is_on() && !time.contains(215));
        assert_eq!(time.until_halt(300), 200);
        // What was copied from the screen while it was asked for may show what came after it.
        assert!(time.contains_all(150, 199) && !time.contains_all(150, 200));
        time.finish_halt();
        time.begin(400);
        assert!(time.is_on() && time.contains(400) && !time.contains(399));
        assert_eq!((time.since(), time.until_halt(500)), (Some(400), 500));
    }

    #[test]
    fn what_comes_late_is_told_by_its_own_time() {
        let time = TrackedTime::default();
        assert_eq!(time.latest_tracked(50), None);
        for (from, to) in [(100, 200), (300, 400)] {
            time.begin(from);
            time.end(to);
        }
        assert_eq!([250, 350, 450].map(|now| time.latest_tracked(now)), [Some(199), Some(350), Some(399)]);
        // A clock that was set back: what it shows again is tracked time of its own.
        time.begin(150);
        assert!(time.contains(10_000) && time.contains(150) && !time.contains(20));
    }

    #[test]
    fn a_stop_before_it_began_leaves_nothing() {
        let time = TrackedTime::default();
        time.begin(100);
        time.halt(Halt { kind: HaltKind::Stop, at: 40, steady: 0 });
        assert!(!time.contains(40) && !time.contains(100) && time.latest_tracked(200).is_none());
    }
}
