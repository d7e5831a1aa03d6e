//! The tracker: turns being on into minutes, wakes the collectors, and says when segments end.
//!
//! One task owns the state; everyone else sends it [`TrackerCommand`]s. It writes facts as they end: a span at each
//! minute, counts when the counter reports them. A crash loses the minute it happens in, and that shows as a gap.

mod absence;
mod clocks;
mod closer;
mod closing;
mod command;
mod counter;
mod counting;
pub mod input;
pub mod presence;
mod state;
mod writing;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use candor_diary::parcel::GapCause;
use candor_diary::segment::{MINUTE_MS, minute_of};
use tokio::sync::{mpsc, watch};

use crate::clock::{sleep, sleep_until};
use crate::plugins::collectors::{CollectorEvent, CollectorHandle, flush_collectors};
use crate::segments::ledger::SegmentLedger;
use crate::segments::record::Record;
use crate::segments::state::ContractState;
use crate::tracker::input::InputSource;
use crate::tracker::presence::Presence;
use clocks::{ClockReading, Clocks, PULSE_MS, Pulse};
use closer::{Closer, FLUSH_MS};
pub use command::{Reply, TrackerCommand};
use counter::{CounterTask, next_count};
pub use state::{Absence, TrackerRefusal, TrackerState};

/// How often to check whether the screen was locked or lost: the sensors know no sooner. Real time.
const LOCK_LOOK: Duration = Duration::from_secs(2);
/// How often what could not be written is tried again, in milliseconds.
const RETRY_MS: u64 = 5_000;

/// The tracker of one contract.
pub struct Tracker {
    shared: Arc<ContractState>,
    ledger: Arc<SegmentLedger>,
    collectors: Vec<CollectorHandle>,
    input: Arc<dyn InputSource>,
    state: watch::Sender<TrackerState>,
    /// When the span that runs began, milliseconds since the Unix epoch.
    span_from: u64,
    /// The start of the segment that the span is in.
    segment: u64,
    /// The start of the segment whose memo was written last.
    memo_of: u64,
    counter: Option<CounterTask>,
    /// The start of the segment that was last recorded as not counted.
    uncounted_in: Option<u64>,
    /// Minutes that were tracked and whose counts are still to come.
    uncounted: BTreeSet<u64>,
    /// The last minute that the running counter has reported.
    reported: Option<u64>,
    /// When the running counter was started, milliseconds since the Unix epoch.
    counting_since: u64,
    closer: Closer,
    /// What the clocks showed when they were compared last.
    clocks: Clocks,
    /// Stretches of tracked time that ended with a jump, since somebody was there for certain: oldest first.
    jumped_stretches: VecDeque<JumpedStretch>,
    /// When it was last checked whether anybody is there, by the steady clock.
    checked_at: u64,
    /// Reads the clocks while tracking is on.
    pulse: Option<Pulse>,
    presence: Arc<dyn Presence>,
}

/// Tracked time that ended with a jump of the clocks, milliseconds since the Unix epoch as the clock showed it.
#[derive(Clone, Copy, Debug)]
struct JumpedStretch {
    from: u64,
    to: u64,
    /// When it ended, by the steady clock.
    steady: u64,
}

/// What the tracker's loop has to do next.
enum NextStep {
    MinuteEnd(u64),
    TrackerCommand(Option<(TrackerCommand, Reply)>),
    Counted(Result<crate::tracker::input::Counted, String>),
    Closed(Vec<closer::CloseOutcome>),
    Close,
    Look,
    Retry,
}

impl Tracker {
    /// Creates a tracker that is off, and the receiver of its state.
    #[must_use]
    pub fn new(
        ledger: Arc<SegmentLedger>,
        collectors: Vec<CollectorHandle>,
        input: Arc<dyn InputSource>,
        presence: Arc<dyn Presence>,
        outbox_changed: Arc<tokio::sync::Notify>,
    ) -> (Self, watch::Receiver<TrackerState>) {
        let (state, states) = watch::channel(TrackerState::default());
        let shared = Arc::clone(&ledger.shared);
        let clocks = Clocks::new(ClockReading::now(shared.clock.as_ref()));
        let tracker = Self {
            closer: Closer::new(Arc::clone(&ledger), collectors.clone(), outbox_changed),
            shared,
            ledger,
            collectors,
            input,
            state,
            span_from: 0,
            segment: 0,
            memo_of: 0,
            counter: None,
            uncounted_in: None,
            uncounted: BTreeSet::new(),
            reported: None,
            counting_since: 0,
            clocks,
            jumped_stretches: VecDeque::new(),
            checked_at: 0,
            pulse: None,
            presence,
        };
        (tracker, states)
    }

