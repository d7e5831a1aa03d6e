//! The addresses of a back office.
//!
//! The host parses and checks every address before it connects; what is checked here is what a person is likely to mistype,
//! so that the mistake is named where it was made. A full URL parser would weigh more than the rest of the plugin.

/// Where a back office is, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BackofficeUrl(String);

impl BackofficeUrl {
    /// Takes the address of a back office, with or without slashes at its end.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let example = "such as `https://diary.example.org`";
        let bad = |what: &str| Err(format!("{what}: give the back office's address, {example}."));
        if url.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return bad("The address has a space or another character that no address has");
        }
        let Some((scheme, rest)) = url.split_once("://") else { return bad("The address has no scheme") };
        if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
            return bad("The address is neither `https` nor `http`");
        }
        if rest.contains(['?', '#']) {
            return bad("The address has a query or a fragment");
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.contains('@') {
            return bad("The address has a user name; the secret is stored apart from it");
        }
        let (host, port) = match authority.rsplit_once(':') {
            // An IPv6 address has colons of its own.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if host.is_empty() {
            return bad("The address has no host");
        }
        if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
            return bad("An IPv6 address stands in brackets");
        }
        if port.is_some_and(|p| !matches!(p.parse::<u16>(), Ok(1..)) || p.starts_with('+')) {
            return bad("The port is not a number from 1 to 65535");
        }
        Ok(Self(url.trim_end_matches('/').to_owned()))
    }

    /// Where a parcel's envelope goes.
    pub(crate) fn parcel(&self, id: &str) -> String {
        format!("{}/api/v1/parcels/{id}", self.0)
    }

    /// Where one of its attachments goes.
    pub(crate) fn attachment(&self, id: &str, sha256: &str) -> String {
        format!("{}/api/v1/parcels/{id}/attachments/{sha256}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_end_make_no_difference() {
        for url in ["http://127.0.0.1:8750", "http://127.0.0.1:8750/", "http://127.0.0.1:8750//"] {
            let target = BackofficeUrl::parse(url).unwrap();
            assert_eq!(target.parcel("a1"), "http://127.0.0.1:8750/api/v1/parcels/a1", "{url}");
            assert_eq!(
                target.attachment("a1", "f0"),
                "http://127.0.0.1:8750/api/v1/parcels/a1/attachments/f0",
                "{url}"
            );
        }
    }

    #[test]
    fn a_back_office_may_live_under_a_path() {
        let target = BackofficeUrl::parse("https://example.org/candor/").unwrap();
        assert_eq!(target.parcel("a1"), "https://example.org/candor/api/v1/parcels/a1");
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for (url, reason) in [
            ("", "The address has no scheme"),
            ("diary.example.org", "The address has no scheme"),
            ("ftp://diary.example.org", "The address is neither `https` nor `http`"),
            ("https://", "The address has no host"),
            ("https:///api", "The address has no host"),
            ("https://:8750", "The address has no host"),
            ("https://a b", "The address has a space or another character that no address has"),
            ("https://a\nb", "The address has a space or another character that no address has"),
            ("https://a\\b", "The address has a space or another character that no address has"),
            ("https://a?x=1", "The address has a query or a fragment"),
            ("https://a/#top", "The address has a query or a fragment"),
            ("https://me:pw@a", "The address has a user name; the secret is stored apart from it"),
            ("https://a:port", "The port is not a number from 1 to 65535"),
            ("https://a:0", "The port is not a number from 1 to 65535"),
            ("https://a:70000", "The port is not a number from 1 to 65535"),
            ("https://::1:8750", "An IPv6 address stands in brackets"),
        ] {
            let refused = BackofficeUrl::parse(url).unwrap_err();
            assert!(refused.starts_with(&format!("{reason}: ")), "{url}: {refused}");
        }
        for url in ["https://[::1]", "https://[::1]:8750/", "HTTPS://Diary.Example.Org:443"] {
            assert!(BackofficeUrl::parse(url).is_ok(), "{url}");
        }
    }
}
