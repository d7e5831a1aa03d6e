//! What Candor can see of a machine: the screen's pixels, the windows on it, how long nobody touched anything, and how
//! much was typed, clicked and scrolled.

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
pub use screen::{RawFrame, Screen};
pub use windows::{Layout, WindowKind, WindowState, WindowWatch};
