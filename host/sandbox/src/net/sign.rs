//! Applies a secret when a request leaves. The plugin has named it; here alone it is held, and only for the origin that
//! it was stored for.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::headers::check_header_name;
use super::message::{HttpError, SecretUse};
use super::origin::HttpTarget;
use super::sigv4::{Signing, amz_date};
use crate::body::Body;

/// A request that is about to leave.
pub(crate) struct OutgoingRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a HttpTarget,
    pub(crate) body: &'a Body,
    /// The time, in milliseconds since the Unix epoch.
    pub(crate) now: u64,
}

impl OutgoingRequest<'_> {
    /// Applies a secret: adds to the headers what its use asks for.
    ///
    /// # Errors
    /// If a header is not the plugin's to set, the secret has the wrong form, or the body cannot be read.
    pub(crate) async fn apply_secret(
        &self,
        how: &SecretUse,
        secret: &str,
        headers: &mut HeaderMap,
    ) -> Result<(), HttpError> {
        match how {
            SecretUse::Header { name, prefix } => {
                let text = Zeroizing::new(format!("{prefix}{secret}"));
                headers.insert(check_header_name(name)?, sensitive_value(&text, name)?);
            }
            SecretUse::HmacSha256 { header } => {
                let name = check_header_name(header)?;
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                    .map_err(|_| HttpError::NoSecret("it is empty".to_owned()))?;
                self.body.read_through(|bytes| mac.update(bytes)).await.map_err(broken)?;
                let text = hex::encode(mac.finalize().into_bytes());
                headers.insert(name, sensitive_value(&text, header)?);
            }
            SecretUse::AwsSigv4 { region, service } => {
                self.sign_for_aws(region, service, secret, headers).await?;
            }
        }
        Ok(())
    }

    async fn sign_for_aws(
        &self,
        region: &str,
        service: &str,
        secret: &str,
        headers: &mut HeaderMap,
    ) -> Result<(), HttpError> {
        let Some((key_id, secret)) = secret.split_once(':') else {
            let text = "for aws-sigv4 it must be the access key id, a colon, and the secret access key";
            return Err(HttpError::NoSecret(text.to_owned()));
        };
        let mut digest = Sha256::new();
        self.body.read_through(|bytes| digest.update(bytes)).await.map_err(broken)?;
        let body = hex::encode(digest.finalize());
        let at = amz_date(self.now);
        headers.remove(AUTHORIZATION);
        headers.insert(HeaderName::from_static("x-amz-date"), sensitive_value(&at, "x-amz-date")?);
        let content = HeaderName::from_static("x-amz-content-sha256");
        headers.insert(content, sensitive_value(&body, "x-amz-content-sha256")?);
        let mut signed = vec![("host".to_owned(), host_header(self.target))];
        for (name, value) in headers.iter() {
            let value = value.to_str().map_err(|_| HttpError::BadHeader(name.to_string()))?;
            signed.push((name.as_str().to_owned(), value.to_owned()));
        }
        let signing = Signing {
            key_id,
            secret,
            region,
            service,
            at: &at,
            method: self.method,
            url: &self.target.url,
            headers: &signed,
            body: &body,
        };
        headers.insert(AUTHORIZATION, sensitive_value(&signing.authorization(), "authorization")?);
        Ok(())
    }
}

fn broken(e: std::io::Error) -> HttpError {
    HttpError::Broken(e.to_string())
}

/// Returns a header's value that no debug output shows.
fn sensitive_value(text: &str, name: &str) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| HttpError::BadHeader(name.to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the header `host` as it will be sent.
fn host_header(target: &HttpTarget) -> String {
    let host = target.url.host_str().unwrap_or_default();
    match target.url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
