//! Looks whether a host can be reached the way a plugin would reach it: same grants, same rules for addresses, same
//! certificates. Who asks learns what a plugin would.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use super::address::{AddressClass, judge};
use super::client::Client;
use super::origin::Granted;
use crate::bindings::candor::plugin::http::{Auth, HeaderAuth, HttpError, Method, Request, SecretUse};
use crate::grants::HttpGrant;
use crate::host_traits::Secrets;
use crate::limits::Limits;

/// How long a name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(3);

/// What a host answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status code.
    pub status: u16,
    /// Names, as they were sent, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answered {
    /// The first header of that name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Asks for an address with these grants, within `limit`.
///
/// # Errors
/// Why there is no answer, as a plugin would hear it.
pub async fn probe(url: &str, grants: &[HttpGrant], limit: Duration) -> Result<Answered, String> {
    ask(url, grants, None, None, limit).await
}

/// The same with a bearer token: the secret of this name, where it was stored for that address.
///
/// # Errors
/// As [`probe`].
pub async fn probe_as(
    url: &str,
    grants: &[HttpGrant],
    secrets: Arc<dyn Secrets>,
    secret: &str,
    limit: Duration,
) -> Result<Answered, String> {
    let header = HeaderAuth { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() };
    let auth = Auth { secret: secret.to_owned(), secret_use: SecretUse::Header(header) };
    ask(url, grants, Some(secrets), Some(auth), limit).await
}

async fn ask(
    url: &str,
    grants: &[HttpGrant],
    secrets: Option<Arc<dyn Secrets>>,
    auth: Option<Auth>,
    limit: Duration,
) -> Result<Answered, String> {
    let limits = Arc::new(Limits { http_time: limit, ..Limits::default() });
    let client = Client::new(Granted::read(grants)?, secrets, &limits);
    let request = Request { method: Method::Get, url: url.to_owned(), headers: Vec::new(), timeout: None };
    let answer = client.send(request, auth, crate::hosts::attachments::Body::default()).await;
    let answer = answer.map_err(words)?;
    Ok(Answered {
        status: answer.status,
        headers: answer.headers.into_iter().map(|h| (h.name, h.value)).collect(),
        body: answer.body,
    })
}

fn words(error: HttpError) -> String {
    match error {
        HttpError::BadUrl(how) => format!("the address is malformed: {how}"),
        HttpError::NotGranted(grant) => format!("not granted: {grant}"),
        HttpError::BadHeader(name) => format!("the header `{name}` is malformed"),
        HttpError::NoSecret(name) => name,
        HttpError::Unresolved => "the name could not be resolved".to_owned(),
        HttpError::Unreachable(why) => format!("no connection: {why}"),
        HttpError::TimedOut => "it took too long".to_owned(),
        HttpError::TooLarge => "the answer is too large".to_owned(),
        HttpError::Broken(why) => format!("the exchange broke off: {why}"),
    }
}

/// Whether an address leads to this machine or the local network, its name resolved now; none where it does not resolve.
pub async fn is_private(url: &Url) -> Option<bool> {
    let private = |address: IpAddr| judge(address) == AddressClass::Private;
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
