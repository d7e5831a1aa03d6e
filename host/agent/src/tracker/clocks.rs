//! What the clocks show, and what happened in the time in between.
//!
//! Three clocks measure three things: the wall clock says which time it is, the boot clock how long it really took, and
//! the steady one how much of that the computer was awake. A pulse reads them every ten seconds, whatever the tracker
//! is busy with, so that no span is longer than what the pulses vouch for (invariant 9).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use candor_diary::parcel::GapCause;
use parking_lot::Mutex;

use crate::clock::{Clock, JUMP_MS, sleep};

/// How often the clocks are read, in milliseconds.
pub(super) const PULSE_MS: u64 = 10_000;
/// How late a pulse may come on a busy computer and still vouch for the time before it.
const LATE: Duration = Duration::from_secs(5);
/// How long it may take to read the clocks one after the other.
const READ: Duration = Duration::from_millis(5);
/// How many readings wait for a tracker that is busy. What is beyond is vouched for by nobody.
const READINGS: usize = 4_096;

/// What the clocks showed at one instant, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClockReading {
    pub(super) wall: u64,
    steady: u64,
    boot: u64,
}

/// What a reading says about the time since the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Jump {
    /// Up to when the time is vouched for, by the wall clock as it was.
    pub(super) vouched: u64,
    /// The same by the steady clock.
    pub(super) steady: u64,
    /// What the wall clock shows now.
    pub(super) now: u64,
    /// Whether the computer slept, the clock was set, or the process stood still.
    pub(super) cause: GapCause,
}

impl ClockReading {
    /// Reads all three clocks.
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), steady: clock.monotonic(), boot: clock.boot() }
    }

    /// Returns whether it was read earlier than another.
    pub(super) fn is_before(self, other: Self) -> bool {
        self.boot < other.boot
    }

    /// Returns the latest time that the wall clock can show now, if nobody set it since this was read.
    pub(super) fn vouches_until(self, clock: &dyn Clock) -> u64 {
        self.wall.saturating_add(clock.monotonic().saturating_sub(self.steady)).saturating_add(JUMP_MS)
    }

    /// Returns what the wall clock shows at a later reading, if nobody sets it in between.
    fn expected(self, later: Self) -> u64 {
        self.wall.saturating_add(later.boot.saturating_sub(self.boot))
    }
}

/// The last reading, and the one that the wall clock was believed at.
///
/// A clock that is set by a little each time never differs much from the reading before: what it may show is worked out
/// from the anchor, which stays until it was set by more than chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    anchor: ClockReading,
    last: ClockReading,
}

impl Clocks {
    /// Creates the comparison from a first reading, which is believed.
    pub(super) fn new(reading: ClockReading) -> Self {
        Self { anchor: reading, last: reading }
    }

    /// Returns the latest reading of the clocks.
    pub(super) fn last(self) -> ClockReading {
        self.last
    }

    /// Believes the clock as it is now. Returns how far ahead it was of what it was believed to show, in milliseconds:
    /// tracked time that never was. Zero if that may come from reading it.
    pub(super) fn settle(&mut self, clock: &dyn Clock) -> u64 {
        let ahead = self.last.wall.saturating_sub(self.anchor.expected(self.last));
        self.anchor = self.last;
        if ahead > clock.to_clock_ms(READ) { ahead } else { 0 }
    }

    /// Advances to a later reading. Returns what happened since the last; none if time just passed.
    pub(super) fn advance(&mut self, later: ClockReading, clock: &dyn Clock) -> Option<Jump> {
        let last = std::mem::replace(&mut self.last, later);
        let awake = later.steady.saturating_sub(last.steady);
        let passed = later.boot.saturating_sub(last.boot);
        let most = PULSE_MS + clock.to_clock_ms(LATE);
        let set = |since: ClockReading| later.wall.abs_diff(since.expected(later)) > JUMP_MS;
        let cause = if passed.saturating_sub(awake) > JUMP_MS {
            GapCause::Asleep
        } else if set(last) || set(self.anchor) {
            GapCause::ClockJump
        } else if awake > most {
            GapCause::Stalled
        } else {
            return None;
        };
        let believed = last.wall.min(self.anchor.expected(last));
        self.anchor = later;
        let vouched_for = awake.min(most);
        Some(Jump {
            vouched: believed.saturating_add(vouched_for),
            steady: last.steady.saturating_add(vouched_for),
            now: later.wall,
            cause,
        })
    }
}

