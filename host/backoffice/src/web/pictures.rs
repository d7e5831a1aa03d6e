//! Pictures and receipts, for the two sides of their contract; to anybody else they are not there.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::io::AsyncReadExt;

use super::error::PageError;
use super::session;
use crate::api::PICTURE_TYPES;
use crate::app::App;
use crate::parcel_reader;
use crate::store::{Account, Delivery};

/// How much of a picture is in memory at once, in bytes.
const CHUNK: usize = 64 * 1024;

pub(super) async fn picture(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path((parcel, sha256)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let delivery = allowed(&app, &headers, &parcel).await?;
    let snapshot = parcel_reader::parcel(&delivery)?.snapshot.filter(|s| s.sha256 == sha256);
    let snapshot = snapshot.ok_or(PageError::NotFound)?;
    // What is served is one of ours, whatever a row may say.
    let media_type = PICTURE_TYPES.iter().find(|t| **t == snapshot.media_type).ok_or(PageError::NotFound)?;
    let stored = app.store.attachment(&parcel, &sha256).await?.ok_or(PageError::NotFound)?;
    let file = match tokio::fs::File::open(app.data.path(&stored.file)).await {
        Ok(file) => file,
        Err(error) => {
            tracing::error!("{}: {error}", stored.file);
            return Err(PageError::NotFound);
        }
    };
    let headers = [
        (header::CONTENT_TYPE, (*media_type).to_owned()),
        (header::CONTENT_LENGTH, stored.bytes.to_string()),
        // One that is removed is gone from everywhere.
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'".to_owned()),
    ];
    Ok((headers, stream(file)).into_response())
}

fn stream(file: tokio::fs::File) -> Body {
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

pub(super) async fn receipt(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(parcel): Path<String>,
) -> Result<Response, PageError> {
    let account = session::account(&headers, &app).await?.ok_or(PageError::NotFound)?;
    let (contract, receipt) = app.store.receipt(&parcel).await?.ok_or(PageError::NotFound)?;
    side_of(&app, &account, &contract).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], receipt).into_response())
}

/// The parcel, if whoever asks is one of the two sides of its contract.
async fn allowed(app: &App, headers: &HeaderMap, parcel: &str) -> Result<Delivery, PageError> {
    let account = session::account(headers, app).await?.ok_or(PageError::NotFound)?;
    let delivery = app.store.delivery(parcel).await?.ok_or(PageError::NotFound)?;
    side_of(app, &account, &delivery.contract).await?;
    Ok(delivery)
}

/// Nothing, if the account is one of the two sides of a contract.
async fn side_of(app: &App, account: &Account, contract: &str) -> Result<(), PageError> {
    let contract = app.store.contract(contract).await?.ok_or(PageError::NotFound)?;
    let ours = contract.client == account.id || contract.worker == account.id;
    if ours { Ok(()) } else { Err(PageError::NotFound) }
}
