//! What people see: sign-in, contracts, the Work Diary, 'What is recorded', pictures.
//!
//! Rendered on the server with autoescape, without script and without inline style, so that a strict content policy
//! holds. The client and the worker of a contract see the same page; to anybody else its address is not there.

mod account;
mod chart;
mod contract_page;
mod contracts;
mod cookies;
mod detail;
mod diary;
mod error;
mod form_token;
mod forms;
mod grid;
mod layout;
mod pictures;
mod recorded;
mod session;
mod sign_in;
mod when;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use self::error::PageError;
use crate::back_office::BackOffice;
use crate::limits;
use crate::refusal::Refusal;

/// Returns the routes of the pages, with a page for every other address.
pub fn router(office: &Arc<BackOffice>) -> Router<Arc<BackOffice>> {
    Router::new()
        .route("/", get(contracts::list_contracts))
        .route("/sign-in", get(sign_in::show_form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/account", get(account::show_account))
        .route("/account/password", post(account::change_password))
        .route("/account/sign-out-everywhere", post(account::sign_out_everywhere))
        .route("/contracts/{id}", get(contracts::open_today))
        .route("/contracts/{id}/diary", get(contracts::open_today))
        .route("/contracts/{id}/diary/{date}", get(diary::show_day))
        .route("/contracts/{id}/recorded", get(recorded::show_recorded))
        .route("/pictures/{parcel}/{sha256}", get(pictures::get_picture))
        .route("/receipts/{parcel}", get(pictures::get_receipt))
        .route("/assets/candor.css", get(|| get_asset("text/css", include_str!("../../assets/candor.css"))))
        .route(
            "/assets/backoffice.css",
            get(|| get_asset("text/css", include_str!("../../assets/backoffice.css"))),
        )
        .route("/assets/mark.svg", get(|| get_asset("image/svg+xml", include_str!("../../assets/mark.svg"))))
        .fallback(error::show_not_found)
        .layer(DefaultBodyLimit::max(limits::SMALL_BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(office), error::render_errors))
}

/// Answers a request that is turned away at the edge.
pub(crate) fn refuse(refusal: Refusal, office: &BackOffice) -> Response {
    match refusal {
        Refusal::TooSlow => PageError::TooSlow,
        Refusal::Busy => PageError::Busy,
    }
    .page(office.prefix())
}

async fn get_asset(media_type: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, text).into_response()
}
