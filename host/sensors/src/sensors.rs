//! One handle on all that is seen of a desktop, with either backend, however often the display goes and comes back.
//!
//! A thread of its own opens the display ([`OpenDisplay`]), asks it every two seconds whether it is still there and how
//! long nobody touched anything, and opens it again when it was lost. A display that does not answer counts as lost: its
//! connections are closed, so that no caller waits for it, and it is opened again when it answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::watch;

use crate::area::{Area, Monitor};
use crate::attendance::{Attendance, AttendanceReading};
use crate::backend::Backend;
use crate::error::SensorError;
use crate::frame::RawFrame;
use crate::kind::DisplayKind;
use crate::open_display::{DisplayOpener, OpenDisplay};
use crate::screen_state;
use crate::windows::Layout;

/// How often the display is asked whether it is still there.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);
/// How long it may take to answer that.
const PROBE_TIMEOUT: Duration = Duration::from_secs(4);
/// The age from which on a reading says nothing about now.
const STALE_AFTER: Duration = Duration::from_secs(8);
/// How long a caller that may wait waits for a reading or an attempt to open the display.
const CALLER_WAIT: Duration = Duration::from_secs(2);
/// How long [`Sensors::open`] waits for a display that is slow.
const FIRST_WAIT: Duration = Duration::from_secs(20);
/// How long to wait before opening a lost display is tried again: at first, and at most. A caller's question shortens it.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How soon after the last attempt a caller's question causes another one.
const RETRY_ON_DEMAND_AFTER: Duration = Duration::from_secs(3);

/// Windows, pixels, idle time and the state of the screen. Cheap to share between threads. While the display is lost,
/// every call returns an error that says why, and opening it is tried until it is back.
#[derive(Debug)]
pub struct Sensors {
    shared: Arc<SharedSensors>,
}

#[derive(Debug)]
struct SharedSensors {
    state: Mutex<SensorsState>,
    /// Notifies the thread that something is requested, or that the sensors were dropped.
    wanted: Condvar,
    /// Notifies callers that a request was answered.
    answered: Condvar,
    changes: Arc<watch::Sender<u64>>,
}

#[derive(Debug)]
struct SensorsState {
    display: Option<Arc<OpenDisplay>>,
    reading: Option<AttendanceReading>,
    /// Why there is no display.
    why_none: SensorError,
    /// When opening the display was last tried.
    tried_at: Instant,
    /// The number of the last request, and of the last one that was answered.
    requested: u64,
    answered: u64,
    dropped: bool,
}

impl SharedSensors {
    fn state(&self) -> MutexGuard<'_, SensorsState> {
        self.state.lock()
    }

    /// Makes the thread probe or open the display at once, and waits for the outcome.
    fn request_reading(&self) {
        let mut state = self.state();
        state.requested += 1;
        let ticket = state.requested;
        self.wanted.notify_all();
        let pending = |state: &mut SensorsState| state.answered < ticket && !state.dropped;
        self.answered.wait_while_for(&mut state, pending, CALLER_WAIT);
    }
}

impl Sensors {
    /// Opens a display; `None` means `$DISPLAY`. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`SensorError::Blind`] if nothing can be seen (Wayland, no display), with what to do; [`SensorError::Backend`] if
    /// the backend is not available; and why the display cannot be opened.
    pub fn open(backend: Backend, display: Option<&str>) -> Result<Self, SensorError> {
        let sensors = Self::start_waiting(backend, display, FIRST_WAIT)?;
        sensors.open_display()?;
        Ok(sensors)
    }

    /// Starts the sensors of a display that may not be there yet: opening it is tried until it is.
    ///
    /// # Errors
    /// [`SensorError::System`] if no thread can be started.
    pub fn start(backend: Backend, display: Option<&str>) -> Result<Self, SensorError> {
        Self::start_waiting(backend, display, CALLER_WAIT)
    }

