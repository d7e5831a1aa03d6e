//! Pages for what cannot be shown.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::html;

use super::layout::PageFrame;
use crate::store::OfficeStoreError;

/// Why there is no page.
#[derive(Debug)]
pub(super) enum PageError {
    /// Nothing is there, or nothing that this account may see: nobody learns which.
    NotFound,
    /// A form came from elsewhere.
    Forbidden,
    /// A form came too slowly.
    TooSlow,
    /// There is no time or room for the request just now.
    Busy,
    /// Something failed that is no fault of the reader.
    Internal,
}

impl PageError {
    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!("a page failed: {error}");
        Self::Internal
    }
}

impl From<OfficeStoreError> for PageError {
    fn from(error: OfficeStoreError) -> Self {
        Self::internal(&error)
    }
}

pub(super) async fn show_not_found() -> PageError {
    PageError::NotFound
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is no page at this address, or it belongs to a contract that is not yours.",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "Not done",
                "The form came from another site, so nothing was changed. Open the page here and try again.",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "Not done",
                "The form came too slowly, so nothing was changed. Send it again.",
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available now",
                "The back office has too much to do just now. Nothing is lost. Try again in a moment.",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Not available now",
                "The back office could not read its data. Nothing is lost. Try again later; its log says why.",
            ),
        };
        let main = html! {
            main #main.door {
                h1 { (title) }
                div.panel {
                    p { (text) }
                    a.btn href="/" { "Your contracts" }
                }
            }
        };
        let frame = PageFrame {
            title: title.to_owned(),
            description: title,
            account: None,
            contract: None,
            footer: None,
            narrow: true,
        };
        (status, Html(frame.around(&main).into_string())).into_response()
    }
}
