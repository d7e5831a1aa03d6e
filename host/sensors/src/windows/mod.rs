//! Which windows are there: an event-driven watch that keeps the last seconds of layouts.
//!
//! [`watch`] is the thread that follows the X server's events, [`tracker`] keeps the facts up to date, [`reading`] asks
//! for them, [`arrange`] makes a layout of them and [`history`] keeps it.

#[cfg(target_os = "linux")]
mod arrange;
#[cfg(target_os = "linux")]
mod atoms;
#[cfg(target_os = "linux")]
mod desktop;
#[cfg(target_os = "linux")]
mod facts;
pub(crate) mod history;
mod layout;
#[cfg(target_os = "linux")]
mod reading;
#[cfg(target_os = "linux")]
mod scale;
#[cfg(target_os = "linux")]
mod tracker;
#[cfg(target_os = "linux")]
mod watch;
mod watch_numbers;

pub use layout::{Layout, WindowKind, WindowState};
#[cfg(target_os = "linux")]
pub use watch::WindowWatch;
pub(crate) use watch_numbers::WatchNumbers;
