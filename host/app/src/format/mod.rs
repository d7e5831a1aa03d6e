//! How times, durations and facts about segments are written for people.

mod duration;
mod recording;
mod segment;

pub(crate) use candor_diary::text::{DisplayZone, capitalize};
use jiff::tz::TimeZone;

pub(crate) use duration::{MINUTE, begun_minutes, clock, countdown, hours_minutes, minutes, minutes_seconds};
pub(crate) use recording::{gap_cause, indicator_sentence};
pub(crate) use segment::{activity, segment_end, tracked_minutes};

/// Writes times in the computer's time zone.
pub(crate) fn local_zone() -> DisplayZone {
    DisplayZone::new(TimeZone::system())
}
