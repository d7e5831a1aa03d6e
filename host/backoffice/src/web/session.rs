//! Who is signed in.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;

use super::cookies;
use super::error::PageError;
use super::form_token::FormToken;
use crate::back_office::BackOffice;
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
    let Some(token) = cookies::session_token(jar, office) else { return Ok(None) };
    let Some(account) = office.store.session_account(token).await? else { return Ok(None) };
    Ok(Some(SignedInAccount { account, form_token: FormToken::of(token) }))
}

/// Returns the account whose session cookie came along.
pub(super) async fn find_account(
    jar: &CookieJar,
    office: &BackOffice,
) -> Result<Option<UserAccount>, PageError> {
    match cookies::session_token(jar, office) {
        Some(token) => Ok(office.store.session_account(token).await?),
        None => Ok(None),
    }
}
