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

use super::account::TokenForm;
use super::cookies;
use super::error::PageError;
use super::form_token::FormToken;
use super::forms;
use super::layout::{PageFrame, icon};
use super::session;
use crate::back_office::BackOffice;
use crate::client::ClientAddress;
use crate::passwords;
use crate::tries::account_name;

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
    #[serde(default, rename = "form-token")]
    form_token: String,
}

pub(super) async fn show_form(
    State(office): State<Arc<BackOffice>>,
    jar: CookieJar,
    Query(SignInParams { next }): Query<SignInParams>,
) -> Result<Response, PageError> {
    if session::find_account(&jar, &office).await?.is_some() {
        return Ok(Redirect::to(&own_address(&office, &next)).into_response());
    }
    let Some(cookie) = cookies::first_cookie(&jar, &office) else {
        let cookie = cookies::draw_first_cookie(&office).map_err(|e| PageError::internal(&e))?;
        let token = FormToken::of(cookie.value());
        let page = SignInPage { prefix: office.prefix(), token: &token, next: &next, email: "" };
        return Ok((jar.add(cookie), page.render(StatusCode::OK, None)).into_response());
    };
    let token = FormToken::of(cookie);
    let page = SignInPage { prefix: office.prefix(), token: &token, next: &next, email: "" };
    Ok(page.render(StatusCode::OK, None))
}

pub(super) async fn sign_in(
    State(office): State<Arc<BackOffice>>,
    Extension(client): Extension<ClientAddress>,
    jar: CookieJar,
    headers: HeaderMap,
    typed: Result<Form<SignInForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Ok(Form(SignInForm { email, password, next, form_token })) = typed else {
        return Err(PageError::BadRequest(StatusCode::UNPROCESSABLE_ENTITY));
    };
    forms::check_first_form(&headers, &jar, &office, &form_token)?;
    let token = FormToken::of(cookies::first_cookie(&jar, &office).unwrap_or_default());
    let email = email.trim();
    let page = SignInPage { prefix: office.prefix(), token: &token, next: &next, email };
    let (origin, name) = (client.origin(), account_name(email));
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
            let mut response = page.render(StatusCode::TOO_MANY_REQUESTS, Some(&why));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(minutes * 60));
            return Ok(response);
        }
    }
    let right = passwords::check_password(password, account.as_ref().map(|a| a.password.clone())).await;
    let wrong = "The email address or the password is not right. Check both and try again.";
    let Some(account) = account.filter(|_| right) else {
        return Ok(page.render(StatusCode::UNAUTHORIZED, Some(wrong)));
    };
    let Some(session) = office.store.start_session(&account).await? else {
        return Ok(page.render(StatusCode::UNAUTHORIZED, Some(wrong)));
    };
    office.sign_in_tries.succeed(origin, &name, known);
    office.store.note_place(&account.id, origin).await?;
    // A session of before ends: its token may have been seen by whoever used this browser.
    if let Some(before) = cookies::session_token(&jar, &office) {
        office.store.end_session(before).await?;
    }
    let jar = jar.add(cookies::session_cookie(&office, Some(session)));
    Ok((jar, Redirect::to(&own_address(&office, &next))).into_response())
}

pub(super) async fn sign_out(
    State(office): State<Arc<BackOffice>>,
    jar: CookieJar,
    headers: HeaderMap,
    Form(TokenForm { form_token }): Form<TokenForm>,
) -> Result<Response, PageError> {
    // Whose session is over, or was never there, is signed out already.
    if session::find_account(&jar, &office).await?.is_some() {
        forms::check_form(&headers, &jar, &office, &form_token)?;
    }
    if let Some(token) = cookies::session_token(&jar, &office) {
        office.store.end_session(token).await?;
    }
    Ok((
        jar.add(cookies::session_cookie(&office, None)),
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

/// The page with the form.
struct SignInPage<'a> {
    prefix: &'a str,
    token: &'a FormToken,
    next: &'a str,
    /// What was typed before.
    email: &'a str,
}

impl SignInPage<'_> {
    fn render(&self, status: StatusCode, why: Option<&str>) -> Response {
        let Self { prefix, token, next, email } = *self;

        let main = html! {
            main #main.door {
                h1 { "Sign in" }
                form.panel method="post" action={ (prefix) "/sign-in" } {
                    @if let Some(why) = &why {
                        div.msg.error role="alert" { (icon("alert")) span { (why) } }
                    }
                    (token.field())
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
            form_token: None,
            title: "Sign in".to_owned(),
            description: "Sign in to the Work Diary",
            account: None,
            contract: None,
            footer: None,
            narrow: true,
        };
        (status, Html(frame.around(&main).into_string())).into_response()
    }
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
