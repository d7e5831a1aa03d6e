//! Permission `http`: requests to the hosts that the person granted. The host resolves and checks every address, follows
//! no redirect by itself, and caps sizes (8 MiB of answer) and times (30 s).

use std::time::Duration;

use crate::attachment::{Part, lower};
use crate::bindings::imports::http as raw;
use crate::types::millis;

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`: read what the address names.
    Get,
    /// `HEAD`: as `GET`, but the answer has no body.
    Head,
    /// `POST`: hand the body over to be processed.
    Post,
    /// `PUT`: store the body under the address, in place of what is there.
    Put,
    /// `PATCH`: change a part of what the address names.
    Patch,
    /// `DELETE`: remove what the address names.
    Delete,
}

/// A secret that the plugin names but never holds, and how to use it. The host applies it when the request leaves, to the
/// origin that the secret was stored for and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// The name under which the person stored the secret.
    pub secret: String,
    /// How to use it.
    pub how: SecretUse,
}

impl Auth {
    /// Sends the secret as the header `authorization: Bearer <secret>`. `secret` is the name under which it is stored.
    #[must_use]
    pub fn bearer(secret: impl Into<String>) -> Self {
        Self {
            secret: secret.into(),
            how: SecretUse::Header { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() },
        }
    }
}

/// What to do with a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretUse {
    /// Put it into a header.
    Header {
        /// The header's name, such as `authorization`.
        name: String,
        /// What stands before the secret, such as `Bearer `.
        prefix: String,
    },
    /// Put the lowercase hex HMAC-SHA-256 of the body into a header.
    HmacSha256 {
        /// The header that takes it, such as `x-signature`.
        header: String,
    },
    /// Sign the request for an S3-compatible store.
    AwsSigV4 {
        /// The region, such as `eu-north-1`.
        region: String,
        /// The service, such as `s3`.
        service: String,
    },
}

impl From<Auth> for raw::Auth {
    fn from(auth: Auth) -> Self {
        Self {
            secret: auth.secret,
            secret_use: match auth.how {
                SecretUse::Header { name, prefix } => {
                    raw::SecretUse::Header(raw::HeaderAuth { name, prefix })
                }
                SecretUse::HmacSha256 { header } => raw::SecretUse::HmacSha256(raw::HmacAuth { header }),
                SecretUse::AwsSigV4 { region, service } => {
                    raw::SecretUse::AwsSigv4(raw::Sigv4Auth { region, service })
                }
            },
        }
    }
}

/// A request in the making.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'a> {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    timeout: Option<Duration>,
    auth: Option<Auth>,
    body: Vec<Part<'a>>,
}

impl<'a> Request<'a> {
    /// A request to an absolute address; `https` unless plain `http` is granted for that host.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), timeout: None, auth: None, body: Vec::new() }
    }

    /// A `GET` request to an absolute address, as for [`Request::new`].
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// A `PUT` request to an absolute address, as for [`Request::new`].
    pub fn put(url: impl Into<String>) -> Self {
        Self::new(Method::Put, url)
    }

    /// A `POST` request to an absolute address, as for [`Request::new`].
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::Post, url)
    }

    /// Adds a header. Those that the host sets itself (host, content-length, connection and the like) are refused.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Give up after this long; capped at 30 s.
    pub fn timeout(mut self, length: Duration) -> Self {
        self.timeout = Some(length);
        self
    }

    /// Has the host apply a secret when the request leaves. There is at most one: a second call replaces the first.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Appends a piece to the body.
    pub fn part(mut self, part: impl Into<Part<'a>>) -> Self {
        self.body.push(part.into());
        self
    }

    /// Sends it and waits for the whole answer. An answer of any status is an answer, not an error.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn send(self) -> Result<Response, HttpError> {
        let request = raw::Request {
            method: match self.method {
                Method::Get => raw::Method::Get,
                Method::Head => raw::Method::Head,
                Method::Post => raw::Method::Post,
                Method::Put => raw::Method::Put,
                Method::Patch => raw::Method::Patch,
                Method::Delete => raw::Method::Delete,
            },
            url: self.url,
            headers: self.headers.into_iter().map(|(name, value)| raw::Header { name, value }).collect(),
            timeout: self.timeout.map(millis),
        };
        let auth = self.auth.map(raw::Auth::from);
        raw::send(&request, auth.as_ref(), &lower(&self.body)).map(Into::into).map_err(Into::into)
    }
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code, 100 to 599.
    pub status: u16,
    /// Names and values. Headers that carry secrets back (set-cookie, www-authenticate and the like) are left out.
    pub headers: Vec<(String, String)>,
    /// The whole body, at most 8 MiB; empty if there is none.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl From<raw::Response> for Response {
    fn from(response: raw::Response) -> Self {
        Self {
            status: response.status,
            headers: response.headers.into_iter().map(|h| (h.name, h.value)).collect(),
            body: response.body,
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The address is malformed; says how.
    #[error("the address is malformed: {0}")]
    BadUrl(String),
    /// The host, scheme, port or address is not granted; says which grant would be needed.
    #[error("not granted: {0}")]
    NotGranted(String),
    /// A header is malformed or not the plugin's to set; names it.
    #[error("the header `{0}` is malformed or not a plugin's to set")]
    BadHeader(String),
    /// There is no secret of that name for this origin.
    #[error("there is no secret `{0}` for this address; store one")]
    NoSecret(String),
    /// The name could not be resolved.
    #[error("the name could not be resolved")]
    Unresolved,
    /// No connection; says why.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
    /// The answer is larger than 8 MiB.
    #[error("the answer is larger than 8 MiB")]
    TooLarge,
    /// The exchange broke off; says why.
    #[error("the exchange broke off: {0}")]
    Broken(String),
}

impl From<raw::HttpError> for HttpError {
    fn from(error: raw::HttpError) -> Self {
        match error {
            raw::HttpError::BadUrl(how) => Self::BadUrl(how),
            raw::HttpError::NotGranted(grant) => Self::NotGranted(grant),
            raw::HttpError::BadHeader(name) => Self::BadHeader(name),
            raw::HttpError::NoSecret(name) => Self::NoSecret(name),
            raw::HttpError::Unresolved => Self::Unresolved,
            raw::HttpError::Unreachable(why) => Self::Unreachable(why),
            raw::HttpError::TimedOut => Self::TimedOut,
            raw::HttpError::TooLarge => Self::TooLarge,
            raw::HttpError::Broken(why) => Self::Broken(why),
        }
    }
}
