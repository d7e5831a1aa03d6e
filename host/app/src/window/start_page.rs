//! The pages that the window can be opened on.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A page that the window can be opened on, as `candor window --page` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartPage {
    /// What is tracked now.
    Now,
    /// The last picture.
    Picture,
    /// Today's segments.
    Today,
    /// What waits.
    Outbox,
    /// What is recorded.
    Recorded,
    /// Preferences.
    Preferences,
}

impl StartPage {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] =
        [Self::Now, Self::Picture, Self::Today, Self::Outbox, Self::Recorded, Self::Preferences];

    /// Returns the page's name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Picture => "picture",
            Self::Today => "today",
            Self::Outbox => "outbox",
            Self::Recorded => "recorded",
            Self::Preferences => "preferences",
        }
    }

    /// Returns the page with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }
}
