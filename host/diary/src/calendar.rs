//! Days and weeks. A zone is for display only: it decides which segments a day page shows and how they are labelled,
//! never what is billed. Weeks are UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::segment::MINUTE_MS;

/// Milliseconds in an hour.
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// The date of the Unix epoch, a Thursday.
const EPOCH: Date = Date::constant(1970, 1, 1);
const EPOCH_TO_MONDAY_MS: u64 = 4 * DAY_MS;

/// The week that holds `at`, from Monday 00:00 to the next Monday 00:00 UTC, in milliseconds since the epoch. (The
/// days before the first Monday of 1970 count as one short week.)
#[must_use]
pub fn week_of(at: u64) -> (u64, u64) {
    if at < EPOCH_TO_MONDAY_MS {
        return (0, EPOCH_TO_MONDAY_MS);
    }
    let into = (at - EPOCH_TO_MONDAY_MS) % (7 * DAY_MS);
    (at - into, (at - into).saturating_add(7 * DAY_MS))
}

/// How long after its end a week can still be edited: until Monday 12:00 UTC (design §8).
const EDIT_MS: u64 = 12 * HOUR_MS;

/// When the week that holds `at` is locked, in milliseconds since the epoch: the Monday after it, 12:00 UTC. From then
/// on time, memos and labels of that week stay as they are.
#[must_use]
pub fn lock_of(at: u64) -> u64 {
    week_of(at).1.saturating_add(EDIT_MS)
}

/// The first millisecond that is not locked at `now`: what starts earlier lies in a locked week.
#[must_use]
pub fn locked_until(now: u64) -> u64 {
    week_of(now.saturating_sub(EDIT_MS)).0
}

/// A day in a zone: 23, 24 or 25 hours, sometimes others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its date in the zone.
    pub date: Date,
    /// Its first millisecond, since the Unix epoch.
    pub from: u64,
    /// The first millisecond of the next day.
    pub to: u64,
    /// Its hours, in order and without gaps.
    pub hours: Vec<Hour>,
}

/// An hour on the wall of a zone. If the clock is set by less than an hour, one may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// Its first millisecond, since the Unix epoch.
    pub from: u64,
    /// The first millisecond after it.
    pub to: u64,
    /// What the wall clock says at its start.
    pub wall: DateTime,
    /// Offset from UTC in seconds. Two hours of a day can have the same wall time and differ in this.
    pub offset: i32,
}

/// Finds a zone by its name in the time zone database that is built in, such as `Europe/Helsinki` or `UTC`.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" { Some(TimeZone::UTC) } else { TimeZone::get(name).ok() }
}

/// The date on which `at` lies in a zone; `None` outside the years that are known.
#[must_use]
pub fn date_of(at: u64, zone: &TimeZone) -> Option<Date> {
    Some(wall(at, zone)?.date())
}

/// The date on which `at` lies in UTC; `None` outside the years that are known.
#[must_use]
pub fn utc_date(at: u64) -> Option<Date> {
    // Not by way of a time zone: that would make the plugins that use this larger by 40 KB.
    EPOCH.checked_add(SignedDuration::from_hours(24 * i64::try_from(at / DAY_MS).ok()?)).ok()
}

/// The first millisecond of a date in UTC; `None` if there is no such date, or it lies before 1970.
#[must_use]
pub fn utc_midnight(year: i16, month: i8, day: i8) -> Option<u64> {
    let since = Date::new(year, month, day).ok()?.duration_since(EPOCH);
    u64::try_from(since.as_millis()).ok()
}

/// What the wall clock shows at `at`; `None` outside the years that are known.
#[must_use]
pub fn wall(at: u64, zone: &TimeZone) -> Option<DateTime> {
    Some(zone.to_datetime(instant(at)?))
}

/// The offset of a zone from UTC at `at`, in seconds.
#[must_use]
pub fn offset(at: u64, zone: &TimeZone) -> i32 {
    instant(at).map_or(0, |at| zone.to_offset(at).seconds())
}

fn instant(at: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(at).ok()?).ok()
}

/// The day of a zone; `None` if it lies before 1970 or outside the years that are known.
#[must_use]
pub fn day(date: Date, zone: &TimeZone) -> Option<Day> {
    let from = start_of(date, zone)?;
    let to = start_of(date.tomorrow().ok()?, zone)?;
    let mut hours: Vec<Hour> = Vec::with_capacity(25);
    let mut at = from;
    while at < to {
        let wall = wall(at, zone)?;
        let offset = offset(at, zone);
        let next = at + until_change(at, wall, offset, zone);
        hours.push(Hour { from: at, to: next.min(to), wall, offset });
        at = next;
    }
    Some(Day { date, from, to, hours })
}

/// Milliseconds from `at` to the next full hour on the wall or to the next change of the offset, whichever is sooner.
fn until_change(at: u64, wall: DateTime, offset: i32, zone: &TimeZone) -> u64 {
    let past = u64::try_from(wall.time().duration_since(Time::midnight()).as_millis()).unwrap_or(0);
    let to_full_hour = HOUR_MS - past % HOUR_MS;
    if self::offset(at + to_full_hour, zone) == offset {
        return to_full_hour;
    }
    // Clocks are set at a whole minute.
    (1..to_full_hour / MINUTE_MS)
        .map(|minute| minute * MINUTE_MS)
        .find(|later| self::offset(at + later, zone) != offset)
        .unwrap_or(to_full_hour)
}

