//! Forms that only our own pages can send: each carries a [`FormToken`] under the cookie of the session, or, before there
//! is one, of the sign-in page. Besides, browsers say where a form comes from, in `Sec-Fetch-Site` (on https and on this
//! machine) and in `Origin`.

use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;

use super::cookies;
use super::error::PageError;
use super::form_token::FormToken;
use crate::back_office::BackOffice;

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
    check(headers, cookies::session_token(jar, office), office, token)
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
    check(headers, cookies::first_cookie(jar, office), office, token)
}

fn check(
    headers: &HeaderMap,
    cookie: Option<&str>,
    office: &BackOffice,
    token: &str,
) -> Result<(), PageError> {
    check_same_site(headers, office)?;
    let cookie = cookie.ok_or(PageError::Forbidden)?;
    if FormToken::is_of(cookie, token) { Ok(()) } else { Err(PageError::Forbidden) }
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
