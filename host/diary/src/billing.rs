//! Which segments are billed (design §8). Pure: the tracker and the back office compute the same from the same minutes.
//!
//! | what was recorded | outcome |
//! |---|---|
//! | any minute with activity | billed, whole |
//! | activity was not to be counted, any minute tracked | billed, whole |
//! | activity was to be counted, and no count came | not billed: no evidence |
//! | tracked, no activity, all of it seen | not billed: no activity |
//! | nothing that counts, and the tracker could not see a part | not billed: no evidence |
//! | two contracts in one segment | billed to the one with more active minutes; tie: to the one that began earlier |
//! | two devices of one contract in one segment | billed once |
//! | typed in, allowed, and nothing else is billed in that time | billed, whole |
//! | typed in, the client is to be asked, and nothing else is billed in that time | not billed: waiting for agreement |
//! | typed in, and something tracked or typed in earlier is billed in that time | not billed again |
//! | typed in although the terms did not allow it | not billed: not allowed |
//! | removed by the worker | not billed: removed |
//! | beyond the weekly limit, filled in order of start | not billed: over limit |
//! | received after its week was locked | not billed: arrived after the lock ([`lock`]) |

pub mod lock;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::calendar::week_of;
use crate::parcel::{Activity, Core, MinuteActivity, Parcel};
use crate::segment::{MINUTE_MS, SegmentLength};
use crate::terms::ManualTime;

/// What billing needs to know of a segment on one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Facts {
    /// Its first millisecond, since the Unix epoch.
    pub start: u64,
    /// The length of the segment.
    pub length: SegmentLength,
    /// Bit `n` is set if the `n`-th minute was tracked.
    pub tracked: u64,
    /// Bit `n` is set if the `n`-th minute counts: it had activity, or activity was not to be recorded. Empty if
    /// the segment was typed in.
    pub active: u64,
    /// Whether the tracker could not see a part of it.
    pub gap: bool,
    /// When it was typed in, if it was.
    pub manual: Option<u64>,
    /// Whether the worker removed it.
    pub removed: bool,
}

impl Facts {
    /// Reads them from a parcel that passed [`Parcel::check`].
    #[must_use]
    pub fn of(parcel: &Parcel) -> Self {
        let minutes = parcel.minutes.iter().map(|m| (m.start, m.activity));
        let (tracked, active, uncounted) =
            minute_bits(parcel.start, minutes, parcel.activity, parcel.manual.is_some());
        Self {
            start: parcel.start,
            length: parcel.length,
            tracked,
            active,
            gap: uncounted || !parcel.gaps.is_empty(),
            manual: parcel.manual.as_ref().map(|manual| manual.at),
            removed: parcel.removed.is_some(),
        }
    }

    /// Reads them from a core that passed [`Core::check`]. `activity` is whether keys, clicks and scrolls were to be
    /// counted, as the terms have it.
    #[must_use]
    pub fn of_core(core: &Core, activity: Activity) -> Self {
        let minutes = core.minutes.iter().map(|m| (m.start, m.activity));
        let (tracked, active, uncounted) = minute_bits(core.start, minutes, activity, core.manual.is_some());
        Self {
            start: core.start,
            length: core.length,
            tracked,
            active,
            gap: uncounted || !core.gaps.is_empty(),
            manual: core.manual,
            removed: core.removed.is_some(),
        }
    }

    /// First millisecond after the segment.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.length.ms()
    }

    /// Whether it was typed in.
    #[must_use]
    pub fn typed_in(&self) -> bool {
        self.manual.is_some()
    }
}

/// Returns the bits of minutes that were tracked and of those that count, and whether a minute was to be counted and was
/// not.
fn minute_bits(
    start: u64,
    minutes: impl Iterator<Item = (u64, MinuteActivity)>,
    activity: Activity,
    typed_in: bool,
) -> (u64, u64, bool) {
    let (mut tracked, mut active, mut uncounted) = (0, 0, false);
    for (minute, known) in minutes {
        let nth = minute.saturating_sub(start) / MINUTE_MS;
        let bit = 1u64.checked_shl(u32::try_from(nth).unwrap_or(u32::MAX)).unwrap_or(0);
        tracked |= bit;
        if typed_in {
            continue;
        }
        // Missing counts are no evidence (design §8). Only where nothing was to be counted does tracked time stand for
        // itself.
        match (known, activity) {
            (MinuteActivity::NotRecorded, Activity::Counted) => uncounted = true,
            (MinuteActivity::NotRecorded, Activity::Off) => active |= bit,
            _ if known.is_active() => active |= bit,
            _ => {}
        }
    }
    (tracked, active, uncounted)
}

