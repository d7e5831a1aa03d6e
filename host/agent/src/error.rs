//! The agent's errors as they are answered over the control socket.

use candor_protocol::{RequestError, RequestErrorKind};

use crate::contract::error::SessionError;
use crate::plugins::library::PluginError;
use crate::signs::SignError;
use crate::tracker::TrackerRefusal;

impl From<SessionError> for RequestError {
    fn from(error: SessionError) -> Self {
        let kind = match error {
            SessionError::NoSuchContract(_) => RequestErrorKind::NotFound,
            SessionError::NoContract | SessionError::NothingAccepted | SessionError::NotAccepted { .. } => {
                RequestErrorKind::NotReady
            }
            _ => RequestErrorKind::Refused,
        };
        Self { kind, message: error.to_string(), hint: error.hint().map(str::to_owned) }
    }
}

impl From<PluginError> for RequestError {
    fn from(error: PluginError) -> Self {
        Self::refused(error)
    }
}

impl From<SignError> for RequestError {
    fn from(error: SignError) -> Self {
        Self::refused(error)
    }
}

impl From<TrackerRefusal> for RequestError {
    fn from(error: TrackerRefusal) -> Self {
        Self::refused(error)
    }
}
