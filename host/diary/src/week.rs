//! What a week of one contract adds up to: Monday 00:00 to Sunday 24:00 UTC.

use crate::billing::{Facts, Outcome};
use crate::calendar::lock_of;
use crate::day::Summary;

/// Milliseconds in a day of a week; a week is UTC, so each has 24 hours.
const DAY_MS: u64 = 86_400_000;

/// What one of its days adds up to, in minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaySum {
    /// Minutes that were tracked and are billed.
    pub tracked: u64,
    /// Minutes that were typed in and are billed.
    pub manual: u64,
    /// Minutes beyond the weekly limit.
    pub over: u64,
}

/// What a week of one contract adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its first millisecond, since the Unix epoch.
    pub from: u64,
    /// The first millisecond after it.
    pub to: u64,
    /// How many minutes are billed at most; none means no limit.
    pub limit: Option<u64>,
    /// What it adds up to.
    pub sum: Summary,
    /// Each day, from Monday.
    pub days: [DaySum; 7],
    /// Start of the first segment beyond the limit.
    pub over_since: Option<u64>,
}

impl Week {
    /// Adds up one contract's segments; those outside `from..to` are left out.
    #[must_use]
    pub fn of(
        (from, to): (u64, u64),
        limit: Option<u64>,
        segments: impl IntoIterator<Item = (Facts, Outcome)>,
    ) -> Self {
        let mut week =
            Self { from, to, limit, sum: Summary::default(), days: [DaySum::default(); 7], over_since: None };
        for (facts, outcome) in segments {
            if !(from..to).contains(&facts.start) {
                continue;
            }
            week.sum.add(&facts, outcome);
            let nth = usize::try_from((facts.start - from) / DAY_MS).unwrap_or(usize::MAX);
            let Some(day) = week.days.get_mut(nth) else { continue };
            let minutes = u64::from(facts.length.minutes());
            match outcome {
                Outcome::Billed if facts.typed_in() => day.manual += minutes,
                Outcome::Billed => day.tracked += minutes,
                Outcome::OverLimit => {
                    day.over += minutes;
                    week.over_since = Some(week.over_since.map_or(facts.start, |s| s.min(facts.start)));
                }
                _ => {}
            }
        }
        week
    }

    /// When it is locked: the Monday after it, 12:00 UTC.
    #[must_use]
    pub fn locks_at(&self) -> u64 {
        lock_of(self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::{Claim, bill};
    use crate::segment::{MINUTE_MS, SegmentLength};
    use crate::terms::ManualTime;

    const MONDAY: u64 = 1_795_392_000_000; // 2026-11-23

    #[test]
    fn a_week_adds_up_its_days_by_kind_and_knows_when_the_limit_was_reached() {
        let claim = |day: u64, minute: u64, manual: Option<u64>| Claim {
            contract: "a",
            manual_time: ManualTime::Yes,
            facts: Facts {
                start: MONDAY + (day * 1_440 + minute) * MINUTE_MS,
                length: SegmentLength::default(),
                tracked: 1,
                active: u64::from(manual.is_none()),
                gap: false,
                manual,
                removed: false,
            },
        };
        let claims = [
            claim(0, 10, None),
            claim(0, 20, Some(1)),
            claim(4, 0, None),
            claim(4, 10, None),
            claim(6, 1_430, Some(1)),
            claim(7, 0, None), // the next week
        ];
        let outcomes = bill(&claims, "a", |_| Some(30));
        let week =
            Week::of((MONDAY, MONDAY + 7 * DAY_MS), Some(30), claims.iter().map(|c| c.facts).zip(outcomes));
        let day = |tracked, manual, over| DaySum { tracked, manual, over };
        assert_eq!(week.days[0], day(10, 10, 0));
        assert_eq!(week.days[4], day(10, 0, 10));
        assert_eq!(week.days[6], day(0, 0, 10));
        assert_eq!((week.sum.billable, week.sum.manual, week.sum.over_limit), (30, 10, 20));
        assert_eq!(week.sum.recorded, 50);
        assert_eq!(week.over_since, Some(claims[3].facts.start));
        assert_eq!(week.locks_at(), MONDAY + 7 * DAY_MS + 12 * 3_600_000);
    }
}
