//! How times, durations and facts about segments are written for people.

mod duration;
mod recording;
mod segment;
mod text;
mod zone;

pub(crate) use duration::{MINUTE, begun_minutes, clock, countdown, hours_minutes, minutes, minutes_seconds};
pub(crate) use recording::{gap_cause, indicator_sentence};
pub(crate) use segment::{activity, segment_end, tracked_minutes};
pub(crate) use text::capitalize;
pub(crate) use zone::DisplayZone;
