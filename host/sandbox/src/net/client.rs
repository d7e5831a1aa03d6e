//! Sends one request: to an address that was judged and no other, without proxy, redirect or decompression, within
//! bounds of size and time.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::header::{CONTENT_LENGTH, DATE, HeaderValue};
use reqwest::redirect;
use url::Host;

use super::address::{AddressClass, classify};
use super::error_text::http_error_text;
use super::headers::{check_headers, visible_headers};
use super::message::{HttpAnswer, HttpError, HttpRequest, RequestAuth};
use super::origin::{GrantedOrigins, HttpTarget, UrlRefusal};
use super::sign::OutgoingRequest;
use crate::body::Body;
use crate::clock::now_ms;
use crate::host_traits::{AnswerDates, Secrets};
use crate::limits::Limits;
use crate::text::cut;

/// Sends the requests of one plugin.
pub(crate) struct HttpClient {
    granted: GrantedOrigins,
    secrets: Option<Arc<dyn Secrets>>,
    limits: Arc<Limits>,
    dates: Option<Arc<dyn AnswerDates>>,
    /// The last client and what it is pinned to: making one is expensive, and most plugins talk to one host.
    kept: Mutex<Option<(ClientPin, reqwest::Client)>>,
}

/// What a [`reqwest::Client`] may connect to.
#[derive(Clone, PartialEq, Eq)]
struct ClientPin {
    https: bool,
    host: String,
    addresses: Vec<SocketAddr>,
}

impl HttpClient {
    /// Returns a client for a plugin with these grants. Without `secrets` every request that names one is refused.
    pub(crate) fn new(
        granted: GrantedOrigins,
        secrets: Option<Arc<dyn Secrets>>,
        limits: &Arc<Limits>,
    ) -> Self {
        Self { granted, secrets, limits: Arc::clone(limits), dates: None, kept: Mutex::new(None) }
    }

    /// Tells what time the servers say it is, too.
    pub(crate) fn with_dates(self, dates: Arc<dyn AnswerDates>) -> Self {
        Self { dates: Some(dates), ..self }
    }

    /// Sends a request and waits for the whole answer, for at most [`Limits::http_time`].
    ///
    /// # Errors
    /// [`HttpError`].
    pub(crate) async fn send(
        &self,
        request: HttpRequest,
        auth: Option<RequestAuth>,
        body: Body,
    ) -> Result<HttpAnswer, HttpError> {
        let wanted = request.timeout.unwrap_or(Duration::MAX);
        let limit = wanted.min(self.limits.http_time);
        let exchange = self.exchange(request, auth, body);
        tokio::time::timeout(limit, exchange).await.unwrap_or(Err(HttpError::TimedOut))
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        auth: Option<RequestAuth>,
        body: Body,
    ) -> Result<HttpAnswer, HttpError> {
        let target = self.granted.check_url(&request.url, self.limits.http_url).map_err(|e| match e {
            UrlRefusal::Bad(why) => HttpError::BadUrl(why),
            UrlRefusal::NotGranted(grant) => HttpError::NotGranted(grant),
        })?;
        let mut headers = check_headers(request.headers, self.limits.http_headers)?;
        let method = request.method;
        // The addresses are settled before a secret is even looked up.
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
            leaving.apply_secret(&auth.secret_use, &secret, &mut headers).await?;
        }
        let client = self.pinned(&target, addresses).await?;
        let mut outgoing = client.request(method, target.url);
        let length = body.length();
        if length > 0 {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            outgoing = outgoing.body(reqwest::Body::wrap_stream(body.stream()));
        }
        let answer = outgoing.headers(headers).send().await.map_err(http_error)?;
        if let Some(dates) = &self.dates
            && let Some(date) = answer.headers().get(DATE).and_then(|date| date.to_str().ok())
        {
            dates.answered(&target.origin, date);
        }
        self.read_answer(answer).await
    }

    async fn pinned(
        &self,
        target: &HttpTarget,
        addresses: Vec<SocketAddr>,
    ) -> Result<reqwest::Client, HttpError> {
        let pin = ClientPin {
            https: target.url.scheme() == "https",
            host: target.url.host_str().unwrap_or_default().to_owned(),
            addresses,
        };
        if let Some((kept, client)) = &*self.kept.lock()
            && *kept == pin
        {
            return Ok(client.clone());
        }
        let connect = self.limits.http_connect;
        let theirs = pin.clone();
        // Blocking: it reads the system's certificates.
        let built = tokio::task::spawn_blocking(move || build_client(&theirs, connect)).await;
        let client = built
            .map_err(|e| HttpError::Unreachable(e.to_string()))?
            .map_err(|e| HttpError::Unreachable(http_error_text(&e)))?;
        *self.kept.lock() = Some((pin, client.clone()));
        Ok(client)
    }

    async fn read_answer(&self, mut answer: reqwest::Response) -> Result<HttpAnswer, HttpError> {
        let status = answer.status().as_u16();
        let headers = visible_headers(answer.headers());
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
        Ok(HttpAnswer { status, headers, body })
    }
}

/// Returns a client that can reach these addresses only. A literal address needs no pin: it never gets to a resolver.
fn build_client(pin: &ClientPin, connect: Duration) -> reqwest::Result<reqwest::Client> {
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

/// Returns the addresses of a target, resolved once and every one judged: one bad address makes the whole name refused.
async fn resolve(target: &HttpTarget) -> Result<Vec<SocketAddr>, HttpError> {
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
        match classify(address.ip()) {
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
        HttpError::Unreachable(http_error_text(&e))
    } else {
        HttpError::Broken(http_error_text(&e))
    }
}
