//! Takes a parcel in and answers with a countersigned receipt. What is acknowledged is on disk by then, together with the
//! very receipt that is answered (invariant 9).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use candor_diary::calendar;
use candor_diary::parcel::{PARCEL_TYPE, Parcel};
use candor_diary::wire::{RECEIPT_TYPE, Receipt};
use candor_seal::{Envelope, sha256_hex};

use super::error::ApiError;
use super::hex_id::is_hex;
use super::signed_in::SignedInDevice;
use crate::back_office::BackOffice;
use crate::office_folder::PICTURE_TYPES;
use crate::store::{EnrolledDevice, IncomingParcel, PutOutcome};
use crate::{access, clock, erase, limits};

/// Latest start of a segment, in milliseconds since the epoch: the end of the year 9999, where calendars end.
const LATEST_START: u64 = 253_402_300_799_000;

/// For how long after its enrolment a device may deliver what was cut and counted as under earlier terms: newer ones
/// cut time from the next full hour on (`candor_agent::cut`), by a clock that may be days ahead. Milliseconds. Whoever
/// is enrolled under the earlier ones could go on under them anyway.
const EARLIER_MS: u64 = 7 * 24 * 60 * 60_000;

pub(super) async fn put_parcel(
    State(office): State<Arc<BackOffice>>,
    SignedInDevice(device): SignedInDevice,
    Path(id): Path<String>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, ApiError> {
    if !is_hex(&id, 32) {
        return Err(ApiError::bad_request("The address is parcels/{32 lowercase hex digits}."));
    }
    let body = body.map_err(|_| ApiError::too_large(limits::PARCEL_BYTES as u64))?;
    let parcel = check_parcel(&body, &device, &id)?;
    access::is_meant_for(&parcel, &office.key.public())?;
    // What is billed is worked out by the terms that it names, and by no others.
    let Some((terms, _)) = office.store.terms(&parcel.contract, parcel.terms).await? else {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "unknown-terms",
            "The parcel names terms that were never issued for its contract.",
        ));
    };
    let earlier = office.store.earlier_terms(&parcel, EARLIER_MS).await?;
    if parcel.length != terms.segment && earlier.iter().all(|earlier| parcel.length != earlier.segment) {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad-parcel",
            format!("length: the terms that it names have segments of {} minutes", terms.segment.minutes()),
        ));
    }
    let activity_may_be_off =
        terms.activity_may_be_off() || earlier.iter().any(candor_diary::terms::Terms::activity_may_be_off);

    let digest = sha256_hex(&body);
    let received_at = clock::now();
    let receipt = Receipt {
        parcel: parcel.id.clone(),
        digest: digest.clone(),
        contract: parcel.contract.clone(),
        device: parcel.device.clone(),
        sequence: parcel.sequence,
        chain_head: parcel.chain_head.clone(),
        received_at,
    };
    let payload = serde_json::to_vec(&receipt).map_err(|e| ApiError::internal(&e))?;
    let receipt = Envelope::sign(RECEIPT_TYPE, payload, &office.key).to_json();
    let incoming = IncomingParcel {
        parcel: &parcel,
        activity_may_be_off,
        digest: &digest,
        envelope: &body,
        received_at,
        receipt: &receipt,
    };
    let conflict = |code, message: &str| Err(ApiError::new(StatusCode::CONFLICT, code, message));
    match office.store.keep_parcel(&incoming).await? {
        PutOutcome::New { replaced, erase } => {
            erase_replaced(&office, replaced, erase).await;
            Ok(receipt_response(StatusCode::CREATED, receipt))
        }
        PutOutcome::Before(receipt) => Ok(receipt_response(StatusCode::OK, receipt)),
        PutOutcome::Differs => conflict(
            "parcel-differs",
            "A parcel with this id and other content is here already. The first one stays.",
        ),
        PutOutcome::SegmentTaken => conflict(
            "segment-taken",
            "This device has delivered this revision of the segment in another parcel. It is never taken twice.",
        ),
        PutOutcome::SequenceTaken => conflict(
            "sequence-taken",
            "This device has delivered another parcel with this sequence. A journal has each number once.",
        ),
        PutOutcome::RevisionOrder => conflict(
            "revision-order",
            "Revisions of a segment go up with the sequence. This one has its place in the journal the other way round.",
        ),
        PutOutcome::WeekLocked(since) => conflict(
            "week-locked",
            &format!(
                "This week is locked since {} UTC: time, memo and label stay as they are. A picture can still be removed; the time stays.",
                calendar::wall(since, &jiff::tz::TimeZone::UTC)
                    .map_or_else(|| since.to_string(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
            ),
        ),
        PutOutcome::AttachmentMissing(sha256) => conflict(
            "attachment-missing",
            &format!("The attachment {sha256} is not here, or has another length. Send it first."),
        ),
    }
}

/// Erases what a parcel took the place of. The parcel is kept and noted by now, and what is to go is noted too:
/// whatever fails here is made good later.
async fn erase_replaced(office: &BackOffice, replaced: bool, files: Vec<String>) {
    if let Err(error) = erase::erase_files(&office.store, &office.data, files).await {
        tracing::error!("files of a segment that was changed stay until the next start: {error}");
    }
    if replaced {
        office.replaced.notify_one();
    }
}

fn receipt_response(status: StatusCode, receipt: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], receipt).into_response()
}

/// Reads a parcel and checks everything that can be checked without the database.
fn check_parcel(body: &[u8], device: &EnrolledDevice, id: &str) -> Result<Parcel, ApiError> {
    let refused = |code, message: String| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
    let envelope = Envelope::from_json(body).map_err(|e| {
        ApiError::new(StatusCode::BAD_REQUEST, "bad-envelope", format!("No DSSE envelope: {e}."))
    })?;
    let payload = envelope.verify(PARCEL_TYPE, &device.key).map_err(|e| {
        refused("bad-signature", format!("Not signed with the key that this device enrolled with: {e}."))
    })?;
    let parcel: Parcel = serde_json::from_slice(payload)
        .map_err(|e| refused("bad-parcel", format!("The payload is no parcel: {e}.")))?;
    if parcel.start > LATEST_START {
        return Err(refused("bad-parcel", "start: after the year 9999".to_owned()));
    }
    if parcel.manual.as_ref().is_some_and(|manual| manual.at > LATEST_START) {
        return Err(refused("bad-parcel", "manual: at: after the year 9999".to_owned()));
    }
    parcel.check().map_err(|e| refused("bad-parcel", e.to_string()))?;
    if parcel.id != id {
        return Err(refused("wrong-id", "The parcel has another id than the address.".to_owned()));
    }
    access::may_deliver(device, &parcel)?;
    if let Some(snapshot) = &parcel.snapshot {
        if !PICTURE_TYPES.contains(&snapshot.media_type.as_str()) {
            return Err(refused(
                "bad-parcel",
                "snapshot: media-type is not image/webp, image/png or image/jpeg".to_owned(),
            ));
        }
        if snapshot.bytes > limits::ATTACHMENT_BYTES {
            return Err(refused("bad-parcel", "snapshot: more bytes than an attachment may have".to_owned()));
        }
    }
    Ok(parcel)
}