    fn start_waiting(
        backend: Backend,
        display: Option<&str>,
        patience: Duration,
    ) -> Result<Self, SensorError> {
        let shared = Arc::new(SharedSensors {
            state: Mutex::new(SensorsState {
                display: None,
                reading: None,
                why_none: SensorError::TimedOut(patience),
                tried_at: Instant::now(),
                requested: 1,
                answered: 0,
                dropped: false,
            }),
            wanted: Condvar::new(),
            answered: Condvar::new(),
            changes: Arc::new(watch::channel(0).0),
        });
        let opening = DisplayOpener::new(backend, display, Arc::clone(&shared.changes));
        let for_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("sensors".to_owned())
            .spawn(move || keep_display_open(&for_thread, opening))
            .map_err(|source| SensorError::System {
                what: "cannot start the thread that looks after the display",
                source,
            })?;
        let first = |state: &mut SensorsState| state.answered == 0;
        shared.answered.wait_while_for(&mut shared.state(), first, patience);
        Ok(Self { shared })
    }

    /// Returns the open display.
    fn open_display(&self) -> Result<Arc<OpenDisplay>, SensorError> {
        let state = self.shared.state();
        state.display.clone().ok_or_else(|| state.why_none.clone())
    }

    /// Returns the kind of the display.
    #[must_use]
    pub fn kind(&self) -> DisplayKind {
        match self.open_display() {
            Ok(display) => display.kind,
            Err(SensorError::Blind(kind)) => kind,
            Err(_) => DisplayKind::None,
        }
    }

    /// Returns the backend in use, never [`Backend::Auto`]; `None` while there is no display.
    #[must_use]
    pub fn backend(&self) -> Option<Backend> {
        self.open_display().ok().map(|display| display.backend())
    }

    /// Returns the layout as last seen, by the portable backend at most 250 ms ago. Does not block.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] if the display is gone, or why there is none.
    pub fn current(&self) -> Result<Arc<Layout>, SensorError> {
        self.open_display()?.current()
    }

    /// Returns the layout valid at `from` and every later one until `to` (ms since the Unix epoch), oldest first; never
    /// empty. The portable backend returns every one until now: what a poll sees may have been so since just after the
    /// poll before. Does not block.
    ///
    /// # Errors
    /// If the history does not reach that far, or the display is gone.
    pub fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        self.open_display()?.span(from, to)
    }

    /// Returns a channel with the generation of each layout from now on, which also changes when the display goes or
    /// comes back. It closes when the sensors are dropped.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.shared.changes.subscribe();
        changes.mark_unchanged();
        changes
    }

    /// Waits until every change before this call is in the history (by the portable backend: every change that is still
    /// there). Returns the generation then. If the display is gone, opening it is tried once more. Blocks for at most 4
    /// s: do not call it on an async thread.
    ///
    /// # Errors
    /// [`SensorError::TimedOut`] if the system does not answer; [`SensorError::DisplayLost`] if the display is gone.
    pub fn barrier(&self) -> Result<u64, SensorError> {
        let display = match self.open_display() {
            Ok(display) => display,
            Err(_) => {
                self.shared.request_reading();
                self.open_display()?
            }
        };
        display.barrier()
    }

    /// Returns the monitors as they are now. Blocks.
    ///
    /// # Errors
    /// If the display cannot be read.
    pub fn monitors(&self) -> Result<Vec<Monitor>, SensorError> {
        self.open_display()?.monitors()
    }

    /// Captures a part of the desktop, without the pointer. Blocks (10 to 20 ms for 1920x1080; some seconds if the
    /// display does not answer): do not call it on an async thread.
    ///
    /// # Errors
    /// [`SensorError::BadArea`] if the area is empty, too large or not on the desktop; or why the display cannot be read.
    pub fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        self.open_display()?.capture(area)
    }

    /// Returns how long nobody touched anything, from a reading that is usually at most two seconds old. Does not block.
    ///
    /// # Errors
    /// If the display is gone, or did not answer for 8 s.
    pub fn attendance(&self) -> Result<Attendance, SensorError> {
        let (display, reading) = {
            let mut state = self.shared.state();
            let Some(display) = state.display.clone() else {
                // A caller wants the display back: opening it is tried, but not waited for.
                if state.tried_at.elapsed() >= RETRY_ON_DEMAND_AFTER && state.requested == state.answered {
                    state.requested += 1;
                    self.shared.wanted.notify_all();
                }
                return Err(state.why_none.clone());
            };
            (display, state.reading)
        };
        let reading = reading.ok_or(SensorError::TimedOut(PROBE_TIMEOUT))?;
        let age = reading.at.elapsed();
        if age > STALE_AFTER {
            return Err(SensorError::TimedOut(age));
        }
        // What was touched since the reading is not known yet.
        let now = |idle: Duration| u64::try_from((idle + age).as_millis()).unwrap_or(u64::MAX);
        Ok(Attendance {
            idle_ms: reading.idle.map(now),
            pointer_idle_ms: reading.pointer_idle.map(now),
            session: screen_state::judge_screen(&*display.current()?, reading.saver),
        })
    }

    /// Returns the same from a new reading. Blocks for at most 2 s: do not call it on an async thread.
    ///
    /// # Errors
    /// As [`Self::attendance`].
    pub fn attendance_now(&self) -> Result<Attendance, SensorError> {
        self.shared.request_reading();
        self.attendance()
    }
}

