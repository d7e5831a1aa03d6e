//! What devices speak: JSON over HTTP under `/api/v1/`, signed in with a device's token.
//!
//! | request | answer |
//! |---|---|
//! | `POST enrol` `{"code", "name", "public-key", "nonce"}` | 201 `{"device", "token", "server-key", "terms", "diary-url", "proof"}`: `proof` is the same as a DSSE envelope |
//! | `GET terms` | 200, the newest terms |
//! | `GET week?contract=ID` | 200 `{"week_start", "limit_minutes", "billed_minutes", "recorded_minutes", "locked_until"}` |
//! | `GET ledger?after=NUMBER` | 200 `{"head", "entries"}`: the next entries of the contract's ledger, and its head, countersigned |
//! | `PUT parcels/{id}/attachments/{sha256}` | 201, or 200 if it was there |
//! | `PUT parcels/{id}` `{"envelope", "details"}`: the signed core, and the documents that it names, byte for byte | 201 and a countersigned receipt, or 200 and the same receipt again |
//!
//! A parcel with a higher `revision` of the same segment takes the place of the one before; what that held is erased,
//! and its receipt stays. After the lock of its week a revision may only take details away. What a parcel
//! says is compared with the terms ([`candor_diary::admission`]).
//!
//! What fails is answered with `{"code", "message"}`, whatever was asked; a code is stable, a message is for people. 401
//! means that a person has to enrol again (`device-revoked`: the operator has sent the device away). 408, 429, 503 and 507
//! mean that it can be tried later (`Retry-After`), any other 4xx that this request will never be taken as it is.
//! `bad-picture` speaks of the attachment alone: the parcel is taken without it.

mod attachments;
mod contract;
mod enrol;
mod error;
mod hex_id;
mod parcels;
mod signed_in;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};

use crate::back_office::BackOffice;
use crate::limits;
use crate::refusal::Refusal;

use self::error::ApiError;

/// Returns the routes under `/api/`.
pub fn router() -> Router<Arc<BackOffice>> {
    Router::new()
        .route(
            "/api/v1/enrol",
            post(enrol::enrol_device).layer(DefaultBodyLimit::max(limits::SMALL_BODY_BYTES)),
        )
        .route("/api/v1/terms", get(contract::get_terms))
        .route("/api/v1/week", get(contract::get_week))
        .route("/api/v1/ledger", get(contract::get_ledger))
        .route(
            "/api/v1/parcels/{id}",
            put(parcels::put_parcel).layer(DefaultBodyLimit::max(limits::PARCEL_BYTES)),
        )
        .route(
            "/api/v1/parcels/{id}/attachments/{sha256}",
            put(attachments::put_attachment).layer(DefaultBodyLimit::disable()),
        )
        .route("/api/{*rest}", any(nothing_here))
}

/// Returns whether a path is one of the API's, known or not.
pub(crate) fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Gives an answer that says no, and comes from axum itself, the form of all others: that of a path or query that cannot
/// be read, or of a method that is not for an address.
pub(crate) fn in_own_form(response: Response) -> Response {
    let status = response.status();
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let own = media.is_some_and(|media| media.starts_with("application/json"));
    if own || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let mut told = ApiError::of_status(status).into_response();
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    told
}

/// Answers a request that is turned away at the edge.
pub(crate) fn refuse(refusal: Refusal) -> Response {
    match refusal {
        Refusal::TooSlow => ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "too-slow",
            "The body came too slowly or stood still. Nothing was kept; send it again.",
        ),
        Refusal::Busy => ApiError::busy(),
    }
    .into_response()
}

async fn nothing_here() -> ApiError {
    ApiError::not_found("There is nothing at this address. This back office speaks /api/v1/.")
}
