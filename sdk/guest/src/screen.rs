//! Permission `screen`: take a picture of the screen.

use crate::bindings::imports::screen as raw;
use crate::frame::Frame;
use crate::types::Denied;

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every monitor, in one picture of the whole desktop.
    Desktop,
    /// The monitor with the focused window.
    ActiveMonitor,
}

/// Takes a picture. Returns after the guard has judged and masked it, so no sooner than 1.5 s later. At most two frames
/// may live per plugin.
///
/// # Errors
/// Why there is no picture; record that with [`observations::no_snapshot`](crate::observations::no_snapshot).
pub fn capture(scope: Scope) -> Result<Frame, Denied> {
    let scope = match scope {
        Scope::Desktop => raw::Scope::Desktop,
        Scope::ActiveMonitor => raw::Scope::ActiveMonitor,
    };
    raw::capture(scope).map(Into::into).map_err(Into::into)
}
