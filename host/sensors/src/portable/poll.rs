//! A watch that polls, because no event tells it of changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::watch;

use crate::area::Monitor;
use crate::error::SensorError;
use crate::windows::history::{BARRIER_TIMEOUT, LayoutHistory, Moment};
use crate::windows::{Layout, WatchNumbers, WindowState};

/// How often it polls by itself.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// What one poll saw.
#[derive(Debug)]
pub(crate) struct PollResult {
    /// The windows, bottom to top.
    pub(crate) windows: Vec<WindowState>,
    pub(crate) monitors: Vec<Monitor>,
}

/// Follows the windows by polling every 250 ms, on a thread of its own, and keeps every layout for 10 s.
///
/// It misses what happens between two polls. [`Self::barrier`] polls at once, so that it sees every change that is still
/// there.
#[derive(Debug)]
pub struct PortableWatch {
    shared: Arc<SharedPoll>,
    changes: watch::Receiver<u64>,
}

struct SharedPoll {
    state: Mutex<PollState>,
    /// Notified when somebody wants a poll, or the watch was dropped.
    wanted: Condvar,
    /// Notified after each poll.
    done: Condvar,
}

impl std::fmt::Debug for SharedPoll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedPoll").finish_non_exhaustive()
    }
}

struct PollState {
    history: LayoutHistory,
    /// Whether the thread has ended.
    lost: bool,
    /// Whether the watch was dropped.
    dropped: bool,
    /// The number of the last poll that was asked for, and of the last of these that is done.
    asked: u64,
    done: u64,
}

impl SharedPoll {
    fn state(&self) -> MutexGuard<'_, PollState> {
        self.state.lock()
    }
}

impl PollState {
    fn alive(&mut self) -> Result<&mut Self, SensorError> {
        if self.lost { Err(SensorError::DisplayLost) } else { Ok(self) }
    }
}

impl PortableWatch {
    /// Polls a first time, and then every 250 ms. An error ends the watch: what cannot be seen must not be taken for a
    /// desktop on which nothing happens.
    pub(crate) fn start(
        numbers: &WatchNumbers,
        mut look: impl FnMut() -> Result<PollResult, SensorError> + Send + 'static,
    ) -> Result<Self, SensorError> {
        let first = look()?;
        let now = Moment::now();
        let mut history = LayoutHistory::new(now, numbers.first());
        history.push(now, first.windows, first.monitors);
        let sender = numbers.changes(&history);
        let changes = sender.subscribe();
        let state = PollState { history, lost: false, dropped: false, asked: 0, done: 0 };
        let shared =
            Arc::new(SharedPoll { state: Mutex::new(state), wanted: Condvar::new(), done: Condvar::new() });
        let for_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("windows".to_owned())
            .spawn(move || {
                // Dropped before the sender: who learns that the channel is closed finds the watch ended.
                let ending = PollEnding(&for_thread);
                let end = poll_until_dropped(&for_thread, &sender, look);
                drop(ending);
                tracing::info!(reason = ?end.err().map(|error| error.to_string()), "the watch over the windows has ended");
            })
            .map_err(|source| SensorError::System {
                what: "cannot start the thread that watches windows",
                source,
            })?;
        Ok(Self { shared, changes })
    }

    /// Returns the layout as last seen, at most 250 ms ago.
    ///
    /// # Errors
    /// [`SensorError::DisplayLost`] if the display is gone.
    pub fn current(&self) -> Result<Arc<Layout>, SensorError> {
        let mut state = self.shared.state();
        state.alive()?.history.current().cloned().ok_or(SensorError::DisplayLost)
    }

    /// Returns the layout valid at `from` (ms since the Unix epoch) and every later one until now, oldest first; never
    /// empty.
    ///
    /// There is no end to the span, because what a poll sees may have been so since just after the poll before.
    ///
    /// # Errors
    /// [`SensorError::NotKnown`] if `from` is before the watch began, more than 10 s ago or before the clock was set;
    /// [`SensorError::Overflow`] if there were too many layouts to keep; [`SensorError::DisplayLost`].
    pub fn span(&self, from: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        let now = Moment::now();
        self.shared.state().alive()?.history.span(now, from, u64::MAX)
    }

    /// Returns a channel with the generation of each layout from now on. It closes when the display is lost.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        changes
    }

    /// Polls at once and waits for the result. Returns the generation then. Blocks for as long as a poll takes (some ms
    /// to some tens of ms, at most 2 s): do not call it on an async thread.
    ///
    /// # Errors
    /// [`SensorError::TimedOut`] if the system does not answer; [`SensorError::DisplayLost`] if the display is gone.
    pub fn barrier(&self) -> Result<u64, SensorError> {
        let until = Instant::now() + BARRIER_TIMEOUT;
        let mut state = self.shared.state();
        state.alive()?.asked += 1;
        // A poll under way began before this, so it does not count.
        let ticket = state.asked;
        self.shared.wanted.notify_all();
        loop {
            let alive = state.alive()?;
            if alive.done >= ticket {
                return alive
                    .history
                    .current()
                    .map(|layout| layout.generation)
                    .ok_or(SensorError::DisplayLost);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(SensorError::TimedOut(BARRIER_TIMEOUT));
            }
            self.shared.done.wait_for(&mut state, left);
        }
    }
}

impl Drop for PortableWatch {
    fn drop(&mut self) {
        self.shared.state().dropped = true;
        // The thread is not joined: if the system does not answer, it cannot be woken. It ends with its poll.
        self.shared.wanted.notify_all();
    }
}

/// Marks the display as lost when the thread ends, however it does: `xcap` may panic.
struct PollEnding<'a>(&'a SharedPoll);

