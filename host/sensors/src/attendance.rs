//! When somebody last touched the computer, as the display tells it.

use std::time::{Duration, Instant};

use crate::screen_state::ScreenState;

/// When somebody was there, as last asked of the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attendance {
    /// Milliseconds since the last key press, click or pointer movement; the repeats of a key that is held count as key
    /// presses. `None` where that cannot be told.
    pub idle_ms: Option<u64>,
    /// Milliseconds since the last click, scroll or pointer movement; `None` where that cannot be told.
    pub pointer_idle_ms: Option<u64>,
    /// The state of the screen.
    pub session: ScreenState,
}

/// What the display said when it was last asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttendanceReading {
    pub(crate) at: Instant,
    /// Since when nothing was touched then; `None` where that cannot be told.
    pub(crate) idle: Option<Duration>,
    /// The same of the pointer alone.
    pub(crate) pointer_idle: Option<Duration>,
    /// Whether its own screen saver covered the screen.
    pub(crate) saver: Option<bool>,
}
