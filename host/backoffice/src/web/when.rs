//! Times as a page writes them: in a chosen zone, 24 hours, with the zone named beside the day.

use candor_diary::calendar;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Returns a time such as `2026-11-27T07:30Z`, for addresses and `datetime`.
pub(super) fn format_utc(at: u64) -> String {
    calendar::wall(at, &TimeZone::UTC)
        .map_or_else(String::new, |wall| wall.strftime("%Y-%m-%dT%H:%MZ").to_string())
}

/// Reads what [`format_utc`] returns.
pub(super) fn parse_utc(text: &str) -> Option<u64> {
    let at: Timestamp = text.parse().ok()?;
    u64::try_from(at.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use candor_diary::text::DisplayZone;

    use super::*;
    use jiff::civil::date;

    const HALF_PAST_SEVEN: u64 = 1_795_764_600_000; // 2026-11-27T07:30Z

    #[test]
    fn times_are_written_in_the_zone_and_addresses_in_utc() {
        let zone = DisplayZone::named("Europe/Helsinki");
        assert_eq!(zone.time(HALF_PAST_SEVEN), "09:30");
        assert_eq!(zone.weekday(HALF_PAST_SEVEN), "Fri 09:30");
        assert_eq!(zone.seconds(HALF_PAST_SEVEN + 7_000), "09:30:07");
        assert_eq!(format_utc(HALF_PAST_SEVEN), "2026-11-27T07:30Z");
        assert_eq!(parse_utc("2026-11-27T07:30Z"), Some(HALF_PAST_SEVEN));
        assert_eq!(parse_utc("yesterday"), None);
        assert_eq!(zone.time_beside(HALF_PAST_SEVEN, date(2026, 11, 27)), "09:30");
        assert_eq!(zone.time_beside(HALF_PAST_SEVEN, date(2027, 1, 1)), "Fri 27 Nov 2026, 09:30");
    }

    #[test]
    fn the_zone_is_named_with_its_offset_of_the_day() {
        let label = |zone: &str, date| {
            let zone = DisplayZone::named(zone);
            zone.label(&zone.whole_day(date).unwrap())
        };
        assert_eq!(label("Europe/Helsinki", date(2026, 11, 27)), "Helsinki time, UTC+2");
        assert_eq!(label("Europe/Helsinki", date(2026, 10, 25)), "Helsinki time, UTC+3, then UTC+2");
        assert_eq!(label("Asia/Kathmandu", date(2026, 11, 27)), "Kathmandu time, UTC+5:45");
        assert_eq!(label("America/New_York", date(2026, 11, 27)), "New York time, UTC−5");
        assert_eq!(label("UTC", date(2026, 11, 27)), "UTC");
        assert_eq!(label("Europe/Atlantis", date(2026, 11, 27)), "UTC");
    }
}
