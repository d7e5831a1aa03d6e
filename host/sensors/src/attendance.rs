//! How long nobody touched the computer, as the display measures it.

use std::time::{Duration, Instant};

use crate::screen_state::ScreenState;

/// How long nobody touched the computer, and the state of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attendance {
    /// Milliseconds since the last key press, click or pointer movement; the repeats of a key that is held count as key
    /// presses. `None` if that is not known.
    pub idle_ms: Option<u64>,
    /// Milliseconds since the last click, scroll or pointer movement; `None` if that is not known.
    pub pointer_idle_ms: Option<u64>,
    /// The state of the screen.
    pub session: ScreenState,
}

/// What the display answered to a probe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttendanceReading {
    /// When it answered, by the monotonic clock.
    pub(crate) at: Instant,
    /// For how long nothing had been touched then; `None` if that is not known.
    pub(crate) idle: Option<Duration>,
    /// For how long the pointer had not been used then; `None` if that is not known.
    pub(crate) pointer_idle: Option<Duration>,
    /// Whether the X server's own screen saver covered the screen; `None` if that is not known.
    pub(crate) saver: Option<bool>,
}
