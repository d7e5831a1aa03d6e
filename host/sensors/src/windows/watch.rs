//! The watch: a thread that sleeps until the X server says that something changed.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::watch;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, CLIENT_MESSAGE_EVENT, ClientMessageEvent, ConnectionExt as _, EventMask,
};
use x11rb::rust_connection::RustConnection;

use super::history::{BARRIER_TIMEOUT, LayoutHistory, Moment};
use super::layout::Layout;
use super::tracker::{DesktopTracker, Reaction};
use super::watch_numbers::WatchNumbers;
use crate::error::SensorError;

/// How many events are handled before the desktop is read, if they keep coming.
const MAX_BURST: u32 = 1_000;

/// Follows the windows of one display, on a thread and a connection of its own. It sleeps until the X server reports
/// a change. Cheap to ask from any thread; only [`Self::start`] and [`Self::barrier`] wait for the X server.
///
/// Every layout seen is kept for 10 s (at most 2,000 of them). A title that changes is read at once, before the next
/// change; only a title that is replaced within some tens of microseconds can be missed.
#[derive(Debug)]
pub struct WindowWatch {
    shared: Arc<SharedWatch>,
    changes: watch::Receiver<u64>,
    thread: Option<JoinHandle<()>>,
}

struct SharedWatch {
    state: Mutex<WatchState>,
    barrier_passed: Condvar,
    /// The thread's connection. Only the thread reads from it; others send.
    connection: Arc<RustConnection>,
}

impl std::fmt::Debug for SharedWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedWatch").finish_non_exhaustive()
    }
}

struct WatchState {
    history: LayoutHistory,
    lost: bool,
    mailbox: u32,
    /// The number of the last barrier that was sent, and of the last one that came through.
    sent: u32,
    received: u32,
}

impl SharedWatch {
    fn state(&self) -> MutexGuard<'_, WatchState> {
        self.state.lock()
    }
}

impl WatchState {
    fn alive(&mut self) -> Result<&mut Self, SensorError> {
        if self.lost { Err(SensorError::DisplayLost) } else { Ok(self) }
    }
}

impl WindowWatch {
    /// Reads the desktop as it is and follows it from there; `None` means `$DISPLAY`. Blocks for some milliseconds.
    ///
    /// # Errors
    /// If the display cannot be opened, or is lost meanwhile.
    pub fn start(display: Option<&str>) -> Result<Self, SensorError> {
        Self::start_with(display, &WatchNumbers::for_watch(0, Arc::new(watch::channel(0).0)))
    }

    /// Starts a watch whose numbers go on from those of the watch before.
    pub(crate) fn start_with(display: Option<&str>, numbers: &WatchNumbers) -> Result<Self, SensorError> {
        let tracker = DesktopTracker::open(display, numbers.first())?;
        let now = Moment::now();
        let mut history = LayoutHistory::new(now, numbers.first());
        history.push(now, tracker.windows(), tracker.monitors.clone());
        let sender = numbers.changes(&history);
        let changes = sender.subscribe();
        let state = WatchState { history, lost: false, mailbox: tracker.mailbox, sent: 0, received: 0 };
        let connection = tracker.connection();
        let shared =
            Arc::new(SharedWatch { state: Mutex::new(state), barrier_passed: Condvar::new(), connection });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("windows".to_owned())
            .spawn(move || follow_events(tracker, &for_thread, &sender))
            .map_err(|source| SensorError::System {
                what: "cannot start the thread that watches windows",
                source,
            })?;
        Ok(Self { shared, changes, thread: Some(thread) })
    }

    /// Closes the connection, which ends the watch.
    pub(crate) fn shut_down(&self) {
        let _ = rustix::net::shutdown(self.shared.connection.stream(), rustix::net::Shutdown::Both);
    }

    /// Returns the layout as last seen.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] if the display is gone.
    pub fn current(&self) -> Result<Arc<Layout>, SensorError> {
        let mut state = self.shared.state();
        state.alive()?.history.current().cloned().ok_or(SensorError::DisplayLost)
    }

