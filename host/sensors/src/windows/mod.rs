//! Which windows are there: an event-driven watch that keeps the last seconds of layouts.

mod layout;
mod watch;

pub use layout::{Layout, WindowKind, WindowState};
pub use watch::WindowWatch;
