//! AWS Signature Version 4, as Amazon's reference 'Signing AWS API requests' describes it. Pure.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};
use url::Url;

/// All bytes that AWS wants encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request to be signed, and what it is signed with.
pub(crate) struct Signing<'a> {
    pub(crate) key_id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// The time, such as `20130524T000000Z`.
    pub(crate) at: &'a str,
    pub(crate) method: &'a str,
    pub(crate) url: &'a Url,
    /// All headers to be signed, names in lower case, `host` and `x-amz-date` among them.
    pub(crate) headers: &'a [(String, String)],
    /// SHA-256 of the body, 64 lowercase hex digits.
    pub(crate) body: &'a str,
}

impl Signing<'_> {
    /// Returns the value of the header `authorization`.
    pub(crate) fn authorization(&self) -> String {
        let (names, headers) = self.canonical_headers();
        let request = format!(
            "{}\n{}\n{}\n{headers}\n{names}\n{}",
            self.method,
            self.canonical_path(),
            self.canonical_query(),
            self.body
        );
        let day = self.at.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let digest = hex::encode(Sha256::digest(request));
        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{digest}", self.at);
        let mut key = zeroize::Zeroizing::new(format!("AWS4{}", self.secret).into_bytes());
        for step in [day, self.region, self.service, "aws4_request"] {
            key = zeroize::Zeroizing::new(hmac_sha256(&key, step));
        }
        let signature = hex::encode(hmac_sha256(&key, &text));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.key_id
        )
    }

    fn canonical_headers(&self) -> (String, String) {
        let mut sorted: Vec<(&str, String)> = self
            .headers
            .iter()
            .map(|(name, value)| {
                (name.as_str(), value.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
            })
            .collect();
        // Stable: values of the same name keep their order.
        sorted.sort_by_key(|(name, _)| *name);
        let mut names: Vec<&str> = Vec::new();
        let mut lines = String::new();
        for (name, value) in &sorted {
            if names.last() == Some(name) {
                lines.pop();
                lines.push(',');
            } else {
                names.push(name);
                lines.push_str(name);
                lines.push(':');
            }
            lines.push_str(value);
            lines.push('\n');
        }
        (names.join(";"), lines)
    }

    /// Returns the path, each step encoded once for S3 and twice for every other service.
    fn canonical_path(&self) -> String {
        let once: Vec<String> = self.url.path().split('/').map(encode_anew).collect();
        if self.service == "s3" {
            once.join("/")
        } else {
            once.iter().map(|step| encode(step.as_bytes())).collect::<Vec<_>>().join("/")
        }
    }

    fn canonical_query(&self) -> String {
        let query = self.url.query().unwrap_or_default();
        let mut pairs: Vec<(String, String)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (encode_anew(name), encode_anew(value))
            })
            .collect();
        pairs.sort();
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }
}

/// Returns the HMAC-SHA-256 of a text.
fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    // A MAC takes a key of any length; the other arm is never reached.
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac.chain_update(text).finalize().into_bytes().to_vec(),
        Err(_) => Vec::new(),
    }
}

/// Encodes everything but A-Z, a-z, 0-9, `-`, `.`, `_` and `~`, as `%XX`.
fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

/// Encodes what a part of the URL stands for, so that it does not matter how the URL had it encoded.
fn encode_anew(part: &str) -> String {
    let bytes: Cow<'_, [u8]> = percent_decode_str(part).into();
    encode(&bytes)
}

/// Writes a time, in milliseconds since the Unix epoch, as `20130524T000000Z`. One past the year 9999 is written as the
/// last second of that.
pub(crate) fn amz_date(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.unwrap_or(Timestamp::MAX).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn signature(signing: &Signing<'_>) -> String {
        signing.authorization().rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// The examples of 'Signature Calculations for the Authorization Header' in Amazon's S3 API reference.
    #[test]
    fn the_published_examples_of_s3_come_out() {
        let put = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        type Row =
            (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);
        let table: [Row; 4] = [
            (
                "GET",
                "/test.txt",
                EMPTY,
                &[("range", "bytes=0-9")],
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                "PUT",
                "/test$file.text",
                put,
                &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (
                "GET",
                "/?lifecycle",
                EMPTY,
                &[],
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "GET",
                "/?max-keys=2&prefix=J",
                EMPTY,
                &[],
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ];
        for (method, path, body, more, expected) in table {
            let host = "examplebucket.s3.amazonaws.com";
            let url = Url::parse(&format!("https://{host}{path}")).unwrap();
            let mut headers =
                vec![("host", host), ("x-amz-content-sha256", body), ("x-amz-date", "20130524T000000Z")];
            headers.extend(more);
            let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            let signing = Signing {
                key_id: "AKIAIOSFODNN7EXAMPLE",
                secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                region: "us-east-1",
                service: "s3",
                at: "20130524T000000Z",
                method,
                url: &url,
                headers: &headers,
                body,
            };
            assert_eq!(signature(&signing), expected, "{method} {path}");
        }
    }

    /// `get-vanilla` of Amazon's Signature Version 4 test suite.
    #[test]
    fn the_plain_request_of_the_test_suite_comes_out() {
        let url = Url::parse("https://example.amazonaws.com/").unwrap();
        let headers = [
            ("host".to_owned(), "example.amazonaws.com".to_owned()),
            ("x-amz-date".to_owned(), "20150830T123600Z".to_owned()),
        ];
        let signing = Signing {
            key_id: "AKIDEXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service",
            at: "20150830T123600Z",
            method: "GET",
            url: &url,
            headers: &headers,
            body: EMPTY,
        };
        assert_eq!(signature(&signing), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    }

    #[test]
    fn dates_are_written() {
        for (ms, text) in [
            (0, "19700101T000000Z"),
            (1_369_353_600_000, "20130524T000000Z"),
            (1_709_210_096_000, "20240229T123456Z"),
            (1_767_225_599_999, "20251231T235959Z"),
            (4_102_444_800_000, "21000101T000000Z"),
        ] {
            assert_eq!(amz_date(ms), text);
        }
    }
}
