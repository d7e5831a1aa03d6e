//! Applies a secret when a request leaves. The plugin has named it; here alone it is held, and only for the origin that
//! it was stored for.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::client::header_name;
use super::origin::Target;
use super::sigv4::{Signing, amz_date};
use crate::bindings::candor::plugin::http::{HttpError, SecretUse, Sigv4Auth};
use crate::hosts::attachments::Body;

/// What is about to leave.
pub(crate) struct OutgoingRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a Target,
    pub(crate) body: &'a Body,
    /// The time, milliseconds since the Unix epoch.
    pub(crate) now: u64,
}

impl OutgoingRequest<'_> {
    /// Adds what the use of the secret asks for to the headers.
    ///
    /// # Errors
    /// Where a header is not the plugin's to set, the secret has the wrong form, or the body cannot be read.
    pub(crate) async fn apply(
        &self,
        how: &SecretUse,
        secret: &str,
        headers: &mut HeaderMap,
    ) -> Result<(), HttpError> {
        match how {
            SecretUse::Header(how) => {
                let name = header_name(&how.name)?;
                let text = Zeroizing::new(format!("{}{secret}", how.prefix));
                headers.insert(name, sensitive(&text, &how.name)?);
            }
            SecretUse::HmacSha256(how) => {
                let name = header_name(&how.header)?;
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                    .map_err(|_| HttpError::NoSecret("it is empty".to_owned()))?;
                self.body.each(|bytes| mac.update(bytes)).await.map_err(broken)?;
                let text = hex::encode(mac.finalize().into_bytes());
                headers.insert(name, sensitive(&text, &how.header)?);
            }
            SecretUse::AwsSigv4(how) => self.aws(how, secret, headers).await?,
        }
        Ok(())
    }

    async fn aws(&self, how: &Sigv4Auth, secret: &str, headers: &mut HeaderMap) -> Result<(), HttpError> {
        let Some((key_id, secret)) = secret.split_once(':') else {
            let text = "for aws-sigv4 it must be the access key id, a colon, and the secret access key";
            return Err(HttpError::NoSecret(text.to_owned()));
        };
        let mut digest = Sha256::new();
        self.body.each(|bytes| digest.update(bytes)).await.map_err(broken)?;
        let body = hex::encode(digest.finalize());
        let at = amz_date(self.now);
        headers.remove(AUTHORIZATION);
        headers.insert(HeaderName::from_static("x-amz-date"), sensitive(&at, "x-amz-date")?);
        let content = HeaderName::from_static("x-amz-content-sha256");
        headers.insert(content, sensitive(&body, "x-amz-content-sha256")?);
        let mut signed = vec![("host".to_owned(), host(self.target))];
        for (name, value) in headers.iter() {
            let value = value.to_str().map_err(|_| HttpError::BadHeader(name.to_string()))?;
            signed.push((name.as_str().to_owned(), value.to_owned()));
        }
        let signing = Signing {
            key_id,
            secret,
            region: &how.region,
            service: &how.service,
            at: &at,
            method: self.method,
            url: &self.target.url,
            headers: &signed,
            body: &body,
        };
        headers.insert(AUTHORIZATION, sensitive(&signing.authorization(), "authorization")?);
        Ok(())
    }
}

fn broken(e: std::io::Error) -> HttpError {
    HttpError::Broken(e.to_string())
}

/// A header's value that no debug output shows.
fn sensitive(text: &str, name: &str) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| HttpError::BadHeader(name.to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The header `host` as it will be sent.
fn host(target: &Target) -> String {
    let host = target.url.host_str().unwrap_or_default();
    match target.url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
