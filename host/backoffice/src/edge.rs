//! What every request passes before it is routed: how long it may take, and the form in which it is refused.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::{Instant, sleep_until};

use crate::pace::{Arrival, PacedBody};
use crate::{api, limits, web};

/// Why a request is turned away before, or in place of, what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its body came too slowly.
    TooSlow,
    /// It was not answered in time, which is no fault of it.
    Overrun,
}

impl Refusal {
    /// Returns it in the form of whoever asked: the API's, or a page.
    fn into_response(self, path: &str) -> Response {
        if api::is_api(path) { api::refuse(self) } else { web::refuse(self) }
    }
}

/// Bounds the time of a request: that of its body by its pace, the rest from the last byte of it to the answer.
pub(crate) async fn limit_time(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let arrival = Arrival::new();
    let request = request.map(|body| PacedBody::wrap(body, &arrival));
    let mut answering = std::pin::pin!(next.run(request));
    let response = loop {
        let due = arrival.last() + limits::REQUEST;
        tokio::select! {
            response = &mut answering => break response,
            () = sleep_until(due) => {
                if Instant::now() >= arrival.last() + limits::REQUEST {
                    return Refusal::Overrun.into_response(&path);
                }
            }
        }
    };
    // Whatever a handler made of a body that broke off.
    if arrival.is_late() { Refusal::TooSlow.into_response(&path) } else { response }
}
