//! Takes a parcel in and answers with a countersigned receipt. What is acknowledged is on disk by then, together with the
//! very receipt that is answered (invariant 9).

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use candor_diary::admission::{Admission, AdmissionTerms, admit, admit_details};
use candor_diary::calendar;
use candor_diary::ledger::LedgerHead;
use candor_diary::limits::{DETAILS, ENVELOPE_BYTES};
use candor_diary::parcel::{Core, Detail, PARCEL_TYPE, Parcel};
use candor_diary::wire::{RECEIPT_TYPE, Receipt};
use candor_seal::{Envelope, sha256_hex};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::ApiError;
use super::hex_id::is_hex;
use super::signed_in::SignedInDevice;
use crate::back_office::BackOffice;
use crate::office_folder::PICTURE_TYPES;
use crate::pictures::PictureError;
use crate::store::{EnrolledDevice, IncomingParcel, PutOutcome};
use crate::{access, clock, erase, limits, pictures};

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
    let body = body.map_err(|e| ApiError::of_body(&e, limits::PARCEL_BYTES as u64))?;
    let delivery = Delivery::read(&body)?;
    let core = check_core(delivery.envelope, &device, &id)?;
    access::is_meant_for(&core, &office.key.public())?;
    let details = delivery.details_of(&core)?;
    let parcel = join(&core, &details)?;
    let received_at = clock::now();
    check_snapshot(&office, &parcel).await?;
    let admission = admit_parcel(&office, &device, &core, &parcel, received_at).await?;
    // Before it is known whether it is new: a thousand at once are a thousand.
    office.parcels_a_day.try_once(&device.id, office.settings.device_parcels_a_day).map_err(|wait| {
        ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-parcels",
            "This device has delivered as many parcels as it may in a day. Deliver the others later.",
        )
        .retry_after(wait)
    })?;

    let digest = sha256_hex(delivery.envelope);
    let sign = |ledger: LedgerHead| {
        let receipt = Receipt::of(&core, &digest, received_at, ledger);
        // Texts and numbers under text keys: there is nothing that could not be written down.
        let payload = serde_json::to_vec(&receipt).unwrap_or_default();
        Envelope::sign(RECEIPT_TYPE, payload, &office.key).to_json()
    };
    let incoming = IncomingParcel {
        core: &core,
        admission,
        details: &details,
        picture: parcel.snapshot.as_ref().map(|snapshot| (snapshot.sha256.as_str(), snapshot.bytes)),
        digest: &digest,
        envelope: delivery.envelope,
        received_at,
    };
    let conflict = |code, message: &str| Err(ApiError::new(StatusCode::CONFLICT, code, message));
    let outcome = office.store.keep_parcel(&incoming, &sign).await;
    if !matches!(outcome, Ok(PutOutcome::New { .. })) {
        office.parcels_a_day.give_back(&device.id);
    }
    match outcome? {
        PutOutcome::New { receipt, replaced, erase } => {
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
                "This week is locked since {} UTC: its time stays as it is. Pictures and other details can still be removed.",
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

/// Checks that the picture is what the parcel says of it; that it is here at all is checked where the parcel is kept.
async fn check_snapshot(office: &BackOffice, parcel: &Parcel) -> Result<(), ApiError> {
    let Some(snapshot) = &parcel.snapshot else { return Ok(()) };
    let Some(there) = office.store.attachment(&parcel.id, &snapshot.sha256).await? else { return Ok(()) };
    match pictures::read_facts(office.data.path(&there.file)).await {
        Ok(found) => Ok(found.agree(&snapshot.media_type, snapshot.width, snapshot.height)?),
        // Whoever sends the parcel again may have to send the picture again, too.
        Err(PictureError::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
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

/// What a device sends: the signed core, and the details that it names.
struct Delivery<'a> {
    /// The exact bytes that the device signed.
    envelope: &'a [u8],
    /// The exact bytes of each detail.
    details: Vec<&'a [u8]>,
}

impl<'a> Delivery<'a> {
    fn read(body: &'a [u8]) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Document<'a> {
            #[serde(borrow)]
            envelope: &'a RawValue,
            #[serde(borrow, default)]
            details: Vec<&'a RawValue>,
        }
        let document: Document<'a> = serde_json::from_slice(body).map_err(|e| {
            ApiError::bad_request(format!("Send JSON with the parcel's envelope and its details: {e}."))
        })?;
        if document.details.len() > DETAILS {
            return Err(refused("bad-parcel", format!("details: more than {DETAILS}")));
        }
        let details = document.details.iter().map(|detail| detail.get().as_bytes()).collect();
        Ok(Self { envelope: document.envelope.get().as_bytes(), details })
    }

    /// Returns the details in the order in which the core names them: all of them, and no others.
    fn details_of(&self, core: &Core) -> Result<Vec<Detail>, ApiError> {
        let mut sent: HashMap<String, &[u8]> =
            self.details.iter().map(|bytes| (sha256_hex(bytes), *bytes)).collect();
        let mut details = Vec::with_capacity(core.details.len());
        for named in &core.details {
            let Some(bytes) = sent.remove(&named.sha256) else {
                let what = format!("The detail {} is not among those sent with the parcel.", named.sha256);
                return Err(refused("detail-missing", what));
            };
            details.push(Detail { named: named.clone(), bytes: bytes.to_vec() });
        }
        if !sent.is_empty() {
            return Err(refused("bad-parcel", "details: one that the parcel does not name".to_owned()));
        }
        Ok(details)
    }
}

fn refused(code: &'static str, message: String) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

/// Reads a core and checks everything that can be checked without the database and the details.
fn check_core(envelope: &[u8], device: &EnrolledDevice, id: &str) -> Result<Core, ApiError> {
    if envelope.len() > ENVELOPE_BYTES {
        return Err(ApiError::too_large(ENVELOPE_BYTES as u64));
    }
    let envelope = Envelope::from_json(envelope).map_err(|e| {
        ApiError::new(StatusCode::BAD_REQUEST, "bad-envelope", format!("No DSSE envelope: {e}."))
    })?;
    let payload = envelope.verify(PARCEL_TYPE, &device.key).map_err(|e| {
        refused("bad-signature", format!("Not signed with the key that this device enrolled with: {e}."))
    })?;
    let core: Core = serde_json::from_slice(payload)
        .map_err(|e| refused("bad-parcel", format!("The payload is no parcel: {e}.")))?;
    core.check().map_err(|e| refused("bad-parcel", e.to_string()))?;
    if core.id != id {
        return Err(refused("wrong-id", "The parcel has another id than the address.".to_owned()));
    }
    access::may_deliver(device, &core)?;
    Ok(core)
}

/// Puts core and details together, and checks what only both say.
fn join(core: &Core, details: &[Detail]) -> Result<Parcel, ApiError> {
    let parcel = Parcel::join(core.clone(), |named| {
        details.iter().find(|detail| detail.named == *named).map(|detail| Cow::from(detail.bytes.as_slice()))
    });
    let parcel = parcel.map_err(|bad| refused("bad-parcel", format!("details: {bad}")))?;
    parcel.check().map_err(|e| refused("bad-parcel", e.to_string()))?;
    if let Some(snapshot) = &parcel.snapshot {
        if !PICTURE_TYPES.contains(&snapshot.media_type.as_str()) {
            let what = "snapshot: media-type is not image/webp, image/png or image/jpeg";
            return Err(refused("bad-parcel", what.to_owned()));
        }
        if snapshot.bytes > limits::ATTACHMENT_BYTES {
            return Err(refused("bad-parcel", "snapshot: more bytes than a picture may have".to_owned()));
        }
    }
    Ok(parcel)
}

/// Compares a parcel with the terms that it names, and with those of now.
async fn admit_parcel(
    office: &BackOffice,
    device: &EnrolledDevice,
    core: &Core,
    parcel: &Parcel,
    received_at: u64,
) -> Result<Admission, ApiError> {
    let Some((named, _)) = office.store.terms(&core.contract, core.terms.sequence).await? else {
        return Err(refused(
            "unknown-terms",
            "The parcel names terms that were never issued for its contract.".to_owned(),
        ));
    };
    let newest = office.store.contract(&core.contract).await?;
    let newest = newest.ok_or_else(|| ApiError::not_found("The contract of this device is gone."))?;
    let earlier = office.store.earlier_terms(core, EARLIER_MS).await?;
    let terms = AdmissionTerms {
        named: &named,
        earlier: &earlier,
        newest: &newest.terms,
        handed_out: (device.handed_out, device.enrolled_at),
    };
    let admission = admit(core, &terms, received_at)?;
    admit_details(parcel, &terms)?;
    Ok(admission)
}
