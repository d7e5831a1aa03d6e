//! The server: puts the routes together and says what browsers may do with the answers.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware;
use tokio::net::TcpListener;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::back_office::BackOffice;
use crate::{api, edge, listener, web};

/// Returns everything that is served.
pub fn build_router(office: Arc<BackOffice>) -> Router {
    let https = office.is_https();
    let router =
        Router::new().merge(api::router()).merge(web::router(&office)).with_state(Arc::clone(&office));
    // What is before the routing: a layer of `router` itself would come after it.
    let router = Router::new().fallback_service(router);
    set_headers(router.layer(middleware::from_fn_with_state(office, edge::let_in)), https)
}

/// Sets the headers of every answer. What a handler has set itself stays.
fn set_headers(router: Router, https: bool) -> Router {
    let set = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let router = router.layer((
        set(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'",
        ),
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Without a referrer browsers would send `null` as the origin of our own forms.
        set(header::REFERRER_POLICY, "same-origin"),
        set(header::X_FRAME_OPTIONS, "DENY"),
        set(header::CACHE_CONTROL, "no-store"),
    ));
    if https { router.layer(set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000")) } else { router }
}

/// Serves until `stop` resolves, then lets what is under way end, for at most
/// [`limits::STOPPING`](crate::limits::STOPPING).
pub async fn serve(
    listener: TcpListener,
    office: Arc<BackOffice>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let trusted = office.settings.trusted_proxies.clone();
    listener::serve_connections(listener, build_router(office), trusted, stop).await;
}