/// If midnight is skipped, the day begins after the gap; if it comes twice, with the first.
fn start_of(date: Date, zone: &TimeZone) -> Option<u64> {
    let start = zone.to_zoned(date.at(0, 0, 0, 0)).ok()?;
    u64::try_from(start.timestamp().as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// 2026-11-27, 00:00 UTC, in milliseconds since the Unix epoch.
    const MIDNIGHT_UTC: u64 = 1_795_737_600_000;

    fn hours(on: Date, name: &str) -> (u64, Vec<String>) {
        let day = day(on, &zone(name).unwrap()).unwrap();
        assert_eq!(day.hours.first().unwrap().from, day.from);
        assert_eq!(day.hours.last().unwrap().to, day.to);
        assert!(day.hours.windows(2).all(|w| w[0].to == w[1].from), "no gap between hours");
        let labels = day.hours.iter().map(|h| h.wall.strftime("%H:%M").to_string()).collect();
        ((day.to - day.from) / MINUTE_MS, labels)
    }

    #[test]
    fn a_time_that_no_calendar_has_is_in_a_week_that_ends_with_time() {
        assert_eq!(week_of(u64::MAX).1, u64::MAX);
        assert_eq!(lock_of(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_day_has_23_24_or_25_hours_and_each_is_on_the_page() {
        let (minutes, labels) = hours(date(2026, 11, 27), "Europe/Helsinki");
        assert_eq!((minutes, labels.len()), (24 * 60, 24));

        let (minutes, labels) = hours(date(2026, 3, 29), "Europe/Helsinki");
        assert_eq!((minutes, labels.len()), (23 * 60, 23));
        assert!(!labels.contains(&"03:00".to_owned()), "the hour that the clock skips");

        let (minutes, labels) = hours(date(2026, 10, 25), "Europe/Helsinki");
        assert_eq!((minutes, labels.len()), (25 * 60, 25));
        assert_eq!(labels.iter().filter(|l| *l == "03:00").count(), 2, "the hour that comes twice");
    }

    #[test]
    fn the_two_hours_of_one_name_differ_in_their_offset() {
        let day = day(date(2026, 10, 25), &zone("Europe/Helsinki").unwrap()).unwrap();
        let twice: Vec<i32> = day.hours.iter().filter(|h| h.wall.hour() == 3).map(|h| h.offset).collect();
        assert_eq!(twice, [3 * 3600, 2 * 3600]);
    }

    #[test]
    fn offsets_of_a_quarter_of_an_hour_begin_their_hours_off_the_utc_hour() {
        let day = day(date(2026, 11, 27), &zone("Asia/Kathmandu").unwrap()).unwrap();
        assert_eq!(day.hours.len(), 24);
        assert!(
            day.hours.iter().all(|h| h.from % HOUR_MS == 15 * MINUTE_MS && h.offset == 5 * 3600 + 45 * 60)
        );
        assert_eq!(day.from, MIDNIGHT_UTC - (5 * 60 + 45) * MINUTE_MS);
    }

    #[test]
    fn a_clock_set_by_half_an_hour_makes_a_short_hour() {
        let (minutes, labels) = hours(date(2026, 4, 5), "Australia/Lord_Howe");
        assert_eq!(minutes, 24 * 60 + 30);
        assert_eq!(labels[1..4], ["01:00", "01:30", "02:00"]);
    }

    #[test]
    fn a_day_that_begins_at_one_o_clock() {
        // Lebanon skips midnight in spring.
        let (minutes, labels) = hours(date(2026, 3, 29), "Asia/Beirut");
        assert_eq!((minutes, labels[0].as_str()), (23 * 60, "01:00"));
    }

    #[test]
    fn weeks_begin_on_monday_in_utc() {
        let monday = 1_795_392_000_000; // 2026-11-23
        for at in [monday, monday + 1, monday + 7 * DAY_MS - 1] {
            assert_eq!(week_of(at), (monday, monday + 7 * DAY_MS));
        }
        assert_eq!(week_of(monday - 1).1, monday);
        assert_eq!(date_of(monday, &TimeZone::UTC), Some(date(2026, 11, 23)));
        assert_eq!(week_of(0), (0, EPOCH_TO_MONDAY_MS));
    }

    #[test]
    fn a_week_is_locked_on_the_monday_after_it_at_noon() {
        let monday = 1_795_392_000_000; // 2026-11-23
        let lock = monday + 7 * DAY_MS + 12 * HOUR_MS;
        for at in [monday, monday + 7 * DAY_MS - 1] {
            assert_eq!(lock_of(at), lock);
        }
        assert_eq!(locked_until(lock - 1), monday);
        assert_eq!(locked_until(lock), monday + 7 * DAY_MS);
        // The two say the same of any segment at any time.
        for now in (0..14 * 24).map(|hour| monday + hour * HOUR_MS) {
            for start in (0..14 * 24).map(|hour| monday + hour * HOUR_MS) {
                assert_eq!(lock_of(start) <= now, start < locked_until(now), "{start} at {now}");
            }
        }
    }

    #[test]
    fn a_date_in_utc_and_its_first_millisecond() {
        assert_eq!(utc_midnight(2026, 11, 27), Some(MIDNIGHT_UTC));
        assert_eq!(utc_date(MIDNIGHT_UTC - 1), Some(date(2026, 11, 26)));
        assert_eq!(utc_midnight(1970, 1, 1), Some(0));
        for (year, month, day) in [(1969, 12, 31), (2027, 2, 29), (2026, 13, 1), (10_000, 1, 1)] {
            assert_eq!(utc_midnight(year, month, day), None);
        }
        assert_eq!(utc_date(u64::MAX), None);
    }

    #[test]
    fn a_zone_that_nobody_knows_is_none() {
        assert!(zone("Europe/Atlantis").is_none());
        assert!(zone("UTC").is_some());
    }
}