/// A segment that a contract lays claim to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The id of the contract that it is claimed under.
    pub contract: &'a str,
    /// What was recorded in the segment.
    pub facts: Facts,
    /// Whether the contract's terms let time be typed in when this was
    /// ([`Versions::manual_time_at`](crate::versions::Versions::manual_time_at)). Of no account for what was tracked.
    pub manual_time: ManualTime,
}

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    // In this order: where several devices recorded one segment, the first of these stands for it.
    /// Billed: the segment's whole length.
    Billed,
    /// Would be billed, but the week's limit is used up.
    OverLimit,
    /// Typed in; billed only when the client has agreed to it.
    Waiting,
    /// It arrived after its week was locked; billed only if the client accepts it onto a later invoice.
    AfterLock,
    /// Another contract of the same worker has this time.
    Shared,
    /// The same contract has this time already, from another device or segment: it is billed there.
    Merged,
    /// Tracked without any activity.
    NoActivity,
    /// Typed in although the terms did not allow it.
    NotAllowed,
    /// Nothing that counts, and the tracker could not see a part.
    NoEvidence,
    /// The worker removed it.
    Removed,
}

/// Decides over all claims of one worker, in any order; answers one outcome each, in the order given. Only claims that
/// are the same in all that is known of them can stand for each other. `limit` answers
/// the weekly limit of `contract` in minutes for the week that begins at the given time; the claims must hold that
/// contract's whole weeks for it to be right.
#[must_use]
pub fn bill(claims: &[Claim<'_>], contract: &str, limit: impl Fn(u64) -> Option<u64>) -> Vec<Outcome> {
    bill_each(claims, |of, week| if of == contract { limit(week) } else { None })
}

/// The same for all contracts at once: `limit` answers the weekly limit in minutes of each contract for the week that
/// begins at the given time.
#[must_use]
pub fn bill_each(claims: &[Claim<'_>], limit: impl Fn(&str, u64) -> Option<u64>) -> Vec<Outcome> {
    let mut book = Book::open(claims);
    book.tracked();
    book.typed_in();
    book.each_segment_once();
    book.over_limit(limit);
    book.outcomes
}

/// Typed-in time in the order in which it is filled in: what is allowed before what the client is to be asked about, the
/// earlier typed first. The rest decides ties, so that the order in which claims are given is of no account.
type Typed<'a> = (bool, u64, u64, &'a str, Reverse<SegmentLength>, Facts, usize);

/// Who has which time.
struct Book<'a> {
    claims: &'a [Claim<'a>],
    outcomes: Vec<Outcome>,
    taken: Spans<'a>,
    /// What is billed: start, minutes, claim.
    won: Vec<(u64, u64, usize)>,
}

