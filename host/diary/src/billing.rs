//! Which segments are billed (design §8). Pure: the tracker and the back office compute the same from the same minutes.
//!
//! | what was recorded | outcome |
//! |---|---|
//! | any minute with activity | billed, whole |
//! | the activity collector was off, any minute tracked | billed, whole |
//! | tracked, no activity, all of it seen | not billed: no activity |
//! | nothing that counts, and the tracker could not see a part | not billed: no evidence |
//! | two contracts in one segment | billed to the one with more active minutes; tie: to the one that began earlier |
//! | two devices of one contract in one segment | billed once |
//! | beyond the weekly limit, filled in order of start | not billed: over limit |

use std::collections::BTreeMap;

use crate::calendar::week_of;
use crate::parcel::{Counts, GapCause, Parcel};
use crate::segment::{MINUTE_MS, SegmentLength};

/// What billing needs to know of a segment on one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// First millisecond, UTC.
    pub start: u64,
    /// The segment's length.
    pub length: SegmentLength,
    /// Bit `n` is set where the `n`-th minute was tracked.
    pub tracked: u64,
    /// Bit `n` is set where the `n`-th minute counts: it had activity, or activity was not to be recorded.
    pub active: u64,
    /// Whether the tracker could not see a part of it.
    pub gap: bool,
}

impl Facts {
    /// Reads them from a parcel that passed [`Parcel::check`].
    #[must_use]
    pub fn of(parcel: &Parcel) -> Self {
        let (mut tracked, mut active) = (0, 0);
        for minute in &parcel.minutes {
            let nth = minute.start.saturating_sub(parcel.start) / MINUTE_MS;
            let bit = 1u64.checked_shl(u32::try_from(nth).unwrap_or(u32::MAX)).unwrap_or(0);
            tracked |= bit;
            // No counts mean that the collector is off, unless a gap says that it should have counted and did not.
            let counts = match minute.counts {
                Some(counts) => Counts::any(counts),
                None => !parcel.gaps.iter().any(|gap| {
                    matches!(gap.cause, GapCause::CounterLost | GapCause::CollectorFailed)
                        && gap.from < minute.start + MINUTE_MS
                        && gap.to > minute.start
                }),
            };
            if counts {
                active |= bit;
            }
        }
        Self { start: parcel.start, length: parcel.length, tracked, active, gap: !parcel.gaps.is_empty() }
    }

    /// First millisecond after the segment.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.length.ms()
    }
}

/// A segment that a contract lays claim to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The contract.
    pub contract: &'a str,
    /// What was recorded.
    pub facts: Facts,
}

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Billed, whole.
    Billed,
    /// Would be billed, but the week's limit is used up.
    OverLimit,
    /// Tracked without any activity.
    NoActivity,
    /// Nothing that counts, and the tracker could not see a part.
    NoEvidence,
    /// Another contract of the same worker has this time.
    Shared,
    /// Another device of the same contract has this time: it is billed there.
    Merged,
}

