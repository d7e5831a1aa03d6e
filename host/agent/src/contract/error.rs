//! Why a contract's session does not do what it was asked.

use crate::folder::DataFolderError;
use crate::plugins::library::PluginError;
use crate::plugins::open::OpenError;
use crate::settings::SettingsError;
use crate::tracker::TrackerRefusal;

/// Why a contract's session does not do what it was asked; a sentence for the person.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Something in the data folder could not be read or written.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// Preferences could not be read or written.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No plugin can be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A plugin is not used.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The tracker does not do what it was asked to.
    #[error(transparent)]
    Tracker(#[from] TrackerRefusal),
    /// The agent is shutting down.
    #[error("the agent is stopping")]
    Stopping,
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
    /// There is no contract of this name.
    #[error("this device has no contract {0:?}")]
    NoSuchContract(String),
    /// There is no contract at all.
    #[error("this device has no contract yet")]
    NoContract,
    /// Nothing of the current contract is accepted.
    #[error("nothing is tracked: the notice is not accepted yet")]
    NothingAccepted,
    /// The notice of this contract is not accepted, or changed; with what changed, or nothing.
    #[error(
        "the notice was not accepted, or it changed: read it with `candor notice --contract {contract}`, then run `candor accept --contract {contract}`{changed}"
    )]
    NotAccepted {
        /// What the contract is called on this device.
        contract: String,
        /// What changed since another notice was accepted.
        changed: String,
    },
    /// Another notice was read than is in force.
    #[error("the notice has changed since it was read: read it again")]
    NoticeChanged,
    /// The name under an acceptance cannot be shown.
    #[error("write your name: at most 100 characters, none of them invisible")]
    BadName,
    /// The device was enrolled again while the pipeline was put together.
    #[error("this device was enrolled again meanwhile: read what is recorded, and accept it")]
    EnrolledAgain,
}

impl SessionError {
    /// Returns what to do about it, if its message does not say so.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoContract => Some("join one with the link or file from the client (`candor join LINK`)"),
            Self::NothingAccepted => Some("Read `candor notice`, then run `candor accept`"),
            _ => None,
        }
    }
}
