use proptest::prelude::*;

use super::*;
use crate::segment::{MINUTE_MS, SegmentLength};
use crate::versions::Version;
use Outcome::{Billed, Merged, NoActivity, OverLimit, Shared};

const MONDAY: u64 = 1_795_392_000_000; // 2026-11-23, 00:00 UTC
const WEEK_MINUTES: u64 = 7 * 24 * 60;
const LOCK: u64 = MONDAY + (WEEK_MINUTES + 12 * 60) * MINUTE_MS;

fn received<'a>(contract: &'a str, device: &'a str, minute: u64, length: u8, active: u64) -> Received<'a> {
    let facts = Facts {
        start: MONDAY + minute * MINUTE_MS,
        length: SegmentLength::new(length).unwrap(),
        tracked: active | 1,
        active,
        gap: false,
        manual: None,
        removed: false,
    };
    Received { contract, device, revision: 0, received_at: LOCK - 1, facts, manual_time: ManualTime::No }
}

fn versions(weekly_limit: Option<u32>, manual_time: ManualTime) -> Versions {
    Versions::new(vec![Version { issued_at: MONDAY, weekly_limit, manual_time }])
}

fn freeze(received: &[Received<'_>], versions: &Versions) -> LockedWeek {
    LockedWeek::freeze("a", MONDAY, |_| Some(versions), received).unwrap()
}

#[test]
fn a_week_is_frozen_as_it_stood_at_the_very_millisecond_of_its_lock() {
    let limit = versions(Some(20), ManualTime::No);
    let mut late = received("a", "laptop", 30, 10, 1);
    late.received_at = LOCK;
    // It would have taken the first one's time.
    let mut rival = received("b", "laptop", 0, 10, 0b11);
    rival.received_at = LOCK;
    let all = [
        received("a", "laptop", 0, 10, 1),
        received("a", "laptop", 10, 10, 0),
        received("a", "laptop", 20, 10, 1),
        received("a", "desktop", 20, 10, 1),
        received("b", "desktop", 40, 10, 0b11),
        received("a", "desktop", 40, 10, 0b1),
        received("a", "desktop", 50, 10, 0b1),
        received("a", "desktop", WEEK_MINUTES, 10, 1), // the next week
        late,
        rival,
    ];
    let week = freeze(&all, &limit);
    let at = |device: &str, minute: u64| week.outcome(device, MONDAY + minute * MINUTE_MS);
    assert_eq!(at("laptop", 0), Some(Billed));
    assert_eq!(at("laptop", 10), Some(NoActivity));
    assert_eq!([at("laptop", 20), at("desktop", 20)], [Some(Merged), Some(Billed)]);
    assert_eq!(at("desktop", 40), Some(Shared));
    assert_eq!(at("desktop", 50), Some(OverLimit));
    assert_eq!(at("laptop", 30), None, "it arrived after the lock");
    assert_eq!(at("desktop", WEEK_MINUTES), None);
    assert_eq!(at("phone", 0), None);
    let sum = Summary { billable: 20, over_limit: 10, not_billable: 20, recorded: 50, ..Summary::default() };
    assert_eq!(week.sum(), sum);
    let within =
        |from: u64, to: u64| week.is_billed_within(MONDAY + from * MINUTE_MS, MONDAY + to * MINUTE_MS);
    assert!(within(0, 1) && within(9, 15) && within(29, 30) && within(0, 60));
    assert!(!within(10, 20) && !within(30, 60) && !within(WEEK_MINUTES, WEEK_MINUTES + 10));
    assert_eq!(
        serde_json::to_value(&week).unwrap(),
        serde_json::json!({
            "contract": "a", "week-start": MONDAY, "limit-minutes": 20,
            "sum": { "billable": 20, "manual": 0, "over-limit": 10, "waiting": 0, "not-billable": 20,
                "manual-not-billable": 0, "after-lock": 0, "recorded": 50, "no-evidence": 0 },
            "devices": { "laptop": "0/10:bim", "desktop": "20/10:b-so" }
        })
    );
}

#[test]
fn a_revision_after_the_lock_leaves_the_segment_as_the_one_before_it_was() {
    let before = received("a", "laptop", 0, 10, 1);
    let mut in_time = Received { revision: 1, ..before };
    in_time.facts.active = 0b111;
    let mut late = Received { revision: 2, received_at: LOCK + 1, ..before };
    late.facts.removed = true;
    for all in [[before, in_time, late], [late, in_time, before]] {
        let week = freeze(&all, &versions(None, ManualTime::No));
        assert_eq!(week.outcome("laptop", MONDAY), Some(Billed));
    }
    let mut removed = Received { revision: 2, ..before };
    removed.facts.removed = true;
    let week = freeze(&[removed, in_time], &versions(None, ManualTime::No));
    assert_eq!(week.outcome("laptop", MONDAY), Some(Outcome::Removed), "the newest that was there in time");
}

#[test]
fn later_terms_neither_allow_nor_forbid_what_is_frozen() {
    let mut typed = received("a", "laptop", 0, 10, 0);
    // Typed in by a clock that was ahead: later terms were in force then.
    typed.facts.manual = Some(LOCK + 5);
    let first = Version { issued_at: MONDAY, weekly_limit: Some(60), manual_time: ManualTime::No };
    let later = Version { issued_at: LOCK, weekly_limit: None, manual_time: ManualTime::Yes };
    let week = freeze(&[typed], &Versions::new(vec![first, later]));
    assert_eq!(week.outcome("laptop", MONDAY), Some(Outcome::NotAllowed));
    assert_eq!(week.limit(), Some(60));
    let week = freeze(&[typed], &Versions::new(vec![later]));
    assert_eq!((week.outcome("laptop", MONDAY), week.limit()), (Some(Outcome::NotAllowed), None));
}

#[test]
fn only_whole_weeks_are_frozen() {
    let frozen = LockedWeek::freeze("a", MONDAY + 1, |_| None, &[]);
    assert_eq!(frozen, Err(LockError::NoWeek(MONDAY + 1)));
    assert_eq!(LockedWeek::freeze("a", MONDAY, |_| None, &[]).unwrap().sum(), Summary::default());
}

/// A device whose every minute has another outcome than the one before.
fn alternating(device: &str) -> Vec<Received<'_>> {
    let one = |minute| {
        let mut one = received("a", device, minute, 1, 1);
        one.facts.removed = minute % 2 == 0;
        one
    };
    (0..WEEK_MINUTES).map(one).collect()
}

