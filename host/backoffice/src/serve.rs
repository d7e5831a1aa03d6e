//! The server: puts the routes together, bounds the time of a request, stops gracefully.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::back_office::BackOffice;
use crate::listener::BoundedListener;
use crate::peer::PeerAddress;
use crate::{api, limits, web};

/// Returns everything that is served.
pub fn build_router(office: Arc<BackOffice>) -> Router {
    let router = Router::new().merge(api::router()).merge(web::router());
    let router = router.layer(middleware::from_fn(limit_time));
    set_headers(router, office.is_https()).with_state(office)
}

/// Sets the headers of every answer. What a handler has set itself stays.
fn set_headers(router: Router<Arc<BackOffice>>, https: bool) -> Router<Arc<BackOffice>> {
    let set = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let router = router.layer((
        set(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'",
        ),
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        set(header::REFERRER_POLICY, "no-referrer"),
        set(header::X_FRAME_OPTIONS, "DENY"),
        set(header::CACHE_CONTROL, "no-store"),
    ));
    if https { router.layer(set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000")) } else { router }
}

/// Serves until `stop` resolves, then lets what is under way end, for at most [`limits::STOPPING`].
///
/// # Errors
/// [`io::Error`] of the listener.
pub async fn serve(
    listener: TcpListener,
    office: Arc<BackOffice>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = BoundedListener::new(listener);
    let service = build_router(office).into_make_service_with_connect_info::<PeerAddress>();
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop.await;
        // The receiver is gone only if the server is.
        stopping.send(()).ok();
    });
    let too_long = async {
        if stopped.await.is_ok() {
            tokio::time::sleep(limits::STOPPING).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = server.into_future() => ended,
        () = too_long => Ok(()),
    }
}

/// Gives up on a request whose handler does not answer in time, a slow body included. (tower-http's layer would answer
/// without a sentence.)
async fn limit_time(request: Request, next: Next) -> Response {
    let limit = if request.uri().path().contains("/attachments/") { limits::UPLOAD } else { limits::REQUEST };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "The request took too long.\n").into_response(),
    }
}
