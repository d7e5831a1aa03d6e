//! Times as a page writes them: in a chosen zone, 24 hours, with the zone named beside the day.

use candor_diary::calendar::{self, Day};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A zone to write times in.
#[derive(Clone, Debug)]
pub(super) struct ReaderZone {
    name: String,
    zone: TimeZone,
}

impl ReaderZone {
    /// Returns the zone of this name; UTC if the built-in database does not know it.
    pub(super) fn named(name: &str) -> Self {
        match calendar::zone(name) {
            Some(zone) => Self { name: name.to_owned(), zone },
            None => Self { name: "UTC".to_owned(), zone: TimeZone::UTC },
        }
    }

    pub(super) fn day(&self, date: Date) -> Option<Day> {
        calendar::day(date, &self.zone)
    }

    pub(super) fn date(&self, at: u64) -> Option<Date> {
        calendar::date_of(at, &self.zone)
    }

    fn format(&self, at: u64, pattern: &str) -> String {
        calendar::wall(at, &self.zone)
            .map_or_else(|| "–".to_owned(), |wall| wall.strftime(pattern).to_string())
    }

    /// Returns a time of day such as `09:30`.
    pub(super) fn time(&self, at: u64) -> String {
        self.format(at, "%H:%M")
    }

    /// Returns a time of day with its seconds, such as `09:34:12`.
    pub(super) fn seconds(&self, at: u64) -> String {
        self.format(at, "%H:%M:%S")
    }

    /// Returns a time of day with its weekday, such as `Mon 10:12`.
    pub(super) fn weekday(&self, at: u64) -> String {
        self.format(at, "%a %H:%M")
    }

    /// Returns a time such as `09:30`, or `Fri 27 Nov, 09:30` if it is not on `date`.
    pub(super) fn time_beside(&self, at: u64, date: Date) -> String {
        match self.date(at) {
            Some(on) if on == date => self.time(at),
            Some(on) => format!("{}, {}", short_date(on, date), self.time(at)),
            None => "–".to_owned(),
        }
    }

    /// Returns the zone's name beside a day, such as `Helsinki time, UTC+2`; on a day on which the clock is set, with
    /// both offsets.
    pub(super) fn label(&self, day: &Day) -> String {
        let city = self.name.rsplit('/').next().unwrap_or(&self.name).replace('_', " ");
        let mut offsets: Vec<String> = day.hours.iter().map(|hour| format_offset(hour.offset)).collect();
        offsets.dedup();
        if self.name == "UTC" { city } else { format!("{city} time, {}", offsets.join(", then ")) }
    }
}

/// Returns an offset of seconds as `UTC+2` or `UTC+5:45`.
pub(super) fn format_offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '−' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// Returns a date such as `Fri 27 Nov`, with the year if it is another than that of `beside`.
pub(super) fn short_date(date: Date, beside: Date) -> String {
    let pattern = if date.year() == beside.year() { "%a %-d %b" } else { "%a %-d %b %Y" };
    date.strftime(pattern).to_string()
}

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
    use super::*;
    use jiff::civil::date;

    const HALF_PAST_SEVEN: u64 = 1_795_764_600_000; // 2026-11-27T07:30Z

    #[test]
    fn times_are_written_in_the_zone_and_addresses_in_utc() {
        let zone = ReaderZone::named("Europe/Helsinki");
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
            let zone = ReaderZone::named(zone);
            zone.label(&zone.day(date).unwrap())
        };
        assert_eq!(label("Europe/Helsinki", date(2026, 11, 27)), "Helsinki time, UTC+2");
        assert_eq!(label("Europe/Helsinki", date(2026, 10, 25)), "Helsinki time, UTC+3, then UTC+2");
        assert_eq!(label("Asia/Kathmandu", date(2026, 11, 27)), "Kathmandu time, UTC+5:45");
        assert_eq!(label("America/New_York", date(2026, 11, 27)), "New York time, UTC−5");
        assert_eq!(label("UTC", date(2026, 11, 27)), "UTC");
        assert_eq!(label("Europe/Atlantis", date(2026, 11, 27)), "UTC");
    }
}
