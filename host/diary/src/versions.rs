//! What billing needs of the versions of a contract's terms: which were in force when.

use crate::terms::{ManualTime, Terms};

/// One version of a contract's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// When it was issued, milliseconds since the Unix epoch.
    pub issued_at: u64,
    /// How many minutes a week are billed at most.
    pub weekly_limit: Option<u32>,
    /// Whether time may be typed in.
    pub manual_time: ManualTime,
}

impl Version {
    /// Reads it from terms.
    #[must_use]
    pub fn of(terms: &Terms, issued_at: u64) -> Self {
        Self { issued_at, weekly_limit: terms.weekly_limit, manual_time: terms.manual_time }
    }
}

/// All versions of one contract's terms, in the order in which they were issued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions(Vec<Version>);

impl Versions {
    /// Takes them in any order; versions issued in the same millisecond keep the order given.
    #[must_use]
    pub fn new(mut versions: Vec<Version>) -> Self {
        versions.sort_by_key(|v| v.issued_at);
        Self(versions)
    }

    /// Those that were issued before `at`, milliseconds since the Unix epoch: all that a week which locks then goes by.
    #[must_use]
    pub fn issued_before(&self, at: u64) -> Self {
        Self(self.0.iter().copied().filter(|version| version.issued_at < at).collect())
    }

    /// The version in force at `at`. Before the first was issued it is the first: time may be older than the paper.
    fn at(&self, at: u64) -> Option<&Version> {
        self.0.iter().rev().find(|v| v.issued_at <= at).or(self.0.first())
    }

    /// The limit of the week that begins at `week_start`, in minutes: that in force when the week began, for a changed
    /// limit counts from the next week (design §8).
    #[must_use]
    pub fn limit_of_week(&self, week_start: u64) -> Option<u64> {
        self.at(week_start)?.weekly_limit.map(u64::from)
    }

    /// Whether time might be typed in at the moment at which it was. What was allowed then stays allowed.
    #[must_use]
    pub fn manual_time_at(&self, at: u64) -> ManualTime {
        self.at(at).map_or(ManualTime::No, |v| v.manual_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_limit_counts_from_the_next_week_and_a_permission_from_its_moment() {
        const WEEK: u64 = 7 * 86_400_000;
        let monday = 1_795_392_000_000; // 2026-11-23
        let version = |issued_at, weekly_limit, manual_time| Version { issued_at, weekly_limit, manual_time };
        let versions = Versions::new(vec![
            version(monday + WEEK + 1, Some(600), ManualTime::Yes),
            version(monday + 5, Some(1_200), ManualTime::No),
            version(monday + 3 * WEEK, None, ManualTime::Ask),
        ]);
        let limits: Vec<_> = (0..5).map(|n| versions.limit_of_week(monday + n * WEEK)).collect();
        assert_eq!(limits, [Some(1_200), Some(1_200), Some(600), None, None]);
        for (at, expected) in [
            (monday, ManualTime::No),
            (monday + WEEK, ManualTime::No),
            (monday + WEEK + 1, ManualTime::Yes),
            (monday + 3 * WEEK, ManualTime::Ask),
        ] {
            assert_eq!(versions.manual_time_at(at), expected);
        }
        assert_eq!(Versions::default().limit_of_week(monday), None);
        assert_eq!(Versions::default().manual_time_at(monday), ManualTime::No);
    }
}