    /// Runs until the commands end; then tracking stops and everything is recorded.
    pub async fn run(mut self, mut commands: mpsc::Receiver<(TrackerCommand, Reply)>) {
        self.recover().await;
        loop {
            // First of all, and again when something is due: whatever waits is worked out from what the clock shows.
            self.compare_clocks().await;
            let due = self.next_step(&mut commands).await;
            self.compare_clocks().await;
            // A check that changed nothing needs no announcement.
            let quiet = matches!(due, NextStep::Look | NextStep::Retry);
            match due {
                NextStep::MinuteEnd(end) => self.minute_ended(end).await,
                NextStep::TrackerCommand(None) => break,
                NextStep::TrackerCommand(Some((command, reply))) => {
                    let result = self.dispatch(command).await;
                    // Whoever asked may have gone.
                    let _ = reply.send(result);
                }
                NextStep::Counted(counted) => self.handle_count(counted).await,
                NextStep::Closed(closed) => self.closer.handle_outcomes(closed),
                NextStep::Close => self.close_ended().await,
                NextStep::Look => self.check_presence().await,
                NextStep::Retry => drop(self.shared.write_pending().await),
            }
            if !quiet {
                self.publish();
            }
        }
        if self.is_on() {
            let now = self.shared.clock.now();
            self.stop_tracking(now).await;
        }
        flush_collectors(&self.collectors, &self.shared, FLUSH_MS).await;
        self.closer.finish().await;
        self.shared.write_pending().await;
        if let Err(error) = self.shared.journal.sync().await {
            self.shared.set_problem("journal", Some(error.to_string()));
        }
    }

    /// Waits for the next step that is due.
    async fn next_step(&mut self, commands: &mut mpsc::Receiver<(TrackerCommand, Reply)>) -> NextStep {
        let clock = Arc::clone(&self.shared.clock);
        let tracking = self.is_on();
        // A minute after a stop or pause was asked for is not this loop's to end: its command is on its way.
        let runs = tracking && self.shared.tracked.latest_halt().is_none();
        // From the span, not from now: a minute that ended while something else was done is not passed over.
        let minute_end = runs.then(|| minute_of(self.span_from) + MINUTE_MS);
        let close = self.close_due();
        let retry = self.shared.has_unwritten();
        // By what it looked at last, so that a person who is busy at the window does not put it off.
        let look = (self.checked_at + PULSE_MS).saturating_sub(clock.monotonic());
        let absent = self.state.borrow().absent.map(|(why, _)| why);
        let held_up = matches!(absent, Some(Absence::Locked | Absence::DisplayLost));
        let presence = Arc::clone(&self.presence);
        let locked = async move {
            loop {
                tokio::time::sleep(LOCK_LOOK).await;
                let sample = presence.sample();
                if (sample.locked || sample.display_lost) != held_up {
                    return;
                }
            }
        };
        let at = |at: Option<u64>| {
            let clock = Arc::clone(&clock);
            async move {
                match at {
                    Some(at) => sleep_until(clock.as_ref(), at).await,
                    None => std::future::pending().await,
                }
            }
        };
        // In no order of rank: whatever falls behind must not keep the rest from being done.
        tokio::select! {
            () = at(minute_end) => NextStep::MinuteEnd(minute_end.unwrap_or_default()),
            command = commands.recv() => NextStep::TrackerCommand(command),
            counted = next_count(&mut self.counter) => NextStep::Counted(counted),
            closed = self.closer.wait_closed() => NextStep::Closed(closed),
            () = at(close) => NextStep::Close,
            () = sleep(clock.as_ref(), look), if tracking => NextStep::Look,
            () = locked, if tracking && absent != Some(Absence::Paused) => NextStep::Look,
            () = sleep(clock.as_ref(), RETRY_MS), if retry => NextStep::Retry,
        }
    }

    fn is_on(&self) -> bool {
        self.state.borrow().since.is_some()
    }

