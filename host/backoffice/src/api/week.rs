//! What this week adds up to: a tracker sees only its own device, the back office all of a contract.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use candor_diary::calendar::locked_until;
use serde::{Deserialize, Serialize};

use super::{ApiError, SignedIn};
use crate::app::App;
use crate::{billed, clock};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeekParams {
    /// The contract's id; none means that of the device.
    contract: Option<String>,
}

/// The answer: times in milliseconds since the epoch, time in whole minutes.
#[derive(Serialize)]
struct WeekResponse {
    /// Monday 00:00 UTC.
    week_start: u64,
    /// How many minutes are billed at most; null where there is no limit.
    limit_minutes: Option<u64>,
    /// What is billed as of now, all devices together.
    billed_minutes: u64,
    /// What was tracked or typed in, billed or not.
    recorded_minutes: u64,
    /// Segments that start before this lie in a locked week.
    locked_until: u64,
}

pub(super) async fn week(
    State(app): State<Arc<App>>,
    SignedIn(device): SignedIn,
    asked: Result<Query<WeekParams>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(asked) = asked.map_err(|_| ApiError::bad_request("The address is week?contract=ID."))?;
    if asked.contract.is_some_and(|contract| contract != device.contract) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "wrong-device",
            "The token is for another contract than the one asked about.",
        ));
    }
    let contract = app.store.contract(&device.contract).await?;
    let contract = contract.ok_or_else(|| ApiError::not_found("The contract of this device is gone."))?;
    let now = clock::now();
    let week = billed::week_so_far(&app.store, &contract, now).await?;
    let answer = WeekResponse {
        week_start: week.from,
        limit_minutes: week.limit,
        billed_minutes: week.sum.billable,
        recorded_minutes: week.sum.recorded,
        locked_until: locked_until(now),
    };
    Ok(Json(answer).into_response())
}
