//! Accepts connections and bounds what a stranger can hold of them: how many, and for how long without a request.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{self, TrustedProxy};
use crate::limits;
use crate::pace::Pace;
use crate::peer::{Origin, PeerAddress};
use crate::places::{Place, Places};

/// What a connection beyond the bound is told before it is closed. Nothing that it sends is read.
const REFUSED: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 84\r\n\
    retry-after: 5\r\nconnection: close\r\n\r\n\
    {\"code\":\"busy\",\"message\":\"Too many connections from this address. Try again later.\"}";

/// Serves until `stop` resolves, then lets what is under way end, for at most [`limits::STOPPING`].
pub(crate) async fn serve_connections(
    listener: TcpListener,
    router: Router,
    trusted: Vec<TrustedProxy>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let places = Places::new(limits::CONNECTIONS, limits::CONNECTIONS_OF_ADDRESS);
    let proxies = Places::new(limits::PROXY_CONNECTIONS, limits::PROXY_CONNECTIONS);
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Of one connection that is gone already, or no more files can be open: both pass.
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(limits::ACCEPT_AGAIN).await;
                continue;
            }
        };
        // A proxy's connections are of many people: whom it asks for is counted request by request.
        let places = if client::is_trusted(&trusted, peer.ip()) { &proxies } else { &places };
        let Some(place) = places.take(Origin::of(peer.ip())) else {
            tracing::debug!(%peer, "one connection too many");
            // Whether it hears of it or not, it is closed at once.
            stream.try_write(REFUSED).ok();
            continue;
        };
        connections.spawn(serve_connection(stream, peer, place, router.clone(), stopped.clone()));
    }
    drop(listener);
    stopping.send(()).ok();
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits::STOPPING, all_ended).await.is_err() {
        connections.shutdown().await;
    }
}

/// Serves one connection until either end closes it, or its place is lost.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place<Origin>,
    router: Router,
    mut stopped: watch::Receiver<()>,
) {
    // Small answers to small requests: waiting to fill a packet would only cost time.
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!("a connection without TCP_NODELAY: {e}");
    }
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(PeerAddress(peer)));
        router.call(request)
    });
    // The one figure is for both: how long headers may take once they begin, and how long until they do.
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::HEADERS)
            .max_buf_size(limits::HEADER_BYTES)
            .serve_connection(TokioIo::new(PacedStream { stream, pace: Pace::new() }), service)
    );
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, "a connection ended: {error}");
                }
                return;
            }
            () = place.lost() => {
                tracing::debug!(%peer, "a connection made room for one of somebody else");
                return;
            }
            _ = stopped.changed(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// A connection that ends if the other end does not take what is written. (How slowly it may send is bounded where it
/// is known what: headers by hyper, bodies by [`PacedBody`](crate::pace::PacedBody).)
struct PacedStream {
    stream: TcpStream,
    pace: Pace,
}

impl PacedStream {
    fn pace(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending if self.pace.poll_late(cx).is_ready() => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending | Poll::Ready(Err(_)) => {}
            Poll::Ready(Ok(bytes)) => self.pace.count(*bytes),
        }
        written
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.pace(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.pace(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
