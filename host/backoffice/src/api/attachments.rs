//! Takes an attachment in: streamed to a file of its own, never whole in memory, and put in its place only when its
//! bytes are what its name says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{self, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use futures_util::StreamExt;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::error::ApiError;
use super::hex_id::is_hex;
use super::signed_in::SignedInDevice;
use crate::access::{self, DeviceRefusal};
use crate::back_office::BackOffice;
use crate::office_folder::{OfficeFolder, sync_folder};
use crate::store::{EnrolledDevice, NewAttachment};
use crate::{limits, secrets};

/// How long a device waits that has too many attachments without their parcels.
const TOO_MANY_WAIT: Duration = Duration::from_secs(3600);

pub(super) async fn put_attachment(
    State(office): State<Arc<BackOffice>>,
    SignedInDevice(device): SignedInDevice,
    extract::Path((parcel, sha256)): extract::Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    if !is_hex(&parcel, 32) || !is_hex(&sha256, 64) {
        return Err(ApiError::bad_request(
            "The address is parcels/{32 lowercase hex digits}/attachments/{64 lowercase hex digits}.",
        ));
    }
    if announced_length(&headers).is_some_and(|length| length > limits::ATTACHMENT_BYTES) {
        return Err(ApiError::too_large(limits::ATTACHMENT_BYTES));
    }
    let place = office.uploads.take(device.id.clone()).ok_or_else(ApiError::busy)?;
    tokio::select! {
        taken = take_in(&office, &device, &parcel, &sha256, &headers, body) => taken,
        () = place.lost() => Err(ApiError::busy()),
    }
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Takes the attachment in, unless it is here or nobody wants it any more.
async fn take_in(
    office: &Arc<BackOffice>,
    device: &EnrolledDevice,
    parcel: &str,
    sha256: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let there = office.store.attachment(parcel, sha256).await?;
    access::may_send_attachment(device, there.as_ref())?;
    let on_disk = match &there {
        Some(there) => {
            tokio::fs::metadata(office.data.path(&there.file)).await.is_ok_and(|m| m.len() == there.bytes)
        }
        None => false,
    };
    if on_disk {
        // Read to the end all the same: a client that is still sending would not hear an early answer.
        receive_body(body, sha256, None).await?;
        return Ok((StatusCode::OK, Json(json!({ "sha256": sha256 }))).into_response());
    }
    if office.store.is_superseded(parcel, &device.id).await? {
        // A higher revision is here: nobody wants these bytes any more, and the device need not know.
        receive_body(body, sha256, None).await?;
        return Ok((StatusCode::OK, Json(json!({ "sha256": sha256 }))).into_response());
    }
    if office.store.count_waiting_attachments(&device.id).await? >= limits::WAITING_ATTACHMENTS {
        return Err(ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-waiting",
            "This device has many attachments here without their parcels. Deliver the parcels first.",
        )
        .retry_after(TOO_MANY_WAIT));
    }

    let stored = office.store.attachment_bytes(&device.id).await?;
    let most = office.settings.device_attachment_bytes;
    if stored.saturating_add(announced_length(headers).unwrap_or(0)) > most {
        tracing::warn!(device = device.id, "refused an attachment: the device has stored as much as it may");
        return Err(ApiError::over_quota(most));
    }

    let media_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let name = OfficeFolder::picture_name(parcel, sha256, media_type);
    let fresh =
        IncomingFile(office.data.incoming().join(secrets::new_token().map_err(|e| ApiError::internal(&e))?));
    let mut file = tokio::fs::File::create_new(&fresh.0).await.map_err(|e| ApiError::internal(&e))?;
    let bytes = receive_body(body, sha256, Some(&mut file)).await?;
    file.flush().await.map_err(|e| ApiError::internal(&e))?;
    // One that did not say how long it is.
    if stored.saturating_add(bytes) > most {
        return Err(ApiError::over_quota(most));
    }
    office.picture_memory.check_whole(&fresh.0, media_type).await?;
    let attachment = NewAttachment { parcel, sha256, bytes, file: &name };
    keep_file(office, device, file, &fresh.0, &attachment).await?;
    Ok((StatusCode::CREATED, Json(json!({ "sha256": sha256 }))).into_response())
}

/// A file of an attachment on its way in. It goes with whoever brings it, whether that fails, breaks off or makes room;
/// once it is in its place, it is not there any more under this name.
struct IncomingFile(PathBuf);

impl Drop for IncomingFile {
    fn drop(&mut self) {
        // Best effort: what stays is removed at the next start.
        std::fs::remove_file(&self.0).ok();
    }
}

/// Syncs and names a file that was checked, then notes it. In this order: a note without its file would acknowledge
/// what is not there.
async fn keep_file(
    office: &Arc<BackOffice>,
    device: &EnrolledDevice,
    file: tokio::fs::File,
    fresh: &Path,
    attachment: &NewAttachment<'_>,
) -> Result<(), ApiError> {
    let internal = |e: std::io::Error| ApiError::internal(&e);
    let NewAttachment { parcel, file: name, .. } = *attachment;
    file.sync_all().await.map_err(internal)?;
    drop(file);

    let (from, to) = (fresh.to_owned(), office.data.path(name));
    let placed = tokio::task::spawn_blocking(move || {
        std::fs::rename(&from, &to)?;
        sync_folder(to.parent().unwrap_or(&to)).map_err(std::io::Error::other)
    });
    placed.await.map_err(|e| ApiError::internal(&e))?.map_err(internal)?;

    if office.store.keep_attachment(attachment, device).await? {
        return Ok(());
    }
    if office.store.is_superseded(parcel, &device.id).await? {
        // Its parcel was replaced while these bytes arrived.
        return tokio::fs::remove_file(office.data.path(name)).await.map_err(internal);
    }
    Err(DeviceRefusal::ForeignAttachment.into())
}

/// Reads the body to its end, into `file` if there is one, and checks its digest. Returns its length in bytes.
async fn receive_body(
    body: Body,
    sha256: &str,
    mut file: Option<&mut tokio::fs::File>,
) -> Result<u64, ApiError> {
    let mut stream = body.into_data_stream();
    let mut digest = Sha256::new();
    let mut length = 0u64;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ApiError::broken_off())?;
        length += chunk.len() as u64;
        if length > limits::ATTACHMENT_BYTES {
            return Err(ApiError::too_large(limits::ATTACHMENT_BYTES));
        }
        digest.update(&chunk);
        if let Some(file) = file.as_mut() {
            file.write_all(&chunk).await.map_err(|e| ApiError::internal(&e))?;
        }
    }
    if hex::encode(digest.finalize()) != sha256 {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "digest-mismatch",
            "The bytes do not have the SHA-256 in the address. Nothing was kept.",
        ));
    }
    Ok(length)
}
