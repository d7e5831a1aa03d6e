//! The server: listens, bounds what a stranger can hold, stops gracefully.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::extract::connect_info::Connected;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use crate::app::App;
use crate::{api, limits, web};

/// Everything that is served.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(api::router())
        .merge(web::router())
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(app.clone(), web::headers))
        .with_state(app)
}

/// Serves until `stop` resolves, then lets what is under way end, for at most [`limits::STOPPING`].
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = Bounded { listener, places: Arc::new(Semaphore::new(limits::CONNECTIONS)) };
    let service = router(app).into_make_service_with_connect_info::<Peer>();
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop.await;
        // The receiver is gone only where the server is.
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

/// Gives up on a request whose handler does not answer in time, a slow body included.
async fn in_time(request: Request, next: Next) -> Response {
    let limit = if request.uri().path().contains("/attachments/") { limits::UPLOAD } else { limits::REQUEST };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "The request took too long.\n").into_response(),
    }
}

/// A listener that holds no more than [`limits::CONNECTIONS`] at once: the next one is accepted when one ends.
struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let Ok(place) = self.places.clone().acquire_owned().await else {
                // Nobody closes the semaphore.
                std::future::pending::<()>().await;
                continue;
            };
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            // Small answers to small requests: waiting to fill a packet would only cost time.
            if let Err(e) = stream.set_nodelay(true) {
                tracing::debug!("a connection without TCP_NODELAY: {e}");
            }
            let idle = Box::pin(tokio::time::sleep(limits::IDLE_CONNECTION));
            return (Connection { stream, idle, _place: place }, peer);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when nothing came or went for [`limits::IDLE_CONNECTION`].
struct Connection {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// Something came or went.
    fn alive<T>(&mut self, done: Poll<T>) -> Poll<T> {
        if done.is_ready() {
            self.idle.as_mut().reset(Instant::now() + limits::IDLE_CONNECTION);
        }
        done
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() && self.idle.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.alive(read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.alive(written)
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
        self.alive(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(*stream.remote_addr())
    }
}
