//! Which headers a plugin may set, and which of an answer it may see.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::message::{HttpError, HttpHeader};
use crate::text::cut;

/// Headers of a request that are the host's to set, because they say how a message is framed, routed or kept.
const NOT_THE_PLUGINS: [&str; 13] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "http2-settings",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-connection",
];

/// Headers of an answer that carry secrets back, or that would let a plugin learn one.
const NOT_FOR_THE_PLUGIN: [&str; 8] = [
    "set-cookie",
    "set-cookie2",
    "www-authenticate",
    "proxy-authenticate",
    "authentication-info",
    "proxy-authentication-info",
    "authorization",
    "proxy-authorization",
];

/// Checks a plugin's headers, at most `most` of them.
///
/// # Errors
/// [`HttpError::BadHeader`].
pub(crate) fn check_headers(given: Vec<HttpHeader>, most: usize) -> Result<HeaderMap, HttpError> {
    if given.len() > most {
        return Err(HttpError::BadHeader(format!("more than {most} headers")));
    }
    let mut headers = HeaderMap::new();
    for HttpHeader { name, value } in given {
        let value =
            HeaderValue::from_str(&value).map_err(|_| HttpError::BadHeader(cut(&name, 128).to_owned()))?;
        headers.append(check_header_name(&name)?, value);
    }
    Ok(headers)
}

/// Checks the name of a header that a plugin wants to set.
///
/// # Errors
/// [`HttpError::BadHeader`] with the name.
pub(crate) fn check_header_name(name: &str) -> Result<HeaderName, HttpError> {
    let bad = || HttpError::BadHeader(cut(name, 128).to_owned());
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
    if NOT_THE_PLUGINS.contains(&parsed.as_str()) { Err(bad()) } else { Ok(parsed) }
}

/// Returns the headers of an answer that a plugin may see.
pub(crate) fn visible_headers(headers: &HeaderMap) -> Vec<HttpHeader> {
    let visible = headers.iter().filter(|(name, _)| !NOT_FOR_THE_PLUGIN.contains(&name.as_str()));
    visible
        .map(|(name, value)| HttpHeader {
            name: name.as_str().to_owned(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        })
        .collect()
}
