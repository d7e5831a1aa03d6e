//! Refusals of the API, all in one form.

use std::time::Duration;

use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use candor_diary::admission::NotAdmitted;
use candor_diary::wire::ApiRefusal;

use crate::access::DeviceRefusal;
use crate::limits;
use crate::pictures::PictureError;
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

    pub(super) fn revoked() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "device-revoked",
            "This device was revoked by whoever runs this back office. Ask there for a new code to enrol it again.",
        )
    }

    /// A device has stored as much as it may. Not final: the operator can allow more, and nothing is lost until then.
    pub(super) fn over_quota(most: u64) -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "device-quota",
            format!(
                "This device has as many attachments here as it may, {}. Whoever runs this back office can allow more.",
                candor_diary::plain::size(most)
            ),
        )
        .retry_after(limits::QUOTA_WAIT)
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

    /// Returns the refusal of a body that could not be read whole, of at most `most` bytes.
    pub(super) fn of_body(rejection: &BytesRejection, most: u64) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::too_large(most)
        } else {
            Self::broken_off()
        }
    }

    pub(super) fn broken_off() -> Self {
        Self::bad_request("The body broke off. Send it again.")
    }

    /// Returns the refusal of a request that reached no handler.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::METHOD_NOT_ALLOWED => ("wrong-method", "This address is for another method."),
            StatusCode::NOT_FOUND => ("not-found", "There is nothing at this address."),
            StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "The body is too large. Nothing was kept."),
            status if status.is_client_error() => {
                ("bad-request", "The address, its query or a header cannot be read.")
            }
            _ => ("internal", "The back office could not do this. Try again later."),
        };
        Self::new(status, code, message)
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
            // What came with the request and no database can hold is a fault of the request.
            OfficeStoreError::TooLarge(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-parcel", format!("{error}."))
            }
            error => Self::internal(&error),
        }
    }
}

/// A bad picture is refused for itself: its time goes on without it.
impl From<PictureError> for ApiError {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::Bad(bad) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-picture", bad.to_string())
            }
            PictureError::Io(error) => Self::internal(&error),
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
