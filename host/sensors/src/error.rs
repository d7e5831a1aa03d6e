//! The one error type of this crate. Every caller fails closed on any of these errors: a sensor that does not know is
//! never taken for a sensor that saw nothing.

use std::time::Duration;

#[cfg(target_os = "linux")]
use x11rb::errors::{ConnectError, ConnectionError, IdsExhausted, ReplyError, ReplyOrIdError};

use crate::kind::DisplayKind;

/// Why a sensor could not answer. No variant carries a window's title or any other recorded text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SensorError {
    /// There is no display to connect to, or it refused the connection.
    #[error("the display {display} cannot be opened ({reason}): start Candor in a desktop session")]
    NoDisplay {
        /// The name that was tried, or `$DISPLAY` when none was given.
        display: String,
        /// What the connection attempt said.
        reason: String,
    },
    /// The X server ended, or closed the connection. [`Sensors`](crate::Sensors) tries to open the display until it is
    /// back.
    #[error("the display was lost; nothing is seen or counted until it is back")]
    DisplayLost,
    /// The X server lacks an extension that this sensor needs.
    #[error("the X server has no {0} extension; enable it in the X server's configuration")]
    MissingExtension(&'static str),
    /// The X server refused a request, and would refuse it again.
    #[error("the X server refused a request: {0}")]
    Refused(String),
    /// The X server did not answer in time.
    #[error("the X server did not answer within {} ms; it may be busy or frozen", .0.as_millis())]
    TimedOut(Duration),
    /// The area asked for is empty, too large, or not on the screen.
    #[error(
        "cannot capture an area of {width}x{height} pixels at {x},{y}: it must lie on the screen and be at most {limit} pixels on a side"
    )]
    BadArea {
        /// The left edge, desktop pixels.
        x: i32,
        /// The upper edge, desktop pixels.
        y: i32,
        /// The width that was asked for, pixels.
        width: u32,
        /// The height that was asked for, pixels.
        height: u32,
        /// The longest side that can be captured, pixels.
        limit: u32,
    },
    /// The root window's pixels have a form that this version cannot read.
    #[error(
        "this screen's pixel format ({0}) is not supported; use a TrueColor screen of depth 24 or 30 with 32 bits per pixel"
    )]
    PixelFormat(String),
    /// The layout at that time is not known: the watch had not begun, the clock was set, or it is too long ago.
    #[error("the window layout is known from {known_from} on, not from {asked_from} (ms since the epoch)")]
    NotKnown {
        /// The earliest time asked about, ms since the Unix epoch.
        asked_from: u64,
        /// The earliest time that the history covers, ms since the Unix epoch.
        known_from: u64,
    },
    /// The layout at that time was dropped, because too many came in a short time.
    #[error(
        "the windows changed too often: the layouts before {known_from} (ms since the epoch) were dropped"
    )]
    Overflow {
        /// The earliest time that the history covers, ms since the Unix epoch.
        known_from: u64,
    },
    /// The system did not let its screen be read; the text is what it said.
    #[error("the screen could not be read: {0}")]
    Unreadable(String),
    /// Nothing can be seen or counted on such a display; the text says what to do.
    #[error("{}", .0.missing().unwrap_or("this display cannot be used"))]
    Blind(DisplayKind),
    /// The backend is not part of this program, or not for this display.
    #[error("{0}")]
    Backend(&'static str),
    /// The event counter could not be started, or ended by itself.
    #[error("the event counter {0}")]
    Counter(String),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was tried, as half a sentence.
        what: &'static str,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

impl SensorError {
    /// Whether the display is gone, and not just one question unanswered.
    #[must_use]
    pub fn is_display_lost(&self) -> bool {
        matches!(self, Self::DisplayLost)
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn no_display(display: Option<&str>, reason: &ConnectError) -> Self {
        Self::NoDisplay { display: display.unwrap_or("$DISPLAY").to_owned(), reason: reason.to_string() }
    }
}

impl Clone for SensorError {
    /// Keeps the kind and text of an error of the operating system, which cannot be cloned.
    fn clone(&self) -> Self {
        match self {
            Self::NoDisplay { display, reason } => {
                Self::NoDisplay { display: display.clone(), reason: reason.clone() }
            }
            Self::DisplayLost => Self::DisplayLost,
            Self::MissingExtension(name) => Self::MissingExtension(name),
            Self::Refused(why) => Self::Refused(why.clone()),
            Self::TimedOut(limit) => Self::TimedOut(*limit),
            Self::BadArea { x, y, width, height, limit } => {
                Self::BadArea { x: *x, y: *y, width: *width, height: *height, limit: *limit }
            }
            Self::PixelFormat(what) => Self::PixelFormat(what.clone()),
            Self::NotKnown { asked_from, known_from } => {
                Self::NotKnown { asked_from: *asked_from, known_from: *known_from }
            }
            Self::Overflow { known_from } => Self::Overflow { known_from: *known_from },
            Self::Unreadable(why) => Self::Unreadable(why.clone()),
            Self::Blind(kind) => Self::Blind(*kind),
            Self::Backend(why) => Self::Backend(why),
            Self::Counter(why) => Self::Counter(why.clone()),
            Self::System { what, source } => {
                Self::System { what, source: std::io::Error::new(source.kind(), source.to_string()) }
            }
        }
    }
}

#[cfg(target_os = "linux")]
impl From<ConnectionError> for SensorError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::UnsupportedExtension => Self::Refused("an extension is missing".to_owned()),
            ConnectionError::MaximumRequestLengthExceeded => {
                Self::Refused("a request was too long".to_owned())
            }
            // Whatever else ends a request ends the connection with it: the stream cannot be trusted afterwards.
            _ => Self::DisplayLost,
        }
    }
}

#[cfg(target_os = "linux")]
impl From<ReplyError> for SensorError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::ConnectionError(error) => error.into(),
            ReplyError::X11Error(error) => Self::Refused(format!("{:?}", error.error_kind)),
        }
    }
}

#[cfg(target_os = "linux")]
impl From<ReplyOrIdError> for SensorError {
    fn from(error: ReplyOrIdError) -> Self {
        match error {
            ReplyOrIdError::IdsExhausted => Self::Refused("no resource ids are left".to_owned()),
            ReplyOrIdError::ConnectionError(error) => error.into(),
            ReplyOrIdError::X11Error(error) => Self::Refused(format!("{:?}", error.error_kind)),
        }
    }
}

#[cfg(target_os = "linux")]
impl From<IdsExhausted> for SensorError {
    fn from(_: IdsExhausted) -> Self {
        Self::Refused("no resource ids are left".to_owned())
    }
}
