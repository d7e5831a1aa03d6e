//! Times as people read them: in one time zone, by 24 hours.

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::calendar::{self, Day};

/// Writes times, in milliseconds since the Unix epoch, in one time zone.
#[derive(Clone, Debug)]
pub struct DisplayZone(TimeZone);

impl DisplayZone {
    /// Writes times in this time zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// Writes times in UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Writes times in the zone of this name; in UTC if the built-in database does not know it.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(calendar::zone(name).unwrap_or(TimeZone::UTC))
    }

    /// Returns the time zone itself.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.0
    }

    fn format(&self, at: u64, pattern: &str) -> String {
        calendar::wall(at, &self.0).map_or_else(|| "–".to_owned(), |wall| wall.strftime(pattern).to_string())
    }

    /// Writes a time as `09:30`.
    #[must_use]
    pub fn time(&self, at: u64) -> String {
        self.format(at, "%H:%M")
    }

    /// Writes a time as `09:30:12`.
    #[must_use]
    pub fn seconds(&self, at: u64) -> String {
        self.format(at, "%H:%M:%S")
    }

    /// Writes a time as `Mon 10:12`.
    #[must_use]
    pub fn weekday(&self, at: u64) -> String {
        self.format(at, "%a %H:%M")
    }

    /// Writes a range as `09:30 – 09:40`.
    #[must_use]
    pub fn range(&self, from: u64, to: u64) -> String {
        format!("{} – {}", self.time(from), self.time(to))
    }

    /// Returns the date of a time; none outside the years that are known.
    #[must_use]
    pub fn date(&self, at: u64) -> Option<Date> {
        calendar::date_of(at, &self.0)
    }

    /// Writes a day as `Fri 27 Nov`, with the year if it is not that of `beside`.
    #[must_use]
    pub fn day(&self, at: u64, beside: u64) -> String {
        match (self.date(at), self.date(beside)) {
            (Some(date), Some(beside)) => short_date(date, beside),
            _ => self.format(at, "%a %-d %b %Y"),
        }
    }

    /// Writes a time as `09:30`, or as `Fri 27 Nov, 09:30` if its day is not that of `beside`.
    #[must_use]
    pub fn moment(&self, at: u64, beside: u64) -> String {
        if self.date(at) == self.date(beside) {
            self.time(at)
        } else {
            format!("{}, {}", self.day(at, beside), self.time(at))
        }
    }

    /// Writes a time as `09:30`, or as `Fri 27 Nov, 09:30` if it is not on that date.
    #[must_use]
    pub fn time_beside(&self, at: u64, date: Date) -> String {
        match self.date(at) {
            Some(on) if on == date => self.time(at),
            Some(on) => format!("{}, {}", short_date(on, date), self.time(at)),
            None => "–".to_owned(),
        }
    }

    /// Returns a date as a day with its hours; none outside the years that are known.
    #[must_use]
    pub fn whole_day(&self, date: Date) -> Option<Day> {
        calendar::day(date, &self.0)
    }

    /// Returns the first millisecond of the day that is `back` days before that of `now`, and the first after it.
    #[must_use]
    pub fn day_span(&self, now: u64, back: i64) -> Option<(u64, u64)> {
        let date = self.date(now)?.checked_sub(Span::new().try_days(back).ok()?).ok()?;
        self.whole_day(date).map(|day| (day.from, day.to))
    }

    /// Names the zone as it is at a time: `Helsinki time, UTC+2`.
    #[must_use]
    pub fn name(&self, at: u64) -> String {
        self.with_city(utc_offset(calendar::offset(at, &self.0)))
    }

    /// Names the zone as it is on a day: as [`Self::name`]; on a day on which the clock is set, with both offsets.
    #[must_use]
    pub fn label(&self, day: &Day) -> String {
        let mut offsets: Vec<String> = day.hours.iter().map(|hour| utc_offset(hour.offset)).collect();
        offsets.dedup();
        self.with_city(offsets.join(", then "))
    }

    /// Puts the zone's city before its offset. Zones of no place, such as `Etc/GMT+5`, have their offset alone.
    fn with_city(&self, offset: String) -> String {
        match self.0.iana_name() {
            Some(name) if name != "UTC" && !name.starts_with("Etc/") => {
                let city = name.rsplit('/').next().unwrap_or(name);
                format!("{} time, {offset}", city.replace('_', " "))
            }
            _ => offset,
        }
    }
}

