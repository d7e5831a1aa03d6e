use super::*;
use Outcome::{Billed, Merged, NoActivity, NoEvidence, NotAllowed, OverLimit, Removed, Shared, Waiting};

const MONDAY: u64 = 1_795_392_000_000; // 2026-11-23, 00:00 UTC

fn claim(contract: &str, minute: u64, length: u8, tracked: u64, active: u64, gap: bool) -> Claim<'_> {
    let length = SegmentLength::new(length).unwrap();
    let start = MONDAY + minute * MINUTE_MS;
    let facts = Facts { start, length, tracked, active, gap, manual: None, removed: false };
    Claim { contract, facts, manual_time: ManualTime::No }
}

/// Ten minutes, typed in at `at` under this permission.
fn typed(contract: &str, minute: u64, at: u64, manual_time: ManualTime) -> Claim<'_> {
    let mut claim = claim(contract, minute, 10, 0, 0, false);
    (claim.facts.manual, claim.manual_time) = (Some(at), manual_time);
    claim
}

fn removed(mut claim: Claim<'_>) -> Claim<'_> {
    claim.facts.removed = true;
    claim
}

#[test]
fn each_billing_rule_of_the_design_is_a_row() {
    use ManualTime::{Ask, No, Only, Yes};
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
        ("a gap beside activity does not hurt", vec![claim("a", 0, 10, all, 1, true)], None, vec![Billed]),
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
        ("typed in, allowed", vec![typed("a", 0, 1, Yes)], None, vec![Billed]),
        ("typed in where nothing is tracked", vec![typed("a", 0, 1, Only)], None, vec![Billed]),
        ("typed in, not allowed", vec![typed("a", 0, 1, No)], None, vec![NotAllowed]),
        ("typed in, the client is to be asked", vec![typed("a", 0, 1, Ask)], None, vec![Waiting]),
        (
            "typed in where the contract has tracked time: not twice",
            vec![typed("a", 0, 1, Yes), claim("a", 0, 10, all, 1, false)],
            None,
            vec![Merged, Billed],
        ),
        (
            "typed in where another contract has tracked time: nothing is left to fill",
            vec![typed("a", 0, 1, Yes), claim("b", 0, 10, all, 1, false)],
            None,
            vec![Shared, Billed],
        ),
        (
            "typed in where another contract has one minute of it: only whole segments",
            vec![typed("a", 0, 1, Yes), claim("b", 7, 1, 1, 1, false)],
            None,
            vec![Shared, Billed],
        ),
        (
            "typed in where nothing happened: it fills it, and the time counts once",
            vec![claim("a", 0, 10, all, 0, false), typed("a", 0, 1, Yes)],
            None,
            vec![Merged, Billed],
        ),
        (
            "typed in for two contracts: whoever was first",
            vec![typed("a", 0, 7, Yes), typed("b", 0, 6, Yes)],
            None,
            vec![Shared, Billed],
        ),
        (
            "typed in on two devices: once",
            vec![typed("a", 0, 7, Yes), typed("a", 0, 6, Yes)],
            None,
            vec![Merged, Billed],
        ),
        (
            "to be asked about on two devices: waits once",
            vec![typed("a", 0, 7, Ask), typed("a", 0, 6, Ask)],
            None,
            vec![Merged, Waiting],
        ),
        (
            "what waits does not take time from what is allowed",
            vec![typed("a", 0, 1, Ask), typed("b", 0, 2, Yes)],
            None,
            vec![Shared, Billed],
        ),
        (
            "what waits does not use the limit up",
            vec![typed("a", 0, 1, Ask), claim("a", 10, 10, all, 1, false)],
            Some(10),
            vec![Waiting, Billed],
        ),
        (
            "typed-in time fills the limit in order of start like any other",
            vec![claim("a", 10, 10, all, 1, false), typed("a", 0, 1, Yes)],
            Some(10),
            vec![OverLimit, Billed],
        ),
        (
            "two devices with as many active minutes: the same one stands for both, whatever the order",
            vec![claim("a", 0, 10, all, 0b10, false), claim("a", 0, 10, all, 0b1, false)],
            None,
            vec![Merged, Billed],
        ),
        (
            "typed in at one moment in segments of different length: the longer, whatever the order",
            vec![
                {
                    let mut short = typed("a", 0, 1, Yes);
                    short.facts.length = SegmentLength::new(5).unwrap();
                    short
                },
                typed("a", 0, 1, Yes),
            ],
            None,
            vec![Merged, Billed],
        ),
        (
            "nothing seen in segments of different length: the longer stands for both, whatever the order",
            vec![claim("a", 0, 5, 0b1, 0, false), claim("a", 0, 10, all, 0, false)],
            None,
            vec![Merged, NoActivity],
        ),
        ("removed is not billed", vec![removed(claim("a", 0, 10, 0, 0, true))], None, vec![Removed]),
        ("typed in and removed is not billed", vec![removed(typed("a", 0, 1, Yes))], None, vec![Removed]),
        (
            "what is removed leaves its time to others",
            vec![removed(claim("a", 0, 10, all, all, false)), typed("b", 0, 1, Yes)],
            None,
            vec![Removed, Billed],
        ),
        (
            "removed on one device, tracked on another",
            vec![removed(claim("a", 0, 10, 0, 0, false)), claim("a", 0, 10, all, 1, false)],
            None,
            vec![Removed, Billed],
        ),
        (
            "a device that saw nothing beside one that did: the time counts once",
            vec![
                claim("a", 0, 10, all, 0, false),
                claim("a", 0, 10, 0, 0, true),
                claim("a", 0, 10, all, 1, false),
            ],
            None,
            vec![Merged, Merged, Billed],
        ),
    ];
    for (rule, claims, limit, expected) in rows {
        assert_eq!(&bill(claims, "a", |_| *limit), expected, "{rule}");
    }
}

