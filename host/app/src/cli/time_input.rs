//! Times and spans as people type them.

use anyhow::{Context as _, Result, bail};
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, Offset};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::args::SpanArgs;
use crate::format::DisplayZone;

/// The longest span that one command takes, in milliseconds: a slip of the hand should not remove a month.
const LONGEST_MS: u64 = 31 * 24 * 3_600_000;

/// The longest span whose end may lie ahead, in milliseconds: longer ones have their times mixed up.
const LONGEST_AHEAD_MS: u64 = 12 * 3_600_000;

/// Returns the time now, in milliseconds since the Unix epoch.
#[must_use]
pub(super) fn now_ms() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
}

/// A time as it was typed.
enum TypedTime {
    /// With its day and its offset.
    Exact(Timestamp),
    /// With its day, in local time.
    Civil(DateTime),
    /// Without a day, perhaps with an offset.
    Clock(Time, Option<Offset>),
}

fn parse_typed(text: &str) -> Result<TypedTime> {
    const CLOCK: [&str; 2] = ["%H:%M", "%H:%M:%S"];
    const WITH_OFFSET: [&str; 4] = ["%H:%M%:z", "%H:%M:%S%:z", "%H:%M%z", "%H:%M:%S%z"];
    let text = text.trim();
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Ok(TypedTime::Exact(stamp));
    }
    if let Some(time) = CLOCK.iter().find_map(|format| Time::strptime(format, text).ok()) {
        return Ok(TypedTime::Clock(time, None));
    }
    let broken = |format: &&str| {
        let parts = BrokenDownTime::parse(format, text).ok()?;
        Some(TypedTime::Clock(parts.to_time().ok()?, Some(parts.offset()?)))
    };
    if let Some(clock) = WITH_OFFSET.iter().find_map(broken) {
        return Ok(clock);
    }
    let civil = text.replacen(' ', "T", 1).parse::<DateTime>().ok();
    civil
        .map(TypedTime::Civil)
        .with_context(|| format!("{text:?} is not a time: write it like 09:10 or 2026-11-26T09:10"))
}

/// Parses a time such as `09:10` (the latest that is not after now), `2026-11-26T09:10`, or either with an offset.
///
/// # Errors
/// If it is no time, or one that the day has twice or not at all: which is meant is never guessed.
pub(super) fn parse_time(text: &str, now: u64, zone: &DisplayZone) -> Result<u64> {
    let stamp = match parse_typed(text)? {
        TypedTime::Exact(stamp) => stamp,
        TypedTime::Civil(wall) => exact_instant(wall, zone)?,
        TypedTime::Clock(time, offset) => latest_instant(time, offset, now, zone)?,
    };
    to_ms(stamp)
}

/// Returns the latest such time that is not after now.
fn latest_instant(time: Time, offset: Option<Offset>, now: u64, zone: &DisplayZone) -> Result<Timestamp> {
    let now = Timestamp::from_millisecond(i64::try_from(now)?)?;
    if let Some(offset) = offset {
        let today = offset.to_datetime(now).date().to_datetime(time);
        let at = offset.to_timestamp(today)?;
        return if at > now { Ok(offset.to_timestamp(today.checked_sub(1.day())?)?) } else { Ok(at) };
    }
    let today = now.to_zoned(zone.zone().clone()).date().to_datetime(time);
    // If it comes twice, the first may have come.
    if zone.zone().to_ambiguous_zoned(today).compatible()?.timestamp() > now {
        return exact_instant(today.checked_sub(1.day())?, zone);
    }
    exact_instant(today, zone)
}

/// Returns the instant of a local time.
///
/// # Errors
/// If it comes twice on its day, or not at all; says how to write which is meant.
fn exact_instant(wall: DateTime, zone: &DisplayZone) -> Result<Timestamp> {
    let found = zone.zone().to_ambiguous_zoned(wall);
    let (what, before, after) = match found.offset() {
        AmbiguousOffset::Unambiguous { .. } => return Ok(found.unambiguous()?.timestamp()),
        AmbiguousOffset::Fold { before, after } => ("comes twice", before, after),
        AmbiguousOffset::Gap { before, after } => ("does not come at all", before, after),
    };
    let clock = wall.strftime(if wall.second() == 0 { "%H:%M" } else { "%H:%M:%S" });
    let day = wall.strftime("%a %-d %b %Y");
    let (before, after) = (offset_text(before), offset_text(after));
    bail!(
        "{clock} {what} on {day}, when the clocks here went from UTC{before} to UTC{after}: write which is meant, as \
         {clock}{before} or {clock}{after}, or with its day as {}{before}",
        wall.strftime("%Y-%m-%dT%H:%M:%S")
    )
}