    /// Recovers after a start of the agent: segments that were left open are closed when their time is over, and a
    /// session that was cut off shows its gap.
    async fn recover(&mut self) {
        match self.ledger.unclosed().await {
            Ok(open) => self.ledger.marks.mark_all_open(open),
            Err(error) => self.shared.set_problem("journal", Some(error.to_string())),
        }
        match crate::segments::recovery::cut_off(&self.shared).await {
            Ok(Some(from)) => {
                // The end of the gap is the end of the segment: nobody knows more than that work was cut off.
                let now = self.shared.clock.now();
                let to = now.min(self.shared.cut.end_of(from));
                self.write_gap(from, to, GapCause::Crash).await;
                self.record(now, &Record::Stopped).await;
            }
            Ok(None) => {}
            Err(error) => self.shared.set_problem("journal", Some(error.to_string())),
        }
        match crate::segments::recovery::open_question(&self.shared).await {
            Ok(question) => self.state.send_modify(|s| s.question = question),
            Err(error) => self.shared.set_problem("journal", Some(error.to_string())),
        }
        if let Err(error) = self.ledger.catch_up().await {
            self.shared.set_problem("segment", Some(format!("a change could not be finished: {error}")));
        }
        self.closer.notify_outbox();
        self.publish();
    }

    async fn dispatch(&mut self, command: TrackerCommand) -> Result<(), TrackerRefusal> {
        match command {
            TrackerCommand::Start { memo, no_sign } => self.start_or_resume(memo, no_sign).await,
            TrackerCommand::CheckPresence => {
                self.check_presence().await;
                Ok(())
            }
            TrackerCommand::Stop { at } => {
                let on = self.is_on();
                if on {
                    self.stop_tracking(at).await;
                }
                self.shared.tracked.finish_halt();
                if on { Ok(()) } else { Err(TrackerRefusal::Off) }
            }
            TrackerCommand::StopAtSegmentEnd => {
                if !self.is_on() {
                    return Err(TrackerRefusal::Off);
                }
                self.state.send_modify(|s| s.stopping = true);
                Ok(())
            }
            TrackerCommand::Pause { at } => {
                let paused = matches!(self.state.borrow().absent, Some((Absence::Paused, _)));
                let pauses = self.is_on() && !paused;
                if pauses {
                    self.begin_absence(Absence::Paused, at).await;
                }
                self.shared.tracked.finish_halt();
                if pauses { Ok(()) } else { Err(TrackerRefusal::NothingToPause) }
            }
            TrackerCommand::Memo { memo } => {
                self.set_memo(&memo).await;
                Ok(())
            }
            TrackerCommand::Label { label } => {
                if label.as_ref().is_some_and(|l| !self.ledger.terms.labels.contains(l)) {
                    return Err(TrackerRefusal::NoSuchLabel);
                }
                self.state.send_modify(|s| s.label = label);
                self.write_current_memo().await;
                Ok(())
            }
            TrackerCommand::Answered => self.close_question().await,
            TrackerCommand::Unanswered => {
                self.state.send_modify(|s| {
                    s.question = s.answered.take().or(s.question);
                });
                self.shared.announce_change();
                Ok(())
            }
            TrackerCommand::Cut => {
                self.cut_span().await;
                Ok(())
            }
            TrackerCommand::Rewrite => {
                self.uncounted_in = None;
                self.write_memo(self.shared.clock.now()).await;
                Ok(())
            }
        }
    }

    /// Starts tracking, or resumes it after a pause.
    async fn start_or_resume(&mut self, memo: Option<String>, no_sign: bool) -> Result<(), TrackerRefusal> {
        if !self.ledger.terms.tracks_time() {
            return Err(TrackerRefusal::ManualOnly);
        }
        if !self.is_on() {
            self.state.send_modify(|s| s.no_sign = no_sign);
            self.start_tracking(memo).await;
            return Ok(());
        }
        if !matches!(self.state.borrow().absent, Some((Absence::Paused, _))) {
            return Err(TrackerRefusal::On);
        }
        self.state.send_modify(|s| s.no_sign = no_sign);
        let now = self.shared.clock.now();
        self.end_absence(now).await;
        match memo {
            Some(memo) => self.set_memo(&memo).await,
            None if no_sign => self.write_memo(now).await,
            None => {}
        }
        // Whoever resumes at a locked screen is not there either.
        self.check_presence().await;
        Ok(())
    }

