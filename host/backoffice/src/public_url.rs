//! The address that people and devices use, where a proxy stands in front; it may have a path, such as
//! `https://example.org/candor/`.
//!
//! With a path, every page, file and address of the API is served both below it and at the root, so that it makes no
//! difference whether the proxy takes it off before it asks on. Whatever this back office says of its own addresses has it.

use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use url::Url;

/// The first part of each path that is served here. A public path that began with one could not be told from it.
const SERVED: [&str; 8] =
    ["account", "api", "assets", "contracts", "pictures", "receipts", "sign-in", "sign-out"];

/// Why an address is no public one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPublicUrl {
    /// It is not an address of a server.
    #[error(
        "give one such as https://diary.example or https://example.org/candor, without a question mark or a password"
    )]
    NoAddress,
    /// Its path has characters that are written in more than one way.
    #[error("its path may have letters, digits, '-', '_' and '.' between single slashes, such as /candor")]
    BadPath,
    /// Its path begins like a page of the back office.
    #[error(
        "its path begins with /{0}, as pages of the back office itself do: choose another, such as /candor"
    )]
    Taken(String),
}

/// The address that people and devices use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    https: bool,
    /// Empty, or a path that begins with a slash and ends without.
    prefix: String,
}

/// Reads an address of http or https with nothing in it but host, port and path.
pub(crate) fn plain_address(text: &str) -> Option<Url> {
    let url: Url = text.trim().parse().ok()?;
    let plain = matches!(url.scheme(), "https" | "http")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(url)
}

impl FromStr for PublicUrl {
    type Err = BadPublicUrl;

    fn from_str(text: &str) -> Result<Self, BadPublicUrl> {
        let url = plain_address(text).ok_or(BadPublicUrl::NoAddress)?;
        let prefix = url.path().trim_end_matches('/');
        let mut parts = prefix.split('/').skip(1);
        let safe = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if !parts.clone().all(safe) {
            return Err(BadPublicUrl::BadPath);
        }
        if let Some(first) = parts.next().filter(|first| SERVED.contains(first)) {
            return Err(BadPublicUrl::Taken(first.to_owned()));
        }
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            https: url.scheme() == "https",
            prefix: prefix.to_owned(),
        })
    }
}

impl PublicUrl {
    /// Returns scheme, host and port, as browsers name them in `Origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns whether it is reached over https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Returns its path: empty, or with a slash at its beginning and none at its end.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// Returns the address below a prefix, if it is: that of `/candor/sign-in?next=%2F` below `/candor` is
/// `/sign-in?next=%2F`.
#[must_use]
pub fn without_prefix(uri: &Uri, prefix: &str) -> Option<Uri> {
    if prefix.is_empty() {
        return None;
    }
    let below = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    let below = match below.as_bytes().first() {
        Some(b'/') => below.to_owned(),
        None | Some(b'?') => format!("/{below}"),
        // Another path that begins with the same letters.
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(below.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_off_whole_or_not_at_all() {
        let below = |uri: &str| without_prefix(&uri.parse().unwrap(), "/candor").map(|uri| uri.to_string());
        for (uri, expected) in [
            ("/candor", Some("/")),
            ("/candor/", Some("/")),
            ("/candor?a=b", Some("/?a=b")),
            ("/candor/sign-in?next=%2F", Some("/sign-in?next=%2F")),
            ("/candor/candor/x", Some("/candor/x")),
            ("/candor//evil.example", Some("//evil.example")),
            ("/candors/x", None),
            ("/sign-in", None),
            ("/", None),
        ] {
            assert_eq!(below(uri).as_deref(), expected, "{uri}");
        }
        assert_eq!(without_prefix(&"/candor".parse().unwrap(), ""), None);
    }

    #[test]
    fn an_address_that_could_be_misread_is_refused() {
        use BadPublicUrl::{BadPath, NoAddress};
        for (text, prefix) in [
            ("https://diary.example", ""),
            ("https://diary.example/", ""),
            ("https://Diary.Example/candor/", "/candor"),
            ("http://[::1]:8750/a/b.c", "/a/b.c"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().prefix(), prefix, "{text}");
        }
        for (text, why) in [
            ("ftp://diary.example", NoAddress),
            ("https://diary.example/?a", NoAddress),
            ("https://a:b@diary.example", NoAddress),
            ("https://diary.example/a//b", BadPath),
            ("https://diary.example/a%2Fb", BadPath),
            ("https://diary.example/\"><script>", BadPath),
            ("https://diary.example/api/candor", BadPublicUrl::Taken("api".to_owned())),
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(why), "{text}");
        }
    }
}
