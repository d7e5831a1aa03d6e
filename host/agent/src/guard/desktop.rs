//! The sensors that the guard looks through, behind one trait.

use std::sync::Arc;

use async_trait::async_trait;
use candor_sensors::{Area, Backend, Layout, RawFrame, SensorError, Sensors};
use tokio::sync::watch;

/// Windows and pixels of one desktop. Only the guard holds one (invariant 1).
#[async_trait]
pub trait DesktopSource: Send + Sync + 'static {
    /// Returns the layout as it is now.
    ///
    /// # Errors
    /// If the display cannot be read.
    fn current(&self) -> Result<Arc<Layout>, SensorError>;

    /// Returns the layout valid at `from` and every one that came until `to` (milliseconds since the Unix epoch).
    ///
    /// # Errors
    /// If the display cannot be read, or more happened than was kept: the guard then fails closed.
    fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError>;

    /// Returns when every change that happened before the call is in the history.
    ///
    /// # Errors
    /// If the display cannot be read.
    async fn barrier(&self) -> Result<(), SensorError>;

    /// Returns the raw pixels of a part of the desktop.
    ///
    /// # Errors
    /// If the display cannot be read.
    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError>;

    /// Counts up with every change of the layout.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// The display of this session, through whichever backend fits.
pub struct SensorDesktop(Arc<Sensors>);

impl SensorDesktop {
    /// Creates a source that reads sensors that are open already.
    #[must_use]
    pub fn new(sensors: Arc<Sensors>) -> Self {
        Self(sensors)
    }

    /// Opens the X11 display; `None` means `$DISPLAY`.
    ///
    /// # Errors
    /// If there is no such display.
    pub fn open(display: Option<&str>) -> Result<Self, SensorError> {
        Ok(Self(Arc::new(Sensors::open(Backend::Auto, display)?)))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SensorError> + Send + 'static,
) -> Result<T, SensorError> {
    // A panic of the worker thread means the sensor's state is unknown: the same as a lost display.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(SensorError::DisplayLost))
}

#[async_trait]
impl DesktopSource for SensorDesktop {
    fn current(&self) -> Result<Arc<Layout>, SensorError> {
        self.0.current()
    }

    fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        self.0.span(from, to)
    }

    async fn barrier(&self) -> Result<(), SensorError> {
        let sensors = Arc::clone(&self.0);
        blocking(move || sensors.barrier().map(|_| ())).await
    }

    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        let sensors = Arc::clone(&self.0);
        blocking(move || sensors.capture(area)).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes()
    }
}
