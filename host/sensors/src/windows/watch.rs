//! The watch: a thread with a connection of its own.

use std::sync::Arc;

use super::layout::Layout;
use crate::error::SensorError;

/// Watches the windows of one display.
#[derive(Debug)]
pub struct WindowWatch {
    generation: tokio::sync::watch::Sender<u64>,
}

impl WindowWatch {
    /// Starts the watch; `None` means `$DISPLAY`.
    ///
    /// # Errors
    /// When the display cannot be opened.
    pub fn start(display: Option<&str>) -> Result<Self, SensorError> {
        crate::display::open(display)?;
        Err(SensorError::Refused("not built yet".to_owned()))
    }

    /// The layout as last seen.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] when the display is gone.
    pub fn current(&self) -> Result<Arc<Layout>, SensorError> {
        Err(SensorError::DisplayLost)
    }

    /// The layout valid at `from` and every one that came until `to` (ms since the Unix epoch), oldest first.
    ///
    /// # Errors
    /// When the history does not reach back to `from`, or the display is gone.
    pub fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        Err(SensorError::NotKnown { asked_from: from, known_from: to })
    }

    /// Tells the generation of each new layout.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Waits until every change that the X server knew of before this call is in the history; answers the generation then.
    /// Blocks (some tens of microseconds, at most 2 s): not to be called on an async thread.
    ///
    /// # Errors
    /// When the display is gone or does not answer.
    pub fn barrier(&self) -> Result<u64, SensorError> {
        Err(SensorError::DisplayLost)
    }
}
