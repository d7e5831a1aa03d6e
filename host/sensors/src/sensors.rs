//! One handle on all that is seen of a desktop, whichever backend sees it.

use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::area::{Area, Monitor};
use crate::backend::Backend;
use crate::error::SensorError;
use crate::frame::RawFrame;
use crate::kind::{DisplayKind, display_kind};
#[cfg(any(feature = "portable", not(target_os = "linux")))]
use crate::portable::{self, PortableScreen, PortableWatch};
use crate::session::{self, Session};
use crate::windows::Layout;
#[cfg(target_os = "linux")]
use crate::{idle::Idle, screen::Screen, windows::WindowWatch};

/// Windows, pixels, idle time and the state of the screen. Cheap to share between threads.
#[derive(Debug)]
pub struct Sensors {
    kind: DisplayKind,
    eyes: Eyes,
    /// Where there is an X server with the screen saver extension.
    #[cfg(target_os = "linux")]
    idle: Option<Idle>,
}

#[derive(Debug)]
enum Eyes {
    #[cfg(target_os = "linux")]
    X11 { watch: Box<WindowWatch>, screen: Box<Mutex<Screen>> },
    #[cfg(any(feature = "portable", not(target_os = "linux")))]
    Portable { watch: PortableWatch, screen: PortableScreen },
}

impl Sensors {
    /// Opens what is to be had; `None` for the display means `$DISPLAY`. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`SensorError::Blind`] where nothing can be seen (Wayland, no display), with what to do; [`SensorError::Backend`]
    /// where the backend asked for is not to be had; and what opening it may say.
    pub fn open(backend: Backend, display: Option<&str>) -> Result<Self, SensorError> {
        let kind = display_kind(display);
        // That a display cannot be opened has a reason of its own, better than 'there is none'.
        #[cfg(target_os = "linux")]
        if kind == DisplayKind::None {
            crate::display::open(display)?;
        }
        let eyes = match backend.choose(kind)? {
            Backend::Portable => Self::portable(display)?,
            Backend::Auto | Backend::X11 => Self::x11(display)?,
        };
        Ok(Self {
            kind,
            eyes,
            #[cfg(target_os = "linux")]
            idle: Idle::open(display).ok(),
        })
    }

    #[cfg(target_os = "linux")]
    fn x11(display: Option<&str>) -> Result<Eyes, SensorError> {
        let watch = Box::new(WindowWatch::start(display)?);
        Ok(Eyes::X11 { watch, screen: Box::new(Mutex::new(Screen::open(display)?)) })
    }

    #[cfg(not(target_os = "linux"))]
    fn x11(_display: Option<&str>) -> Result<Eyes, SensorError> {
        Err(SensorError::Backend("there is no X11 here; use the backend 'auto' or 'portable'"))
    }

    #[cfg(any(feature = "portable", not(target_os = "linux")))]
    fn portable(display: Option<&str>) -> Result<Eyes, SensorError> {
        if display.is_some_and(|name| std::env::var("DISPLAY").as_deref() != Ok(name)) {
            return Err(SensorError::Backend(
                "the portable backend looks at $DISPLAY and no other display: start Candor with DISPLAY set to it",
            ));
        }
        Ok(Eyes::Portable { watch: portable::watch()?, screen: PortableScreen::open()? })
    }

    #[cfg(not(any(feature = "portable", not(target_os = "linux"))))]
    fn portable(_display: Option<&str>) -> Result<Eyes, SensorError> {
        Err(SensorError::Backend(crate::backend::WITHOUT_PORTABLE))
    }

    /// What sort of display it is.
    #[must_use]
    pub fn kind(&self) -> DisplayKind {
        self.kind
    }

    /// The backend in use: never [`Backend::Auto`].
    #[must_use]
    pub fn backend(&self) -> Backend {
        match &self.eyes {
            #[cfg(target_os = "linux")]
            Eyes::X11 { .. } => Backend::X11,
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            Eyes::Portable { .. } => Backend::Portable,
        }
    }