    /// Closes the idle question, which was answered.
    async fn close_question(&mut self) -> Result<(), TrackerRefusal> {
        let question = self.state.borrow().question;
        let Some((from, to)) = question else { return Err(TrackerRefusal::NoQuestion) };
        self.record(from, &Record::Answered { from }).await;
        // What was not typed in stays left out, and is recorded as that from now on.
        self.write_gap(from, to, GapCause::LeftOut).await;
        self.state.send_modify(|s| {
            s.question = None;
            s.answered = Some((from, to));
        });
        Ok(())
    }

    /// Writes down the span and the counts until now, if tracking goes on: what follows belongs to another span.
    async fn cut_span(&mut self) {
        if self.is_on() && self.state.borrow().absent.is_none() {
            let now = self.shared.clock.now();
            self.end_span(now).await;
            if self.counter.is_some() {
                self.stop_counter(now).await;
                self.start_counter(now).await;
            }
        }
    }

    async fn set_memo(&mut self, memo: &str) {
        let memo = (!memo.trim().is_empty()).then(|| memo.trim().to_owned());
        self.state.send_modify(|s| s.memo = memo);
        self.write_current_memo().await;
    }

    async fn start_tracking(&mut self, memo: Option<String>) {
        self.clocks = Clocks::new(ClockReading::now(self.shared.clock.as_ref()));
        self.jumped_stretches.clear();
        self.pulse = Some(Pulse::start(Arc::clone(&self.shared.clock)));
        let now = self.clocks.last().wall;
        self.span_from = now;
        self.segment = self.shared.cut.start_of(now);
        self.shared.tracked.begin(now);
        let steady = self.shared.clock.monotonic();
        self.state.send_modify(|s| {
            s.since = Some(now);
            s.on_ms = 0;
            s.running_since = Some(now);
            s.running_since_steady = steady;
            s.absent = None;
            s.stopping = false;
            if let Some(memo) = memo {
                s.memo = (!memo.trim().is_empty()).then(|| memo.trim().to_owned());
            }
        });
        self.record(now, &Record::Started).await;
        self.write_memo(now).await;
        if let Some(why) = self.obstacle(self.presence.sample()) {
            // Not even the first seconds pass for tracked.
            self.begin_absence(why, now).await;
            return;
        }
        self.start_counter(now).await;
        self.post_event(|| CollectorEvent::Started);
    }

    /// Ends tracking as of `at`: the running span is written, the counter's rest recorded. Collectors finish what they
    /// were handed in their own time; what they note of the time before `at` is still taken.
    async fn stop_tracking(&mut self, at: u64) {
        self.end_span(at).await;
        self.settle_clocks().await;
        self.stop_counter(at).await;
        self.shared.tracked.end(at);
        self.pulse = None;
        self.post_event(|| CollectorEvent::Stopped);
        // A stop at a segment's end belongs to the segment that ended.
        let since = self.state.borrow().since.unwrap_or(at).min(at);
        self.record(at.saturating_sub(1).max(since), &Record::Stopped).await;
        self.ask_about_absence(at).await;
        self.state.send_modify(|s| {
            s.since = None;
            s.running_since = None;
            s.absent = None;
            s.stopping = false;
        });
    }

    async fn minute_ended(&mut self, end: u64) {
        self.check_presence().await;
        self.end_span(end).await;
        self.check_segment_end().await;
        self.drop_overdue_counts().await;
        let on = self.is_on() && self.state.borrow().absent.is_none();
        if self.counter.is_none() && on {
            self.start_counter(end).await;
        }
    }

    /// Notices that the span that runs has come into another segment: tracking stops then if it was asked to.
    async fn check_segment_end(&mut self) {
        let segment = self.shared.cut.start_of(self.span_from);
        let ended = std::mem::replace(&mut self.segment, segment);
        if ended == segment {
            return;
        }
        if self.state.borrow().stopping {
            self.stop_tracking(segment).await;
        }
        self.post_event(|| CollectorEvent::Segment(ended));
    }

    fn post_event(&self, event: impl Fn() -> CollectorEvent) {
        for collector in &self.collectors {
            if !collector.send(event()) {
                self.shared
                    .set_problem(&collector.name, Some("is behind; what it missed shows as a gap".into()));
            }
        }
    }

    fn publish(&self) {
        let open = self.ledger.marks.open_segments().len();
        self.state.send_modify(|s| s.open_segments = open);
        self.shared.announce_change();
    }
}
