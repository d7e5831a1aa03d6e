//! Errors as sentences, for whoever asked over the control socket.

use crate::contract::error::SessionError;
use crate::plugins::library::PluginError;
use crate::signs::SignError;
use crate::tracker::TrackerRefusal;

/// Returns an internal error with all its causes, as one sentence.
pub(crate) fn error_text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

impl From<SessionError> for String {
    fn from(error: SessionError) -> Self {
        error.to_string()
    }
}

impl From<PluginError> for String {
    fn from(error: PluginError) -> Self {
        error.to_string()
    }
}

impl From<SignError> for String {
    fn from(error: SignError) -> Self {
        error.to_string()
    }
}

impl From<TrackerRefusal> for String {
    fn from(error: TrackerRefusal) -> Self {
        error.to_string()
    }
}
