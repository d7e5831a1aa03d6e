use jiff::civil::date;

use super::*;
use crate::billing::{Claim, bill};
use crate::calendar::{day, zone};
use crate::example;
use crate::parcel::{Manual, MinuteFacts, Removed};
use crate::terms::ManualTime;

/// 2026-11-27, 00:00 UTC, in milliseconds since the Unix epoch.
const MIDNIGHT: u64 = 1_795_737_600_000;

fn at(minute: u64, length: u8, memo: &str) -> Parcel {
    let length = SegmentLength::new(length).unwrap();
    let mut parcel = example::parcel(MIDNIGHT + minute * MINUTE_MS, length);
    parcel.memo = Some(memo.to_owned());
    parcel
}

fn entries(parcels: &[Parcel]) -> Vec<Entry<'_>> {
    let claim = |p| Claim { contract: "invoices", facts: Facts::of(p), manual_time: ManualTime::Yes };
    let claims: Vec<Claim<'_>> = parcels.iter().map(claim).collect();
    let outcomes = bill(&claims, "invoices", |_| None);
    parcels.iter().zip(outcomes).map(|(parcel, outcome)| Entry { parcel, outcome }).collect()
}

/// The day as text: hours in order, rows set apart by `/`, `.` for a blank, a run as its memo and number of cells, `+`
/// where it carries on.
fn drawn(parcels: &[Parcel], zone_name: &str) -> Vec<String> {
    let day = day(date(2026, 11, 27), &zone(zone_name).unwrap()).unwrap();
    let parts = parts(&day.hours, &cells(&entries(parcels)));
    let slot = |slot: &Slot<'_>| match slot {
        Slot::Blank(n) => ".".repeat(*n),
        Slot::Run { cells, continued } => {
            let carries = if *continued { "+" } else { "" };
            format!("{carries}{}{}", cells[0].memo().unwrap_or("-"), cells.len())
        }
    };
    parts
        .iter()
        .map(|part| match part {
            Part::Quiet { first, last, hours } => {
                format!("{hours} quiet {} {}", first.wall.strftime("%H:%M"), last.wall.strftime("%H:%M"))
            }
            Part::Hour { hour, rows, .. } => {
                let rows: Vec<String> =
                    rows.iter().map(|r| r.iter().map(slot).collect::<Vec<_>>().join(" ")).collect();
                format!("{}: {}", hour.wall.strftime("%H:%M"), rows.join(" / "))
            }
        })
        .collect()
}

#[test]
fn ten_minutes_make_six_cells_an_hour_and_quiet_hours_fold() {
    let parcels: Vec<Parcel> = [(550, "a"), (560, "a"), (570, "b"), (590, "b"), (600, "b")]
        .into_iter()
        .map(|(minute, memo)| at(minute, 10, memo))
        .collect();
    assert_eq!(
        drawn(&parcels, "UTC"),
        ["9 quiet 00:00 08:00", "09:00: . a2 b1 . b1", "10:00: b1 .....", "13 quiet 11:00 23:00"]
    );
}

#[test]
fn one_minute_makes_rows_of_ten_that_a_narrow_page_can_halve() {
    let parcels: Vec<Parcel> = (3..18).chain([47]).map(|minute| at(minute, 1, "a")).collect();
    assert_eq!(
        drawn(&parcels, "UTC")[0],
        "00:00: ... a2 +a5 / a5 +a3 .. / ..... .. a1 ..",
        "rows without time are left out"
    );
}

#[test]
fn each_length_fills_its_rows() {
    for length in [1u8, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60] {
        let count = 60 / u64::from(length);
        let parcels: Vec<Parcel> = (0..count).map(|n| at(n * u64::from(length), length, "a")).collect();
        let day = day(date(2026, 11, 27), &zone("UTC").unwrap()).unwrap();
        let cells = cells(&entries(&parcels));
        let Part::Hour { shape, rows, .. } = &parts(&day.hours, &cells)[0] else {
            panic!("an hour with time")
        };
        for row in rows {
            let places: usize = row
                .iter()
                .map(|slot| match slot {
                    Slot::Blank(n) => *n,
                    Slot::Run { cells, .. } => cells.len(),
                })
                .sum();
            assert_eq!(places, shape.columns, "{length} minutes");
        }
        let shown: usize = rows
            .iter()
            .flatten()
            .map(|slot| if let Slot::Run { cells, .. } = slot { cells.len() } else { 0 })
            .sum();
        assert_eq!(shown as u64, count, "{length} minutes");
    }
}

#[test]
fn in_a_zone_off_by_a_quarter_of_an_hour_the_day_still_has_its_cells_in_order() {
    // 5:45 ahead: 03:20 UTC is 09:05 there, 04:10 UTC is 09:55.
    let parcels: Vec<Parcel> = [200, 250].into_iter().map(|minute| at(minute, 10, "a")).collect();
    assert_eq!(drawn(&parcels, "Asia/Kathmandu")[1], "09:00: a1 .... a1");
}

