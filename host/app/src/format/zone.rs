//! Times of one time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Writes times, in milliseconds since the Unix epoch, in one time zone.
#[derive(Clone, Debug)]
pub(crate) struct DisplayZone(TimeZone);

impl DisplayZone {
    /// Writes times in the computer's time zone.
    pub(crate) fn here() -> Self {
        Self(TimeZone::system())
    }

    /// Writes times in UTC.
    #[cfg(test)]
    pub(crate) fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Writes times in a zone of the time zone database.
    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        Self(TimeZone::get(name).unwrap())
    }

    /// Returns the time zone itself.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.0
    }

    fn format(&self, ms: u64, pattern: &str) -> String {
        let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        match at {
            Some(at) => at.to_zoned(self.0.clone()).strftime(pattern).to_string(),
            None => "–".to_owned(),
        }
    }

    /// Writes a time as `09:30`.
    pub(crate) fn time(&self, ms: u64) -> String {
        self.format(ms, "%H:%M")
    }

    /// Writes a time as `09:30:12`.
    pub(crate) fn seconds(&self, ms: u64) -> String {
        self.format(ms, "%H:%M:%S")
    }

    /// Writes a range as `09:30 – 09:40`.
    pub(crate) fn range(&self, from: u64, to: u64) -> String {
        format!("{} – {}", self.time(from), self.time(to))
    }

    /// Returns the day of a time.
    pub(crate) fn date(&self, ms: u64) -> Option<Date> {
        let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok())?;
        Some(at.to_zoned(self.0.clone()).date())
    }

    /// Writes a day as `Fri 27 Nov`, with the year if it is not that of `now`.
    pub(crate) fn day(&self, ms: u64, now: u64) -> String {
        let same = self.date(ms).map(Date::year) == self.date(now).map(Date::year);
        self.format(ms, if same { "%a %-d %b" } else { "%a %-d %b %Y" })
    }

    /// Writes a time as `09:30`, or as `Fri 27 Nov, 09:30` if its day is not that of `now`.
    pub(crate) fn moment(&self, ms: u64, now: u64) -> String {
        if self.date(ms) == self.date(now) {
            self.time(ms)
        } else {
            format!("{}, {}", self.day(ms, now), self.time(ms))
        }
    }

    /// Returns the first millisecond of the day that is `back` days before that of `now`, and the first after it.
    pub(crate) fn day_span(&self, now: u64, back: i64) -> Option<(u64, u64)> {
        let date = self.date(now)?.checked_sub(Span::new().try_days(back).ok()?).ok()?;
        let start = |d: Date| -> Option<u64> {
            let zoned = d.to_zoned(self.0.clone()).ok()?;
            u64::try_from(zoned.timestamp().as_millisecond()).ok()
        };
        Some((start(date)?, start(date.tomorrow().ok()?)?))
    }

    /// Names the zone with its offset at a time: `Helsinki time, UTC+2`.
    pub(crate) fn name(&self, ms: u64) -> String {
        let offset = self.format(ms, "%:z");
        let utc = match (offset.as_str(), offset.split_once(':')) {
            ("+00:00" | "-00:00", _) => "UTC".to_owned(),
            (_, Some((hours, minutes))) => {
                let (sign, hours) = hours.split_at(hours.len().min(1));
                let minutes = if minutes == "00" { String::new() } else { format!(":{minutes}") };
                format!("UTC{sign}{}{minutes}", hours.trim_start_matches('0'))
            }
            _ => offset,
        };
        match self.0.iana_name().and_then(|name| name.rsplit('/').next()) {
            Some(city) if city != "UTC" && !city.starts_with("Etc") => {
                format!("{} time, {utc}", city.replace('_', " "))
            }
            _ => utc,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fri 27 Nov 2026, 15:53:20 UTC.
    const AT: u64 = 1_795_794_800_000;

    #[test]
    fn times_are_local_and_deadlines_are_utc() {
        let zone = DisplayZone::named("Europe/Helsinki");
        assert_eq!(zone.time(AT), "17:53");
        assert_eq!(zone.range(AT, AT + 600_000), "17:53 – 18:03");
        assert_eq!(zone.day(AT, AT), "Fri 27 Nov");
        assert_eq!(zone.day(AT, AT + 366 * 86_400_000), "Fri 27 Nov 2026");
        assert_eq!(zone.moment(AT, AT), "17:53");
        assert_eq!(zone.moment(AT - 86_400_000, AT), "Thu 26 Nov, 17:53");
        let utc = DisplayZone::utc();
        assert_eq!(format!("{}, {} UTC", utc.day(AT, AT), utc.time(AT)), "Fri 27 Nov, 15:53 UTC");
    }

    #[test]
    fn a_zone_is_named_with_its_offset() {
        assert_eq!(DisplayZone::named("Europe/Helsinki").name(AT), "Helsinki time, UTC+2");
        assert_eq!(DisplayZone::named("Asia/Kathmandu").name(AT), "Kathmandu time, UTC+5:45");
        assert_eq!(DisplayZone::named("America/New_York").name(AT), "New York time, UTC-5");
        assert_eq!(DisplayZone::utc().name(AT), "UTC");
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
