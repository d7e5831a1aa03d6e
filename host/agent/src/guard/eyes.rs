//! The sensors that the guard looks through, behind one trait.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use candor_sensors::{Area, Layout, RawFrame, Screen, SensorError, WindowWatch};
use tokio::sync::watch;

/// Windows and pixels of one desktop. Only the guard holds one (invariant 1).
#[async_trait]
pub trait Eyes: Send + Sync + 'static {
    /// The layout as it is now.
    ///
    /// # Errors
    /// Where the display cannot be read.
    fn current(&self) -> Result<Arc<Layout>, SensorError>;

    /// The layout valid at `from` and every one that came until `to` (milliseconds since the Unix epoch).
    ///
    /// # Errors
    /// Where the display cannot be read, or more happened than was kept: the guard then fails closed.
    fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError>;

    /// Returns when every change that happened before the call is in the history.
    ///
    /// # Errors
    /// Where the display cannot be read.
    async fn barrier(&self) -> Result<(), SensorError>;

    /// The raw pixels of a part of the desktop.
    ///
    /// # Errors
    /// Where the display cannot be read.
    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError>;

    /// Counts up with every change of the layout.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// The X11 display.
pub struct X11Eyes {
    watch: Arc<WindowWatch>,
    screen: Arc<Mutex<Screen>>,
}

impl X11Eyes {
    /// Connects to a display; `None` means `$DISPLAY`.
    ///
    /// # Errors
    /// Where there is no such display.
    pub fn open(display: Option<&str>) -> Result<Self, SensorError> {
        Ok(Self {
            watch: Arc::new(WindowWatch::start(display)?),
            screen: Arc::new(Mutex::new(Screen::open(display)?)),
        })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SensorError> + Send + 'static,
) -> Result<T, SensorError> {
    // A panic of the worker thread means the sensor's state is unknown: the same as a lost display.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(SensorError::DisplayLost))
}

#[async_trait]
impl Eyes for X11Eyes {
    fn current(&self) -> Result<Arc<Layout>, SensorError> {
        self.watch.current()
    }

    fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        self.watch.span(from, to)
    }

    async fn barrier(&self) -> Result<(), SensorError> {
        let watch = Arc::clone(&self.watch);
        blocking(move || watch.barrier().map(|_| ())).await
    }

    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        let screen = Arc::clone(&self.screen);
        blocking(move || {
            let mut screen = screen.lock().map_err(|_| SensorError::DisplayLost)?;
            screen.capture(area)
        })
        .await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.watch.changes()
    }
}
