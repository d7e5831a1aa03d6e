//! Why an exchange failed, in words that say what to do.

use crate::text::cut;

/// Returns why an exchange failed, for people: the innermost reason, without the address.
#[must_use]
pub fn http_error_text(e: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = e;
    while let Some(source) = reason.source() {
        reason = source;
    }
    cut(&in_plain_words(&reason.to_string()), 256).to_owned()
}

/// Returns what the system and rustls say, with what to do about it.
fn in_plain_words(reason: &str) -> String {
    if reason.starts_with("Connection refused") {
        return "Connection refused: nobody listens there".to_owned();
    }
    let Some(why) = reason.strip_prefix("invalid peer certificate: ") else { return reason.to_owned() };
    if why.starts_with("certificate expired") {
        "its certificate has expired: whoever runs it renews it; or this computer's clock is wrong".to_owned()
    } else if why.starts_with("certificate not valid yet") {
        "its certificate is not valid yet: this computer's clock may be wrong".to_owned()
    } else if why.starts_with("UnknownIssuer") {
        "its certificate is from an issuer that this computer does not know: whoever runs it gets one from a public \
         issuer, or the issuer's certificate is installed here"
            .to_owned()
    } else {
        // A wrong name: rustls says which names it is for.
        format!("its certificate does not hold: {why}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_do_not_hold_are_told_plainly() {
        for (reason, told) in [
            ("certificate expired: verification time 1795680628 (UNIX)", "has expired"),
            ("certificate not valid yet: verification time 5", "not valid yet"),
            ("UnknownIssuer", "issuer that this computer does not know"),
            (
                "certificate not valid for name \"a\"; certificate is only valid for DnsName(\"b.org\")",
                "b.org",
            ),
        ] {
            let words = in_plain_words(&format!("invalid peer certificate: {reason}"));
            assert!(words.starts_with("its certificate ") && words.contains(told), "{words}");
        }
        assert_eq!(in_plain_words("connection refused"), "connection refused");
    }
}
