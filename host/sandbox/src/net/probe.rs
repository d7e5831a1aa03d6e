//! Finds out whether a host can be reached the way a plugin would reach it: same grants, same rules for addresses, same
//! certificates. The caller learns what a plugin would.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use url::{Host, Url};

use super::address::{AddressClass, classify};
use super::client::HttpClient;
use super::message::{HttpRequest, RequestAuth, SecretUse};
use super::origin::GrantedOrigins;
use crate::body::Body;
use crate::grants::HttpGrant;
use crate::host_traits::Secrets;
use crate::limits::Limits;

/// How long a name may take to be resolved.
const RESOLVE: Duration = Duration::from_secs(3);

/// What a host answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// The HTTP status code, 100 to 599.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The whole body, at most [`Limits::http_answer`] bytes.
    pub body: Vec<u8>,
}

impl ProbeAnswer {
    /// Returns the value of the first header of that name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Sends a GET request with these grants and waits for the answer, for at most `limit`.
///
/// # Errors
/// Why there is no answer, in words, as a plugin would be told.
pub async fn probe(url: &str, grants: &[HttpGrant], limit: Duration) -> Result<ProbeAnswer, String> {
    send_get(url, grants, None, None, limit).await
}

/// Does the same with a bearer token: the secret of this name, if it was stored for that origin.
///
/// # Errors
/// As [`probe`].
pub async fn probe_as(
    url: &str,
    grants: &[HttpGrant],
    secrets: Arc<dyn Secrets>,
    secret: &str,
    limit: Duration,
) -> Result<ProbeAnswer, String> {
    let secret_use = SecretUse::Header { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() };
    let auth = RequestAuth { secret: secret.to_owned(), secret_use };
    send_get(url, grants, Some(secrets), Some(auth), limit).await
}

async fn send_get(
    url: &str,
    grants: &[HttpGrant],
    secrets: Option<Arc<dyn Secrets>>,
    auth: Option<RequestAuth>,
    limit: Duration,
) -> Result<ProbeAnswer, String> {
    let limits = Arc::new(Limits { http_time: limit, ..Limits::default() });
    let client = HttpClient::new(GrantedOrigins::read(grants)?, secrets, &limits);
    let request =
        HttpRequest { method: Method::GET, url: url.to_owned(), headers: Vec::new(), timeout: None };
    let answer = client.send(request, auth, Body::default()).await.map_err(|e| e.to_string())?;
    Ok(ProbeAnswer {
        status: answer.status,
        headers: answer.headers.into_iter().map(|h| (h.name, h.value)).collect(),
        body: answer.body,
    })
}

/// Returns whether an address leads to this machine or the local network, its name resolved now within 3 s; `None` if it
/// does not resolve.
pub async fn is_private(url: &Url) -> Option<bool> {
    let private = |address: IpAddr| classify(address) == AddressClass::Private;
    match url.host()? {
        Host::Ipv4(address) => Some(private(IpAddr::V4(address))),
        Host::Ipv6(address) => Some(private(IpAddr::V6(address))),
        Host::Domain(name) => {
            let port = url.port_or_known_default().unwrap_or_default();
            let found = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((name, port))).await;
            Some(found.ok()?.ok()?.any(|address| private(address.ip())))
        }
    }
}