/// Writes an offset of seconds as `UTC+2`, `UTC−5` or `UTC+5:45`.
#[must_use]
pub fn utc_offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '−' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// Writes a date as `Fri 27 Nov`, with the year if it is not that of `beside`.
#[must_use]
pub fn short_date(date: Date, beside: Date) -> String {
    let pattern = if date.year() == beside.year() { "%a %-d %b" } else { "%a %-d %b %Y" };
    date.strftime(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// Fri 27 Nov 2026, 15:53:20 UTC.
    const AT: u64 = 1_795_794_800_000;
    const DAY_MS: u64 = 86_400_000;

    #[test]
    fn times_are_local_and_deadlines_are_utc() {
        let zone = DisplayZone::named("Europe/Helsinki");
        assert_eq!(zone.time(AT), "17:53");
        assert_eq!(zone.seconds(AT), "17:53:20");
        assert_eq!(zone.weekday(AT), "Fri 17:53");
        assert_eq!(zone.range(AT, AT + 600_000), "17:53 – 18:03");
        assert_eq!(zone.day(AT, AT), "Fri 27 Nov");
        assert_eq!(zone.day(AT, AT + 366 * DAY_MS), "Fri 27 Nov 2026");
        assert_eq!(zone.moment(AT, AT), "17:53");
        assert_eq!(zone.moment(AT - DAY_MS, AT), "Thu 26 Nov, 17:53");
        assert_eq!(zone.time_beside(AT, date(2026, 11, 27)), "17:53");
        assert_eq!(zone.time_beside(AT, date(2027, 1, 1)), "Fri 27 Nov 2026, 17:53");
        let utc = DisplayZone::utc();
        assert_eq!(format!("{}, {} UTC", utc.day(AT, AT), utc.time(AT)), "Fri 27 Nov, 15:53 UTC");
        assert_eq!(zone.time(u64::MAX), "–");
    }

    #[test]
    fn a_zone_is_named_with_its_offset() {
        let name = |zone: &str| DisplayZone::named(zone).name(AT);
        assert_eq!(name("Europe/Helsinki"), "Helsinki time, UTC+2");
        assert_eq!(name("Asia/Kathmandu"), "Kathmandu time, UTC+5:45");
        assert_eq!(name("America/New_York"), "New York time, UTC−5");
        assert_eq!(name("America/Argentina/Buenos_Aires"), "Buenos Aires time, UTC−3");
        assert_eq!(name("Japan"), "Japan time, UTC+9");
        assert_eq!(name("Etc/GMT+5"), "UTC−5");
        assert_eq!(name("UTC"), "UTC");
        assert_eq!(name("Europe/Atlantis"), "UTC");
    }

    #[test]
    fn on_a_day_on_which_the_clock_is_set_a_zone_has_both_offsets() {
        let zone = DisplayZone::named("Europe/Helsinki");
        let label = |date| zone.label(&zone.whole_day(date).unwrap());
        assert_eq!(label(date(2026, 11, 27)), "Helsinki time, UTC+2");
        assert_eq!(label(date(2026, 10, 25)), "Helsinki time, UTC+3, then UTC+2");
    }

    #[test]
    fn a_day_is_as_long_as_its_zone_has_it_and_another_day_is_named() {
        let zone = DisplayZone::named("Europe/Helsinki");
        // 25 October 2026: the clock is put back, 25 hours.
        let noon = 1_792_922_400_000;
        let (from, to) = zone.day_span(noon, 0).unwrap();
        assert_eq!(to - from, 25 * 3_600_000);
        assert_eq!(zone.moment(noon, noon), "12:00");
        assert_eq!(zone.moment(from - 1, noon), "Sat 24 Oct, 23:59");
        assert_eq!(zone.day_span(noon, 1).unwrap().1, from);
    }
}
