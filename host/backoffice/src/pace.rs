//! How slow the other end may be. Time runs while it is waited for and grows back with each byte: a slow line passes,
//! one that stands still or drips does not, however it spreads its bytes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures_util::StreamExt;
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::{Instant, Sleep};

use crate::limits;

/// The time that is left to the other end.
#[derive(Debug)]
pub(crate) struct Pace {
    left: Duration,
    waiting_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Pace {
    pub(crate) fn new() -> Self {
        let left = limits::GRACE;
        Self { left, waiting_since: None, timer: Box::pin(tokio::time::sleep(left)) }
    }

    /// Waits for the other end; ready if it is late.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            self.timer.as_mut().reset(now + self.left);
        }
        self.timer.as_mut().poll(cx)
    }

    /// Counts bytes that came or went. Never more than [`limits::GRACE`] is left: who was fast may not stand still the
    /// longer for it.
    pub(crate) fn count(&mut self, bytes: usize) {
        if let Some(since) = self.waiting_since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        let earned = Duration::from_micros(bytes as u64 * 1_000_000 / limits::BYTES_A_SECOND);
        self.left = (self.left + earned).min(limits::GRACE);
    }
}

/// How the body of a request comes in, for whoever bounds the request.
#[derive(Debug)]
pub(crate) struct Arrival {
    late: AtomicBool,
    last: Mutex<Instant>,
    /// What nobody has read.
    rest: Mutex<Option<Body>>,
}

impl Arrival {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            late: AtomicBool::new(false),
            last: Mutex::new(Instant::now()),
            rest: Mutex::default(),
        })
    }

    /// Returns whether the body was given up because its sender was too slow.
    pub(crate) fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// Returns when something of the body came last; without a body, when the request did.
    pub(crate) fn last(&self) -> Instant {
        *self.last.lock()
    }
}

impl Arrival {
    /// Reads on where whoever answered has stopped, within [`limits::UNREAD_BYTES`] and [`limits::UNREAD`]: who is still
    /// sending would find the connection broken and not hear the answer.
    pub(crate) async fn read_rest(&self) {
        let Some(rest) = self.rest.lock().take() else { return };
        let mut chunks = rest.into_data_stream();
        let reading = async {
            let mut left = limits::UNREAD_BYTES;
            while let Some(Ok(chunk)) = chunks.next().await {
                left = left.saturating_sub(chunk.len());
                if left == 0 {
                    return;
                }
            }
        };
        // Longer than that, it is not worth it.
        tokio::time::timeout(limits::UNREAD, reading).await.ok();
    }
}

/// The sender of a body was too slow.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub(crate) struct TooSlow;

/// A body that breaks off if its sender is too slow.
pub(crate) struct PacedBody {
    body: Body,
    pace: Pace,
    arrival: Arc<Arrival>,
}

impl PacedBody {
    pub(crate) fn wrap(body: Body, arrival: &Arc<Arrival>) -> Body {
        // Most requests have none, and need no timer.
        if body.is_end_stream() {
            return body;
        }
        Body::new(Self { body, pace: Pace::new(), arrival: Arc::clone(arrival) })
    }
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        if !self.body.is_end_stream() && !self.arrival.is_late() {
            *self.arrival.rest.lock() = Some(std::mem::take(&mut self.body));
        }
    }
}

impl HttpBody for PacedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => {
                if self.pace.poll_late(cx).is_ready() {
                    self.arrival.late.store(true, Ordering::Relaxed);
                    return Poll::Ready(Some(Err(TooSlow.into())));
                }
                Poll::Pending
            }
            Poll::Ready(frame) => {
                let bytes = match &frame {
                    Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                    _ => 0,
                };
                self.pace.count(bytes);
                *self.arrival.last.lock() = Instant::now();
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
