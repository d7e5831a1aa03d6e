//! How durations, in milliseconds, are written.

use candor_diary::plain;

/// A minute in milliseconds.
pub(crate) const MINUTE: u64 = 60_000;

/// Writes a duration as `5:20`: hours and minutes, rounded down.
pub(crate) fn hours_minutes(ms: u64) -> String {
    plain::duration(ms / MINUTE)
}

/// Writes a running clock as `2:23:12`, rounded down.
pub(crate) fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Writes the time left as `0:48` or, from an hour on, as `1:00:00`; rounded up.
pub(crate) fn countdown(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    if seconds >= 3_600 { clock(seconds * 1_000) } else { minutes_seconds(ms) }
}

/// Writes the time left as `0:48`: minutes and seconds, rounded up.
pub(crate) fn minutes_seconds(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Writes a duration as `14 minutes`, rounded down.
pub(crate) fn minutes(ms: u64) -> String {
    count_minutes(ms / MINUTE)
}

/// Writes a duration as `14 minutes`, rounded up.
pub(crate) fn begun_minutes(ms: u64) -> String {
    count_minutes(ms.div_ceil(MINUTE))
}

fn count_minutes(count: u64) -> String {
    format!("{count} {}", plain::plural(count, "minute", "minutes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_the_look_says() {
        assert_eq!(hours_minutes(19_200_000), "5:20");
        assert_eq!(hours_minutes(59_999), "0:00");
        assert_eq!(clock(8_592_999), "2:23:12");
        assert_eq!(minutes_seconds(47_001), "0:48");
    }

    #[test]
    fn figures_read_as_the_look_says() {
        assert_eq!(hours_minutes(5 * 3_600_000 + 20 * MINUTE + 59_000), "5:20");
        assert_eq!(clock(2 * 3_600_000 + 23 * MINUTE + 12_000), "2:23:12");
        for (ms, text) in
            [(48_000, "0:48"), (47_001, "0:48"), (0, "0:00"), (600_000, "10:00"), (3_600_000, "1:00:00")]
        {
            assert_eq!(countdown(ms), text);
        }
        assert_eq!((minutes(60_000), minutes(14 * MINUTE)), ("1 minute".into(), "14 minutes".into()));
        assert_eq!(crate::format::capitalize("left out"), "Left out");
    }
}
