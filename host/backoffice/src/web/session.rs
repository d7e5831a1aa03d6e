//! Who is signed in, and whether a form is ours.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use super::error::PageError;
use crate::back_office::BackOffice;
use crate::limits;
use crate::store::UserAccount;

/// The signed-in account. Without one a page sends to the sign-in, and comes back from there.
pub(super) struct SignedInAccount(pub(super) UserAccount);

impl FromRequestParts<Arc<BackOffice>> for SignedInAccount {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<BackOffice>) -> Result<Self, Response> {
        match find_account(&CookieJar::from_headers(&parts.headers), office).await {
            Ok(Some(account)) => Ok(Self(account)),
            Ok(None) => {
                let wanted = parts.uri.path_and_query().map_or("/", |p| p.as_str());
                let query =
                    url::form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
                Err(Redirect::to(&format!("{}/sign-in?{query}", office.prefix())).into_response())
            }
            Err(error) => Err(error.into_response()),
        }
    }
}

/// Returns the account whose session cookie came along.
pub(super) async fn find_account(
    jar: &CookieJar,
    office: &BackOffice,
) -> Result<Option<UserAccount>, PageError> {
    match session_token(jar, office) {
        Some(token) => Ok(office.store.session_account(token).await?),
        None => Ok(None),
    }
}

/// Returns the session's token, as the browser sent it.
pub(super) fn session_token<'a>(jar: &'a CookieJar, office: &BackOffice) -> Option<&'a str> {
    jar.get(cookie_name(office)).map(Cookie::value)
}

/// With https the name itself makes browsers insist on a secure cookie; without a path, also on one of this very host
/// and all of it. With a path it is for what is below that alone: others may serve the rest.
fn cookie_name(office: &BackOffice) -> &'static str {
    match (office.is_https(), office.prefix()) {
        (true, "") => "__Host-candor",
        (true, _) => "__Secure-candor",
        (false, _) => "candor",
    }
}

/// Returns the cookie that carries a session's token; without a token, the one that removes it.
pub(super) fn session_cookie(office: &BackOffice, token: Option<String>) -> Cookie<'static> {
    let age = if token.is_some() { Duration::from_millis(limits::SESSION_MS) } else { Duration::ZERO };
    Cookie::build((cookie_name(office), token.unwrap_or_default()))
        .path(if office.prefix().is_empty() { "/".to_owned() } else { office.prefix().to_owned() })
        .http_only(true)
        .same_site(SameSite::Lax)
        // The conversion fails for ages above 2⁶³ seconds only; then the cookie would end at once.
        .max_age(age.try_into().unwrap_or_default())
        .secure(office.is_https())
        .build()
}

/// Refuses a form that another site sent. Browsers say where a form comes from in `Sec-Fetch-Site` (on https and on
/// this machine) and in `Origin`; what sends neither is no browser, and carries no one's cookie.
pub(super) fn check_same_site(headers: &HeaderMap, office: &BackOffice) -> Result<(), PageError> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    if let Some(site) = text("sec-fetch-site") {
        return if matches!(site, "same-origin" | "none") { Ok(()) } else { Err(PageError::Forbidden) };
    }
    let Some(origin) = text("origin") else { return Ok(()) };
    let ours = match &office.settings.public_url {
        Some(url) => url.origin() == origin,
        None => origin.split_once("://").map(|(_, host)| host) == text("host"),
    };
    if ours { Ok(()) } else { Err(PageError::Forbidden) }
}