/// Writes an offset as `+02:00`.
fn offset_text(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Returns the first millisecond of a day such as `2026-11-26`, and the first after it.
///
/// # Errors
/// If it is no day.
pub(super) fn parse_day(text: Option<&str>, now: u64, zone: &DisplayZone) -> Result<(u64, u64)> {
    let date = match text {
        Some(text) => text
            .trim()
            .parse::<Date>()
            .ok()
            .with_context(|| format!("{text:?} is not a day: write it like 2026-11-26"))?,
        None => Timestamp::from_millisecond(i64::try_from(now)?)?.to_zoned(zone.zone().clone()).date(),
    };
    let from = date.to_zoned(zone.zone().clone())?;
    let to = date.tomorrow()?.to_zoned(zone.zone().clone())?;
    Ok((to_ms(from.timestamp())?, to_ms(to.timestamp())?))
}

/// Parses a span as `--last 10m` or `--from 09:10 --to 09:40`.
///
/// # Errors
/// If it is no span, is empty, or is longer than 31 days.
pub(super) fn parse_span(args: &SpanArgs, now: u64, zone: &DisplayZone) -> Result<(u64, u64)> {
    let (from, to) = match (&args.last, &args.from, &args.to) {
        (Some(last), ..) => (now.saturating_sub(parse_duration(last)?), now),
        (None, Some(from), Some(to)) => parse_range(from, to, now, zone)?,
        _ => bail!("say which time is meant: --last 10m, or --from 09:10 --to 09:40"),
    };
    Ok((from, to))
}

/// Parses a span as two times; if only hours are given, the latest such span.
///
/// # Errors
/// The same as those of [`parse_span`].
pub(super) fn parse_range(from: &str, to: &str, now: u64, zone: &DisplayZone) -> Result<(u64, u64)> {
    let (start, mut end) = (parse_time(from, now, zone)?, parse_time(to, now, zone)?);
    if end <= start
        && let TypedTime::Clock(clock, offset) = parse_typed(to)?
    {
        // 09:40 has not come yet today, while 09:10 has: the end that was meant lies ahead.
        let current = Timestamp::from_millisecond(i64::try_from(now)?)?;
        let ahead = match offset {
            Some(offset) => offset.to_timestamp(offset.to_datetime(current).date().to_datetime(clock))?,
            None => exact_instant(current.to_zoned(zone.zone().clone()).date().to_datetime(clock), zone)?,
        };
        let moved = to_ms(ahead)?;
        if moved > start && moved - start <= LONGEST_AHEAD_MS {
            end = moved;
        }
    }
    if end <= start {
        bail!("{to} does not come after {from}: name the earlier time first");
    }
    if end - start > LONGEST_MS {
        bail!("that is longer than 31 days: do it in parts");
    }
    Ok((start, end))
}

/// Parses a duration such as `10m` or `1h30m`, in milliseconds.
fn parse_duration(text: &str) -> Result<u64> {
    let wrong = || format!("{text:?} is not a duration: write it like 10m, 1h30m or 90s");
    let parsed: SignedDuration = text.trim().parse().ok().with_context(wrong)?;
    let ms = u64::try_from(parsed.as_millis()).ok().filter(|ms| *ms > 0).with_context(wrong)?;
    if ms > LONGEST_MS {
        bail!("that is longer than 31 days: do it in parts");
    }
    Ok(ms)
}

fn to_ms(at: Timestamp) -> Result<u64> {
    u64::try_from(at.as_millisecond()).context("that is before 1970: name a later time")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fri 27 Nov 2026, 15:53:20 UTC.
    const NOW: u64 = 1_795_794_800_000;
    const MINUTE: u64 = 60_000;

    fn last(text: &str) -> SpanArgs {
        SpanArgs { last: Some(text.into()), from: None, to: None }
    }

    #[test]
    fn a_time_is_the_latest_that_has_come() {
        let utc = DisplayZone::utc();
        let cases = [
            ("15:53", NOW - 20_000),
            ("09:10", NOW - 20_000 - 403 * MINUTE),
            ("15:54", NOW - 20_000 + MINUTE - 1_440 * MINUTE),
            ("2026-11-27T15:53", NOW - 20_000),
            ("2026-11-27 15:53", NOW - 20_000),
            ("2026-11-27T17:53:20+02:00", NOW),
        ];
        for (text, at) in cases {
            assert_eq!(parse_time(text, NOW, &utc).unwrap(), at, "{text}");
        }
        let error = parse_time("noon", NOW, &utc).unwrap_err().to_string();
        assert!(error.contains("09:10"), "{error}");
    }

    #[test]
    fn a_time_that_a_day_has_twice_or_not_at_all_is_never_guessed() {
        let zone = DisplayZone::named("Europe/Helsinki");
        let stamp = |text: &str| u64::try_from(text.parse::<Timestamp>().unwrap().as_millisecond()).unwrap();
        // 25 Oct 2026, 04:00 to 03:00 there. At noon, between the two, and before the first.
        let noon = stamp("2026-10-25T10:00:00Z");
        for (text, now) in [
            ("03:30", noon),
            ("2026-10-25T03:30", noon),
            ("2026-10-25 03:30:15", noon),
            ("03:30", stamp("2026-10-25T01:10:00Z")),
            ("03:30", stamp("2026-10-26T01:10:00Z")),
        ] {
            let error = parse_time(text, now, &zone).unwrap_err().to_string();
            assert!(error.contains("comes twice on Sun 25 Oct 2026"), "{error}");
            assert!(error.contains("03:30+03:00") || error.contains("03:30:15+03:00"), "{error}");
            assert!(error.contains("UTC+02:00"), "{error}");
        }
        assert_eq!(parse_time("03:30+03:00", noon, &zone).unwrap(), stamp("2026-10-25T00:30:00Z"));
        assert_eq!(parse_time("03:30+02:00", noon, &zone).unwrap(), stamp("2026-10-25T01:30:00Z"));
        assert_eq!(parse_time("2026-10-25 03:30+02:00", noon, &zone).unwrap(), stamp("2026-10-25T01:30:00Z"));
        assert_eq!(parse_time("15:30+02:00", noon, &zone).unwrap(), stamp("2026-10-24T13:30:00Z"));
        // Before the first of them, the day before is meant, which has it once.
        assert_eq!(
            parse_time("03:30", stamp("2026-10-25T00:10:00Z"), &zone).unwrap(),
            stamp("2026-10-24T00:30:00Z")
        );
        // An end that lies ahead.
        let error = parse_range("03:00+03:00", "03:30", stamp("2026-10-25T00:10:00Z"), &zone);
        assert!(error.unwrap_err().to_string().contains("comes twice"));
        let (from, to) = parse_range("03:30+03:00", "03:30+02:00", noon, &zone).unwrap();
        assert_eq!(to - from, 60 * MINUTE);

        // 29 Mar 2026, 03:00 to 04:00 there.
        let noon = stamp("2026-03-29T09:00:00Z");
        for text in ["03:30", "2026-03-29T03:30"] {
            let error = parse_time(text, noon, &zone).unwrap_err().to_string();
            assert!(error.contains("03:30 does not come at all on Sun 29 Mar 2026"), "{error}");
        }
        assert_eq!(parse_time("04:30", noon, &zone).unwrap(), stamp("2026-03-29T01:30:00Z"));
        // 45 minutes, too.
        let zone = DisplayZone::named("Australia/Lord_Howe");
        let error = parse_time("2026-04-05T01:45", noon, &zone).unwrap_err().to_string();
        assert!(error.contains("01:45+11:00") && error.contains("01:45+10:30"), "{error}");
    }

    #[test]
    fn spans_are_what_was_meant_or_a_sentence() {
        let utc = DisplayZone::utc();
        assert_eq!(parse_span(&last("10m"), NOW, &utc).unwrap(), (NOW - 10 * MINUTE, NOW));
        assert_eq!(parse_span(&last("1h30m"), NOW, &utc).unwrap(), (NOW - 90 * MINUTE, NOW));
        for bad in ["", "10", "-10m", "0m", "100d", "soon"] {
            assert!(parse_span(&last(bad), NOW, &utc).is_err(), "{bad}");
        }
        let (from, to) = parse_range("23:50", "00:10", NOW, &utc).unwrap();
        assert_eq!(to - from, 20 * MINUTE);
        let (from, to) = parse_range("15:40", "16:10", NOW, &utc).unwrap();
        assert_eq!((to - from, to > NOW), (30 * MINUTE, true));
        for (from, to) in [("09:40", "09:10"), ("09:10", "09:10")] {
            for now in [NOW, NOW - 8 * 60 * MINUTE, NOW + 6 * 60 * MINUTE] {
                let error = parse_range(from, to, now, &utc).unwrap_err().to_string();
                assert!(error.contains("earlier time first"), "{error}");
            }
        }
    }

    #[test]
    fn a_day_has_as_many_hours_as_it_has() {
        let zone = DisplayZone::utc();
        let (from, to) = parse_day(Some("2026-11-27"), NOW, &zone).unwrap();
        assert_eq!((to - from, from <= NOW, NOW < to), (24 * 60 * MINUTE, true, true));
        assert_eq!(parse_day(None, NOW, &zone).unwrap(), (from, to));
        assert!(parse_day(Some("27.11."), NOW, &zone).is_err());
    }
}
