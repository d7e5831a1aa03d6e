//! What these tests ask of a desk.

use candor_protocol::{Segment, StartTracking};
use candor_test_driver::desk::Desk;
use serde_json::{Value, json};

/// A segment of a minute takes three seconds.
pub(super) const SPEED: u32 = 20;

pub(super) const MINUTE: u64 = 60_000;

pub(super) fn start() -> StartTracking {
    StartTracking { memo: None, no_sign: true }
}

pub(super) fn closed(desk: &Desk) -> Vec<Segment> {
    desk.segments().unwrap().into_iter().filter(|segment| segment.parcel.is_some()).collect()
}

pub(super) fn collector(terms: &mut Value, settings: &str) {
    let hostile = json!({"plugin": "hostile-collector", "settings": settings});
    terms["collectors"].as_array_mut().unwrap().push(hostile);
}

/// The pictures' records of the segment of a minute that starts then, and whether each was erased.
pub(super) fn pictures_of(desk: &Desk, start: u64) -> Vec<bool> {
    let records = desk.records().unwrap();
    let of =
        |r: &&Value| r["kind"] == "snapshot" && r["at"].as_u64().is_some_and(|at| at - at % MINUTE == start);
    records.iter().filter(of).map(|record| record["body"] == "erased").collect()
}
