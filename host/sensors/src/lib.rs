//! What Candor can see of a computer: the screen's pixels, the windows on it, how long nobody touched anything, whether
//! the screen is locked or blank, and how much was typed, clicked and scrolled.
//!
//! - [`Sensors`] is one handle on all that is seen, with either [`Backend`], however often the display goes and comes
//!   back: windows and their history, pixels, idle time, the state of the screen.
//! - [`display_kind`] says what kind of display this is, and [`DisplayKind::missing`] what is missing on it.
//! - [`is_blank`] recognises a picture of nothing, and [`asleep_ms`] tells sleep from a clock that was set.
//! - [`counter::CounterProcess`] runs `candor-counter`, which alone sees input events, and reads its counts.
//!
//! [`Sensors`] has two backends. X11 reports changes by events: [`WindowWatch`] knows every window of every monitor and
//! the layouts of the last 10 s, [`X11Screen`] captures into memory that clears itself. The portable one (`xcap`) polls
//! four times a second and sees less; its module says what. It is in on macOS and Windows, and on Linux with the feature
//! `portable`, which needs more packages to build. On Wayland neither can see: see [`DisplayKind::missing`].
//!
//! This crate must never write what it sees to a disk, a log or a socket, or hand it to anyone but its caller, which is
//! the guard. Its errors and log lines carry no title and no pixel. It judges nothing and hides nothing: it says what
//! is there, and returns `None` or an error if it does not know, so that the guard can fail closed.
//!
//! Where to start reading: `sensors.rs` and `open_display.rs`; then [`WindowWatch`] in `windows/watch.rs`, and
//! `windows/arrange/mod.rs`, which says what a window is; [`X11Screen`] in `screen/mod.rs`; `portable/mod.rs`.

mod area;
#[cfg(target_os = "linux")]
mod asleep;
mod attendance;
mod backend;
mod blank;
mod clock;
pub mod counter;
mod detect;
#[cfg(target_os = "linux")]
mod display;
mod error;
mod frame;
mod kind;
mod open_display;
#[cfg(any(feature = "portable", not(target_os = "linux"), test))]
#[cfg_attr(
    all(target_os = "linux", not(feature = "portable")),
    allow(unreachable_pub, reason = "without the feature only its own tests see it")
)]
mod portable;
#[cfg(target_os = "linux")]
mod screen;
mod screen_state;
mod sensors;
#[cfg(target_os = "linux")]
mod server_probe;
mod windows;

pub use area::{Area, Monitor};
#[cfg(target_os = "linux")]
pub use asleep::asleep_ms;
pub use attendance::Attendance;
pub use backend::{Backend, HAS_PORTABLE};
pub use blank::is_blank;
pub use detect::display_kind;
pub use error::SensorError;
pub use frame::{LARGEST_SIDE, RawFrame};
pub use kind::DisplayKind;
#[cfg(any(feature = "portable", not(target_os = "linux")))]
pub use portable::{PortableScreen, PortableWatch};
#[cfg(target_os = "linux")]
pub use screen::X11Screen;
pub use screen_state::{LockState, ScreenState};
pub use sensors::Sensors;
#[cfg(target_os = "linux")]
pub use windows::WindowWatch;
pub use windows::{Layout, WindowKind, WindowState};
