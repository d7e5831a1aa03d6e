//! Values that several kinds of plugins share: instants, areas, refusals.

use std::fmt;
use std::time::Duration;

use crate::bindings::imports::types as raw;

/// An instant: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Takes milliseconds since the Unix epoch, UTC.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch, UTC.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This much later; stays at the last instant that can be written.
    #[must_use]
    pub fn after(self, length: Duration) -> Self {
        Self(self.0.saturating_add(millis(length)))
    }

    /// How long after `earlier` this is; zero if it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A length in whole milliseconds, as the host takes it.
pub(crate) fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// A rectangle in desktop pixels; the origin is the top left corner of the desktop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Area {
    /// Left edge, in pixels. Negative if a window hangs out of the desktop.
    pub x: i32,
    /// Top edge, in pixels. Negative if a window hangs out of the desktop.
    pub y: i32,
    /// Width in pixels. 0 for a window that is not on screen.
    pub width: u32,
    /// Height in pixels. 0 for a window that is not on screen.
    pub height: u32,
}

impl Area {
    /// Whether nothing of it can be seen.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

impl From<raw::Area> for Area {
    fn from(area: raw::Area) -> Self {
        Self { x: area.x, y: area.y, width: area.width, height: area.height }
    }
}

impl From<Area> for raw::Area {
    fn from(area: Area) -> Self {
        Self { x: area.x, y: area.y, width: area.width, height: area.height }
    }
}

/// A fact that a source may be unable to tell. What no source can tell is `Unknown`, never guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Known {
    /// The source says that it is so.
    Yes,
    /// The source says that it is not so.
    No,
    /// No source can tell.
    #[default]
    Unknown,
}

impl From<raw::Known> for Known {
    fn from(known: raw::Known) -> Self {
        match known {
            raw::Known::Yes => Self::Yes,
            raw::Known::No => Self::No,
            raw::Known::Unknown => Self::Unknown,
        }
    }
}

/// One of the displays that make up the desktop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Monitor {
    /// The name that the display system gives it, such as `HDMI-1`.
    pub name: String,
    /// The part of the desktop that it shows.
    pub area: Area,
}

impl From<raw::Monitor> for Monitor {
    fn from(monitor: raw::Monitor) -> Self {
        Self { name: monitor.name, area: monitor.area.into() }
    }
}

/// Why the host refused to show what a collector asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The privacy rules decided that nothing of it may be recorded. Lists the rules by index; empty if the host
    /// itself decided.
    #[error("a privacy rule says that nothing of this may be recorded")]
    Skipped(Vec<u32>),
    /// The policy could not judge (it trapped, timed out, ran out of memory, or is missing): nothing is recorded.
    #[error("the privacy rules could not judge it, so nothing is recorded")]
    RuleFailed,
    /// Windows kept moving while the picture was taken.
    #[error("windows kept moving; ask again")]
    Unsettled,
    /// The sensor does not exist or cannot be read at the moment; the text says why.
    #[error("the sensor cannot be read: {0}")]
    Unavailable(String),
    /// The plugin holds two frames already; drop one first.
    #[error("two frames are held already; drop one first")]
    TooMany,
    /// Nothing is being tracked at the moment.
    #[error("nothing is being tracked at the moment")]
    NotTracking,
}

impl From<raw::Denied> for Denied {
    fn from(denied: raw::Denied) -> Self {
        match denied {
            raw::Denied::Skipped(rules) => Self::Skipped(rules),
            raw::Denied::RuleFailed => Self::RuleFailed,
            raw::Denied::Unsettled => Self::Unsettled,
            raw::Denied::Unavailable(why) => Self::Unavailable(why),
            raw::Denied::TooMany => Self::TooMany,
            raw::Denied::NotTracking => Self::NotTracking,
        }
    }
}

/// What went wrong while a plugin did its work, in words. The host writes them into the plugin's log.
///
/// Every error type turns into it, so `?` works on anything. It says what failed and why, as far as the sources tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// An error with these words.
    #[must_use]
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            words.push_str(": ");
            words.push_str(&cause.to_string());
            source = cause.source();
        }
        Self(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_saturate_instead_of_wrapping() {
        let end = Timestamp::from_millis(u64::MAX);
        assert_eq!(end.after(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::from_millis(5).since(end), Duration::ZERO);
    }

    #[test]
    fn an_error_tells_its_sources_too() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read the page")]
        struct Outer(#[source] std::num::ParseIntError);
        let cause = "x".parse::<u32>().unwrap_err();
        assert_eq!(
            Error::from(Outer(cause)).to_string(),
            "cannot read the page: invalid digit found in string"
        );
    }
}
