//! One handle on all that is seen of a desktop, whichever backend sees it, and however often the display goes and comes
//! back.
//!
//! A thread of its own opens the display ([`OpenDisplay`]), asks it every two seconds whether it is still there and how long nobody
//! touched anything, and opens it anew when it went. A display that does not answer is as good as gone: its connections
//! are closed, so that nobody waits for it, and it is opened anew when it answers again.

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
/// An answer that is older than this says nothing of now.
const STALE_AFTER: Duration = Duration::from_secs(8);
/// How long a caller that may wait is kept waiting for an answer or an attempt.
const CALLER_WAIT: Duration = Duration::from_secs(2);
/// How long [`Sensors::open`] waits for a display that is slow.
const FIRST_WAIT: Duration = Duration::from_secs(20);
/// How long to wait before a display that is gone is looked for again: at first, and at most. Whoever asks for it makes it
/// be looked for sooner.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How soon after the last time it is looked for again for somebody who asks.
const RETRY_ON_DEMAND_AFTER: Duration = Duration::from_secs(3);

/// Windows, pixels, idle time and the state of the screen. Cheap to share between threads. While the display is gone, each
/// question is answered with an error that says why; it is looked for until it is back.
#[derive(Debug)]
pub struct Sensors {
    shared: Arc<SharedSensors>,
}

#[derive(Debug)]
struct SharedSensors {
    state: Mutex<SensorsState>,
    /// Rung for the thread: something is asked, or nobody is there any more.
    wanted: Condvar,
    /// Rung by the thread: something was answered.
    answered: Condvar,
    changes: Arc<watch::Sender<u64>>,
}

#[derive(Debug)]
struct SensorsState {
    display: Option<Arc<OpenDisplay>>,
    reading: Option<AttendanceReading>,
    /// Why there is no display.
    why_none: SensorError,
    /// When it was last looked for.
    tried_at: Instant,
    /// The last question put, and the last one of those that is answered.
    requested: u64,
    answered: u64,
    dropped: bool,
}

impl SharedSensors {
    /// The state is whole between any two statements that change it: a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, SensorsState> {
        self.state.lock()
    }

    /// Has the thread ask, or try, at once, and waits for what comes of it.
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
    /// Opens what is to be had; `None` for the display means `$DISPLAY`. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`SensorError::Blind`] where nothing can be seen (Wayland, no display), with what to do; [`SensorError::Backend`]
    /// where the backend asked for is not to be had; and what opening it may say.
    pub fn open(backend: Backend, display: Option<&str>) -> Result<Self, SensorError> {
        let sensors = Self::start_waiting(backend, display, FIRST_WAIT)?;
        sensors.open_display()?;
        Ok(sensors)
    }

    /// The same for a display that may yet have to come: it is looked for until it is there.
    ///
    /// # Errors
    /// [`SensorError::System`] when no thread can be started.
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

    /// The display as it is open now.
    fn open_display(&self) -> Result<Arc<OpenDisplay>, SensorError> {
        let state = self.shared.state();
        state.display.clone().ok_or_else(|| state.why_none.clone())
    }

    /// What sort of display it is.
    #[must_use]
    pub fn kind(&self) -> DisplayKind {
        match self.open_display() {
            Ok(display) => display.kind,
            Err(SensorError::Blind(kind)) => kind,
            Err(_) => DisplayKind::None,
        }
    }

    /// The backend in use, never [`Backend::Auto`]; `None` while there is no display.
    #[must_use]
    pub fn backend(&self) -> Option<Backend> {
        self.open_display().ok().map(|display| display.backend())
    }

    /// The layout as last seen; by the portable backend at most 250 ms ago. Waits for nobody.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] when the display is gone, or why there is none.
    pub fn current(&self) -> Result<Arc<Layout>, SensorError> {
        self.open_display()?.current()
    }

    /// The layout valid at `from` and every one that came until `to` (ms since the Unix epoch), oldest first; never empty.
    /// By the portable backend every one until now: what a look sees may have been so since just after the look before.
    /// Waits for nobody.
    ///
    /// # Errors
    /// Where the history does not reach so far, or the display is gone.
    pub fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        self.open_display()?.span(from, to)
    }

    /// Tells the generation of each layout that comes from now on, and that the display went or came back. It closes when
    /// the sensors are dropped.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.shared.changes.subscribe();
        changes.mark_unchanged();
        changes
    }

    /// Waits until every change before this call is in the history (by the portable backend: every change that is still
    /// there); answers the generation then. A display that is gone is looked for once more. Blocks, at most 4 s: not to be
    /// called on an async thread.
    ///
    /// # Errors
    /// [`SensorError::TimedOut`] when the system does not answer; [`SensorError::DisplayLost`] when the display is gone.
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

    /// The monitors as they are now. Blocks.
    ///
    /// # Errors
    /// Where the display cannot be read.
    pub fn monitors(&self) -> Result<Vec<Monitor>, SensorError> {
        self.open_display()?.monitors()
    }

    /// Captures a part of the desktop, without the pointer. Blocks (10 to 20 ms for 1920x1080; some seconds where the display
    /// does not answer): not to be called on an async thread.
    ///
    /// # Errors
    /// [`SensorError::BadArea`] when the area is empty, too large or not on the desktop; or the display cannot be read.
    pub fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        self.open_display()?.capture(area)
    }

    /// Whether somebody is there, as known for at most two seconds. Waits for nobody.
    ///
    /// # Errors
    /// Why the display cannot tell: it is gone, or did not answer for 8 s.
    pub fn attendance(&self) -> Result<Attendance, SensorError> {
        let (display, reading) = {
            let mut state = self.shared.state();
            let Some(display) = state.display.clone() else {
                // Whoever asks wants it back: it is looked for, while they go on.
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
        // What was touched since is not known yet.
        let now = |idle: Duration| u64::try_from((idle + age).as_millis()).unwrap_or(u64::MAX);
        Ok(Attendance {
            idle_ms: reading.idle.map(now),
            pointer_idle_ms: reading.pointer_idle.map(now),
            session: screen_state::judge_screen(&*display.current()?, reading.saver),
        })
    }

    /// The same, asked of the display now. Blocks, at most 2 s: not to be called on an async thread.
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

/// The thread: opens the display whenever there is none, until nobody wants it any more.
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
            // That there is none is no news where there was one.
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

/// There is a display.
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

/// There is no display, for this reason.
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

/// Asks the display again and again; answers why it is gone, or that nobody wants to know any more.
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