/// Decides over all claims of one worker, in any order; answers one outcome each, in the order given. `limit` is the
/// weekly limit of `contract`, in minutes; the claims must hold that contract's whole weeks for it to be right.
#[must_use]
pub fn bill(claims: &[Claim<'_>], contract: &str, limit: Option<u64>) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> =
        claims.iter().map(|c| if c.facts.gap { Outcome::NoEvidence } else { Outcome::NoActivity }).collect();

    // Devices of one contract in the very same segment stand for it together.
    let mut groups: BTreeMap<(u64, &str, u8), Group> = BTreeMap::new();
    for (index, claim) in claims.iter().enumerate().filter(|(_, c)| c.facts.active != 0) {
        let f = &claim.facts;
        groups.entry((f.start, claim.contract, f.length.minutes())).or_default().add(index, f);
    }
    let mut rivals: Vec<_> = groups.into_iter().collect();
    rivals.sort_by_key(|((start, contract, _), group)| {
        (std::cmp::Reverse(group.active.count_ones()), group.first_tracked(*start), *start, *contract)
    });

    let mut taken: BTreeMap<u64, (u64, &str)> = BTreeMap::new();
    let mut won: Vec<(u64, u64, usize)> = Vec::new();
    for ((start, owner, minutes), group) in rivals {
        let end = start + u64::from(minutes) * MINUTE_MS;
        // Spans taken do not overlap each other, so the last one that starts before our end is the only rival.
        let rival =
            taken.range(..end).next_back().filter(|(_, (until, _))| *until > start).map(|(_, (_, by))| *by);
        let first = group.strongest(claims);
        for index in group.members {
            outcomes[index] = match rival {
                Some(by) if by != owner => Outcome::Shared,
                None if Some(index) == first => Outcome::Billed,
                _ => Outcome::Merged,
            };
        }
        if let (None, Some(first)) = (rival, first) {
            taken.insert(start, (end, owner));
            if owner == contract {
                won.push((start, u64::from(minutes), first));
            }
        }
    }

    if let Some(limit) = limit {
        won.sort_unstable();
        let mut used: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
        for (start, minutes, index) in won {
            let (sum, full) = used.entry(week_of(start).0).or_default();
            // In order of start: once one does not fit, nothing later in the week does.
            *full |= *sum + minutes > limit;
            if *full {
                outcomes[index] = Outcome::OverLimit;
            } else {
                *sum += minutes;
            }
        }
    }
    outcomes
}

#[derive(Default)]
struct Group {
    members: Vec<usize>,
    active: u64,
    tracked: u64,
}

impl Group {
    fn add(&mut self, index: usize, facts: &Facts) {
        self.members.push(index);
        self.active |= facts.active;
        self.tracked |= facts.tracked;
    }

    fn first_tracked(&self, start: u64) -> u64 {
        start + u64::from(self.tracked.trailing_zeros()) * MINUTE_MS
    }

    /// The device that the segment is shown under: the one with more active minutes, else the first given.
    fn strongest(&self, claims: &[Claim<'_>]) -> Option<usize> {
        self.members.iter().copied().min_by_key(|i| {
            (std::cmp::Reverse(claims.get(*i).map_or(0, |c| c.facts.active.count_ones())), *i)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Billed, Merged, NoActivity, NoEvidence, OverLimit, Shared};

    const MONDAY: u64 = 1_795_392_000_000; // 2026-11-23, 00:00 UTC

    fn claim(contract: &str, minute: u64, length: u8, tracked: u64, active: u64, gap: bool) -> Claim<'_> {
        let length = SegmentLength::new(length).unwrap();
        Claim { contract, facts: Facts { start: MONDAY + minute * MINUTE_MS, length, tracked, active, gap } }
    }

    #[test]
    fn each_billing_rule_of_the_design_is_a_row() {
        let all = 0b11_1111_1111;
        type Row<'a> = (&'a str, Vec<Claim<'a>>, Option<u64>, Vec<Outcome>);
        let rows: &[Row<'_>] = &[
            ("any activity bills the whole", vec![claim("a", 0, 10, all, 0b1000, false)], None, vec![Billed]),
            ("no activity is not billed", vec![claim("a", 0, 10, all, 0, false)], None, vec![NoActivity]),
            (
                "a gap without activity is no evidence",
                vec![claim("a", 0, 10, 0, 0, true)],
                None,
                vec![NoEvidence],
            ),
            (
                "a gap beside activity does not hurt",
                vec![claim("a", 0, 10, all, 1, true)],
                None,
                vec![Billed],
            ),
            (
                "two contracts: more active minutes has it",
                vec![claim("a", 0, 10, all, 0b1, false), claim("b", 0, 10, all, 0b11, false)],
                None,
                vec![Shared, Billed],
            ),
            (
                "two contracts, tie: the earlier start has it",
                vec![claim("a", 0, 10, 0b1110, 0b1110, false), claim("b", 0, 10, 0b0111, 0b0111, false)],
                None,
                vec![Shared, Billed],
            ),
            (
                "two contracts of different segment length: no minute twice",
                vec![
                    claim("a", 0, 10, all, 0b111, false),
                    claim("b", 9, 1, 1, 1, false),
                    claim("b", 10, 1, 1, 1, false),
                ],
                None,
                vec![Billed, Shared, Billed],
            ),
            (
                "two devices of one contract: once",
                vec![claim("a", 0, 10, all, 0b1, false), claim("a", 0, 10, all, 0b110, false)],
                None,
                vec![Merged, Billed],
            ),
            (
                "two devices together outweigh another contract",
                vec![
                    claim("a", 0, 10, all, 0b0011, false),
                    claim("a", 0, 10, all, 0b1100, false),
                    claim("b", 0, 10, all, 0b0111, false),
                ],
                None,
                vec![Billed, Merged, Shared],
            ),
            (
                "one contract after its length changed: no minute twice",
                vec![claim("a", 0, 10, all, all, false), claim("a", 5, 5, 0b11111, 0b11111, false)],
                None,
                vec![Billed, Merged],
            ),
            (
                "the limit is filled in order of start, whatever the order given",
                vec![
                    claim("a", 20, 10, all, all, false),
                    claim("a", 0, 10, all, 1, false),
                    claim("a", 10, 10, all, 1, false),
                ],
                Some(20),
                vec![OverLimit, Billed, Billed],
            ),
            (
                "a segment is never cut at the limit, and nothing later slips in",
                vec![
                    claim("a", 0, 10, all, 1, false),
                    claim("a", 10, 10, all, 1, false),
                    claim("a", 20, 5, 1, 1, false),
                ],
                Some(15),
                vec![Billed, OverLimit, OverLimit],
            ),
            (
                "a new week, Monday 00:00 UTC, has a new limit",
                vec![claim("a", 7 * 1440 - 10, 10, all, 1, false), claim("a", 7 * 1440, 10, all, 1, false)],
                Some(10),
                vec![Billed, Billed],
            ),
            (
                "what is not billed does not use the limit up",
                vec![claim("a", 0, 10, all, 0, false), claim("a", 10, 10, all, 1, false)],
                Some(10),
                vec![NoActivity, Billed],
            ),
        ];
        for (rule, claims, limit, expected) in rows {
            assert_eq!(&bill(claims, "a", *limit), expected, "{rule}");
        }
    }

    #[test]
    fn where_the_activity_collector_is_off_tracked_minutes_count() {
        use crate::parcel::{Gap, MinuteFacts};
        let mut parcel = crate::example::parcel(MONDAY, 10);
        parcel.gaps.clear();
        parcel.minutes =
            vec![MinuteFacts { start: MONDAY + 2 * MINUTE_MS, tracked_ms: 60_000, counts: None }];
        assert_eq!(Facts::of(&parcel).active, 0b100);
        // A counter that should have counted and did not is another matter: nobody saw.
        parcel.gaps =
            vec![Gap { from: MONDAY + 150_000, to: MONDAY + 180_000, cause: GapCause::CounterLost }];
        assert_eq!(Facts::of(&parcel), Facts { tracked: 0b100, active: 0, gap: true, ..Facts::of(&parcel) });
        parcel.minutes[0].counts = Some(Counts { keys: 1, ..Counts::default() });
        assert_eq!(Facts::of(&parcel).active, 0b100);
    }

    #[test]
    fn a_segment_of_an_hour_fits() {
        use crate::parcel::MinuteFacts;
        let mut parcel = crate::example::parcel(MONDAY, 60);
        let minute = |n| MinuteFacts { start: MONDAY + n * MINUTE_MS, tracked_ms: 1, counts: None };
        parcel.minutes = (0..60).map(minute).collect();
        assert_eq!(Facts::of(&parcel).tracked, (1 << 60) - 1);
    }
}