impl Drop for PollEnding<'_> {
    fn drop(&mut self) {
        self.0.state().lost = true;
        self.0.done.notify_all();
    }
}

/// The thread: polls until the watch is dropped, or a poll fails.
fn poll_until_dropped(
    shared: &SharedPoll,
    changes: &watch::Sender<u64>,
    mut look: impl FnMut() -> Result<PollResult, SensorError>,
) -> Result<(), SensorError> {
    loop {
        let ticket = {
            let idle = |state: &mut PollState| !state.dropped && state.asked == state.done;
            let mut state = shared.state();
            shared.wanted.wait_while_for(&mut state, idle, POLL_INTERVAL);
            if state.dropped {
                return Ok(());
            }
            state.asked
        };
        let seen = look()?;
        let news = {
            let mut state = shared.state();
            let news = state.history.push(Moment::now(), seen.windows, seen.monitors);
            state.done = ticket;
            news
        };
        shared.done.notify_all();
        if let Some(generation) = news {
            changes.send_replace(generation);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;
    use crate::area::Area;

    fn numbers() -> WatchNumbers {
        WatchNumbers::for_watch(0, Arc::new(watch::channel(0).0))
    }

    /// A desktop with one monitor, whose width is what changes.
    #[derive(Clone, Default)]
    struct TestDesktop {
        width: Arc<AtomicU32>,
        looks: Arc<AtomicU32>,
        gone: Arc<AtomicBool>,
        frozen: Arc<AtomicBool>,
    }

    impl TestDesktop {
        fn watch(&self) -> PortableWatch {
            let desktop = self.clone();
            PortableWatch::start(&numbers(), move || desktop.look()).expect("the first look")
        }

        fn look(&self) -> Result<PollResult, SensorError> {
            self.looks.fetch_add(1, Ordering::SeqCst);
            while self.frozen.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if self.gone.load(Ordering::SeqCst) {
                return Err(SensorError::DisplayLost);
            }
            let area = Area { x: 0, y: 0, width: self.width.load(Ordering::SeqCst), height: 1 };
            Ok(PollResult { windows: Vec::new(), monitors: vec![Monitor { name: "one".to_owned(), area }] })
        }
    }

    fn widths(layouts: &[Arc<Layout>]) -> Vec<u32> {
        layouts.iter().map(|layout| layout.monitors[0].area.width).collect()
    }

    #[test]
    fn a_barrier_sees_what_changed_before_it_and_the_span_has_what_was_before() {
        let desktop = TestDesktop::default();
        let watch = desktop.watch();
        let began = watch.current().expect("alive");
        for width in 1..50 {
            desktop.width.store(width, Ordering::SeqCst);
            let before = watch.current().expect("alive").generation;
            assert!(watch.barrier().expect("alive") > before);
            assert_eq!(watch.current().expect("alive").monitors[0].area.width, width);
        }
        let span = watch.span(began.at).expect("known");
        assert_eq!(widths(&span), (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_layout_that_changed_and_changed_back_between_barriers_is_two_changes_if_it_was_seen() {
        let desktop = TestDesktop::default();
        let watch = desktop.watch();
        let before = watch.barrier().expect("alive");
        desktop.width.store(7, Ordering::SeqCst);
        // Long enough to be seen by itself.
        std::thread::sleep(POLL_INTERVAL * 3);
        desktop.width.store(0, Ordering::SeqCst);
        assert_eq!(watch.barrier().expect("alive"), before + 2, "it is not the layout that it was");
    }

    #[test]
    fn it_looks_by_itself_four_times_a_second_and_no_oftener() {
        let desktop = TestDesktop::default();
        let watch = desktop.watch();
        let mut changes = watch.changes();
        desktop.width.store(9, Ordering::SeqCst);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(changes.changed()).expect("told of the change");
        assert_eq!(widths(&[watch.current().expect("alive")]), [9]);
        let (begun, looks) = (Instant::now(), desktop.looks.load(Ordering::SeqCst));
        std::thread::sleep(POLL_INTERVAL * 4);
        let looked = desktop.looks.load(Ordering::SeqCst) - looks;
        let most = begun.elapsed().as_millis() / POLL_INTERVAL.as_millis() + 1;
        assert!(u128::from(looked) <= most, "{looked} looks in {:?}", begun.elapsed());
    }

    #[test]
    fn a_lost_display_ends_the_watch_and_all_who_wait() {
        let desktop = TestDesktop::default();
        let watch = desktop.watch();
        let mut changes = watch.changes();
        desktop.gone.store(true, Ordering::SeqCst);
        assert!(matches!(watch.barrier(), Err(SensorError::DisplayLost)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        assert!(runtime.block_on(changes.changed()).is_err());
        assert!(matches!(watch.current(), Err(SensorError::DisplayLost)));
        assert!(matches!(watch.span(0), Err(SensorError::DisplayLost)));
    }

    #[test]
    fn a_look_that_panics_is_a_lost_display() {
        let mut looks = 0;
        let watch = PortableWatch::start(&numbers(), move || {
            looks += 1;
            assert!(looks == 1, "as a library may");
            Ok(PollResult { windows: Vec::new(), monitors: Vec::new() })
        })
        .expect("the first look");
        assert!(matches!(watch.barrier(), Err(SensorError::DisplayLost)));
    }

    #[test]
    fn a_system_that_does_not_answer_holds_up_nobody_for_long() {
        let desktop = TestDesktop::default();
        let watch = desktop.watch();
        desktop.frozen.store(true, Ordering::SeqCst);
        assert!(matches!(watch.barrier(), Err(SensorError::TimedOut(_))));
        assert!(watch.current().is_ok(), "what is known is still known");
        drop(watch);
        desktop.frozen.store(false, Ordering::SeqCst);
    }
}
