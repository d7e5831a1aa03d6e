//! Origins: the scheme, host and port that a grant names and that an address must match.

use url::{Host, Origin, Url};

use crate::grants::HttpGrant;

/// The origins that a plugin may reach, each with whether it may be private.
#[derive(Debug)]
pub(crate) struct GrantedOrigins(Vec<(Origin, bool)>);

/// An address that is granted.
#[derive(Debug)]
pub(crate) struct HttpTarget {
    pub(crate) url: Url,
    /// Scheme, host and port as browsers write it.
    pub(crate) origin: String,
    /// Whether it may be an address of this machine or of the local network.
    pub(crate) private: bool,
}

/// Why a plugin may not reach an address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UrlRefusal {
    /// The address is malformed; says how.
    Bad(String),
    /// The address is not granted; holds the grant to add.
    NotGranted(String),
}

impl GrantedOrigins {
    /// Reads the grants.
    ///
    /// # Errors
    /// What is wrong with the first malformed one and what to do.
    pub(crate) fn read(grants: &[HttpGrant]) -> Result<Self, String> {
        let read = |grant: &HttpGrant| {
            let bad = |why: &str| {
                format!("the origin `{}` {why}: write it like `https://office.example`", grant.origin)
            };
            let url = Url::parse(&grant.origin).map_err(|e| bad(&format!("is no address ({e})")))?;
            check_parts(&url).map_err(|why| bad(&why))?;
            if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
                return Err(bad("has more than scheme, host and port"));
            }
            Ok((url.origin(), grant.private))
        };
        Ok(Self(grants.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// Checks an address that a plugin wants to reach, of at most `longest` bytes.
    ///
    /// # Errors
    /// [`UrlRefusal`].
    pub(crate) fn check_url(&self, text: &str, longest: usize) -> Result<HttpTarget, UrlRefusal> {
        if text.len() > longest {
            return Err(UrlRefusal::Bad(format!("it is longer than {longest} bytes")));
        }
        let mut url = Url::parse(text).map_err(|e| UrlRefusal::Bad(e.to_string()))?;
        check_parts(&url).map_err(UrlRefusal::Bad)?;
        url.set_fragment(None);
        let origin = url.origin();
        let name = origin.ascii_serialization();
        match self.0.iter().filter(|(granted, _)| *granted == origin).map(|(_, private)| *private).max() {
            Some(private) => Ok(HttpTarget { url, origin: name, private }),
            None => Err(UrlRefusal::NotGranted(format!("`http` with the origin \"{name}\""))),
        }
    }
}

fn check_parts(url: &Url) -> Result<(), String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("is neither https nor http".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("carries a user name or password, which belongs into a secret".to_owned());
    }
    match url.host() {
        None => Err("names no host".to_owned()),
        Some(Host::Domain("")) => Err("names no host".to_owned()),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(origins: &[&str]) -> GrantedOrigins {
        let grant = |o: &&str| HttpGrant { origin: (*o).to_owned(), private: false };
        GrantedOrigins::read(&origins.iter().map(grant).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn only_the_very_origin_is_granted() {
        let granted = granted(&["https://office.example", "http://127.0.0.1:8750"]);
        for good in [
            "https://office.example/ingest",
            "https://OFFICE.example:443/",
            "http://127.0.0.1:8750/x?y=1#z",
            "http://2130706433:8750/",
            "http://0x7f.1:8750/",
            "http://0177.0.0.1:8750/",
        ] {
            assert!(granted.check_url(good, 100).is_ok(), "{good}");
        }
        for other in [
            "http://office.example/",
            "https://office.example:8443/",
            "https://office.example.evil.example/",
            "https://evil.example/?https://office.example",
            "http://[::ffff:127.0.0.1]:8750/",
            "http://127.0.0.2:8750/",
            "https://127.0.0.1:8750/",
            "https://office.example./",
        ] {
            assert!(matches!(granted.check_url(other, 100), Err(UrlRefusal::NotGranted(_))), "{other}");
        }
        for bad in [
            "office.example",
            "file:///etc/passwd",
            "https://a:b@office.example/",
            "ftp://office.example/",
            "https://",
        ] {
            assert!(matches!(granted.check_url(bad, 100), Err(UrlRefusal::Bad(_))), "{bad}");
        }
    }

    #[test]
    fn the_refusal_names_the_grant() {
        let refused = granted(&[]).check_url("https://office.example/ingest", 100).unwrap_err();
        assert_eq!(
            refused,
            UrlRefusal::NotGranted("`http` with the origin \"https://office.example\"".to_owned())
        );
    }

    #[test]
    fn a_grant_is_an_origin_and_nothing_more() {
        for bad in ["office.example", "https://office.example/path", "https://u@office.example", "mailto:a@b"]
        {
            let grant = HttpGrant { origin: bad.to_owned(), private: false };
            assert!(GrantedOrigins::read(&[grant]).is_err(), "{bad}");
        }
    }
}
