//! How times, durations and counts are written: local times, durations as h:mm, deadlines with their zone.

use candor_diary::plain;
use candor_protocol::{Segment, SegmentState};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A minute in milliseconds.
pub(crate) const MINUTE: u64 = 60_000;

/// `5:20`: hours and minutes, begun minutes not counted.
pub(crate) fn hours_minutes(ms: u64) -> String {
    plain::duration(ms / MINUTE)
}

/// `2:23:12`: the running clock.
pub(crate) fn clock(ms: u64) -> String {
    let s = ms / 1_000;
    format!("{}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
}

/// `0:48`: minutes and seconds to go; a begun second counts.
pub(crate) fn countdown(ms: u64) -> String {
    let s = ms.div_ceil(1_000);
    if s >= 3_600 { clock(s * 1_000) } else { format!("{}:{:02}", s / 60, s % 60) }
}

/// `14 minutes`, `1 minute`.
pub(crate) fn minutes(ms: u64) -> String {
    let n = ms / MINUTE;
    format!("{n} {}", plain::plural(n, "minute", "minutes"))
}

/// The zone that times are shown in.
#[derive(Clone, Debug)]
pub(crate) struct Zone(pub(crate) TimeZone);

impl Zone {
    fn format(&self, at: u64, pattern: &str) -> String {
        let stamp = i64::try_from(at).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        stamp.map_or_else(|| "–".to_owned(), |t| t.to_zoned(self.0.clone()).strftime(pattern).to_string())
    }

    /// `09:30`.
    pub(crate) fn time(&self, at: u64) -> String {
        self.format(at, "%H:%M")
    }

    /// `09:30:12`.
    pub(crate) fn seconds(&self, at: u64) -> String {
        self.format(at, "%H:%M:%S")
    }

    /// `09:30 – 09:40`.
    pub(crate) fn range(&self, from: u64, to: u64) -> String {
        format!("{} – {}", self.time(from), self.time(to))
    }

    /// The day of a moment.
    pub(crate) fn date(&self, at: u64) -> Option<Date> {
        let stamp = i64::try_from(at).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok())?;
        Some(stamp.to_zoned(self.0.clone()).date())
    }

    /// `09:30`, or `Fri 27 Nov, 09:30` where that is another day than `beside`.
    pub(crate) fn when(&self, at: u64, beside: u64) -> String {
        if self.date(at) == self.date(beside) {
            self.time(at)
        } else {
            format!("{}, {}", self.day(at, beside), self.time(at))
        }
    }

    /// `Fri 27 Nov`, with the year where it is another than that of `beside`.
    pub(crate) fn day(&self, at: u64, beside: u64) -> String {
        let same = self.date(at).map(Date::year) == self.date(beside).map(Date::year);
        self.format(at, if same { "%a %-d %b" } else { "%a %-d %b %Y" })
    }

    /// First millisecond of the day `back` days before that of `now`, and the first after it.
    pub(crate) fn day_span(&self, now: u64, back: i64) -> Option<(u64, u64)> {
        let date = self.date(now)?.checked_sub(Span::new().try_days(back).ok()?).ok()?;
        let start = |d: Date| -> Option<u64> {
            let zoned = d.to_zoned(self.0.clone()).ok()?;
            u64::try_from(zoned.timestamp().as_millisecond()).ok()
        };
        Some((start(date)?, start(date.tomorrow().ok()?)?))
    }
}

/// `Activity in 8 of 10 minutes`: minutes with any count, of those tracked.
pub(crate) fn activity(segment: &Segment) -> String {
    let tracked = segment.minutes.iter().flatten().count();
    let active = segment.minutes.iter().flatten().filter(|n| **n > 0).count();
    let unit = plain::plural(tracked as u64, "minute", "minutes");
    format!("Activity in {active} of {tracked} {unit}")
}

/// Where a segment is: `Sent 17:46`, `Sends in 0:48`, `Waiting`.
pub(crate) fn state(segment: &Segment, now: u64, zone: &Zone) -> String {
    match &segment.state {
        SegmentState::Open { sends_at } if *sends_at > now => {
            format!("Sends at {}", zone.when(*sends_at, now))
        }
        SegmentState::Held { sends_at } if *sends_at > now => {
            format!("Sends in {}", countdown(sends_at - now))
        }
        SegmentState::Open { .. } | SegmentState::Held { .. } => "Sends when it has ended".into(),
        SegmentState::Waiting { .. } => "Waiting to be sent".into(),
        SegmentState::Delivered { at } => format!("Sent {}", zone.when(*at, now)),
        SegmentState::Rejected { .. } => "Refused, not counted".into(),
        SegmentState::Cancelled => "Taken back, not sent".into(),
    }
}

/// What the outbox holds, in short: what was refused stands there as well as what waits.
pub(crate) fn outbox(counts: &candor_protocol::OutboxCounts) -> String {
    match (counts.held + counts.waiting, counts.rejected) {
        (0, 0) => "Nothing waiting".to_owned(),
        (waiting, 0) => format!("{waiting} waiting"),
        (0, refused) => format!("{refused} refused"),
        (waiting, refused) => format!("{waiting} waiting, {refused} refused"),
    }
}

/// The first letter as a capital.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What was in front when a picture was taken, as the client reads it beside the picture.
pub(crate) fn in_front(focus: &candor_diary::parcel::Focus) -> String {
    let app = focus.app.as_deref().unwrap_or("application not recorded");
    match &focus.title {
        Some(title) => format!("In front: {app}, \"{title}\""),
        None if !focus.hidden_by.is_empty() => format!("In front: {app}, title hidden by a rule"),
        None => format!("In front: {app}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(sentence("left out"), "Left out");
    }

    #[test]
    fn a_day_is_as_long_as_its_zone_has_it_and_another_day_is_named() {
        let zone = Zone(TimeZone::get("Europe/Helsinki").unwrap());
        // 25 October 2026: the clock is put back, 25 hours.
        let noon = 1_792_922_400_000;
        let (from, to) = zone.day_span(noon, 0).unwrap();
        assert_eq!(to - from, 25 * 3_600_000);
        assert_eq!(zone.when(noon, noon), "12:00");
        assert_eq!(zone.when(from - 1, noon), "Sat 24 Oct, 23:59");
        assert_eq!(zone.day_span(noon, 1).unwrap().1, from);
    }
}
