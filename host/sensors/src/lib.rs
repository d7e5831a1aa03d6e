//! What Candor can see of a machine: the screen's pixels, the windows on it, how long nobody touched anything, whether the
//! screen is locked or blank, and how much was typed, clicked and scrolled.
//!
//! - [`Sensors`] is one handle on all that is seen, whichever [`Backend`] sees it and however often the display goes and
//!   comes back: windows and their history, pixels, idle time, the state of the screen.
//! - [`display_kind`] says what sort of display this is, and [`DisplayKind::missing`] what cannot be had on it.
//! - [`blank`] tells a picture of nothing, [`asleep_ms`] a sleep from a clock that was set.
//! - [`counter::CounterProcess`] runs `candor-counter`, which alone sees input events, and reads its counts.
//!
//! Under [`Sensors`] there are two backends. X11 is followed by its events: [`WindowWatch`] knows every window of every
//! monitor and what the desktop looked like for the last 10 s, [`X11Screen`] captures into memory that clears itself. The
//! portable one (`xcap`) looks four times a second and sees less; its module says what. It is in on macOS and Windows, and
//! on Linux with the feature `portable`, which needs more packages to build. On Wayland neither can see: see
//! [`DisplayKind::missing`].
//!
//! What this crate must never do: write what it sees to a disk, a log or a socket, or hand it to anyone but its caller,
//! which is the guard. Its errors and log lines carry no title and no pixel. It judges nothing and hides nothing: it says
//! what is there, and `None` or an error where it cannot tell, so that the guard can fail closed.
//!
//! Where to start reading: `sensors.rs` and `live.rs`; then [`WindowWatch`] in `windows/watch.rs` and `windows/arrange.rs`, which says
//! what a window is; [`X11Screen`] in `screen/mod.rs`; `portable/mod.rs`.

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
