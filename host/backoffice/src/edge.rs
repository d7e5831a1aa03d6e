//! What every request passes before it is routed: the path that it is reached by, who asks, whether there is room for
//! it, how long it may take, and the form in which it is refused.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::{Instant, sleep_until};

use crate::back_office::BackOffice;
use crate::client::ClientAddress;
use crate::pace::{Arrival, PacedBody};
use crate::peer::PeerAddress;
use crate::public_url::without_prefix;
use crate::refusal::Refusal;
use crate::{api, client, limits, web};

/// Returns a refusal in the form of whoever asked: the API's, or a page.
fn refuse(refusal: Refusal, path: &str, office: &BackOffice) -> Response {
    if api::is_api(path) { api::refuse(refusal) } else { web::refuse(refusal, office) }
}

/// Takes the public path off, finds out who asks, and lets no refusal of the API out in another form than its own.
pub(crate) async fn let_in(
    State(office): State<Arc<BackOffice>>,
    ConnectInfo(PeerAddress(peer)): ConnectInfo<PeerAddress>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(below) = without_prefix(request.uri(), office.prefix()) {
        *request.uri_mut() = below;
    }
    let trusted = &office.settings.trusted_proxies;
    let client = client::find_client(peer.ip(), request.headers(), trusted);
    request.extensions_mut().insert(client);
    let for_api = api::is_api(request.uri().path());
    let response = if client::is_trusted(trusted, peer.ip()) {
        make_room(&office, client, request, next).await
    } else {
        limit_time(&office, request, next).await
    };
    if for_api { api::in_own_form(response) } else { response }
}

/// Answers a request that came through a trusted proxy if there is room for it. Connections of strangers are counted where
/// they are accepted; a proxy's are of many people, so here its requests are counted, by whom it names.
async fn make_room(office: &BackOffice, client: ClientAddress, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let Some(place) = office.proxied.take(client.origin()) else {
        return refuse(Refusal::Busy, &path, office);
    };
    tokio::select! {
        response = limit_time(office, request, next) => response,
        () = place.lost() => refuse(Refusal::Busy, &path, office),
    }
}

/// Bounds the time of a request: that of its body by its pace, the rest from the last byte of it to the answer.
async fn limit_time(office: &BackOffice, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let asks_first = request.headers().contains_key(header::EXPECT);
    let arrival = Arrival::new();
    let request = request.map(|body| PacedBody::wrap(body, &arrival));
    let mut answering = std::pin::pin!(next.run(request));
    let response = loop {
        let due = arrival.last() + limits::REQUEST;
        tokio::select! {
            response = &mut answering => break response,
            () = sleep_until(due) => {
                if Instant::now() >= arrival.last() + limits::REQUEST {
                    return refuse(Refusal::Busy, &path, office);
                }
            }
        }
    };
    // Who asks first whether to send the body has not sent it.
    if !response.status().is_success() && !asks_first {
        arrival.read_rest().await;
    }
    // Whatever a handler made of a body that broke off.
    if arrival.is_late() { refuse(Refusal::TooSlow, &path, office) } else { response }
}