impl<'a> Book<'a> {
    fn open(claims: &'a [Claim<'a>]) -> Self {
        let unclaimed = |claim: &Claim<'_>| match claim.facts {
            Facts { removed: true, .. } => Outcome::Removed,
            Facts { manual: Some(_), .. } => Outcome::NotAllowed,
            Facts { gap: true, .. } => Outcome::NoEvidence,
            _ => Outcome::NoActivity,
        };
        let outcomes = claims.iter().map(unclaimed).collect();
        Self { claims, outcomes, taken: Spans::default(), won: Vec::new() }
    }

    /// Tracked time comes first, and among it the segments with more active minutes.
    fn tracked(&mut self) {
        // Devices of one contract in the very same segment stand for it together.
        let mut groups: BTreeMap<(u64, &str, u8), Group> = BTreeMap::new();
        let tracked =
            |claim: &Claim<'_>| claim.facts.active != 0 && !claim.facts.removed && !claim.facts.typed_in();
        for (index, claim) in self.claims.iter().enumerate().filter(|(_, c)| tracked(c)) {
            let f = &claim.facts;
            groups.entry((f.start, claim.contract, f.length.minutes())).or_default().add(index, f);
        }
        let mut rivals: Vec<_> = groups.into_iter().collect();
        rivals.sort_by_key(|((start, contract, _), group)| {
            (Reverse(group.active.count_ones()), group.first_tracked(*start), *start, *contract)
        });
        for ((start, owner, minutes), group) in rivals {
            let end = start + u64::from(minutes) * MINUTE_MS;
            let rival = self.taken.owner(start, end);
            let first = group.strongest(self.claims);
            for index in group.members {
                self.outcomes[index] = match rival {
                    Some(by) if by != owner => Outcome::Shared,
                    None if Some(index) == first => Outcome::Billed,
                    _ => Outcome::Merged,
                };
            }
            if let (None, Some(first)) = (rival, first) {
                self.taken.take(start, end, owner);
                self.won.push((start, u64::from(minutes), first));
            }
        }
    }

    /// Typed-in time fills only what is left, the earlier typed first; what waits for agreement fills what is left of
    /// that, for its own contract only.
    fn typed_in(&mut self) {
        let mut typed: Vec<Typed<'_>> = Vec::new();
        for (index, claim) in self.claims.iter().enumerate() {
            let Facts { manual: Some(at), removed: false, start, .. } = claim.facts else { continue };
            let longer_first = Reverse(claim.facts.length);
            match claim.manual_time {
                ManualTime::No => {}
                ManualTime::Yes | ManualTime::Only => {
                    typed.push((false, at, start, claim.contract, longer_first, claim.facts, index));
                }
                ManualTime::Ask => {
                    typed.push((true, at, start, claim.contract, longer_first, claim.facts, index));
                }
            }
        }
        typed.sort_unstable();
        let mut waiting: BTreeMap<&str, Spans<'_>> = BTreeMap::new();
        for (asks, _, start, owner, Reverse(length), _, index) in typed {
            let end = start + length.ms();
            self.outcomes[index] = match self.taken.owner(start, end) {
                Some(by) if by != owner => Outcome::Shared,
                Some(_) => Outcome::Merged,
                None if asks => {
                    let own = waiting.entry(owner).or_default();
                    if own.owner(start, end).is_some() {
                        Outcome::Merged
                    } else {
                        own.take(start, end, owner);
                        Outcome::Waiting
                    }
                }
                None => {
                    self.taken.take(start, end, owner);
                    self.won.push((start, u64::from(length.minutes()), index));
                    Outcome::Billed
                }
            };
        }
    }

    /// If a device saw nothing that counts and another one of the same contract has the segment, it is counted
    /// there and not a second time.
    fn each_segment_once(&mut self) {
        let mut best = BTreeMap::new();
        for (index, (claim, outcome)) in self.claims.iter().zip(&self.outcomes).enumerate() {
            let this = (*outcome, Reverse(claim.facts.length), claim.facts, index);
            let place = best.entry((claim.contract, claim.facts.start)).or_insert(this);
            *place = (*place).min(this);
        }
        for (index, (claim, outcome)) in self.claims.iter().zip(&mut self.outcomes).enumerate() {
            let empty = matches!(outcome, Outcome::NoActivity | Outcome::NotAllowed | Outcome::NoEvidence);
            let stands = best.get(&(claim.contract, claim.facts.start)).is_none_or(|(.., i)| *i == index);
            if empty && !stands {
                *outcome = Outcome::Merged;
            }
        }
    }

    fn over_limit(&mut self, limit: impl Fn(&str, u64) -> Option<u64>) {
        let mut won: Vec<_> = std::mem::take(&mut self.won);
        won.sort_unstable();
        let mut used: BTreeMap<(&str, u64), (u64, bool)> = BTreeMap::new();
        for (start, minutes, index) in won {
            let Some(contract) = self.claims.get(index).map(|claim| claim.contract) else { continue };
            let week = week_of(start).0;
            let Some(limit) = limit(contract, week) else { continue };
            let (sum, full) = used.entry((contract, week)).or_default();
            // In order of start: once one does not fit, nothing later in the week does.
            *full |= *sum + minutes > limit;
            if *full {
                self.outcomes[index] = Outcome::OverLimit;
            } else {
                *sum += minutes;
            }
        }
    }
}

/// Spans of time that have an owner; they do not overlap.
#[derive(Default)]
struct Spans<'a>(BTreeMap<u64, (u64, &'a str)>);

impl<'a> Spans<'a> {
    /// Who has any of `start..end`. Spans do not overlap each other, so the last one that starts before the end is the
    /// only one to ask.
    fn owner(&self, start: u64, end: u64) -> Option<&'a str> {
        self.0.range(..end).next_back().filter(|(_, (until, _))| *until > start).map(|(_, (_, by))| *by)
    }

    fn take(&mut self, start: u64, end: u64, owner: &'a str) {
        self.0.insert(start, (end, owner));
    }
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

    /// The device that the segment is shown under: the one with more active minutes. A tie is decided by what was
    /// recorded, so that the order in which claims are given is of no account.
    fn strongest(&self, claims: &[Claim<'_>]) -> Option<usize> {
        self.members.iter().copied().min_by_key(|i| {
            let facts = claims.get(*i).map(|claim| claim.facts);
            (facts.map(|facts| Reverse(facts.active.count_ones())), facts, *i)
        })
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
