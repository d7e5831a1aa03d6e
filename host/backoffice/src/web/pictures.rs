//! Pictures and receipts, for the two sides of their contract; to anybody else they are not there.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use bytes::Bytes;
use tokio::io::AsyncReadExt;

use super::error::PageError;
use super::session;
use crate::access;
use crate::back_office::BackOffice;
use crate::office_folder::PICTURE_TYPES;

/// How much of a picture is in memory at once, in bytes.
const CHUNK: usize = 64 * 1024;

pub(super) async fn get_picture(
    State(office): State<Arc<BackOffice>>,
    jar: CookieJar,
    Path((parcel, sha256)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let account = session::find_account(&jar, &office).await?.ok_or(PageError::NotFound)?;
    let stored =
        access::visible_parcel(&office.store, &account, &parcel).await?.ok_or(PageError::NotFound)?;
    let snapshot = stored.read()?.snapshot.filter(|s| s.sha256 == sha256);
    let snapshot = snapshot.ok_or(PageError::NotFound)?;
    // What is served is one of ours, whatever a row may say.
    let media_type = PICTURE_TYPES.iter().find(|t| **t == snapshot.media_type).ok_or(PageError::NotFound)?;
    let attachment = office.store.attachment(&parcel, &sha256).await?.ok_or(PageError::NotFound)?;
    let file = match tokio::fs::File::open(office.data.path(&attachment.file)).await {
        Ok(file) => file,
        Err(error) => {
            tracing::error!("{}: {error}", attachment.file);
            return Err(PageError::NotFound);
        }
    };
    let headers = [
        (header::CONTENT_TYPE, (*media_type).to_owned()),
        (header::CONTENT_LENGTH, attachment.bytes.to_string()),
        // One that is removed is gone from everywhere.
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'".to_owned()),
    ];
    Ok((headers, stream_file(file)).into_response())
}

fn stream_file(file: tokio::fs::File) -> Body {
    Body::from_stream(futures_util::stream::unfold(Some(file), |file| async {
        let mut file = file?;
        let mut chunk = vec![0; CHUNK];
        match file.read(&mut chunk).await {
            Ok(0) => None,
            Ok(read) => {
                chunk.truncate(read);
                Some((Ok(Bytes::from(chunk)), Some(file)))
            }
            Err(error) => Some((Err(error), None)),
        }
    }))
}

pub(super) async fn get_receipt(
    State(office): State<Arc<BackOffice>>,
    jar: CookieJar,
    Path(parcel): Path<String>,
) -> Result<Response, PageError> {
    let account = session::find_account(&jar, &office).await?.ok_or(PageError::NotFound)?;
    let receipt =
        access::visible_receipt(&office.store, &account, &parcel).await?.ok_or(PageError::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], receipt).into_response())
}
