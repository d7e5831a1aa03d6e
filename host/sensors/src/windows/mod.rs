//! Which windows are there: an event-driven watch that keeps the last seconds of layouts.
//!
//! [`watch`] is the thread that follows the X server's events; [`desk`](upkeep) keeps the facts fresh, [`reading`] asks
//! for them, [`arrange`] makes a layout of them and [`history`] keeps it.

mod arrange;
mod atoms;
mod history;
mod layout;
mod reading;
mod upkeep;
mod watch;

pub use layout::{Layout, WindowKind, WindowState};
pub use watch::WindowWatch;