    /// Returns the layout valid at `from` and every later one until `to` (ms since the Unix epoch), oldest first; never
    /// empty. `to` must not lie in the future. To have all that happened until now, call [`Self::barrier`] first.
    ///
    /// # Errors
    /// [`SensorError::NotKnown`] if `from` is before the watch began, more than 10 s ago or before the clock was set;
    /// [`SensorError::Overflow`] if there were too many layouts to keep; [`SensorError::DisplayLost`].
    pub fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        let now = Moment::now();
        self.shared.state().alive()?.history.span(now, from, to)
    }

    /// Returns a channel with the generation of each layout from now on. It closes when the display is lost.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        changes
    }

    /// Waits until every change that the X server knew of before this call is in the history. Returns the generation
    /// then. Blocks (some hundred microseconds, at most 2 s): do not call it on an async thread.
    ///
    /// # Errors
    /// [`SensorError::TimedOut`] if the X server does not answer; [`SensorError::DisplayLost`] if it is gone.
    pub fn barrier(&self) -> Result<u64, SensorError> {
        let until = Instant::now() + BARRIER_TIMEOUT;
        let (ticket, mailbox) = {
            let mut state = self.shared.state();
            let state = state.alive()?;
            state.sent = state.sent.wrapping_add(1);
            (state.sent, state.mailbox)
        };
        // The X server handles this message after all earlier ones, and it arrives after all their events.
        let message = ClientMessageEvent {
            response_type: CLIENT_MESSAGE_EVENT,
            format: 32,
            sequence: 0,
            window: mailbox,
            type_: AtomEnum::INTEGER.into(),
            data: [ticket, 0, 0, 0, 0].into(),
        };
        let connection = &self.shared.connection;
        connection.send_event(false, mailbox, EventMask::NO_EVENT, message)?.ignore_error();
        connection.flush()?;
        let mut state = self.shared.state();
        loop {
            state.alive()?;
            // Numbers come through in order; their difference counts, because they may wrap round.
            if state.received.wrapping_sub(ticket) < u32::MAX / 2 {
                return state
                    .history
                    .current()
                    .map(|layout| layout.generation)
                    .ok_or(SensorError::DisplayLost);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(SensorError::TimedOut(BARRIER_TIMEOUT));
            }
            self.shared.barrier_passed.wait_for(&mut state, left);
        }
    }
}

impl Drop for WindowWatch {
    fn drop(&mut self) {
        // Ends the thread's wait at once, even if the X server has frozen.
        self.shut_down();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Marks the display as lost when the thread ends, however it does: a watch without its thread must not be taken for a
/// desktop on which nothing happens.
struct WatchEnding<'a>(&'a SharedWatch);

impl Drop for WatchEnding<'_> {
    fn drop(&mut self) {
        self.0.state().lost = true;
        self.0.barrier_passed.notify_all();
    }
}

/// The thread: follows the events until the connection ends.
fn follow_events(mut tracker: DesktopTracker, shared: &SharedWatch, changes: &watch::Sender<u64>) {
    let _ending = WatchEnding(shared);
    let end = loop {
        match handle_events(&mut tracker, shared, changes) {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    tracing::info!(reason = %end, "the watch over the windows has ended");
}

/// Waits for an event, handles all that have arrived, reads what they made stale and records the layout.
fn handle_events(
    tracker: &mut DesktopTracker,
    shared: &SharedWatch,
    changes: &watch::Sender<u64>,
) -> Result<(), SensorError> {
    let connection = tracker.connection();
    let mut event: Option<Event> = Some(connection.wait_for_event()?);
    let now = Moment::now();
    let mut barrier = None;
    let mut taken = 0;
    while let Some(next) = event {
        match tracker.handle_event(&next)? {
            Reaction::Later => {}
            Reaction::AtOnce => record_layout(tracker, shared, changes, Moment::now()),
            Reaction::Barrier(ticket) => barrier = Some(ticket),
        }
        taken += 1;
        event = if taken < MAX_BURST { connection.poll_for_event()? } else { None };
    }
    if tracker.refresh()? {
        record_layout(tracker, shared, changes, now);
    }
    if let Some(ticket) = barrier {
        shared.state().received = ticket;
        shared.barrier_passed.notify_all();
    }
    Ok(())
}

/// Adds the layout to the history if it is a new one.
fn record_layout(tracker: &DesktopTracker, shared: &SharedWatch, changes: &watch::Sender<u64>, now: Moment) {
    let news = shared.state().history.push(now, tracker.windows(), tracker.monitors.clone());
    if let Some(generation) = news {
        changes.send_replace(generation);
    }
}