#[test]
fn a_minute_without_counts_is_active_only_where_nothing_was_to_be_counted() {
    use crate::parcel::{Activity, Gap, GapCause, MinuteFacts};
    let mut parcel = crate::example::parcel(MONDAY, SegmentLength::default());
    parcel.gaps.clear();
    parcel.minutes = vec![MinuteFacts::new(MONDAY + 2 * MINUTE_MS, 60_000, None)];
    assert_eq!(
        Facts::of(&parcel).active,
        0,
        "a count that is missing is no evidence, whatever is said of it"
    );
    parcel.activity = Activity::Off;
    assert_eq!(Facts::of(&parcel).active, 0b100);
    parcel.activity = Activity::Counted;
    parcel.gaps = vec![Gap { from: MONDAY + 150_000, to: MONDAY + 180_000, cause: GapCause::CounterLost }];
    assert_eq!(Facts::of(&parcel), Facts { tracked: 0b100, active: 0, gap: true, ..Facts::of(&parcel) });
    let counts = crate::parcel::Counts { keys: 1, clicks: 0, scrolls: 0 };
    parcel.minutes[0] = MinuteFacts::new(MONDAY + 2 * MINUTE_MS, 60_000, Some(counts));
    assert_eq!(Facts::of(&parcel).active, 0b100);
}

#[test]
fn a_segment_of_an_hour_fits() {
    use crate::parcel::MinuteFacts;
    let mut parcel = crate::example::parcel(MONDAY, SegmentLength::new(60).unwrap());
    let minute = |n| MinuteFacts::new(MONDAY + n * MINUTE_MS, 1, None);
    parcel.minutes = (0..60).map(minute).collect();
    assert_eq!(Facts::of(&parcel).tracked, (1 << 60) - 1);
}

#[test]
fn each_week_has_the_limit_of_its_own() {
    let week = 7 * 1_440;
    let claims: Vec<Claim<'_>> = [0, 10, week, week + 10, 2 * week, 2 * week + 10]
        .map(|minute| claim("a", minute, 10, 1, 1, false))
        .to_vec();
    let limit = |start| match start {
        MONDAY => Some(10),
        start if start == MONDAY + week * MINUTE_MS => Some(20),
        _ => Some(0),
    };
    assert_eq!(bill(&claims, "a", limit), [Billed, OverLimit, Billed, Billed, OverLimit, OverLimit]);
}

#[test]
fn minutes_of_a_typed_in_segment_are_no_activity() {
    use crate::parcel::{Manual, MinuteFacts};
    let mut parcel = crate::example::parcel(MONDAY, SegmentLength::default());
    parcel.minutes = vec![MinuteFacts::new(MONDAY, 60_000, None)];
    parcel.manual = Some(Manual::at(7));
    let facts = Facts::of(&parcel);
    assert_eq!((facts.tracked, facts.active, facts.manual), (1, 0, Some(7)));
}

#[test]
fn all_contracts_at_once_are_billed_like_each_alone() {
    let claims = [
        claim("a", 0, 10, 1, 1, false),
        claim("a", 10, 10, 1, 1, false),
        claim("b", 10, 10, 0b11, 0b11, false),
        claim("b", 20, 10, 1, 1, false),
        claim("b", 30, 10, 1, 1, false),
        claim("c", 40, 10, 1, 1, false),
        claim("a", 50, 10, 1, 1, false),
    ];
    let limit = |contract: &str| match contract {
        "a" => Some(10),
        "b" => Some(20),
        _ => None,
    };
    let together = bill_each(&claims, |contract, _| limit(contract));
    assert_eq!(together, [Billed, Shared, Billed, Billed, OverLimit, Billed, OverLimit]);
    for contract in ["a", "b", "c"] {
        let alone = bill(&claims, contract, |_| limit(contract));
        for (nth, claim) in claims.iter().enumerate().filter(|(_, claim)| claim.contract == contract) {
            assert_eq!(alone[nth], together[nth], "{contract}: {claim:?}");
        }
    }
}