#[test]
fn a_run_ends_where_memo_kind_or_billing_changes() {
    let mut parcels: Vec<Parcel> = (0..5).map(|n| at(n * 10, 10, "a")).collect();
    parcels[1].minutes.clear(); // the gap stays: no evidence
    parcels[2].gaps.clear();
    for minute in &mut parcels[2].minutes {
        *minute = MinuteFacts::new(minute.start, 60_000, Some(Counts::default())); // counted, and nothing happened
    }
    parcels[4].label = Some("Review".to_owned());
    assert_eq!(drawn(&parcels, "UTC")[0], "00:00: a1 a1 a1 a1 a1 .");
    let entries = entries(&parcels);
    let kinds: Vec<_> = cells(&entries).iter().map(|c| (c.kind(), c.not_billed_because())).collect();
    assert_eq!(
        kinds[..3],
        [(Kind::Tracked, None), (Kind::NoEvidence, None), (Kind::Tracked, Some("no activity"))]
    );
}

#[test]
fn the_figures_add_up_and_no_time_is_counted_twice() {
    let mut parcels: Vec<Parcel> = (0..4).map(|n| at(n * 10, 10, "a")).collect();
    parcels[1].minutes.clear();
    parcels[2].gaps.clear();
    parcels[2].minutes.clear();
    let mut twin = at(0, 10, "other device");
    twin.device = "e".repeat(32);
    parcels.push(twin);
    let entries = entries(&parcels);
    let cells = cells(&entries);
    assert_eq!(cells.len(), 4, "two devices, one cell");
    assert_eq!(cells[0].also, [4]);
    let expected =
        Summary { billable: 20, not_billable: 10, recorded: 30, no_evidence: 10, ..Summary::default() };
    let of_cells = Summary::of(cells.iter().map(|c| (Facts::of(c.shown.parcel), c.outcome)));
    assert_eq!(of_cells, expected);
    assert_eq!(Summary::of(entries.iter().map(|e| (Facts::of(e.parcel), e.outcome))), expected);
}

#[test]
fn every_minute_of_a_segment_is_there_and_the_busiest_sets_the_scale() {
    let mut parcel = at(0, 10, "a");
    parcel.minutes[1].counts = Some(Counts { keys: 40, clicks: 1, scrolls: 1 });
    let minutes = minutes(&parcel);
    assert_eq!(minutes.len(), 10);
    assert_eq!(minutes.iter().filter(|m| m.tracked).count(), 2);
    let parcels = [parcel];
    assert_eq!(busiest(&cells(&entries(&parcels))), 42);
    assert_eq!(busiest(&[]), 0);
}

#[test]
fn typed_in_and_removed_segments_are_kinds_of_their_own() {
    let mut parcels: Vec<Parcel> = (0..4).map(|n| at(n * 10, 10, "a")).collect();
    for parcel in &mut parcels[1..3] {
        parcel.minutes.clear();
        parcel.gaps.clear();
    }
    parcels[1].manual = Some(Manual::at(MIDNIGHT));
    parcels[2].memo = None;
    parcels[2].removed = Some(Removed { at: MIDNIGHT, time_ms: 1 });
    let entries = entries(&parcels);
    let cells = cells(&entries);
    let kinds: Vec<Kind> = cells.iter().map(Cell::kind).collect();
    assert_eq!(kinds, [Kind::Tracked, Kind::Manual, Kind::Removed, Kind::Tracked]);
    let sum = Summary::of(entries.iter().map(|e| (Facts::of(e.parcel), e.outcome)));
    assert_eq!(sum, Summary { billable: 30, manual: 10, recorded: 30, ..Summary::default() });
    assert_eq!(drawn(&parcels, "UTC")[0], "00:00: a1 a1 -1 a1 ..");
}

#[test]
fn gaps_of_one_cause_make_one_run() {
    let mut parcels: Vec<Parcel> = (0..3).map(|n| at(n * 10, 10, "")).collect();
    for (parcel, cause) in parcels.iter_mut().zip([GapCause::Locked, GapCause::Locked, GapCause::Paused]) {
        parcel.minutes.clear();
        parcel.gaps[0].cause = cause;
    }
    assert_eq!(drawn(&parcels, "UTC")[0], "00:00: -2 -1 ...");
}

#[test]
fn what_arrived_after_the_lock_says_so_and_is_added_to_nothing() {
    let mut parcels: Vec<Parcel> = (0..3).map(|n| at(n * 10, 10, "a")).collect();
    parcels[2].manual = Some(Manual::at(MIDNIGHT));
    let mut entries = entries(&parcels);
    for late in &mut entries[1..] {
        late.outcome = Outcome::AfterLock;
    }
    let cells = cells(&entries);
    let told: Vec<_> = cells.iter().map(|cell| (cell.kind(), cell.not_billed_because())).collect();
    let late = Some("arrived after the lock");
    assert_eq!(told, [(Kind::Tracked, None), (Kind::Tracked, late), (Kind::Manual, late)]);
    let sum = Summary::of(entries.iter().map(|e| (Facts::of(e.parcel), e.outcome)));
    assert_eq!(sum, Summary { billable: 10, recorded: 10, after_lock: 20, ..Summary::default() });
}
