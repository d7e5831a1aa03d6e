//! Times, durations and states as people read them, after the look's 'Numbers and times'.

use candor_diary::parcel::GapCause;
use std::io::Write as _;

use candor_protocol::{Segment, SegmentState, SignState};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use candor_diary::plain::{count, plural, short_hex, size};

/// Says something on the standard error, where it is no part of an answer. Whatever came from outside is visible in it.
pub fn aside(text: &str) {
    // Nothing more can be done where nobody reads this.
    let _ = writeln!(std::io::stderr().lock(), "{}", candor_diary::plain::visible_lines(text));
}

/// A duration in milliseconds as `5:20`; begun minutes do not count.
#[must_use]
pub fn duration(ms: u64) -> String {
    candor_diary::plain::duration(ms / 60_000)
}

/// A running clock in milliseconds as `2:23:12`.
#[must_use]
pub fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// How long something is still held, in milliseconds, as `0:48` (minutes and seconds, rounded up).
#[must_use]
pub fn hold(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Times of one time zone.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// The computer's.
    #[must_use]
    pub fn here() -> Self {
        Self(TimeZone::system())
    }

    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// A named one, for tests.
    #[cfg(test)]
    pub(crate) fn of(name: &str) -> Self {
        Self(TimeZone::get(name).unwrap())
    }

    /// The time zone itself.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.0
    }

    fn format(&self, ms: u64, pattern: &str) -> String {
        let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        match at {
            Some(at) => at.to_zoned(self.0.clone()).strftime(pattern).to_string(),
            None => "–".to_owned(),
        }
    }

    /// A time as `09:30`.
    #[must_use]
    pub fn time(&self, ms: u64) -> String {
        self.format(ms, "%H:%M")
    }

    /// A range as `09:30 – 09:40`.
    #[must_use]
    pub fn range(&self, from: u64, to: u64) -> String {
        format!("{} – {}", self.time(from), self.time(to))
    }

    /// A day as `Fri 27 Nov`, with the year where it is not that of `now`.
    #[must_use]
    pub fn day(&self, ms: u64, now: u64) -> String {
        let same = self.format(ms, "%Y") == self.format(now, "%Y");
        self.format(ms, if same { "%a %-d %b" } else { "%a %-d %b %Y" })
    }

    /// A time as `09:30` where it is today, else with its day.
    #[must_use]
    pub fn moment(&self, ms: u64, now: u64) -> String {
        if self.format(ms, "%F") == self.format(now, "%F") {
            self.time(ms)
        } else {
            format!("{}, {}", self.day(ms, now), self.time(ms))
        }
    }

    /// Names the zone as it is at a time: `Helsinki time, UTC+2`.
    #[must_use]
    pub fn name(&self, ms: u64) -> String {
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

/// Why the tracker could not see, in words.
pub(crate) fn gap(cause: GapCause) -> &'static str {
    match cause {
        GapCause::Crash => "the tracker ended unexpectedly",
        GapCause::CounterLost => "keys, clicks and scrolls could not be counted",
        GapCause::DisplayLost => "the display could not be read",
        GapCause::CollectorFailed => "a collector failed",
        GapCause::ClockJump => "the computer's clock was changed",
        GapCause::Asleep => "the computer slept",
        GapCause::Locked => "the screen was locked",
        GapCause::Paused => "paused for private time",
        GapCause::LeftOut => "left out by you",
        GapCause::RuleFailed => "a rule failed, so what was on screen was not recorded",
        GapCause::Damaged => "what was recorded is damaged",
        GapCause::Unanswered => "no keys, clicks or scrolls; you have not answered yet",
        GapCause::NotRecorded => "the disk was full, so it could not be saved",
        GapCause::Stalled => "the tracker stopped responding",
        GapCause::NoSign => "nothing on the screen could show you that you were recorded",
    }
}

