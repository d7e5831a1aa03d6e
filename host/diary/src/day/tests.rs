use jiff::civil::date;

use super::*;
use crate::billing::{Claim, Facts, bill};
use crate::calendar::{day, zone};
use crate::example;

/// 2026-11-27, 00:00 UTC.
const MIDNIGHT: u64 = 1_795_737_600_000;

fn at(minute: u64, length: u8, memo: &str) -> Parcel {
    let mut parcel = example::parcel(MIDNIGHT + minute * MINUTE_MS, length);
    parcel.memo = Some(memo.to_owned());
    parcel
}

fn entries(parcels: &[Parcel]) -> Vec<Entry<'_>> {
    let claims: Vec<Claim<'_>> =
        parcels.iter().map(|p| Claim { contract: &p.contract, facts: Facts::of(p) }).collect();
    let outcomes = bill(&claims, "invoices", None);
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
        minute.counts = Some(Counts::default()); // seen, and nothing happened
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
    let sum = Summary::of(cells.iter().map(|c| (c.length, c.outcome)));
    let expected = Summary { billable: 20, over_limit: 0, not_billable: 10, recorded: 30, no_evidence: 10 };
    assert_eq!(sum, expected);
    assert_eq!(Summary::of(entries.iter().map(|e| (e.parcel.length, e.outcome))), expected);
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
