//! What a device asks about its contract: the newest terms, and what this week adds up to. A tracker sees only its own
//! device, the back office all of a contract.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Json, Response};
use candor_diary::calendar::locked_until;
use candor_diary::ledger::LEDGER_HEAD_TYPE;
use candor_diary::wire::{LedgerAnswer, WeekAnswer};
use candor_seal::Envelope;
use serde::Deserialize;

use super::error::ApiError;
use super::signed_in::SignedInDevice;
use crate::back_office::BackOffice;
use crate::{access, billed, clock};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeekParams {
    /// The contract's id; none means that of the device.
    contract: Option<String>,
}

pub(super) async fn get_terms(
    State(office): State<Arc<BackOffice>>,
    device: SignedInDevice,
) -> Result<Response, ApiError> {
    Ok(Json(device.contract(&office).await?.terms).into_response())
}

pub(super) async fn get_week(
    State(office): State<Arc<BackOffice>>,
    device: SignedInDevice,
    params: Result<Query<WeekParams>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(params) = params.map_err(|_| ApiError::bad_request("The address is week?contract=ID."))?;
    if let Some(contract) = &params.contract {
        access::may_ask_about(&device.0, contract)?;
    }
    let contract = device.contract(&office).await?;
    let now = clock::now();
    let week = billed::bill_current_week(&office.store, &contract, now).await?;
    let answer = WeekAnswer {
        week_start: week.from,
        limit_minutes: week.limit,
        billed_minutes: week.sum.billable,
        recorded_minutes: week.sum.recorded,
        locked_until: locked_until(now),
    };
    Ok(Json(answer).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerParams {
    /// The number of the last entry that the device has.
    #[serde(default)]
    after: u64,
}

/// Answers the entries after a number, and how far the ledger goes, countersigned.
pub(super) async fn get_ledger(
    State(office): State<Arc<BackOffice>>,
    device: SignedInDevice,
    params: Result<Query<LedgerParams>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(params) = params.map_err(|_| ApiError::bad_request("The address is ledger?after=NUMBER."))?;
    let contract = &device.0.contract;
    // The head first: entries that are written in between are beyond it, and come with the next answer.
    let head = office.store.ledger_head(contract).await?;
    let head = head.ok_or_else(|| ApiError::not_found("The contract of this device is gone."))?;
    let mut entries = office.store.ledger_after(contract, params.after).await?;
    entries.retain(|entry| entry.number <= head.number);
    let payload = serde_json::to_vec(&head).map_err(|e| ApiError::internal(&e))?;
    let head = Envelope::sign(LEDGER_HEAD_TYPE, payload, &office.key);
    Ok(Json(LedgerAnswer { head, entries }).into_response())
}
