//! The cookies: what they are called, for which paths they are, and what they hold.

use std::time::Duration;

use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::back_office::BackOffice;
use crate::limits;
use crate::secrets::{self, NoRandomness};

/// Returns the session's token, as the browser sent it.
pub(super) fn session_token<'a>(jar: &'a CookieJar, office: &BackOffice) -> Option<&'a str> {
    jar.get(session_name(office)).map(Cookie::value)
}

/// Returns the cookie that carries a session's token; without a token, the one that removes it.
pub(super) fn session_cookie(office: &BackOffice, token: Option<String>) -> Cookie<'static> {
    let age = if token.is_some() { Duration::from_millis(limits::SESSION_MS) } else { Duration::ZERO };
    let mut cookie = cookie(office, session_name(office).to_owned(), token.unwrap_or_default());
    // The conversion fails for ages above 2⁶³ seconds only; then the cookie would end at once.
    cookie.set_max_age(Some(age.try_into().unwrap_or_default()));
    cookie
}

/// Returns the cookie of the sign-in page, as the browser sent it: one of ours looks like a session's.
pub(super) fn first_cookie<'a>(jar: &'a CookieJar, office: &BackOffice) -> Option<&'a str> {
    let value = jar.get(&first_name(office)).map(Cookie::value);
    value.filter(|value| value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Draws a new cookie for the sign-in page; it lasts as long as the browser.
pub(super) fn draw_first_cookie(office: &BackOffice) -> Result<Cookie<'static>, NoRandomness> {
    Ok(cookie(office, first_name(office), secrets::new_token()?))
}

/// With https the name itself makes browsers insist on a secure cookie; without a path, also on one of this very host
/// and all of it. With a path it is for what is below that alone: others may serve the rest.
fn session_name(office: &BackOffice) -> &'static str {
    match (office.is_https(), office.prefix()) {
        (true, "") => "__Host-candor",
        (true, _) => "__Secure-candor",
        (false, _) => "candor",
    }
}

fn first_name(office: &BackOffice) -> String {
    format!("{}-form", session_name(office))
}

fn cookie(office: &BackOffice, name: String, value: String) -> Cookie<'static> {
    let path = if office.prefix().is_empty() { "/" } else { office.prefix() };
    Cookie::build((name, value))
        .path(path.to_owned())
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(office.is_https())
        .build()
}
