//! Enrolment: a one-time code and a device's public key in, a token, the server's key and the terms out; signed, with
//! the number that the device drew, so that the device knows who answers.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use bytes::Bytes;
use candor_diary::plain;
use candor_diary::wire::{ENROLMENT_TYPE, Enrolled, EnrolmentAnswer, EnrolmentRequest};
use candor_seal::{Envelope, PublicKey};

use super::error::ApiError;
use crate::back_office::BackOffice;
use crate::client::ClientAddress;
use crate::limits;

/// The longest nonce, in characters.
const NONCE_CHARS: usize = 64;

pub(super) async fn enrol_device(
    State(office): State<Arc<BackOffice>>,
    Extension(client): Extension<ClientAddress>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|e| ApiError::of_body(&e, limits::SMALL_BODY_BYTES as u64))?;
    let request: EnrolmentRequest = serde_json::from_slice(&body)
        .map_err(|e| ApiError::bad_request(format!("Send JSON with code, name and public-key: {e}.")))?;
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > limits::NAME_CHARS || plain::unseen(name).is_some() {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad-name",
            format!("Give the device a name of 1 to {} characters.", limits::NAME_CHARS),
        ));
    }
    if request.nonce.len() > NONCE_CHARS || !request.nonce.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(ApiError::bad_request(format!("The nonce is at most {NONCE_CHARS} letters and digits.")));
    }
    let key = PublicKey::from_hex(&request.public_key).map_err(|e| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-key", format!("The public-key is no key: {e}."))
    })?;

    let origin = client.origin();
    let delay = office.enrol_tries.begin(origin).map_err(|wait| {
        ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-tries",
            "Too many codes were tried from this address. Try again later.",
        )
        .retry_after(wait)
    })?;
    tokio::time::sleep(delay).await;
    let enrolled = office.store.enrol_device(&request.code, name, &key).await?;
    let Some((device, token)) = enrolled else {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "bad-code",
            "This code is not known, was used or is older than an hour. Ask for a new one.",
        ));
    };
    office.enrol_tries.succeed(origin);
    let contract = office.store.contract(&device.contract).await?;
    let contract = contract.ok_or_else(|| ApiError::not_found("The contract of this code is gone."))?;
    office.store.note_terms_handed_out(&device.id, contract.terms.sequence).await?;
    tracing::info!(device = device.id, contract = device.contract, "enrolled a device");
    let enrolled = Enrolled {
        nonce: request.nonce,
        public_key: key.to_hex(),
        device: device.id,
        token,
        server_key: office.key.public().to_hex(),
        terms: contract.terms,
        diary_url: format!("{}/contracts/{}/diary", office.prefix(), contract.id),
    };
    let payload = serde_json::to_vec(&enrolled).map_err(|e| ApiError::internal(&e))?;
    let proof = Envelope::sign(ENROLMENT_TYPE, payload, &office.key);
    Ok((StatusCode::CREATED, Json(EnrolmentAnswer { unsigned: Some(enrolled), proof })).into_response())
}
