//! The counts of one minute, and the 20 bytes of their record.

use std::time::{SystemTime, UNIX_EPOCH};

/// The length of a record, bytes. The kernel lets the counter write exactly so many at a time.
pub(crate) const RECORD_BYTES: usize = 20;

/// A minute, in milliseconds.
const MINUTE: u64 = 60_000;

/// The bit of a record's start that says that a key or button was held throughout the minute, and nothing else was
/// pressed or released.
const HELD_ONLY: u64 = 1 << 63;

/// By how much a minute may be longer by the clock that is never set, ms: the wall clock is slewed, and a busy machine is
/// late.
const LATE: u64 = 2_000;

/// The kind of a press, and nothing more about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PressKind {
    /// Any key of a keyboard.
    Key,
    /// Any mouse button that is not a wheel.
    Click,
    /// A step of a wheel, in any direction.
    Scroll,
}

/// How often each kind was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PressCounts {
    pub(crate) keys: u32,
    pub(crate) clicks: u32,
    pub(crate) scrolls: u32,
    /// Whether something that is held repeated its press.
    pub(crate) repeated: bool,
    /// Whether something that was held was released.
    pub(crate) released: bool,
}

impl PressCounts {
    /// Counts one press; a count stays at the largest number that fits.
    pub(crate) fn add(&mut self, press: PressKind) {
        let count = match press {
            PressKind::Key => &mut self.keys,
            PressKind::Click => &mut self.clicks,
            PressKind::Scroll => &mut self.scrolls,
        };
        *count = count.saturating_add(1);
    }

    /// Whether anything was newly pressed or released.
    pub(crate) fn any_new(&self) -> bool {
        self.released || (self.keys, self.clicks, self.scrolls) != (0, 0, 0)
    }

    /// Whether nothing came but the repeats of what is held.
    pub(crate) fn held_only(&self) -> bool {
        self.repeated && !self.any_new()
    }
}

/// A reading of both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockTimes {
    /// The wall clock, ms since the Unix epoch.
    pub(crate) wall: u64,
    /// A clock that is never set and runs on while the machine sleeps, ms.
    pub(crate) boot: u64,
}

/// The counts of the minute that is running.
#[derive(Debug)]
pub(crate) struct MinuteCounts {
    start: u64,
    /// When it ends by the clock that is never set, ms.
    until: u64,
    pub(crate) counts: PressCounts,
}

impl MinuteCounts {
    /// Returns the minute that holds `now`, with nothing counted.
    pub(crate) fn of(now: ClockTimes) -> Self {
        let start = now.wall - now.wall % MINUTE;
        Self { start, until: now.boot + (start + MINUTE - now.wall), counts: PressCounts::default() }
    }

    /// Returns how many ms are left of it: 0 if it is over by either clock, or the wall clock was set to before it.
    pub(crate) fn ms_left(&self, now: ClockTimes) -> u64 {
        if now.wall < self.start {
            return 0;
        }
        let by_wall = (self.start + MINUTE).saturating_sub(now.wall);
        by_wall.min((self.until + LATE).saturating_sub(now.boot))
    }

    /// Whether it was over some time ago: the machine slept, or this process was stopped. Nobody knows when what came
    /// since was pressed.
    pub(crate) fn is_long_over(&self, now: ClockTimes) -> bool {
        now.boot >= self.until + LATE
    }

    /// Returns its record: start, keys, clicks and scrolls, little-endian.
    pub(crate) fn to_record(&self) -> [u8; RECORD_BYTES] {
        let mut record = [0; RECORD_BYTES];
        let start = if self.counts.held_only() { self.start | HELD_ONLY } else { self.start };
        let numbers = start.to_le_bytes().into_iter();
        let counts = [self.counts.keys, self.counts.clicks, self.counts.scrolls];
        let bytes = numbers.chain(counts.into_iter().flat_map(u32::to_le_bytes));
        record.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        record
    }
}

pub(crate) fn read_clocks() -> ClockTimes {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    ClockTimes { wall: u64::try_from(since.as_millis()).unwrap_or(u64::MAX), boot: read_boot_clock() }
}

#[cfg(target_os = "linux")]
fn read_boot_clock() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
    seconds.unwrap_or(0) * 1_000 + nanoseconds.unwrap_or(0) / 1_000_000
}

#[cfg(not(target_os = "linux"))]
fn read_boot_clock() -> u64 {
    static BEGUN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let begun = BEGUN.get_or_init(std::time::Instant::now);
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: u64, boot: u64) -> ClockTimes {
        ClockTimes { wall, boot }
    }

    #[test]
    fn a_minute_is_aligned_to_utc_and_knows_what_is_left_of_it() {
        let begun = at(1_800_000_012_345, 5_000);
        let minute = MinuteCounts::of(begun);
        assert_eq!(minute.start % MINUTE, 0);
        assert_eq!(minute.ms_left(begun), 47_655);
        assert_eq!(minute.ms_left(at(1_800_000_059_999, 52_654)), 1);
        assert_eq!(minute.ms_left(at(1_800_000_060_000, 52_655)), 0, "over");
        assert_eq!(minute.ms_left(at(1_800_000_000_000 - 1, 6_000)), 0, "the clock was set back");
        assert_eq!(minute.ms_left(at(1_800_000_059_900, 53_000)), 100, "the clock is slewed");
    }

    #[test]
    fn a_minute_lasts_a_minute_however_the_wall_clock_is_set() {
        let minute = MinuteCounts::of(at(1_800_000_050_000, 5_000));
        assert_eq!(minute.ms_left(at(1_800_000_010_000, 14_000)), 3_000, "set back within it");
        assert_eq!(minute.ms_left(at(1_800_000_020_000, 17_000)), 0);
        assert!(!minute.is_long_over(at(1_800_000_060_100, 15_100)));
        assert!(!minute.is_long_over(at(1_900_000_000_000, 6_000)), "the clock was set forward");
        assert!(minute.is_long_over(at(1_800_003_600_000, 3_555_000)), "it was stopped for an hour");
    }

    #[test]
    fn a_record_tells_a_minute_in_which_something_was_held_and_nothing_else() {
        let held = |change: fn(&mut PressCounts)| {
            let mut minute = MinuteCounts::of(at(1_800_000_060_000, 0));
            change(&mut minute.counts);
            minute.to_record()[7] == 0x80
        };
        assert!(held(|counts| counts.repeated = true));
        assert!(!held(|_| ()));
        for change in [
            (|counts: &mut PressCounts| counts.add(PressKind::Key)) as fn(&mut PressCounts),
            |counts| counts.add(PressKind::Scroll),
            |counts| counts.released = true,
        ] {
            let mut counts = PressCounts { repeated: true, ..PressCounts::default() };
            change(&mut counts);
            assert!(!counts.held_only());
        }
    }

    #[test]
    fn a_record_holds_start_keys_clicks_scrolls_and_nothing_else() {
        let mut minute = MinuteCounts::of(at(1_800_000_060_000, 0));
        for (press, times) in [(PressKind::Key, 3), (PressKind::Click, 2), (PressKind::Scroll, 1)] {
            (0..times).for_each(|_| minute.counts.add(press));
        }
        let mut expected = 1_800_000_060_000_u64.to_le_bytes().to_vec();
        expected.extend([3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(minute.to_record().to_vec(), expected);
    }

    #[test]
    fn a_count_stops_at_its_largest_value() {
        let mut counts = PressCounts { keys: u32::MAX, ..PressCounts::default() };
        counts.add(PressKind::Key);
        assert_eq!(counts.keys, u32::MAX);
    }
}
