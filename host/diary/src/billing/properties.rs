//! What billing keeps to whatever was recorded: several contracts, devices and lengths, gaps, typed-in and removed time.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const MONDAY: u64 = 1_795_392_000_000; // 2026-11-23, 00:00 UTC
const WEEK: u64 = 7 * 24 * 60;
const CONTRACTS: [&str; 3] = ["a", "b", "c"];
/// Hours at both ends of a week and of the next: few, so that segments meet.
const HOURS: [u64; 5] = [0, 1, WEEK / 60 - 1, WEEK / 60, WEEK / 60 + 1];

/// Segments on their grid, of all these lengths.
fn claims(lengths: &'static [u8], most: usize) -> impl Strategy<Value = Vec<Claim<'static>>> {
    proptest::collection::vec(claim(lengths), 0..most)
}

fn claim(lengths: &'static [u8]) -> impl Strategy<Value = Claim<'static>> {
    use ManualTime::{Ask, No, Only, Yes};
    let bits = any::<(u64, u64, u64)>();
    let manual = proptest::option::weighted(0.3, 1..4_u64);
    let permission = prop::sample::select(vec![No, Ask, Yes, Only]);
    let place = (prop::sample::select(&HOURS[..]), 0..60_u64, prop::sample::select(lengths));
    let contract = prop::sample::select(&CONTRACTS[..]);
    (contract, place, bits, any::<bool>(), manual, proptest::bool::weighted(0.1), permission).prop_map(
        |(contract, (hour, minute, length), (tracked, seen, active), gap, manual, removed, manual_time)| {
            let all = u64::MAX >> (64 - length);
            let tracked = tracked & all;
            let facts = Facts {
                start: MONDAY + (hour * 60 + minute - minute % u64::from(length)) * MINUTE_MS,
                length: SegmentLength::new(length).unwrap(),
                tracked,
                // Half of them with few active minutes or none, so that there are ties.
                active: if manual.is_some() { 0 } else { tracked & seen & active },
                gap,
                manual,
                removed,
            };
            Claim { contract, facts, manual_time }
        },
    )
}

/// What is billed of every contract, or would be if its limit were not used up: start, end.
fn won(claims: &[Claim<'_>]) -> Vec<(u64, u64)> {
    let outcomes = bill(claims, "none of them", |_| None);
    let billed = claims.iter().zip(outcomes).filter(|(_, outcome)| *outcome == Outcome::Billed);
    billed.map(|(claim, _)| (claim.facts.start, claim.facts.end())).collect()
}

fn meets((from, to): (u64, u64), facts: &Facts) -> bool {
    from < facts.end() && facts.start < to
}

/// Minutes of a contract with this outcome, by week.
fn minutes(
    claims: &[Claim<'_>],
    outcomes: &[Outcome],
    contract: &str,
    wanted: Outcome,
) -> BTreeMap<u64, u64> {
    let mut sums = BTreeMap::new();
    for (claim, outcome) in claims.iter().zip(outcomes) {
        if claim.contract == contract && *outcome == wanted {
            *sums.entry(week_of(claim.facts.start).0).or_default() += u64::from(claim.facts.length.minutes());
        }
    }
    sums
}

/// Whether it is time that somebody vouched for: activity was seen, or the client lets time be typed in.
fn is_vouched_for(claim: &Claim<'_>) -> bool {
    let typed_in = matches!(claim.manual_time, ManualTime::Yes | ManualTime::Only);
    !claim.facts.removed && if claim.facts.typed_in() { typed_in } else { claim.facts.active != 0 }
}

const ANY: &[u8] = &[1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn invariant_09_no_minute_is_billed_twice_across_all_contracts(claims in claims(ANY, 40), limit in 0..200_u64) {
        // Each contract is billed by itself, as its own ledger is.
        let mut billed = Vec::new();
        for contract in CONTRACTS {
            let outcomes = bill(&claims, contract, |_| Some(limit));
            let own = claims.iter().zip(outcomes).filter(|(c, o)| c.contract == contract && *o == Outcome::Billed);
            billed.extend(own.map(|(claim, _)| (claim.facts.start, claim.facts.end())));
        }
        billed.sort_unstable();
        for two in billed.windows(2) {
            prop_assert!(two[0].1 <= two[1].0, "{two:?}");
        }
    }

    #[test]
    fn no_week_is_billed_beyond_its_limit_and_the_limit_is_filled_from_its_start(
        claims in claims(ANY, 40), limits in [0..200_u64, 0..200_u64],
    ) {
        let limit = |week: u64| limits[usize::try_from((week - MONDAY) / (WEEK * MINUTE_MS)).unwrap()];
        let outcomes = bill(&claims, "a", |week| Some(limit(week)));
        for (week, billed) in minutes(&claims, &outcomes, "a", Outcome::Billed) {
            prop_assert!(billed <= limit(week), "{billed} of {}", limit(week));
        }
        let own: Vec<(u64, Outcome)> =
            claims.iter().zip(&outcomes).filter(|(c, _)| c.contract == "a").map(|(c, o)| (c.facts.start, *o)).collect();
        for (over, _) in own.iter().filter(|(_, outcome)| *outcome == Outcome::OverLimit) {
            for (start, _) in own.iter().filter(|(_, outcome)| *outcome == Outcome::Billed) {
                prop_assert!(start < over || week_of(*start) != week_of(*over), "{start} after {over}");
            }
        }
        let others = claims.iter().zip(&outcomes).filter(|(claim, _)| claim.contract != "a");
        prop_assert!(others.into_iter().all(|(_, outcome)| *outcome != Outcome::OverLimit));
    }

    #[test]
    fn a_higher_limit_never_bills_less_and_leaves_the_rest_as_it_is(
        claims in claims(ANY, 40), limit in 0..200_u64, more in 0..200_u64,
    ) {
        let (lower, higher) = (bill(&claims, "a", |_| Some(limit)), bill(&claims, "a", |_| Some(limit + more)));
        for (before, after) in lower.iter().zip(&higher) {
            prop_assert!(before == after || (*before, *after) == (Outcome::OverLimit, Outcome::Billed));
        }
    }

    #[test]
    fn invariant_09_worked_time_is_never_lost_and_time_nobody_vouched_for_never_billed(claims in claims(ANY, 40)) {
        let outcomes = bill(&claims, "a", |_| Some(60));
        let won = won(&claims);
        for (claim, outcome) in claims.iter().zip(&outcomes) {
            let counts = matches!(outcome, Outcome::Billed | Outcome::OverLimit);
            prop_assert!(!counts || is_vouched_for(claim), "{claim:?} {outcome:?}");
            // What is vouched for and not billed has lost its time to somebody who has it.
            let taken = won.iter().any(|span| meets(*span, &claim.facts));
            prop_assert!(!is_vouched_for(claim) || taken, "{claim:?} {outcome:?}");
            if is_vouched_for(claim) && !counts {
                prop_assert!(matches!(outcome, Outcome::Shared | Outcome::Merged), "{claim:?} {outcome:?}");
            }
            prop_assert_eq!(*outcome == Outcome::Removed, claim.facts.removed);
            if *outcome == Outcome::Waiting {
                let asks = claim.facts.typed_in() && claim.manual_time == ManualTime::Ask;
                prop_assert!(asks && !taken, "{claim:?}");
            }
        }
    }

    #[test]
    fn the_order_in_which_claims_are_given_changes_nothing(
        (claims, shuffled) in claims(ANY, 40).prop_flat_map(|claims| {
            let places: Vec<usize> = (0..claims.len()).collect();
            (Just(claims), Just(places).prop_shuffle())
        }),
        limit in 0..200_u64,
    ) {
        let other: Vec<Claim<'_>> = shuffled.iter().map(|nth| claims[*nth]).collect();
        // Claims that are the same in all that is known of them can stand for each other.
        let sorted = |claims: &[Claim<'_>]| {
            let outcomes = bill(claims, "a", |_| Some(limit));
            let named = |(claim, outcome): (&Claim<'_>, Outcome)| {
                (claim.contract.to_owned(), claim.facts, claim.facts.typed_in().then(|| format!("{:?}", claim.manual_time)), outcome)
            };
            let mut all: Vec<_> = claims.iter().zip(outcomes).map(named).collect();
            all.sort();
            all
        };
        prop_assert_eq!(sorted(&claims), sorted(&other));
    }

    #[test]
    fn each_week_is_billed_by_itself(claims in claims(ANY, 40), limit in 0..200_u64) {
        let outcomes = bill(&claims, "a", |_| Some(limit));
        for week in [MONDAY, MONDAY + WEEK * MINUTE_MS] {
            let own = |claim: &Claim<'_>| week_of(claim.facts.start).0 == week;
            let of_week: Vec<Claim<'_>> = claims.iter().copied().filter(own).collect();
            let expected: Vec<Outcome> =
                claims.iter().zip(&outcomes).filter(|(claim, _)| own(claim)).map(|(_, outcome)| *outcome).collect();
            prop_assert_eq!(bill(&of_week, "a", |_| Some(limit)), expected);
        }
    }

    /// With one length for all, segments are the same or apart, and so nobody gains by what others leave out, nor loses
    /// by what is recorded beside. (With several lengths that is not so: a segment that goes can make room for a long one
    /// that takes time from a third.)
    #[test]
    fn with_one_length_other_contracts_only_ever_take_and_more_own_time_never_bills_less(
        claims in claims(&[10], 40), nth in any::<prop::sample::Index>(), limit in proptest::option::of(0..200_u64),
    ) {
        prop_assume!(!claims.is_empty());
        let mut fewer = claims.clone();
        let gone = fewer.remove(nth.index(claims.len()));
        let billed = |claims: &[Claim<'_>]| {
            minutes(claims, &bill(claims, "a", |_| limit), "a", Outcome::Billed)
        };
        let (all, without) = (billed(&claims), billed(&fewer));
        for week in [MONDAY, MONDAY + WEEK * MINUTE_MS] {
            let of = |sums: &BTreeMap<u64, u64>| sums.get(&week).copied().unwrap_or(0);
            if gone.contract == "a" {
                prop_assert!(of(&without) <= of(&all), "less own time, more billed: {gone:?}");
            } else {
                prop_assert!(of(&without) >= of(&all), "less of another, less billed: {gone:?}");
            }
        }
    }
}
