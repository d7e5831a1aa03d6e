//! How long nobody has touched keyboard or mouse, by the X server's own clock.

use std::time::Duration;

use x11rb::connection::Connection as _;
use x11rb::protocol::screensaver::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;

use crate::display;
use crate::error::SensorError;

/// Asks the X server for the time since the last input. It learns nothing about what the input was.
#[derive(Debug)]
pub struct Idle {
    connection: RustConnection,
    root: u32,
}

impl Idle {
    /// Opens a connection of its own; `None` means `$DISPLAY`.
    ///
    /// # Errors
    /// When there is no display, or it has no screen saver extension.
    pub fn open(display: Option<&str>) -> Result<Self, SensorError> {
        let (connection, root) = display::open(display)?;
        display::need(&connection, screensaver::X11_EXTENSION_NAME)?;
        Ok(Self { connection, root })
    }

    /// The time since the last key press, click or pointer movement, to the millisecond. One round trip, some
    /// microseconds.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] when the X server is gone.
    pub fn query(&self) -> Result<Duration, SensorError> {
        let info = self.connection.screensaver_query_info(self.root)?;
        self.connection.flush()?;
        Ok(Duration::from_millis(u64::from(info.reply()?.ms_since_user_input)))
    }

    /// The same in milliseconds.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] when the X server is gone.
    pub fn ms(&self) -> Result<u64, SensorError> {
        self.query().map(|idle| u64::try_from(idle.as_millis()).unwrap_or(u64::MAX))
    }

    /// Whether the X server's own screen saver covers the screen. (Programs that save the screen themselves switch it off:
    /// they show as windows.)
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] when the X server is gone.
    pub fn saver(&self) -> Result<bool, SensorError> {
        let info = self.connection.screensaver_query_info(self.root)?;
        self.connection.flush()?;
        Ok(screensaver::State::from(info.reply()?.state) == screensaver::State::ON)
    }
}
