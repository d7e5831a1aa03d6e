//! Requests, answers and errors, as plugins and probes know them.

use std::time::Duration;

use reqwest::Method;

/// A request, without its body.
pub(crate) struct HttpRequest {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<HttpHeader>,
    /// How long to wait for the whole answer; `None` for as long as the limits allow.
    pub(crate) timeout: Option<Duration>,
}

/// A header of a request or an answer, not yet checked.
pub(crate) struct HttpHeader {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// An answer with its whole body.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<HttpHeader>,
    pub(crate) body: Vec<u8>,
}

/// Which secret a request carries, and how.
pub(crate) struct RequestAuth {
    /// Name of the secret, as the person stored it.
    pub(crate) secret: String,
    pub(crate) secret_use: SecretUse,
}

/// How a secret is applied to a request.
pub(crate) enum SecretUse {
    /// As the value of a header, after a prefix.
    Header { name: String, prefix: String },
    /// As the key of an HMAC-SHA-256 over the body, in hex, in a header.
    HmacSha256 { header: String },
    /// For AWS Signature Version 4.
    AwsSigv4 { region: String, service: String },
}

/// Why there is no answer. No secret is in it. The texts are for people.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("the address is malformed: {0}")]
    BadUrl(String),
    /// Holds the grant to add.
    #[error("not granted: {0}")]
    NotGranted(String),
    /// Holds the header's name.
    #[error("the header `{0}` is malformed")]
    BadHeader(String),
    #[error("{0}")]
    NoSecret(String),
    #[error("the name could not be resolved")]
    Unresolved,
    #[error("no connection: {0}")]
    Unreachable(String),
    #[error("it took too long")]
    TimedOut,
    #[error("the answer is too large")]
    TooLarge,
    #[error("the exchange broke off: {0}")]
    Broken(String),
}
