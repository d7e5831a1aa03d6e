//! When a collector is woken, and why.

/// When a collector is woken next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Once at that time, in milliseconds since the Unix epoch.
    At(u64),
    /// Again and again, this many milliseconds apart (at least 1,000).
    Every(u64),
    /// When the focused window or its title changed.
    OnWindowChange,
    /// When a minute ended.
    OnMinute,
    /// When a segment ended.
    OnSegment,
    /// Once per segment at a random moment.
    AtRandomInSegment,
}

/// Why a collector is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Tracking began or the plugin was restarted.
    Started,
    /// The time asked for has come, in milliseconds since the Unix epoch.
    At(u64),
    /// The interval asked for, in milliseconds, has passed.
    Every(u64),
    /// The focused window or its title changed.
    WindowChanged,
    /// The minute that began at that millisecond ended.
    Minute(u64),
    /// The segment that began at that millisecond ended.
    Segment(u64),
    /// The random moment of the segment that began at that millisecond has come.
    RandomInSegment(u64),
}
