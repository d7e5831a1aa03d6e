//! Who is signed in.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use super::error::PageError;
use super::forms::FormToken;
use crate::back_office::BackOffice;
use crate::limits;
use crate::store::UserAccount;

/// The signed-in account. Without one a page sends to the sign-in, and comes back from there.
pub(super) struct SignedInAccount {
    pub(super) account: UserAccount,
    /// What the forms of its pages carry.
    pub(super) form_token: FormToken,
}

impl FromRequestParts<Arc<BackOffice>> for SignedInAccount {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<BackOffice>) -> Result<Self, Response> {
        let jar = CookieJar::from_headers(&parts.headers);
        match find_signed_in(&jar, office).await {
            Ok(Some(signed_in)) => Ok(signed_in),
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

async fn find_signed_in(jar: &CookieJar, office: &BackOffice) -> Result<Option<SignedInAccount>, PageError> {
    let Some(token) = session_token(jar, office) else { return Ok(None) };
    let Some(account) = office.store.session_account(token).await? else { return Ok(None) };
    Ok(Some(SignedInAccount { account, form_token: FormToken::of(token)? }))
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
pub(super) fn cookie_name(office: &BackOffice) -> &'static str {
    match (office.is_https(), office.prefix()) {
        (true, "") => "__Host-candor",
        (true, _) => "__Secure-candor",
        (false, _) => "candor",
    }
}

/// Returns the path that cookies are for.
pub(super) fn cookie_path(office: &BackOffice) -> &str {
    if office.prefix().is_empty() { "/" } else { office.prefix() }
}

/// Returns the cookie that carries a session's token; without a token, the one that removes it.
pub(super) fn session_cookie(office: &BackOffice, token: Option<String>) -> Cookie<'static> {
    let age = if token.is_some() { Duration::from_millis(limits::SESSION_MS) } else { Duration::ZERO };
    Cookie::build((cookie_name(office), token.unwrap_or_default()))
        .path(cookie_path(office).to_owned())
        .http_only(true)
        .same_site(SameSite::Lax)
        // The conversion fails for ages above 2⁶³ seconds only; then the cookie would end at once.
        .max_age(age.try_into().unwrap_or_default())
        .secure(office.is_https())
        .build()
}