#[test]
fn a_week_of_one_minute_segments_takes_some_ten_thousand_bytes_and_never_more_than_its_cap() {
    let week = freeze(&alternating(&"d".repeat(32)), &versions(None, ManualTime::No));
    let bytes = serde_json::to_vec(&week).unwrap().len();
    assert!(bytes <= 10_500, "{bytes}");
    assert_eq!(week.sum().billable, WEEK_MINUTES / 2);
    let names: Vec<String> = (0..7_u8).map(|n| n.to_string().repeat(32)).collect();
    let all: Vec<Received<'_>> = names.iter().flat_map(|name| alternating(name)).collect();
    let (six, seven) = (&all[..6 * alternating("").len()], &all[..]);
    assert!(serde_json::to_vec(&freeze(six, &versions(None, ManualTime::No))).unwrap().len() <= 65_536);
    let versions = versions(None, ManualTime::No);
    let frozen = LockedWeek::freeze("a", MONDAY, |_| Some(&versions), seven);
    assert!(matches!(frozen, Err(LockError::TooLarge(bytes)) if bytes > 65_536));
    // As most weeks are: runs.
    let calm: Vec<Received<'_>> = (0..300).map(|n| received("a", "d", 540 + n * 10, 10, 1)).collect();
    let json = serde_json::to_string(&freeze(&calm, &versions)).unwrap();
    assert!(json.contains(r#""d":"540/10:300b""#), "{json}");
}

#[test]
fn what_does_not_say_what_was_written_is_not_read() {
    let write = |sum: u64, devices: serde_json::Value| {
        let json = serde_json::json!({
            "contract": "a", "week-start": MONDAY,
            "sum": { "billable": sum, "manual": 0, "over-limit": 0, "waiting": 0, "not-billable": 0,
                "manual-not-billable": 0, "after-lock": 0, "recorded": sum, "no-evidence": 0 },
            "devices": devices
        });
        serde_json::from_value::<LockedWeek>(json)
    };
    assert!(write(20, serde_json::json!({ "d": "0/10:2b" })).is_ok());
    assert!(write(20, serde_json::json!({ "d": "0/10:b 10/5:b-b" })).is_ok());
    let rows = [
        (30, "0/10:2b"), // another sum
        (20, "0/10:bb"), // written otherwise
        (20, "0/10:02b"),
        (20, "0/10:2b "),
        (20, " 0/10:2b"),
        (20, "0/10:b 10/10:b"),
        (20, "0/10:2b-"),
        (20, "10070/10:2b"), // beyond the week
        (20, "0/10:18446744073709551615b"),
        (20, "0/10:18446744073709551616b"),
        (20, "18446744073709551615/10:2b"),
        (20, "0/7:2b"),  // no length
        (20, "0/10:2x"), // no outcome
        (20, "0/10:2"),
        (20, "0/10"),
        (20, "/10:2b"),
        (20, "0/10:b é"),
        (0, "0/10:"),
    ];
    for (sum, text) in rows {
        assert!(write(sum, serde_json::json!({ "d": text })).is_err(), "{text}");
    }
}

const CONTRACTS: [&str; 3] = ["a", "b", "c"];
const DEVICES: [&str; 2] = ["laptop", "desktop"];

fn anything(received_at: std::ops::Range<u64>) -> impl Strategy<Value = Received<'static>> {
    let place = (0..4_u64, 0..60_u64, prop::sample::select(&[1_u8, 5, 10, 60][..]));
    let who = (prop::sample::select(&CONTRACTS[..]), prop::sample::select(&DEVICES[..]), 0..3_u32);
    let manual = proptest::option::weighted(0.2, MONDAY..LOCK + 100);
    (who, place, any::<(u64, bool)>(), manual, proptest::bool::weighted(0.1), received_at).prop_map(
        |(
            (contract, device, revision),
            (hour, minute, length),
            (bits, gap),
            manual,
            removed,
            received_at,
        )| {
            let minute = hour * 60 + minute - minute % u64::from(length);
            let active = if manual.is_some() { 0 } else { bits & (bits >> 7) & (u64::MAX >> (64 - length)) };
            let mut one = received(contract, device, minute, length, active);
            (one.facts.gap, one.facts.manual, one.facts.removed) = (gap, manual, removed);
            let allowed = [ManualTime::No, ManualTime::Ask, ManualTime::Yes, ManualTime::Only];
            let manual_time = allowed[usize::try_from(bits % 4).unwrap_or(0)];
            Received { revision, received_at, manual_time, ..one }
        },
    )
}

fn terms(issued_at: std::ops::Range<u64>) -> impl Strategy<Value = Version> {
    use ManualTime::{Ask, No, Only, Yes};
    let manual_time = prop::sample::select(vec![No, Ask, Yes, Only]);
    (issued_at, proptest::option::of(0..200_u32), manual_time)
        .prop_map(|(issued_at, weekly_limit, manual_time)| Version { issued_at, weekly_limit, manual_time })
}

type Terms = [Vec<Version>; 3];

fn frozen(received: &[Received<'_>], terms: &Terms) -> LockedWeek {
    frozen_of("a", received, terms)
}

fn frozen_of(contract: &str, received: &[Received<'_>], terms: &Terms) -> LockedWeek {
    let versions = terms.clone().map(Versions::new);
    let of = |contract: &str| CONTRACTS.iter().position(|c| *c == contract).map(|nth| &versions[nth]);
    LockedWeek::freeze(contract, MONDAY, of, received).unwrap()
}

fn several<T>(one: impl Strategy<Value = T>, most: usize) -> impl Strategy<Value = Vec<T>>
where
    T: std::fmt::Debug,
{
    proptest::collection::vec(one, 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Who could gain: a worker whose time comes late, one whose other contract's time comes late, a client who issues
    /// other terms afterwards.
    #[test]
    fn nothing_that_comes_at_or_after_the_lock_changes_a_locked_week(
        in_time in several(anything(LOCK - 100..LOCK), 30),
        late in several(anything(LOCK..LOCK + 100), 30),
        terms_in_time in [several(terms(MONDAY..LOCK), 3), several(terms(MONDAY..LOCK), 3), several(terms(MONDAY..LOCK), 3)],
        terms_late in [several(terms(LOCK..LOCK + 100), 3), several(terms(LOCK..LOCK + 100), 3), several(terms(LOCK..LOCK + 100), 3)],
    ) {
        let week = frozen(&in_time, &terms_in_time);
        let received = [in_time.clone(), late].concat();
        let mut terms = terms_in_time;
        for (terms, late) in terms.iter_mut().zip(terms_late) {
            terms.extend(late);
        }
        let with_late: Vec<Received<'_>> = received.iter().rev().copied().collect();
        prop_assert_eq!(&frozen(&with_late, &terms), &week);
        for one in &received {
            let there = in_time.iter().any(|i| (i.contract, i.device, i.facts.start) == ("a", one.device, one.facts.start));
            prop_assert_eq!(week.outcome(one.device, one.facts.start).is_some(), there);
        }
    }

    #[test]
    fn a_locked_week_is_read_back_as_it_was_written(
        received in several(anything(LOCK - 100..LOCK), 60), terms in [several(terms(MONDAY..LOCK), 3), several(terms(MONDAY..LOCK), 3), several(terms(MONDAY..LOCK), 3)],
    ) {
        let week = frozen(&received, &terms);
        let json = serde_json::to_string(&week).unwrap();
        prop_assert_eq!(serde_json::from_str::<LockedWeek>(&json).unwrap(), week.clone());
        prop_assert!(week.limit().is_none_or(|limit| week.sum().billable <= limit));
    }

    /// What is frozen is what the running week said at that moment.
    #[test]
    fn a_week_locks_as_it_was_billed_a_moment_before(
        received in several(anything(LOCK - 100..LOCK), 30), terms in terms(MONDAY..MONDAY + 1),
    ) {
        let mut newest: Vec<Received<'_>> = Vec::new();
        for one in &received {
            // One revision of each, as a back office holds it.
            if !newest.iter().any(|n| (n.contract, n.device, n.facts.start) == (one.contract, one.device, one.facts.start)) {
                newest.push(*one);
            }
        }
        let week = frozen(&newest, &[vec![terms], vec![terms], vec![terms]]);
        let claims: Vec<Claim<'_>> = newest
            .iter()
            .map(|one| Claim { contract: one.contract, facts: one.facts, manual_time: one.manual_time })
            .collect();
        let outcomes = bill(&claims, "a", |_| terms.weekly_limit.map(u64::from));
        let own = newest.iter().zip(&outcomes).filter(|(one, _)| one.contract == "a");
        prop_assert_eq!(week.sum(), Summary::of(own.map(|(one, outcome)| (one.facts, *outcome))));
    }
    /// Each contract's week is frozen by itself, and no minute is in two of them.
    #[test]
    fn invariant_09_locked_weeks_of_all_contracts_bill_no_minute_twice(
        received in several(anything(LOCK - 100..LOCK + 20), 60),
        terms in [several(terms(MONDAY..LOCK), 3), several(terms(MONDAY..LOCK), 3), several(terms(MONDAY..LOCK), 3)],
    ) {
        let weeks = CONTRACTS.map(|contract| frozen_of(contract, &received, &terms));
        for one in received.iter().filter(|one| one.received_at < LOCK) {
            // A revision may have another length: what is frozen is asked minute by minute.
            let from = one.facts.start;
            let minutes = (from..one.facts.end()).step_by(60_000);
            for minute in minutes {
                let billed = weeks.iter().filter(|week| week.is_billed_within(minute, minute + MINUTE_MS)).count();
                prop_assert!(billed <= 1, "{billed} at {minute}");
            }
        }
    }
}
