//! A display that is open. When it is lost, it stays lost, and [`Sensors`](crate::Sensors) opens another one.

use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::area::{Area, Monitor};
use crate::attendance::AttendanceReading;
use crate::backend::Backend;
use crate::detect::display_kind;
use crate::error::SensorError;
use crate::frame::RawFrame;
use crate::kind::DisplayKind;
#[cfg(any(feature = "portable", not(target_os = "linux")))]
use crate::portable::{self, PortableScreen, PortableWatch};
use crate::windows::{Layout, WatchNumbers};
#[cfg(target_os = "linux")]
use crate::{screen::X11Screen, server_probe::ServerProbe, windows::WindowWatch};

/// Opens a display, again and again if need be.
#[derive(Debug)]
pub(crate) struct DisplayOpener {
    backend: Backend,
    display: Option<String>,
    changes: Arc<watch::Sender<u64>>,
    /// How often it was opened.
    times_opened: u64,
}

/// The sensors of one display, for as long as it is there.
#[derive(Debug)]
pub(crate) struct OpenDisplay {
    pub(crate) kind: DisplayKind,
    backend: DisplayBackend,
    /// The probe of the X server, if there is one.
    #[cfg(target_os = "linux")]
    probe: Option<ServerProbe>,
}

#[derive(Debug)]
enum DisplayBackend {
    #[cfg(target_os = "linux")]
    X11 { watch: Box<WindowWatch>, screen: Box<Mutex<X11Screen>>, socket: std::os::fd::OwnedFd },
    #[cfg(any(feature = "portable", not(target_os = "linux")))]
    Portable { watch: PortableWatch, screen: PortableScreen },
}

impl DisplayOpener {
    pub(crate) fn new(backend: Backend, display: Option<&str>, changes: Arc<watch::Sender<u64>>) -> Self {
        Self { backend, display: display.map(str::to_owned), changes, times_opened: 0 }
    }

    /// Opens the display. Blocks for some milliseconds, or for as long as the X server is frozen.
    pub(crate) fn open(&mut self) -> Result<OpenDisplay, SensorError> {
        let display = self.display.as_deref();
        let kind = display_kind(display);
        // The reason why a display cannot be opened says more than 'there is none'.
        #[cfg(target_os = "linux")]
        if kind == DisplayKind::None {
            crate::display::open(display)?;
        }
        let backend = self.backend.choose(kind)?;
        let numbers = WatchNumbers::for_watch(self.times_opened, Arc::clone(&self.changes));
        self.times_opened += 1;
        #[cfg(target_os = "linux")]
        let probe = match (ServerProbe::open(display), backend) {
            (Ok(probe), _) => Some(probe),
            (Err(_), Backend::Portable) => None,
            (Err(error), _) => return Err(error),
        };
        let backend = match backend {
            Backend::Portable => Self::portable(display, &numbers)?,
            Backend::Auto | Backend::X11 => Self::x11(display, &numbers)?,
        };
        Ok(OpenDisplay {
            kind,
            backend,
            #[cfg(target_os = "linux")]
            probe,
        })
    }

    #[cfg(target_os = "linux")]
    fn x11(display: Option<&str>, numbers: &WatchNumbers) -> Result<DisplayBackend, SensorError> {
        let watch = Box::new(WindowWatch::start_with(display, numbers)?);
        let screen = X11Screen::open(display)?;
        let socket = screen.duplicate_socket()?;
        Ok(DisplayBackend::X11 { watch, screen: Box::new(Mutex::new(screen)), socket })
    }

    #[cfg(not(target_os = "linux"))]
    fn x11(_display: Option<&str>, _numbers: &WatchNumbers) -> Result<DisplayBackend, SensorError> {
        Err(SensorError::Backend("there is no X11 here; use the backend 'auto' or 'portable'"))
    }

    #[cfg(any(feature = "portable", not(target_os = "linux")))]
    fn portable(display: Option<&str>, numbers: &WatchNumbers) -> Result<DisplayBackend, SensorError> {
        if display.is_some_and(|name| std::env::var("DISPLAY").as_deref() != Ok(name)) {
            return Err(SensorError::Backend(
                "the portable backend looks at $DISPLAY and no other display: start Candor with DISPLAY set to it",
            ));
        }
        Ok(DisplayBackend::Portable {
            watch: portable::start_watch(numbers)?,
            screen: PortableScreen::open()?,
        })
    }

    #[cfg(not(any(feature = "portable", not(target_os = "linux"))))]
    fn portable(_display: Option<&str>, _numbers: &WatchNumbers) -> Result<DisplayBackend, SensorError> {
        Err(SensorError::Backend(crate::backend::WITHOUT_PORTABLE))
    }
}

impl OpenDisplay {
    /// Returns the backend in use, never [`Backend::Auto`].
    pub(crate) fn backend(&self) -> Backend {
        match &self.backend {
            #[cfg(target_os = "linux")]
            DisplayBackend::X11 { .. } => Backend::X11,
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            DisplayBackend::Portable { .. } => Backend::Portable,
        }
    }

    pub(crate) fn current(&self) -> Result<Arc<Layout>, SensorError> {
        match &self.backend {
            #[cfg(target_os = "linux")]
            DisplayBackend::X11 { watch, .. } => watch.current(),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            DisplayBackend::Portable { watch, .. } => watch.current(),
        }
    }

    pub(crate) fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        match &self.backend {
            #[cfg(target_os = "linux")]
            DisplayBackend::X11 { watch, .. } => watch.span(from, to),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            DisplayBackend::Portable { watch, .. } => {
                let _ = to;
                watch.span(from)
            }
        }
    }

    pub(crate) fn barrier(&self) -> Result<u64, SensorError> {
        match &self.backend {
            #[cfg(target_os = "linux")]
            DisplayBackend::X11 { watch, .. } => watch.barrier(),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            DisplayBackend::Portable { watch, .. } => watch.barrier(),
        }
    }

    pub(crate) fn monitors(&self) -> Result<Vec<Monitor>, SensorError> {
        match &self.backend {
            #[cfg(target_os = "linux")]
            DisplayBackend::X11 { screen, .. } => screen.lock().monitors(),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            DisplayBackend::Portable { screen, .. } => screen.monitors(),
        }
    }

    pub(crate) fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        match &self.backend {
            #[cfg(target_os = "linux")]
            DisplayBackend::X11 { screen, .. } => screen.lock().capture(area),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            DisplayBackend::Portable { screen, .. } => screen.capture(area),
        }
    }

    /// Asks the display how long nobody touched anything, and so whether it is still there. Only for one thread at a
    /// time.
    pub(crate) fn probe(&self, patience: Duration) -> Result<AttendanceReading, SensorError> {
        #[cfg(target_os = "linux")]
        if let Some(probe) = &self.probe {
            return probe.ask(patience);
        }
        let _ = patience;
        self.current()?;
        Ok(AttendanceReading { at: Instant::now(), idle: None, pointer_idle: None, saver: None })
    }

    /// Closes its connections, so that no thread goes on waiting for a display that does not answer.
    pub(crate) fn shut_down(&self) {
        #[cfg(target_os = "linux")]
        {
            #[cfg_attr(
                not(feature = "portable"),
                allow(irrefutable_let_patterns, reason = "there is one backend")
            )]
            if let DisplayBackend::X11 { watch, socket, .. } = &self.backend {
                watch.shut_down();
                let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
            }
            if let Some(probe) = &self.probe {
                probe.shut_down();
            }
        }
    }
}
