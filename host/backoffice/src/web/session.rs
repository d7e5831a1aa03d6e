//! Who is signed in, and whether a form is ours.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::error::PageError;
use crate::app::App;
use crate::limits;
use crate::store::Account;

/// The signed-in account. Without one a page sends to the sign-in, and comes back from there.
pub(super) struct SignedIn(pub(super) Account);

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        match account(&parts.headers, app).await {
            Ok(Some(account)) => Ok(Self(account)),
            Ok(None) => {
                let wanted = parts.uri.path_and_query().map_or("/", |p| p.as_str());
                let query =
                    url::form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
                Err(Redirect::to(&format!("/sign-in?{query}")).into_response())
            }
            Err(error) => Err(error.into_response()),
        }
    }
}

/// The account whose session cookie came along.
pub(super) async fn account(headers: &HeaderMap, app: &App) -> Result<Option<Account>, PageError> {
    match token(headers, app) {
        Some(token) => Ok(app.store.signed_in(token).await?),
        None => Ok(None),
    }
}

/// The session's token, as the browser sent it.
pub(super) fn token<'a>(headers: &'a HeaderMap, app: &App) -> Option<&'a str> {
    let wanted = cookie_name(app);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, token)| token)
}

/// With https the name itself makes browsers insist on a secure cookie of this very host.
fn cookie_name(app: &App) -> &'static str {
    if app.https() { "__Host-candor" } else { "candor" }
}

/// The header that sets the cookie, or removes it.
pub(super) fn cookie(app: &App, token: Option<&str>) -> Result<HeaderValue, PageError> {
    let secure = if app.https() { "; Secure" } else { "" };
    let age = if token.is_some() { limits::SESSION_MS / 1000 } else { 0 };
    let text = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}",
        cookie_name(app),
        token.unwrap_or_default()
    );
    HeaderValue::from_str(&text).map_err(|e| PageError::internal(&e))
}

/// Refuses a form that another site sent. Browsers say where a form comes from in `Sec-Fetch-Site` (on https and on
/// this machine) and in `Origin`; what sends neither is no browser, and carries no one's cookie.
pub(super) fn same_site(headers: &HeaderMap, app: &App) -> Result<(), PageError> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    if let Some(site) = text("sec-fetch-site") {
        return if matches!(site, "same-origin" | "none") { Ok(()) } else { Err(PageError::Forbidden) };
    }
    let Some(origin) = text("origin") else { return Ok(()) };
    let ours = match &app.public_url {
        Some(url) => url.origin().ascii_serialization() == origin,
        None => origin.split_once("://").map(|(_, host)| host) == text("host"),
    };
    if ours { Ok(()) } else { Err(PageError::Forbidden) }
}
