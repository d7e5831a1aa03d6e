//! The pipeline that records under one contract, put together and running.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::guard::Guard;
use crate::segments::ledger::SegmentLedger;
use crate::segments::tracked::{Halt, HaltKind};
use crate::tracker::{Absence, Reply, TrackerCommand, TrackerRefusal, TrackerState};

/// How long delivery may take to end once it was asked to.
const OUTBOX_ENDS: Duration = Duration::from_secs(5);

/// The tasks of a pipeline, and how they are reached.
pub(super) struct PipelineTasks {
    /// Sends commands to the tracker, each with the channel for its reply.
    pub(super) commands: mpsc::Sender<(TrackerCommand, Reply)>,
    /// What the tracker does.
    pub(super) state: watch::Receiver<TrackerState>,
    /// The task that runs the tracker.
    pub(super) tracker: JoinHandle<()>,
    /// The outbox worker's task; none if its uploader could not be started.
    pub(super) outbox: Option<JoinHandle<()>>,
}

/// A pipeline that was put together.
pub struct Pipeline {
    commands: Mutex<Option<mpsc::Sender<(TrackerCommand, Reply)>>>,
    state: watch::Receiver<TrackerState>,
    tracker: Mutex<Option<JoinHandle<()>>>,
    outbox: Mutex<Option<JoinHandle<()>>>,
    /// Closes and changes segments.
    pub ledger: Arc<SegmentLedger>,
    /// Locked while the idle question is answered, or an answer is undone.
    pub answering: Mutex<()>,
    /// Notified when there may be something to deliver.
    pub outbox_changed: Arc<Notify>,
    guard: Option<Arc<Guard>>,
    /// SHA-256 of the component that judges own rules, as it was accepted.
    own_sha256: Option<String>,
    /// The plugins in use.
    pub plugins: Vec<candor_protocol::Plugin>,
}

impl Pipeline {
    pub(super) fn new(
        running: PipelineTasks,
        ledger: Arc<SegmentLedger>,
        outbox_changed: Arc<Notify>,
        guard: Option<Arc<Guard>>,
        own_sha256: Option<String>,
        plugins: Vec<candor_protocol::Plugin>,
    ) -> Self {
        Self {
            commands: Mutex::new(Some(running.commands)),
            state: running.state,
            tracker: Mutex::new(Some(running.tracker)),
            outbox: Mutex::new(running.outbox),
            ledger,
            answering: Mutex::default(),
            outbox_changed,
            guard,
            own_sha256,
            plugins,
        }
    }

    /// Returns what the tracker does, without a pause or stop that has not reached it yet.
    pub(super) fn state_of_tracker(&self) -> TrackerState {
        self.state.borrow().clone()
    }

    /// Returns the guard; none if there is no display.
    pub(super) fn guard(&self) -> Option<&Arc<Guard>> {
        self.guard.as_ref()
    }

    /// SHA-256 of the component that judges own rules, as it was accepted.
    pub(super) fn own_rules_sha256(&self) -> Option<&str> {
        self.own_sha256.as_deref()
    }

    /// Returns what the tracker does. A pause or stop that was asked for shows at once.
    #[must_use]
    pub fn state(&self) -> TrackerState {
        let mut state = self.state.borrow().clone();
        if let Some(halt) = self.ledger.shared.tracked.latest_halt() {
            state.apply_halt(halt);
        }
        state
    }

    /// Ends or pauses tracking. From the moment of this call on nothing is seen, counted or noted, whatever the tracker
    /// and the plugins are busy with (invariant 6); what concerns the time before is recorded when this returns.
    ///
    /// # Errors
    /// If there is nothing to end or pause.
    pub async fn halt(&self, kind: HaltKind) -> Result<(), TrackerRefusal> {
        let state = self.state();
        let shared = &self.ledger.shared;
        let at = shared.clock.now();
        let command = match kind {
            HaltKind::Stop if state.since.is_none() => return Err(TrackerRefusal::Off),
            HaltKind::Pause if state.since.is_none() => {
                return Err(TrackerRefusal::NothingToPause);
            }
            HaltKind::Pause if matches!(state.absent, Some((Absence::Paused, _))) => {
                return Err(TrackerRefusal::Paused);
            }
            HaltKind::Stop => TrackerCommand::Stop { at },
            HaltKind::Pause => TrackerCommand::Pause { at },
        };
        shared.tracked.halt(Halt { kind, at, steady: shared.clock.monotonic() });
        shared.announce_change();
        self.command(command).await
    }

    /// Sends a command to the tracker and waits for its reply.
    ///
    /// # Errors
    /// Why the tracker refuses.
    pub async fn command(&self, command: TrackerCommand) -> Result<(), TrackerRefusal> {
        let commands = self.commands.lock().await.clone().ok_or(TrackerRefusal::Stopping)?;
        let (reply, answer) = oneshot::channel();
        commands.send((command, reply)).await.map_err(|_| TrackerRefusal::Stopping)?;
        answer.await.map_err(|_| TrackerRefusal::Stopping)?
    }

    /// Ends tracking and delivery. What is being delivered is delivered again by whoever comes next: a target takes a
    /// parcel once.
    pub(super) async fn shut_down(&self) {
        // Not seen any more from now on, however long it takes to write down what was.
        self.ledger.shared.tracked.end(self.ledger.shared.clock.now());
        drop(self.commands.lock().await.take());
        let tracker = self.tracker.lock().await.take();
        if let Some(tracker) = tracker
            && tracker.await.is_err()
        {
            tracing::error!("the tracker failed while it stopped; what it had written is kept");
        }
        let outbox = self.outbox.lock().await.take();
        if let Some(outbox) = outbox {
            outbox.abort();
            if tokio::time::timeout(OUTBOX_ENDS, outbox).await.is_err() {
                tracing::warn!("an uploader is still busy; it is left to itself");
            }
        }
    }
}
