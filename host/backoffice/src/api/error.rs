//! Refusals of the API, all in one form.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use candor_diary::admission::NotAdmitted;
use candor_diary::wire::ApiRefusal;

use crate::access::DeviceRefusal;
use crate::store::OfficeStoreError;

/// A refusal: `{"code", "message"}`.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// Makes a refusal with a stable `code` of a-z, 0-9 and `-`.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    pub(super) fn unauthorised() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorised",
            "The token is missing or not known here. Enrol this device again with a new code.",
        )
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    pub(super) fn too_large(most: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!("The body is larger than {most} bytes. Nothing was kept."),
        )
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    /// Tells the device to try again after this long.
    pub(super) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(super) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "The back office is taking in as much as it can. Try again later.",
        )
        .retry_after(Duration::from_secs(5))
    }

    /// Returns a refusal for a failure that is no fault of the request. The log names the cause, the device hears none.
    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!("a request failed: {error}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The back office could not do this. Nothing was acknowledged; try again later.",
        )
    }
}

impl From<OfficeStoreError> for ApiError {
    fn from(error: OfficeStoreError) -> Self {
        match error {
            OfficeStoreError::Busy => Self::busy(),
            other => Self::internal(&other),
        }
    }
}

impl From<DeviceRefusal> for ApiError {
    fn from(refusal: DeviceRefusal) -> Self {
        let (status, code) = match refusal {
            DeviceRefusal::ForeignContract | DeviceRefusal::ForeignParcel => {
                (StatusCode::FORBIDDEN, "wrong-device")
            }
            DeviceRefusal::OtherServer => (StatusCode::FORBIDDEN, "wrong-server"),
            DeviceRefusal::ForeignAttachment => (StatusCode::CONFLICT, "parcel-differs"),
        };
        Self::new(status, code, refusal.to_string())
    }
}

/// The longest that a device whose clock is ahead is told to wait.
const CLOCK_AHEAD_WAIT: Duration = Duration::from_secs(60 * 60);

impl From<NotAdmitted> for ApiError {
    fn from(not: NotAdmitted) -> Self {
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, not.code(), not.to_string());
        match not {
            // What begins later can be taken later.
            NotAdmitted::ClockAhead { by_ms } => {
                let wait = Duration::from_millis(by_ms).clamp(Duration::from_secs(1), CLOCK_AHEAD_WAIT);
                Self { status: StatusCode::SERVICE_UNAVAILABLE, ..error }.retry_after(wait)
            }
            _ => error,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(ApiRefusal { code: self.code.to_owned(), message: self.message });
        let mut response = (self.status, body).into_response();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs().max(1) + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
