//! Signing in and out.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use axum_extra::extract::CookieJar;
use maud::html;
use serde::Deserialize;

use super::error::PageError;
use super::layout::{PageFrame, icon};
use super::session;
use crate::back_office::BackOffice;
use crate::client::ClientAddress;
use crate::passwords;

/// What the address of the form carries.
#[derive(Default, Deserialize)]
pub(super) struct SignInParams {
    /// The page to go to afterwards.
    #[serde(default)]
    next: String,
}

/// What the form carries.
#[derive(Deserialize)]
pub(super) struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn show_form(
    State(office): State<Arc<BackOffice>>,
    jar: CookieJar,
    Query(SignInParams { next }): Query<SignInParams>,
) -> Result<Response, PageError> {
    if session::find_account(&jar, &office).await?.is_some() {
        return Ok(Redirect::to(&own_address(&office, &next)).into_response());
    }
    Ok(render_page(office.prefix(), StatusCode::OK, &next, "", None))
}

pub(super) async fn sign_in(
    State(office): State<Arc<BackOffice>>,
    Extension(client): Extension<ClientAddress>,
    jar: CookieJar,
    headers: HeaderMap,
    typed: Result<Form<SignInForm>, FormRejection>,
) -> Result<Response, PageError> {
    session::check_same_site(&headers, &office)?;
    let Ok(Form(SignInForm { email, password, next })) = typed else {
        return Ok(render_page(
            office.prefix(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "",
            "",
            Some("Type an email address and a password.".into()),
        ));
    };
    let email = email.trim();
    let (origin, name) = (client.origin(), email.to_lowercase().chars().take(254).collect::<String>());
    let account = office.store.account_by_email(email).await?;
    let known = match &account {
        Some(account) => office.store.is_known_place(&account.id, origin).await?,
        None => false,
    };
    match office.sign_in_tries.begin(origin, &name, known) {
        Ok(delay) => tokio::time::sleep(delay).await,
        Err(wait) => {
            let minutes = wait.as_secs().div_ceil(60);
            let why = format!(
                "Too many tries. You can sign in from here again in {minutes} min. Your time and pictures are not affected."
            );
            let mut response =
                render_page(office.prefix(), StatusCode::TOO_MANY_REQUESTS, &next, email, Some(why));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(minutes * 60));
            return Ok(response);
        }
    }
    let right = passwords::check_password(password, account.as_ref().map(|a| a.password.clone())).await;
    let Some(account) = account.filter(|_| right) else {
        let why = "The email address or the password is not right. Check both and try again.";
        return Ok(render_page(
            office.prefix(),
            StatusCode::UNAUTHORIZED,
            &next,
            email,
            Some(why.to_owned()),
        ));
    };
    office.sign_in_tries.succeed(origin, &name, known);
    office.store.note_place(&account.id, origin).await?;
    // A session of before ends: its token may have been seen by whoever used this browser.
    if let Some(before) = session::session_token(&jar, &office) {
        office.store.end_session(before).await?;
    }
    let token = office.store.start_session(&account.id).await?;
    let jar = jar.add(session::session_cookie(&office, Some(token)));
    Ok((jar, Redirect::to(&own_address(&office, &next))).into_response())
}

pub(super) async fn sign_out(
    State(office): State<Arc<BackOffice>>,
    jar: CookieJar,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    // Without a referrer a browser gives `null` as the origin if it does not tell the site; the cookie itself does
    // not come along from another site, so there would be nothing to sign out of.
    if headers.get("origin").is_none_or(|origin| origin != "null") || headers.contains_key("sec-fetch-site") {
        session::check_same_site(&headers, &office)?;
    }
    if let Some(token) = session::session_token(&jar, &office) {
        office.store.end_session(token).await?;
    }
    Ok((
        jar.add(session::session_cookie(&office, None)),
        Redirect::to(&format!("{}/sign-in", office.prefix())),
    )
        .into_response())
}

/// Returns the page to go to if it is one of ours, else the home page: a path of this site and nothing that a browser
/// reads as another host.
fn own_page_or_home(next: &str) -> &str {
    let path = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    if path && next.bytes().all(|b| b.is_ascii_graphic()) { next } else { "/" }
}

/// Returns the address of the page to go to.
fn own_address(office: &BackOffice, next: &str) -> String {
    format!("{}{}", office.prefix(), own_page_or_home(next))
}

fn render_page(prefix: &str, status: StatusCode, next: &str, email: &str, why: Option<String>) -> Response {
    let main = html! {
        main #main.door {
            h1 { "Sign in" }
            form.panel method="post" action={ (prefix) "/sign-in" } {
                @if let Some(why) = &why {
                    div.msg.error role="alert" { (icon("alert")) span { (why) } }
                }
                input type="hidden" name="next" value=(own_page_or_home(next));
                div.field {
                    label for="email" { "Email address" }
                    input #email type="email" name="email" value=(email) autocomplete="username" required
                        autofocus[email.is_empty()];
                }
                div.field {
                    label for="password" { "Password" }
                    input #password type="password" name="password" autocomplete="current-password" required
                        autofocus[!email.is_empty()];
                }
                button.btn.main type="submit" { "Sign in" }
                p.small.quiet { "Accounts are made by whoever runs this back office. Ask there for a new password." }
            }
        }
    };
    let frame = PageFrame {
        prefix,
        title: "Sign in".to_owned(),
        description: "Sign in to the Work Diary",
        account: None,
        contract: None,
        footer: None,
        narrow: true,
    };
    // A form's page must name its origin: without a referrer, browsers send `null` instead (see
    // `session::check_same_site`).
    let origin = [(header::REFERRER_POLICY, "same-origin")];
    (status, origin, Html(frame.around(&main).into_string())).into_response()
}

#[cfg(test)]
mod tests {
    use super::own_page_or_home;

    #[test]
    fn after_signing_in_nobody_is_sent_to_another_site() {
        for (next, to) in [
            ("/contracts/a/diary/2026-11-27?zone=utc", "/contracts/a/diary/2026-11-27?zone=utc"),
            ("", "/"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\tevil", "/"),
            ("/a\r\nset-cookie: x", "/"),
        ] {
            assert_eq!(own_page_or_home(next), to, "{next:?}");
        }
    }
}
