//! Pages for what cannot be shown.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use maud::html;

use super::layout::PageFrame;
use crate::back_office::BackOffice;
use crate::store::OfficeStoreError;

/// Why there is no page.
#[derive(Clone, Copy, Debug)]
pub(super) enum PageError {
    /// Nothing is there, or nothing that this account may see: nobody learns which.
    NotFound,
    /// A form came from elsewhere.
    Forbidden,
    /// The request cannot be read, or is of a method that is not for this address.
    BadRequest(StatusCode),
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

/// Leaves its page to [`render_errors`], which knows what stands before the paths of links.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        (Extension(self), StatusCode::INTERNAL_SERVER_ERROR).into_response()
    }
}

/// Gives every answer that says no a page.
pub(super) async fn render_errors(
    State(office): State<Arc<BackOffice>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let error = match response.extensions().get::<PageError>() {
        Some(error) => *error,
        // What axum itself refused, such as a query that cannot be read, in a bare line.
        None if response.status().is_client_error() && !is_page(&response) => {
            PageError::BadRequest(response.status())
        }
        None => return response,
    };
    error.page(office.prefix())
}

fn is_page(response: &Response) -> bool {
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media.is_some_and(|media| media.starts_with("text/html"))
}

impl PageError {
    /// Returns its page, for a back office whose paths begin with `prefix`.
    pub(super) fn page(self, prefix: &str) -> Response {
        let (status, title, text) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is no page at this address, or it belongs to a contract that is not yours.",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "Not done",
                "The form came from another site or was opened before you signed in or out, so nothing was changed. Open the page here anew and try again; cookies of this site must be allowed.",
            ),
            Self::BadRequest(status) => (
                status,
                "Not understood",
                "There is a page here, but not in the way in which it was asked for. Go there from your contracts.",
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
                    a.btn href={ (prefix) "/" } { "Your contracts" }
                }
            }
        };
        let frame = PageFrame {
            prefix,
            form_token: None,
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
