//! A person's own account: another password, and signing out everywhere.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use axum_extra::extract::CookieJar;
use maud::html;
use serde::Deserialize;

use super::cookies;
use super::error::PageError;
use super::forms;
use super::layout::{PageFrame, icon};
use super::session::SignedInAccount;
use crate::back_office::BackOffice;
use crate::client::ClientAddress;
use crate::passwords;
use crate::tries::account_name;

/// What the form for another password carries.
#[derive(Deserialize)]
pub(super) struct PasswordForm {
    old: String,
    new: String,
    again: String,
    #[serde(default, rename = "form-token")]
    form_token: String,
}

/// What a form without fields carries.
#[derive(Deserialize)]
pub(super) struct TokenForm {
    #[serde(default, rename = "form-token")]
    pub(super) form_token: String,
}

/// What became of a form.
enum Told<'a> {
    Nothing,
    Done(&'a str),
    Refused(&'a str),
}

pub(super) async fn show_account(State(office): State<Arc<BackOffice>>, reader: SignedInAccount) -> Response {
    render(&office, &reader, StatusCode::OK, Told::Nothing)
}

pub(super) async fn change_password(
    State(office): State<Arc<BackOffice>>,
    Extension(client): Extension<ClientAddress>,
    reader: SignedInAccount,
    jar: CookieJar,
    headers: HeaderMap,
    typed: Result<Form<PasswordForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Ok(Form(PasswordForm { old, new, again, form_token })) = typed else {
        return Err(PageError::BadRequest(StatusCode::UNPROCESSABLE_ENTITY));
    };
    forms::check_form(&headers, &jar, &office, &form_token)?;
    let refused = |status, why: &str| Ok(render(&office, &reader, status, Told::Refused(why)));
    if new != again {
        return refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The two new passwords differ. Type the same twice.",
        );
    }
    // Who sits at a browser that somebody left signed in may guess no faster than anybody else.
    let account = &reader.account;
    let (origin, name) = (client.origin(), account_name(&account.email));
    let known = office.store.is_known_place(&account.id, origin).await?;
    match office.sign_in_tries.begin(origin, &name, known) {
        Ok(delay) => tokio::time::sleep(delay).await,
        Err(wait) => {
            let minutes = wait.as_secs().div_ceil(60);
            let why = format!("Too many tries. You can change the password in {minutes} min.");
            let mut response = render(&office, &reader, StatusCode::TOO_MANY_REQUESTS, Told::Refused(&why));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(minutes * 60));
            return Ok(response);
        }
    }
    if !passwords::check_password(old, Some(account.password.clone())).await {
        return refused(StatusCode::FORBIDDEN, "The old password is not right. Nothing was changed.");
    }
    office.sign_in_tries.succeed(origin, &name, known);
    let hash = match passwords::hash_in_turn(new).await {
        Ok(hash) => hash,
        Err(error) => {
            return refused(StatusCode::UNPROCESSABLE_ENTITY, &format!("Nothing was changed: {error}."));
        }
    };
    office.store.change_password(&account.id, &hash, cookies::session_token(&jar, &office)).await?;
    tracing::info!(account = account.id, "changed a password");
    let done = "Your password is changed. Whoever else was signed in with this account is signed out.";
    Ok(render(&office, &reader, StatusCode::OK, Told::Done(done)))
}

pub(super) async fn sign_out_everywhere(
    State(office): State<Arc<BackOffice>>,
    SignedInAccount { account, .. }: SignedInAccount,
    jar: CookieJar,
    headers: HeaderMap,
    Form(TokenForm { form_token }): Form<TokenForm>,
) -> Result<Response, PageError> {
    forms::check_form(&headers, &jar, &office, &form_token)?;
    office.store.end_sessions(&account.id).await?;
    let signed_out = Redirect::to(&format!("{}/sign-in", office.prefix()));
    Ok((jar.add(cookies::session_cookie(&office, None)), signed_out).into_response())
}

fn render(office: &BackOffice, reader: &SignedInAccount, status: StatusCode, told: Told<'_>) -> Response {
    let prefix = office.prefix();
    let field = |id: &str, label: &str, autocomplete: &str| {
        html! {
            div.field {
                label for=(id) { (label) }
                input id=(id) type="password" name=(id) autocomplete=(autocomplete) required;
            }
        }
    };
    let main = html! {
        main #main.door {
            h1 { "Account" }
            form.panel method="post" action={ (prefix) "/account/password" } {
                @match told {
                    Told::Nothing => {},
                    Told::Done(what) => div.msg role="status" { (icon("check")) span { (what) } },
                    Told::Refused(why) => div.msg.error role="alert" { (icon("alert")) span { (why) } },
                }
                (reader.form_token.field())
                // For password managers.
                input type="hidden" name="email" value=(reader.account.email) autocomplete="username";
                (field("old", "Current password", "current-password"))
                (field("new", "New password", "new-password"))
                (field("again", "New password again", "new-password"))
                button.btn.main type="submit" { "Change password" }
                p.small.quiet { "All your other sessions end." }
            }
            form.panel method="post" action={ (prefix) "/account/sign-out-everywhere" } {
                (reader.form_token.field())
                button.btn type="submit" { "Sign out everywhere" }
                p.small.quiet { "Ends this session and all others of " (reader.account.email) ". Trackers go on." }
            }
        }
    };
    let frame = PageFrame {
        prefix,
        form_token: Some(&reader.form_token),
        title: "Account".to_owned(),
        description: "Your account",
        account: Some(&reader.account),
        contract: None,
        footer: None,
        narrow: true,
    };
    (status, Html(frame.around(&main).into_string())).into_response()
}
