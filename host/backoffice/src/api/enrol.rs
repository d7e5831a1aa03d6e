//! Enrolment: a one-time code and a device's public key in, a token, the server's key and the terms out.

use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use bytes::Bytes;
use candor_diary::terms::Terms;
use candor_seal::PublicKey;
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::app::App;
use crate::limits;
use crate::serve::Peer;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Request {
    code: String,
    name: String,
    public_key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Answer {
    device: String,
    token: String,
    server_key: String,
    terms: Terms,
    /// Path of the contract's Work Diary on this server.
    diary_url: String,
}

pub(super) async fn enrol(
    State(app): State<Arc<App>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|_| ApiError::too_large(limits::SMALL_BODY_BYTES as u64))?;
    let request: Request = serde_json::from_slice(&body)
        .map_err(|e| ApiError::bad_request(format!("Send JSON with code, name and public-key: {e}.")))?;
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > limits::NAME_CHARS || name.chars().any(char::is_control) {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad-name",
            format!("Give the device a name of 1 to {} characters.", limits::NAME_CHARS),
        ));
    }
    let key = PublicKey::from_hex(&request.public_key).map_err(|e| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-key", format!("The public-key is no key: {e}."))
    })?;

    let address = peer.ip().to_string();
    app.enrol_tries.try_once(&address, limits::ENROL_TRIES).map_err(|wait| {
        ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-tries",
            "Too many codes were tried from this address. Try again later.",
        )
        .later(wait)
    })?;
    let enrolled = app.store.enrol(&request.code, name, &key).await?;
    let Some((device, token)) = enrolled else {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "bad-code",
            "This code is not known, was used or is older than an hour. Ask for a new one.",
        ));
    };
    app.enrol_tries.succeeded(&address);
    let contract = app.store.contract(&device.contract).await?;
    let contract = contract.ok_or_else(|| ApiError::not_found("The contract of this code is gone."))?;
    tracing::info!(device = device.id, contract = device.contract, "enrolled a device");
    let answer = Answer {
        device: device.id,
        token,
        server_key: app.key.public().to_hex(),
        terms: contract.terms,
        diary_url: format!("/contracts/{}/diary", contract.id),
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}