    /// The layout as last seen; by the portable backend at most 250 ms ago.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] when the display is gone.
    pub fn current(&self) -> Result<Arc<Layout>, SensorError> {
        match &self.eyes {
            #[cfg(target_os = "linux")]
            Eyes::X11 { watch, .. } => watch.current(),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            Eyes::Portable { watch, .. } => watch.current(),
        }
    }

    /// The layout valid at `from` and every one that came until `to` (ms since the Unix epoch), oldest first; never empty.
    /// By the portable backend every one until now: what a look sees may have been so since just after the look before.
    ///
    /// # Errors
    /// Where the history does not reach so far, or the display is gone.
    pub fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        match &self.eyes {
            #[cfg(target_os = "linux")]
            Eyes::X11 { watch, .. } => watch.span(from, to),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            Eyes::Portable { watch, .. } => {
                let _ = to;
                watch.span(from)
            }
        }
    }

    /// Tells the generation of each layout that comes from now on. When the display is lost, it closes.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        match &self.eyes {
            #[cfg(target_os = "linux")]
            Eyes::X11 { watch, .. } => watch.changes(),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            Eyes::Portable { watch, .. } => watch.changes(),
        }
    }

    /// Waits until every change before this call is in the history (by the portable backend: every change that is still
    /// there); answers the generation then. Blocks, at most 2 s: not to be called on an async thread.
    ///
    /// # Errors
    /// [`SensorError::TimedOut`] when the system does not answer; [`SensorError::DisplayLost`] when the display is gone.
    pub fn barrier(&self) -> Result<u64, SensorError> {
        match &self.eyes {
            #[cfg(target_os = "linux")]
            Eyes::X11 { watch, .. } => watch.barrier(),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            Eyes::Portable { watch, .. } => watch.barrier(),
        }
    }

    /// The monitors as they are now. Blocks.
    ///
    /// # Errors
    /// Where the display cannot be read.
    pub fn monitors(&self) -> Result<Vec<Monitor>, SensorError> {
        match &self.eyes {
            #[cfg(target_os = "linux")]
            Eyes::X11 { screen, .. } => screen.lock().unwrap_or_else(PoisonError::into_inner).monitors(),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            Eyes::Portable { screen, .. } => screen.monitors(),
        }
    }

    /// Captures a part of the desktop, without the pointer. Blocks (10 to 20 ms for 1920x1080): not to be called on an
    /// async thread.
    ///
    /// # Errors
    /// [`SensorError::BadArea`] when the area is empty, too large or not on the desktop; or the display cannot be read.
    pub fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        match &self.eyes {
            #[cfg(target_os = "linux")]
            Eyes::X11 { screen, .. } => screen.lock().unwrap_or_else(PoisonError::into_inner).capture(area),
            #[cfg(any(feature = "portable", not(target_os = "linux")))]
            Eyes::Portable { screen, .. } => screen.capture(area),
        }
    }

    /// Milliseconds since the last key press, click or pointer movement; `None` where that cannot be told (on macOS and
    /// Windows, and on an X server without the screen saver extension). Blocks for some microseconds.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] when the X server is gone.
    pub fn idle_ms(&self) -> Result<Option<u64>, SensorError> {
        #[cfg(target_os = "linux")]
        let idle = self.idle.as_ref().map(Idle::ms).transpose();
        #[cfg(not(target_os = "linux"))]
        let idle = Ok(None);
        idle
    }

    /// Whether the screen is locked or covered by a screen saver, by the windows as last seen and the X server's own saver.
    /// (Asking the sign-in service, systemd-logind, would bring in a D-Bus library: not done.) Blocks for some
    /// microseconds.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] when the display is gone.
    pub fn session(&self) -> Result<Session, SensorError> {
        let layout = self.current()?;
        #[cfg(target_os = "linux")]
        let saver = self.idle.as_ref().map(Idle::saver).transpose()?;
        #[cfg(not(target_os = "linux"))]
        let saver = None;
        Ok(session::judge(&layout, saver))
    }
}
