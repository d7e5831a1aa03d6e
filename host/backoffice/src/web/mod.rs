//! What people see: sign-in, contracts, the Work Diary, 'What is recorded', pictures.
//!
//! Rendered on the server with autoescape, without script and without inline style, so that a strict content policy
//! holds. The client and the worker of a contract see the same page; to anybody else its address is not there.

mod chart;
mod contracts;
mod detail;
mod diary;
mod error;
mod grid;
mod layout;
mod loaded;
mod pictures;
mod recorded;
mod session;
mod sign_in;
mod when;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::limits;

/// The routes.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(contracts::home))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-out", post(sign_in::out))
        .route("/contracts/{id}", get(contracts::today))
        .route("/contracts/{id}/diary", get(contracts::today))
        .route("/contracts/{id}/diary/{date}", get(diary::page))
        .route("/contracts/{id}/recorded", get(recorded::page))
        .route("/pictures/{parcel}/{sha256}", get(pictures::picture))
        .route("/receipts/{parcel}", get(pictures::receipt))
        .route("/assets/candor.css", get(|| asset("text/css", include_str!("../../assets/candor.css"))))
        .route(
            "/assets/backoffice.css",
            get(|| asset("text/css", include_str!("../../assets/backoffice.css"))),
        )
        .route("/assets/mark.svg", get(|| asset("image/svg+xml", include_str!("../../assets/mark.svg"))))
        .fallback(error::not_found)
        .layer(DefaultBodyLimit::max(limits::SMALL_BODY_BYTES))
}

/// The headers of every answer. What a handler has set itself stays.
pub async fn headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    const ALWAYS: [(HeaderName, &str); 5] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

async fn asset(media_type: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, text).into_response()
}
