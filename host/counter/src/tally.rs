//! The counts of one minute, and the 20 bytes that say them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of one record. The kernel lets the counter write exactly so many at a time.
pub(crate) const RECORD_BYTES: usize = 20;

/// A minute, in milliseconds.
const MINUTE: u64 = 60_000;

/// What was pressed: the kind, and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Press {
    /// Some key.
    Key,
    /// A mouse button that is not a wheel.
    Click,
    /// A step of a wheel, in any direction.
    Scroll,
}

/// How often each kind was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    keys: u32,
    clicks: u32,
    scrolls: u32,
}

impl Counts {
    /// These many of each.
    #[cfg(any(feature = "portable", not(target_os = "linux")))]
    pub(crate) fn of(keys: u32, clicks: u32, scrolls: u32) -> Self {
        Self { keys, clicks, scrolls }
    }

    /// Counts one press.
    pub(crate) fn add(&mut self, press: Press) {
        let count = match press {
            Press::Key => &mut self.keys,
            Press::Click => &mut self.clicks,
            Press::Scroll => &mut self.scrolls,
        };
        *count = count.saturating_add(1);
    }
}

/// The counts of the minute that is running.
#[derive(Debug)]
pub(crate) struct Minute {
    start: u64,
    pub(crate) counts: Counts,
}

impl Minute {
    /// The minute that holds `now` (ms since the Unix epoch), with nothing counted.
    pub(crate) fn of(now: u64) -> Self {
        Self { start: now - now % MINUTE, counts: Counts::default() }
    }

    /// How many ms are left of it; 0 when it is over, or when `now` lies before it because the clock was set back.
    pub(crate) fn left(&self, now: u64) -> u64 {
        if now < self.start { 0 } else { (self.start + MINUTE).saturating_sub(now) }
    }

    /// Its record.
    pub(crate) fn record(&self) -> [u8; RECORD_BYTES] {
        let mut record = [0; RECORD_BYTES];
        let numbers = self.start.to_le_bytes().into_iter();
        let counts = [self.counts.keys, self.counts.clicks, self.counts.scrolls];
        let bytes = numbers.chain(counts.into_iter().flat_map(u32::to_le_bytes));
        record.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        record
    }
}

/// The wall clock, ms since the Unix epoch.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_aligned_to_utc_and_knows_what_is_left_of_it() {
        let minute = Minute::of(1_800_000_012_345);
        assert_eq!(minute.start % MINUTE, 0);
        assert_eq!(minute.left(1_800_000_012_345), 47_655);
        assert_eq!(minute.left(1_800_000_059_999), 1);
        assert_eq!(minute.left(1_800_000_060_000), 0, "over");
        assert_eq!(minute.left(1_800_000_000_000 - 1), 0, "the clock was set back");
    }

    #[test]
    fn a_record_holds_start_keys_clicks_scrolls_and_nothing_else() {
        let mut minute = Minute::of(1_800_000_060_000);
        for (press, times) in [(Press::Key, 3), (Press::Click, 2), (Press::Scroll, 1)] {
            (0..times).for_each(|_| minute.counts.add(press));
        }
        let mut expected = 1_800_000_060_000_u64.to_le_bytes().to_vec();
        expected.extend([3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(minute.record().to_vec(), expected);
    }

    #[test]
    fn a_count_stops_at_its_largest_value() {
        let mut counts = Counts { keys: u32::MAX, ..Counts::default() };
        counts.add(Press::Key);
        assert_eq!(counts.keys, u32::MAX);
    }
}
