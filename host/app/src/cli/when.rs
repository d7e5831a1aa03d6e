//! Times and spans as people type them.

use anyhow::{Context as _, Result, bail};
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::args::SpanArgs;
use crate::say::Zone;

/// The longest span that one command takes, in milliseconds: a slip of the hand should not remove a month.
const LONGEST_MS: u64 = 31 * 24 * 3_600_000;

/// The longest span whose end may lie ahead, in milliseconds: longer ones have their times mixed up.
const LONGEST_AHEAD_MS: u64 = 12 * 3_600_000;

/// Now, in milliseconds since the Unix epoch.
#[must_use]
pub(super) fn now() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
}

/// A time such as `09:10` (the latest that is not after now), `2026-11-26T09:10`, or with an offset.
///
/// # Errors
/// Where it is no time.
pub(super) fn time(text: &str, now: u64, zone: &Zone) -> Result<u64> {
    let text = text.trim();
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return milliseconds(stamp);
    }
    let current = Timestamp::from_millisecond(i64::try_from(now)?)?.to_zoned(zone.zone().clone());
    let wall = if let Ok(time) = Time::strptime("%H:%M", text).or_else(|_| Time::strptime("%H:%M:%S", text)) {
        let today = current.date().to_datetime(time);
        if today > current.datetime() { today.checked_sub(1.day())? } else { today }
    } else {
        text.replacen(' ', "T", 1)
            .parse::<DateTime>()
            .ok()
            .with_context(|| format!("{text:?} is no time: write it as 09:10 or as 2026-11-26T09:10"))?
    };
    milliseconds(wall.to_zoned(zone.zone().clone())?.timestamp())
}

/// The first millisecond of a day such as `2026-11-26`, and the first after it.
///
/// # Errors
/// Where it is no day.
pub(super) fn day(text: Option<&str>, now: u64, zone: &Zone) -> Result<(u64, u64)> {
    let date = match text {
        Some(text) => text
            .trim()
            .parse::<Date>()
            .ok()
            .with_context(|| format!("{text:?} is no day: write it as 2026-11-26"))?,
        None => Timestamp::from_millisecond(i64::try_from(now)?)?.to_zoned(zone.zone().clone()).date(),
    };
    let from = date.to_zoned(zone.zone().clone())?;
    let to = date.tomorrow()?.to_zoned(zone.zone().clone())?;
    Ok((milliseconds(from.timestamp())?, milliseconds(to.timestamp())?))
}

/// A span as `--last 10m` or `--from 09:10 --to 09:40`.
///
/// # Errors
/// Where it is none, is empty, or is longer than a month.
pub(super) fn span(args: &SpanArgs, now: u64, zone: &Zone) -> Result<(u64, u64)> {
    let (from, to) = match (&args.last, &args.from, &args.to) {
        (Some(last), ..) => (now.saturating_sub(duration(last)?), now),
        (None, Some(from), Some(to)) => from_to(from, to, now, zone)?,
        _ => bail!("say which time is meant: --last 10m, or --from 09:10 --to 09:40"),
    };
    Ok((from, to))
}

/// A span as two times; where only hours are given, the latest such span.
///
/// # Errors
/// As [`span`].
pub(super) fn from_to(from: &str, to: &str, now: u64, zone: &Zone) -> Result<(u64, u64)> {
    let (start, mut end) = (time(from, now, zone)?, time(to, now, zone)?);
    if end <= start && to.trim().len() <= 8 {
        // 09:40 has not come yet today, while 09:10 has: the end that was meant lies ahead.
        let current = Timestamp::from_millisecond(i64::try_from(now)?)?.to_zoned(zone.zone().clone());
        let ahead = Timestamp::from_millisecond(i64::try_from(end)?)?
            .to_zoned(zone.zone().clone())
            .checked_add(1.day())?;
        let moved = milliseconds(ahead.timestamp())?;
        if ahead.date() == current.date() && moved.saturating_sub(start) <= LONGEST_AHEAD_MS {
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

/// A duration such as `10m` or `1h30m`, in milliseconds.
fn duration(text: &str) -> Result<u64> {
    let wrong = || format!("{text:?} is no duration: write it as 10m, 1h30m or 90s");
    let parsed: SignedDuration = text.trim().parse().ok().with_context(wrong)?;
    let ms = u64::try_from(parsed.as_millis()).ok().filter(|ms| *ms > 0).with_context(wrong)?;
    if ms > LONGEST_MS {
        bail!("that is longer than 31 days: do it in parts");
    }
    Ok(ms)
}

fn milliseconds(at: Timestamp) -> Result<u64> {
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
        let utc = Zone::utc();
        let cases = [
            ("15:53", NOW - 20_000),
            ("09:10", NOW - 20_000 - 403 * MINUTE),
            ("15:54", NOW - 20_000 + MINUTE - 1_440 * MINUTE),
            ("2026-11-27T15:53", NOW - 20_000),
            ("2026-11-27 15:53", NOW - 20_000),
            ("2026-11-27T17:53:20+02:00", NOW),
        ];
        for (text, at) in cases {
            assert_eq!(time(text, NOW, &utc).unwrap(), at, "{text}");
        }
        let error = time("noon", NOW, &utc).unwrap_err().to_string();
        assert!(error.contains("09:10"), "{error}");
    }

    #[test]
    fn spans_are_what_was_meant_or_a_sentence() {
        let utc = Zone::utc();
        assert_eq!(span(&last("10m"), NOW, &utc).unwrap(), (NOW - 10 * MINUTE, NOW));
        assert_eq!(span(&last("1h30m"), NOW, &utc).unwrap(), (NOW - 90 * MINUTE, NOW));
        for bad in ["", "10", "-10m", "0m", "100d", "soon"] {
            assert!(span(&last(bad), NOW, &utc).is_err(), "{bad}");
        }
        let (from, to) = from_to("23:50", "00:10", NOW, &utc).unwrap();
        assert_eq!(to - from, 20 * MINUTE);
        let (from, to) = from_to("15:40", "16:10", NOW, &utc).unwrap();
        assert_eq!((to - from, to > NOW), (30 * MINUTE, true));
        for (from, to) in [("09:40", "09:10"), ("09:10", "09:10")] {
            for now in [NOW, NOW - 8 * 60 * MINUTE, NOW + 6 * 60 * MINUTE] {
                let error = from_to(from, to, now, &utc).unwrap_err().to_string();
                assert!(error.contains("earlier time first"), "{error}");
            }
        }
    }

    #[test]
    fn a_day_has_as_many_hours_as_it_has() {
        let zone = Zone::utc();
        let (from, to) = day(Some("2026-11-27"), NOW, &zone).unwrap();
        assert_eq!((to - from, from <= NOW, NOW < to), (24 * 60 * MINUTE, true, true));
        assert_eq!(day(None, NOW, &zone).unwrap(), (from, to));
        assert!(day(Some("27.11."), NOW, &zone).is_err());
    }
}