/// Reads the clocks every [`PULSE_MS`] for as long as it is held.
pub(super) struct Pulse {
    readings: Arc<Mutex<VecDeque<ClockReading>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Pulse {
    /// Starts the task that reads the clocks.
    pub(super) fn start(clock: Arc<dyn Clock>) -> Self {
        let readings = Arc::<Mutex<VecDeque<ClockReading>>>::default();
        let into = Arc::clone(&readings);
        let task = tokio::spawn(async move {
            loop {
                sleep(clock.as_ref(), PULSE_MS).await;
                let mut readings = into.lock();
                if readings.len() >= READINGS {
                    readings.pop_front();
                }
                readings.push_back(ClockReading::now(clock.as_ref()));
            }
        });
        Self { readings, task }
    }

    /// Takes the readings since the last call, in order.
    pub(super) fn take_readings(&self) -> VecDeque<ClockReading> {
        std::mem::take(&mut self.readings.lock())
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn reading(wall: u64, awake: u64, asleep: u64) -> ClockReading {
        ClockReading { wall, steady: awake, boot: awake + asleep }
    }

    #[test]
    fn invariant_09_each_way_in_which_time_can_jump_is_a_row() {
        const HOUR: u64 = 3_600_000;
        let clock = SystemClock::shared();
        let before = reading(1_000_000, 0, 0);
        let jump = |vouched, now, cause| Some(Jump { vouched, steady: vouched - 1_000_000, now, cause });
        for (what, later, expected) in [
            ("time passes", reading(1_010_000, 10_000, 0), None),
            ("a little late", reading(1_014_000, 14_000, 0), None),
            ("a second of drift", reading(1_011_500, 10_000, 0), None),
            (
                "asleep for three hours",
                reading(1_006_000 + 3 * HOUR, 6_000, 3 * HOUR),
                jump(1_006_000, 1_006_000 + 3 * HOUR, GapCause::Asleep),
            ),
            (
                "asleep, and the clock stood still, too",
                reading(1_006_000, 6_000, 3 * HOUR),
                jump(1_006_000, 1_006_000, GapCause::Asleep),
            ),
            (
                "set a day ahead",
                reading(1_005_000 + 24 * HOUR, 5_000, 0),
                jump(1_005_000, 1_005_000 + 24 * HOUR, GapCause::ClockJump),
            ),
            ("set back", reading(400_000, 5_000, 0), jump(1_005_000, 400_000, GapCause::ClockJump)),
            (
                "the process stood still for an hour",
                reading(1_000_000 + HOUR, HOUR, 0),
                jump(1_015_000, 1_000_000 + HOUR, GapCause::Stalled),
            ),
        ] {
            assert_eq!(Clocks::new(before).advance(later, clock.as_ref()), expected, "{what}");
        }
    }

    #[test]
    fn invariant_09_steps_that_are_each_no_jump_are_one_together() {
        let clock = SystemClock::shared();
        let mut clocks = Clocks::new(reading(0, 0, 0));
        let mut gained = 0;
        for step in 1..=20 {
            // Each ten seconds the clock is set 1.9 s ahead.
            let shown = reading(step * 11_900, step * 10_000, 0);
            match clocks.advance(shown, clock.as_ref()) {
                None => gained += 1_900,
                Some(jump) => {
                    assert_eq!(jump.cause, GapCause::ClockJump);
                    // What was believed too long is taken back.
                    gained -= shown.wall - 1_900 - jump.vouched;
                }
            }
        }
        assert!(gained <= 1_900, "{gained}");
        // Nor is a step kept by stopping before the next.
        let mut clocks = Clocks::new(reading(0, 0, 0));
        assert_eq!(clocks.advance(reading(11_900, 10_000, 0), clock.as_ref()), None);
        assert_eq!((clocks.settle(clock.as_ref()), clocks.settle(clock.as_ref())), (1_900, 0));
    }
}