/// A deadline as `Mon 30 Nov, 12:00 UTC`: the same words for everybody, wherever they are.
#[must_use]
pub fn deadline(ms: u64, now: u64) -> String {
    let utc = Zone::utc();
    format!("{}, {} UTC", utc.day(ms, now), utc.time(ms))
}

/// How much time a segment holds, as `10 minutes`; begun minutes count.
#[must_use]
pub fn minutes(segment: &Segment) -> String {
    let minutes = segment.tracked_ms.div_ceil(60_000);
    format!("{minutes} {}", plural(minutes, "minute", "minutes"))
}

/// What shows that it is recorded, as a sentence after another; empty where nothing is to be said of it.
#[must_use]
pub fn signs(sign: &SignState) -> String {
    if sign.without {
        return " Nothing on the screen has to show it (--no-sign); the Work Diary says so.".into();
    }
    if sign.missing_since.is_some() {
        return " Nothing on the screen shows it, so recording is on hold.".into();
    }
    let shown: Vec<_> = sign.shown.iter().map(|sign| sign.words()).collect();
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => format!(" Shown by {only}."),
        Some((last, others)) => format!(" Shown by {} and {last}.", others.join(", ")),
    }
}

/// Where a segment is, in words.
#[must_use]
pub fn state(segment: &Segment, now: u64, zone: &Zone) -> String {
    match &segment.state {
        _ if segment.removed_at.is_some() => "removed".to_owned(),
        SegmentState::Open { sends_at } => format!("sends at {}", zone.moment(*sends_at, now)),
        SegmentState::Held { sends_at } => {
            format!("sends in {}", hold(sends_at.saturating_sub(now)))
        }
        SegmentState::Waiting { next_try_at, why } => {
            let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("waits, next try at {}{why}", zone.moment(*next_try_at, now))
        }
        SegmentState::Delivered { at } => format!("sent {}", zone.moment(*at, now)),
        SegmentState::Rejected { why } => {
            format!("refused by the back office ({})", why.as_deref().unwrap_or("no reason given"))
        }
        SegmentState::Cancelled => "taken back, not sent".to_owned(),
    }
}

/// The end of a segment: its first millisecond after it.
#[must_use]
pub fn end(segment: &Segment) -> u64 {
    segment.start + u64::from(segment.length) * 60_000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fri 27 Nov 2026, 15:53:20 UTC.
    const AT: u64 = 1_795_794_800_000;

    fn helsinki() -> Zone {
        Zone(TimeZone::get("Europe/Helsinki").unwrap())
    }

    #[test]
    fn durations_read_as_the_look_says() {
        assert_eq!(duration(19_200_000), "5:20");
        assert_eq!(duration(59_999), "0:00");
        assert_eq!(clock(8_592_999), "2:23:12");
        assert_eq!(hold(47_001), "0:48");
    }

    #[test]
    fn times_are_local_and_deadlines_are_utc() {
        let zone = helsinki();
        assert_eq!(zone.time(AT), "17:53");
        assert_eq!(zone.range(AT, AT + 600_000), "17:53 – 18:03");
        assert_eq!(zone.day(AT, AT), "Fri 27 Nov");
        assert_eq!(zone.day(AT, AT + 366 * 86_400_000), "Fri 27 Nov 2026");
        assert_eq!(zone.moment(AT, AT), "17:53");
        assert_eq!(zone.moment(AT - 86_400_000, AT), "Thu 26 Nov, 17:53");
        assert_eq!(deadline(AT, AT), "Fri 27 Nov, 15:53 UTC");
    }

    #[test]
    fn a_zone_is_named_with_its_offset() {
        assert_eq!(helsinki().name(AT), "Helsinki time, UTC+2");
        assert_eq!(Zone(TimeZone::get("Asia/Kathmandu").unwrap()).name(AT), "Kathmandu time, UTC+5:45");
        assert_eq!(Zone(TimeZone::get("America/New_York").unwrap()).name(AT), "New York time, UTC-5");
        assert_eq!(Zone::utc().name(AT), "UTC");
    }
}
