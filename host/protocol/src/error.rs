//! Why the agent does not do what was asked.

use std::fmt;

use candor_diary::plain;
use serde::{Deserialize, Serialize};

/// What sort of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestErrorKind {
    /// The agent does not know this request.
    UnknownRequest,
    /// What the request names does not exist, such as a contract.
    NotFound,
    /// Something has to be done first, such as accepting a notice.
    NotReady,
    /// What was set cannot be read any more; setting it again repairs it.
    Unreadable,
    /// The terms, the state of tracking, or a fault on this computer forbids it.
    Refused,
}

/// A refusal: what is wrong, and what to do about it. Its `Display` is both as one sentence or two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestError {
    /// The sort of refusal.
    pub kind: RequestErrorKind,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do about it, if that is not said in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl RequestError {
    /// Returns an error without a hint.
    #[must_use]
    pub fn new(kind: RequestErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// Returns a refusal of no particular kind.
    #[must_use]
    pub fn refused(message: impl fmt::Display) -> Self {
        // An error of several layers says all of them.
        Self::new(RequestErrorKind::Refused, format!("{message:#}"))
    }

    /// Returns the error with a hint. One that begins with a capital letter is a sentence of its own.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the error as it may be shown to a person: it may quote a plugin or a server.
    #[must_use]
    pub fn visible(&self) -> Self {
        let visible = |text: &String| plain::visible(text).into_owned();
        Self { kind: self.kind, message: visible(&self.message), hint: self.hint.as_ref().map(visible) }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let Some(hint) = &self.hint else { return Ok(()) };
        let mark = if hint.starts_with(char::is_uppercase) { ". " } else { ": " };
        write!(f, "{mark}{hint}")
    }
}

impl std::error::Error for RequestError {}

impl From<String> for RequestError {
    fn from(message: String) -> Self {
        Self::new(RequestErrorKind::Refused, message)
    }
}

impl From<&str> for RequestError {
    fn from(message: &str) -> Self {
        Self::new(RequestErrorKind::Refused, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_and_hint_read_as_one_sentence_or_two() {
        let error = RequestError::from("there is no contract");
        assert_eq!(error.to_string(), "there is no contract");
        assert_eq!(error.clone().with_hint("join one").to_string(), "there is no contract: join one");
        assert_eq!(error.with_hint("Join one").to_string(), "there is no contract. Join one");
    }
}