impl Drop for Sensors {
    fn drop(&mut self) {
        let display = {
            let mut state = self.shared.state();
            state.dropped = true;
            state.display.take()
        };
        if let Some(display) = display {
            display.shut_down();
        }
        self.shared.wanted.notify_all();
    }
}

/// The thread: opens the display whenever there is none, until the sensors are dropped.
fn keep_display_open(shared: &SharedSensors, mut opening: DisplayOpener) {
    let mut again = RETRY_DELAYS.0;
    let mut seen_before = false;
    loop {
        let ticket = {
            let state = shared.state();
            if state.dropped {
                return;
            }
            state.requested
        };
        let opened =
            opening.open().and_then(|display| Ok((display.probe(PROBE_TIMEOUT)?, Arc::new(display))));
        match opened {
            Ok((reading, display)) => {
                again = RETRY_DELAYS.0;
                seen_before = true;
                publish_display(shared, Arc::clone(&display), reading, ticket);
                let Err(why) = watch_display(shared, &display) else { return };
                tracing::warn!(%why, "the display was lost");
                withdraw_display(shared, why, None);
                display.shut_down();
                shared.changes.send_modify(|_| ());
            }
            // If there was a display before, it is lost: that there is none says less.
            Err(SensorError::NoDisplay { .. }) if seen_before => {
                withdraw_display(shared, SensorError::DisplayLost, Some(ticket));
            }
            Err(why) => withdraw_display(shared, why, Some(ticket)),
        }
        let idle = |state: &mut SensorsState| !state.dropped && state.requested == state.answered;
        shared.wanted.wait_while_for(&mut shared.state(), idle, again);
        again = (again * 2).min(RETRY_DELAYS.1);
    }
}

/// Makes an open display known.
fn publish_display(
    shared: &SharedSensors,
    display: Arc<OpenDisplay>,
    reading: AttendanceReading,
    ticket: u64,
) {
    let mut state = shared.state();
    if state.dropped {
        return;
    }
    (state.display, state.reading) = (Some(display), Some(reading));
    state.answered = ticket;
    drop(state);
    shared.answered.notify_all();
    shared.changes.send_modify(|_| ());
}

/// Makes known that there is no display, and why.
fn withdraw_display(shared: &SharedSensors, why: SensorError, ticket: Option<u64>) {
    let mut state = shared.state();
    (state.display, state.reading, state.why_none) = (None, None, why);
    state.tried_at = Instant::now();
    if let Some(ticket) = ticket {
        state.answered = ticket;
    }
    drop(state);
    shared.answered.notify_all();
}

/// Probes the display until it is lost, which is the error, or the sensors are dropped.
fn watch_display(shared: &SharedSensors, display: &OpenDisplay) -> Result<(), SensorError> {
    loop {
        let idle = |state: &mut SensorsState| !state.dropped && state.requested == state.answered;
        let ticket = {
            let mut state = shared.state();
            shared.wanted.wait_while_for(&mut state, idle, PROBE_INTERVAL);
            if state.dropped {
                return Ok(());
            }
            state.requested
        };
        display.current()?;
        let reading = display.probe(PROBE_TIMEOUT)?;
        {
            let mut state = shared.state();
            state.reading = Some(reading);
            state.answered = ticket;
        }
        shared.answered.notify_all();
    }
}
