//! Forms that only our own pages can send.
//!
//! Each form carries a token: HMAC-SHA-256 under the cookie that comes with it, that of the session, or before there is
//! one, a cookie of the sign-in page's own. Another site can make a browser send the cookie, but cannot read it, so it
//! knows no token that goes with it. Besides, browsers say where a form comes from, in `Sec-Fetch-Site` (on https and on
//! this machine) and in `Origin`.

use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use hmac::{Hmac, KeyInit, Mac};
use maud::{Markup, html};
use sha2::Sha256;

use super::error::PageError;
use super::session;
use crate::back_office::BackOffice;
use crate::secrets;

/// What the tokens of this use begin with, and of no other.
const USE: &[u8] = b"candor form 1";

/// The token of the forms that are sent with a cookie.
#[derive(Clone, Debug)]
pub(super) struct FormToken(String);

impl FormToken {
    /// Returns the token that goes with this cookie's value.
    pub(super) fn of(cookie: &str) -> Result<Self, PageError> {
        let mac = mac(cookie)?;
        Ok(Self(hex::encode(mac.finalize().into_bytes())))
    }

    /// Returns the hidden field that carries it.
    pub(super) fn field(&self) -> Markup {
        html! { input type="hidden" name="form-token" value=(self.0); }
    }
}

fn mac(cookie: &str) -> Result<Hmac<Sha256>, PageError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(cookie.as_bytes()).map_err(|e| PageError::internal(&e))?;
    mac.update(USE);
    Ok(mac)
}

/// Checks that a form of a page of somebody who is signed in is ours.
///
/// # Errors
/// [`PageError::Forbidden`] if it is not, or nobody is.
pub(super) fn check_form(
    headers: &HeaderMap,
    jar: &CookieJar,
    office: &BackOffice,
    token: &str,
) -> Result<(), PageError> {
    check(headers, session::session_token(jar, office), office, token)
}

/// Checks that the form of the sign-in page is ours.
///
/// # Errors
/// [`PageError::Forbidden`] if it is not.
pub(super) fn check_first_form(
    headers: &HeaderMap,
    jar: &CookieJar,
    office: &BackOffice,
    token: &str,
) -> Result<(), PageError> {
    check(headers, first_cookie(jar, office), office, token)
}

fn check(
    headers: &HeaderMap,
    cookie: Option<&str>,
    office: &BackOffice,
    token: &str,
) -> Result<(), PageError> {
    check_same_site(headers, office)?;
    let cookie = cookie.ok_or(PageError::Forbidden)?;
    let token = hex::decode(token).map_err(|_| PageError::Forbidden)?;
    // In constant time: how much of it is right does not show.
    mac(cookie)?.verify_slice(&token).map_err(|_| PageError::Forbidden)
}

/// Returns the cookie of the sign-in page, as the browser sent it: one of ours looks like a session's.
pub(super) fn first_cookie<'a>(jar: &'a CookieJar, office: &BackOffice) -> Option<&'a str> {
    let value = jar.get(&first_cookie_name(office)).map(Cookie::value);
    value.filter(|value| value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Draws a new cookie for the sign-in page.
pub(super) fn draw_first_cookie(office: &BackOffice) -> Result<Cookie<'static>, PageError> {
    let value = secrets::new_token().map_err(|e| PageError::internal(&e))?;
    Ok(Cookie::build((first_cookie_name(office), value))
        .path(session::cookie_path(office).to_owned())
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(office.is_https())
        .build())
}

fn first_cookie_name(office: &BackOffice) -> String {
    format!("{}-form", session::cookie_name(office))
}

/// Refuses a form that another site sent; what says nothing of where it comes from is no browser.
fn check_same_site(headers: &HeaderMap, office: &BackOffice) -> Result<(), PageError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_with_one_cookie_and_says_nothing_of_it() {
        let (one, other) = ("a".repeat(64), "b".repeat(64));
        let token = FormToken::of(&one).unwrap().0;
        assert_eq!(token.len(), 64);
        assert_ne!(token, FormToken::of(&other).unwrap().0);
        assert_ne!(token, hex::encode(secrets::hash_token(&one)), "not what is kept of a session");
        assert!(mac(&one).unwrap().verify_slice(&hex::decode(&token).unwrap()).is_ok());
        assert!(mac(&other).unwrap().verify_slice(&hex::decode(&token).unwrap()).is_err());
        assert!(mac(&one).unwrap().verify_slice(&[]).is_err());
    }
}
