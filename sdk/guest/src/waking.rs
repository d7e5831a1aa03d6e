//! When a collector or a feed is woken, and why.

use std::time::Duration;

use crate::bindings::collecting as raw;
use crate::types::{Timestamp, millis};

/// When to wake the plugin next. What `woken` returns replaces the earlier wakes; at most 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// Once, at that time; at once if it has passed.
    At(Timestamp),
    /// Again and again, this long apart; at least a second. Rounded down to milliseconds.
    Every(Duration),
    /// When the focused window or its title changed.
    OnWindowChange,
    /// When a minute has ended.
    OnMinute,
    /// When a segment has ended.
    OnSegment,
    /// Once in each segment, at a moment that the host draws and nobody can foretell.
    AtRandomInSegment,
}

/// Why the plugin was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Tracking began, or the plugin was restarted. Always the first one.
    Started,
    /// The time asked for has come.
    At(Timestamp),
    /// The interval asked for has passed.
    Every(Duration),
    /// The focused window or its title changed.
    WindowChanged,
    /// The minute that started then has ended.
    Minute(Timestamp),
    /// The segment that started then has ended.
    Segment(Timestamp),
    /// The random moment in the segment that started then.
    RandomInSegment(Timestamp),
}

impl From<Wake> for raw::Wake {
    fn from(wake: Wake) -> Self {
        match wake {
            Wake::At(at) => Self::At(at.as_millis()),
            Wake::Every(length) => Self::Every(millis(length)),
            Wake::OnWindowChange => Self::OnWindowChange,
            Wake::OnMinute => Self::OnMinute,
            Wake::OnSegment => Self::OnSegment,
            Wake::AtRandomInSegment => Self::AtRandomInSegment,
        }
    }
}

impl From<raw::Cause> for Cause {
    fn from(cause: raw::Cause) -> Self {
        match cause {
            raw::Cause::Started => Self::Started,
            raw::Cause::At(at) => Self::At(Timestamp::from_millis(at)),
            raw::Cause::Every(length) => Self::Every(Duration::from_millis(length)),
            raw::Cause::WindowChanged => Self::WindowChanged,
            raw::Cause::Minute(start) => Self::Minute(Timestamp::from_millis(start)),
            raw::Cause::Segment(start) => Self::Segment(Timestamp::from_millis(start)),
            raw::Cause::RandomInSegment(start) => Self::RandomInSegment(Timestamp::from_millis(start)),
        }
    }
}
