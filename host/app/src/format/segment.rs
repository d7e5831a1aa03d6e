//! Facts about a segment.

use candor_diary::plain;
use candor_protocol::Segment;

use super::duration::{MINUTE, begun_minutes};

/// Returns the first millisecond after a segment.
pub(crate) fn segment_end(segment: &Segment) -> u64 {
    segment.start + u64::from(segment.length) * MINUTE
}

/// Writes how much time a segment holds, as `10 minutes`, rounded up.
pub(crate) fn tracked_minutes(segment: &Segment) -> String {
    begun_minutes(segment.tracked_ms)
}

/// Writes `Activity in 8 of 10 minutes`: the minutes with any count, of those that were tracked.
pub(crate) fn activity(segment: &Segment) -> String {
    let tracked = segment.minutes.iter().flatten().count();
    let active = segment.minutes.iter().flatten().filter(|n| **n > 0).count();
    let unit = plain::plural(tracked as u64, "minute", "minutes");
    format!("Activity in {active} of {tracked} {unit}")
}
