//! What shows a person that this computer is recorded (invariant 6).
//!
//! A program that shows something reports it over a connection of its own ([`ReportSigns`](crate::ReportSigns)), and
//! again every [`AGAIN`]. A sign whose connection is closed, or that was not said again within [`LEASE`], is gone: a
//! program that was killed or hangs shows nothing any more.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often a sign is to be said again.
pub const AGAIN: Duration = Duration::from_secs(4);
/// For how long a sign counts after it was said.
pub const LEASE: Duration = Duration::from_secs(10);

/// A program that shows signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Face {
    /// The program that shows the window.
    Window,
    /// The program that shows the tray icon and notifications.
    Tray,
}

/// Something on the screen that says that this computer is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// The window, not minimised.
    Window,
    /// The icon, in a tray that has taken it.
    Tray,
    /// A notification that stays.
    Notification,
}

impl Sign {
    /// Returns the sign in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Window => "the window",
            Self::Tray => "the tray icon",
            Self::Notification => "a notification",
        }
    }
}

/// Whether the person can see that this computer is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignState {
    /// What shows it now, each once.
    pub shown: Vec<Sign>,
    /// Whether something has to: it is recorded, or asked to be.
    pub wanted: bool,
    /// Started so that nothing has to.
    pub without: bool,
    /// Nothing does and nothing is recorded, since then.
    pub missing_since: Option<u64>,
}
