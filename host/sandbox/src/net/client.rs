//! Sends one request: to an address that was judged and no other, without proxy, redirect or decompression, within
//! bounds of size and time.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect;
use url::Host;

use super::address::{AddressClass, judge};
use super::origin::{Granted, Target, UrlRefusal};
use super::sign::OutgoingRequest;
use crate::bindings::candor::plugin::http::{Auth, Header, HttpError, Method, Request, Response};
use crate::host_traits::Secrets;
use crate::hosts::attachments::Body;
use crate::limits::Limits;
use crate::log::{cut, now_ms};

/// The requests of one plugin.
pub(crate) struct Client {
    granted: Granted,
    secrets: Option<Arc<dyn Secrets>>,
    limits: Arc<Limits>,
    /// The last client and what it is pinned to: making one is dear, and most plugins talk to one host.
    kept: Mutex<Option<(Pin, reqwest::Client)>>,
}

/// What a client may connect to.
#[derive(Clone, PartialEq, Eq)]
struct Pin {
    https: bool,
    host: String,
    addresses: Vec<SocketAddr>,
}

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

impl Client {
    pub(crate) fn new(granted: Granted, secrets: Option<Arc<dyn Secrets>>, limits: &Arc<Limits>) -> Self {
        Self { granted, secrets, limits: Arc::clone(limits), kept: Mutex::new(None) }
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    /// An [`HttpError`] for the plugin; no secret is in it.
    pub(crate) async fn send(
        &self,
        request: Request,
        auth: Option<Auth>,
        body: Body,
    ) -> Result<Response, HttpError> {
        let asked = request.timeout.map_or(Duration::MAX, Duration::from_millis);
        let limit = asked.min(self.limits.http_time);
        let exchange = self.exchange(request, auth, body);
        tokio::time::timeout(limit, exchange).await.unwrap_or(Err(HttpError::TimedOut))
    }

    async fn exchange(
        &self,
        request: Request,
        auth: Option<Auth>,
        body: Body,
    ) -> Result<Response, HttpError> {
        let target = self.granted.target(&request.url, self.limits.http_url).map_err(|e| match e {
            UrlRefusal::Bad(why) => HttpError::BadUrl(why),
            UrlRefusal::NotGranted(grant) => HttpError::NotGranted(grant),
        })?;
        let mut headers = self.headers(request.headers)?;
        let method = method(request.method);
        // Where it goes is settled before a secret is even looked up.
        let addresses = resolve(&target).await?;
        if let Some(auth) = auth {
            let secrets = self.secrets.as_ref();
            let secret = secrets.and_then(|s| s.secret(&auth.secret, &target.origin));
            let name = cut(&auth.secret, 128);
            let secret = secret.ok_or_else(|| {
                HttpError::NoSecret(format!("no secret `{name}` is stored for {}", target.origin))
            })?;
            let leaving =
                OutgoingRequest { method: method.as_str(), target: &target, body: &body, now: now_ms() };
            leaving.apply(&auth.secret_use, &secret, &mut headers).await?;
        }
        let client = self.pinned(&target, addresses).await?;
        let mut outgoing = client.request(method, target.url);
        let length = body.length();
        if length > 0 {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            outgoing = outgoing.body(reqwest::Body::wrap_stream(body.stream()));
        }
        let answer = outgoing.headers(headers).send().await.map_err(http_error)?;
        self.answer(answer).await
    }

    fn headers(&self, given: Vec<Header>) -> Result<HeaderMap, HttpError> {
        if given.len() > self.limits.http_headers {
            return Err(HttpError::BadHeader(format!("more than {} headers", self.limits.http_headers)));
        }
        let mut headers = HeaderMap::new();
        for Header { name, value } in given {
            let value = HeaderValue::from_str(&value)
                .map_err(|_| HttpError::BadHeader(cut(&name, 128).to_owned()))?;
            headers.append(header_name(&name)?, value);
        }
        Ok(headers)
    }

    async fn pinned(
        &self,
        target: &Target,
        addresses: Vec<SocketAddr>,
    ) -> Result<reqwest::Client, HttpError> {
        let pin = Pin {
            https: target.url.scheme() == "https",
            host: target.url.host_str().unwrap_or_default().to_owned(),
            addresses,
        };
        if let Some((kept, client)) = &*self.kept.lock().unwrap_or_else(PoisonError::into_inner)
            && *kept == pin
        {
            return Ok(client.clone());
        }
        let connect = self.limits.http_connect;
        let theirs = pin.clone();
        // Reads the system's certificates.
        let built = tokio::task::spawn_blocking(move || build(&theirs, connect)).await;
        let client = built
            .map_err(|e| HttpError::Unreachable(e.to_string()))?
            .map_err(|e| HttpError::Unreachable(words(&e)))?;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((pin, client.clone()));
        Ok(client)
    }

    async fn answer(&self, mut answer: reqwest::Response) -> Result<Response, HttpError> {
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter(|(name, _)| !NOT_FOR_THE_PLUGIN.contains(&name.as_str()))
            .map(|(name, value)| Header {
                name: name.as_str().to_owned(),
                value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
            })
            .collect();
        let most = self.limits.http_answer;
        if answer.content_length().is_some_and(|length| length > most as u64) {
            return Err(HttpError::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(bytes) = answer.chunk().await.map_err(http_error)? {
            if body.len() + bytes.len() > most {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&bytes);
        }
        Ok(Response { status, headers, body })
    }
}

/// A client that can reach these addresses only. A literal address needs no pin: it never gets to a resolver.
fn build(pin: &Pin, connect: Duration) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("candor/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect)
        .pool_idle_timeout(Duration::from_secs(10))
        .pool_max_idle_per_host(1)
        .resolve_to_addrs(&pin.host, &pin.addresses);
    if pin.https {
        builder.https_only(true).build()
    } else {
        // No TLS will be spoken: do not read the system's certificates for it.
        builder.tls_certs_only([]).build()
    }
}

/// A header's name that a plugin may set.
///
/// # Errors
/// [`HttpError::BadHeader`] with the name.
pub(crate) fn header_name(name: &str) -> Result<HeaderName, HttpError> {
    let bad = || HttpError::BadHeader(cut(name, 128).to_owned());
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
    if NOT_THE_PLUGINS.contains(&parsed.as_str()) { Err(bad()) } else { Ok(parsed) }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// The addresses of a target, resolved once and every one judged: one bad address spoils the name.
async fn resolve(target: &Target) -> Result<Vec<SocketAddr>, HttpError> {
    let port = target.url.port_or_known_default().unwrap_or_default();
    let mut addresses = match target.url.host() {
        Some(Host::Ipv4(address)) => vec![SocketAddr::new(IpAddr::V4(address), port)],
        Some(Host::Ipv6(address)) => vec![SocketAddr::new(IpAddr::V6(address), port)],
        Some(Host::Domain(name)) => match tokio::net::lookup_host((name, port)).await {
            Ok(found) => found.collect(),
            Err(_) => return Err(HttpError::Unresolved),
        },
        None => return Err(HttpError::BadUrl("it names no host".to_owned())),
    };
    if addresses.is_empty() {
        return Err(HttpError::Unresolved);
    }
    for address in &addresses {
        match judge(address.ip()) {
            AddressClass::Public => {}
            AddressClass::Private if target.private => {}
            AddressClass::Private => {
                return Err(HttpError::NotGranted(format!(
                    "`private = true` for the origin \"{}\": it is on this machine or in the local network, which the \
                     notice did not say. Read the notice again and accept it",
                    target.origin
                )));
            }
            AddressClass::Never => {
                return Err(HttpError::NotGranted(format!(
                    "none: {} leads to an address that no host has",
                    target.origin
                )));
            }
        }
    }
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}

fn http_error(e: reqwest::Error) -> HttpError {
    if e.is_timeout() {
        HttpError::TimedOut
    } else if e.is_connect() {
        HttpError::Unreachable(words(&e))
    } else {
        HttpError::Broken(words(&e))
    }
}

/// Why an exchange failed, for people: the innermost reason, without the address.
#[must_use]
pub fn words(e: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = e;
    while let Some(source) = reason.source() {
        reason = source;
    }
    cut(&plainly(&reason.to_string()), 256).to_owned()
}

/// What rustls says of certificates, with what to do about it.
fn plainly(reason: &str) -> String {
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
            let words = plainly(&format!("invalid peer certificate: {reason}"));
            assert!(words.starts_with("its certificate ") && words.contains(told), "{words}");
        }
        assert_eq!(plainly("connection refused"), "connection refused");
    }
}
