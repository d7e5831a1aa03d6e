//! Errors as sentences, for whoever asked over the control socket.

/// An error of the inside with all its causes, as one sentence.
pub(crate) fn error_text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}
