//! What Candor can see of a machine: the screen's pixels, the windows on it, how long nobody touched anything, and how
//! much was typed, clicked and scrolled.
//!
//! - [`WindowWatch`] follows every window of every monitor and knows what the desktop looked like for the last 10 s.
//! - [`Screen`] captures parts of the desktop into a [`RawFrame`] that clears itself.
//! - [`Idle`] asks for the time since the last input.
//! - [`counter::CounterProcess`] runs `candor-counter`, which alone sees input events, and reads its counts.
//!
//! What this crate must never do: write what it sees to a disk, a log or a socket, or hand it to anyone but its caller,
//! which is the guard. Its errors and log lines carry no title and no pixel. It judges nothing and hides nothing: it says
//! what is there, and `None` or an error where it cannot tell, so that the guard can fail closed.
//!
//! X11 only, so far. Where to start reading: [`WindowWatch`] in `windows/watch.rs`, then `windows/arrange.rs`, which
//! says what a window is; [`Screen`] in `screen/mod.rs`.

mod area;
pub mod counter;
mod display;
mod error;
mod idle;
mod screen;
mod windows;

pub use area::{Area, Monitor};
pub use error::SensorError;
pub use idle::Idle;
pub use screen::{LARGEST_SIDE, RawFrame, Screen};
pub use windows::{Layout, WindowKind, WindowState, WindowWatch};
