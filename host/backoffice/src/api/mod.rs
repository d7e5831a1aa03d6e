//! What devices speak: JSON over HTTP under `/api/v1/`, signed in with a device's token.
//!
//! | request | answer |
//! |---|---|
//! | `POST enrol` `{"code", "name", "public-key", "nonce"}` | 201 `{"device", "token", "server-key", "terms", "diary-url", "proof"}`: `proof` is the same as a DSSE envelope |
//! | `GET terms` | 200, the newest terms |
//! | `GET week?contract=ID` | 200 `{"week_start", "limit_minutes", "billed_minutes", "recorded_minutes", "locked_until"}` |
//! | `PUT parcels/{id}/attachments/{sha256}` | 201, or 200 where it was there |
//! | `PUT parcels/{id}`, a DSSE envelope | 201 and a countersigned receipt, or 200 and the same receipt again |
//!
//! A parcel with a higher `revision` of the same segment takes the place of the one before; what that held is erased,
//! and its receipt stays. After the lock of its week a revision may only take a picture away.
//!
//! What fails is answered with `{"code", "message"}`; a code is stable, a message is for people. 401 means that a
//! person has to enrol again, 429 and 503 that it can be tried later (`Retry-After`), any other 4xx that this request
//! will never be taken as it is.

mod attachments;
mod enrol;
mod error;
mod parcels;
mod week;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};

use crate::app::App;
use crate::limits;
use crate::store::Device;

pub use error::ApiError;
pub(crate) use parcels::PICTURE_TYPES;

/// The routes.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/enrol", post(enrol::enrol).layer(DefaultBodyLimit::max(limits::SMALL_BODY_BYTES)))
        .route("/api/v1/terms", get(terms))
        .route("/api/v1/week", get(week::week))
        .route("/api/v1/parcels/{id}", put(parcels::put).layer(DefaultBodyLimit::max(limits::PARCEL_BYTES)))
        .route(
            "/api/v1/parcels/{id}/attachments/{sha256}",
            put(attachments::put).layer(DefaultBodyLimit::disable()),
        )
        .route("/api/{*rest}", axum::routing::any(nothing_here))
}

async fn nothing_here() -> ApiError {
    ApiError::not_found("There is nothing at this address. This back office speaks /api/v1/.")
}

async fn terms(State(app): State<Arc<App>>, SignedIn(device): SignedIn) -> Result<Response, ApiError> {
    let contract = app.store.contract(&device.contract).await?;
    let contract = contract.ok_or_else(|| ApiError::not_found("The contract of this device is gone."))?;
    Ok(Json(contract.terms).into_response())
}

/// The device whose token came with the request.
struct SignedIn(Device);

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = given.and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let Some(token) = token else { return Err(ApiError::unauthorised()) };
        app.store.device_by_token(token).await?.map(Self).ok_or_else(ApiError::unauthorised)
    }
}

/// Whether `text` is `digits` lowercase hex digits.
fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
