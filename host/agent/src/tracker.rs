//! The tracker: turns being on into minutes, wakes the collectors, and says when segments end.
//!
//! One task owns the state; everyone else sends it [`Command`]s. It writes facts as they end: a span at each minute,
//! counts when the counter reports them. A crash loses the minute it happens in, and that shows as a gap.

mod absence;
mod counting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use candor_diary::parcel::{Gap, GapCause};
use candor_diary::segment::{MINUTE_MS, minute_of};
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::sleep_until;
use crate::closing::Closing;
use crate::collectors::{CollectorHandle, Event, flush};
use crate::input::InputSource;
use crate::presence::Presence;
use crate::record::Record;
use crate::shared::Shared;
use absence::Beat;
use counting::{Running, next_count};

/// How long after its end a segment stays open for pictures that are still being judged and counts on their way, ms.
const GRACE_MS: u64 = 2_500;
/// How long collectors may take to finish what they were handed before a segment closes, in milliseconds.
const FLUSH_MS: u64 = 8_000;
/// How long after a segment could not be closed that is tried again, in milliseconds.
const CLOSE_AGAIN_MS: u64 = 5_000;
/// How often the clock is compared with the monotonic one, in milliseconds.
const HEARTBEAT_MS: u64 = 10_000;

/// What can be asked of the tracker.
pub enum Command {
    /// Begin tracking with this memo.
    Start {
        /// The memo; none keeps the last one.
        memo: Option<String>,
    },
    /// End tracking, now or when the running segment ends.
    Stop {
        /// Wait for the segment's end.
        at_segment_end: bool,
    },
    /// Pause for private time: nothing is recorded, and the time shows as a gap.
    Pause,
    /// Say what the work is.
    Memo {
        /// The text; empty clears it.
        memo: String,
    },
    /// Choose a label.
    Label {
        /// The label; none clears it.
        label: Option<String>,
    },
    /// The idle question was answered.
    Answered,
    /// Write memo and label into the running segment again: what it held was removed.
    Rewrite,
}

/// Answers a [`Command`]; an error is a sentence for the person.
pub type Reply = oneshot::Sender<Result<(), String>>;

/// What the tracker is doing, for `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Since when it tracks, milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// For how many milliseconds it has been on since then, what the running stretch holds aside.
    pub on_ms: u64,
    /// Since when the running stretch goes on; none while nobody is there, or paused.
    pub running_since: Option<u64>,
    /// The memo.
    pub memo: Option<String>,
    /// The label.
    pub label: Option<String>,
    /// Whether it stops at the end of the segment.
    pub stopping: bool,
    /// Why nothing is tracked although it is on, and since when.
    pub absent: Option<(Absence, u64)>,
    /// Time that the worker is to decide about.
    pub question: Option<(u64, u64)>,
    /// Segments that ended or run and are not closed yet.
    pub open_segments: usize,
}

/// Why nothing is tracked although the tracker is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The worker paused for private time.
    Paused,
    /// Keyboard and mouse were not touched for the set minutes.
    Away,
    /// The screen is locked.
    Locked,
    /// The display is gone.
    DisplayLost,
}

impl Absence {
    fn cause(self) -> GapCause {
        match self {
            Self::Paused => GapCause::Paused,
            Self::Away => GapCause::LeftOut,
            Self::Locked => GapCause::Locked,
            Self::DisplayLost => GapCause::DisplayLost,
        }
    }
}

/// The tracker of one contract.
pub struct Tracker {
    shared: Arc<Shared>,
    closing: Arc<Closing>,
    collectors: Vec<CollectorHandle>,
    input: Arc<dyn InputSource>,
    state: watch::Sender<State>,
    closed: Arc<tokio::sync::Notify>,
    /// Where the span that runs began.
    span_from: u64,
    /// The segment that it is in.
    segment: u64,
    /// The segment whose memo is written.
    memo_of: u64,
    counter: Option<Running>,
    open: BTreeSet<u64>,
    /// When a segment that could not be closed is tried again, by its start.
    close_again: BTreeMap<u64, u64>,
    beat: Beat,
    presence: Arc<dyn Presence>,
}

impl Tracker {
    /// A tracker that is off.
    #[must_use]
    pub fn new(
        closing: Arc<Closing>,
        collectors: Vec<CollectorHandle>,
        input: Arc<dyn InputSource>,
        presence: Arc<dyn Presence>,
        closed: Arc<tokio::sync::Notify>,
    ) -> (Self, watch::Receiver<State>) {
        let (state, states) = watch::channel(State::default());
        let shared = Arc::clone(&closing.shared);
        let beat = Beat::now(shared.clock.as_ref(), presence.as_ref());
        let tracker = Self {
            shared,
            closing,
            collectors,
            input,
            state,
            closed,
            span_from: 0,
            segment: 0,
            memo_of: 0,
            counter: None,
            open: BTreeSet::new(),
            close_again: BTreeMap::new(),
            beat,
            presence,
        };
        (tracker, states)
    }

    /// Runs until the commands end; then tracking stops and everything is recorded.
    pub async fn run(mut self, mut commands: mpsc::Receiver<(Command, Reply)>) {
        self.recover().await;
        loop {
            let now = self.shared.clock.now();
            let tracking = self.state.borrow().since.is_some();
            // From the span, not from now: a minute that ended while something else was done is not passed over.
            let minute_end = tracking.then(|| minute_of(self.span_from) + MINUTE_MS);
            let close = self.open.iter().map(|start| self.closes_at(*start)).min();
            let beat = tracking.then_some(self.beat.wall + HEARTBEAT_MS);
            let clock = Arc::clone(&self.shared.clock);
            let at = |at: Option<u64>| {
                let clock = Arc::clone(&clock);
                async move {
                    match at {
                        Some(at) => sleep_until(clock.as_ref(), at).await,
                        None => std::future::pending().await,
                    }
                }
            };
            tokio::select! {
                biased;
                () = at(minute_end) => self.minute_ended(minute_end.unwrap_or(now)).await,
                command = commands.recv() => match command {
                    None => break,
                    Some((command, reply)) => {
                        let result = self.obey(command).await;
                        // Whoever asked may have gone.
                        drop(reply.send(result));
                    }
                },
                counted = next_count(&mut self.counter) => self.counted(counted).await,
                () = at(close) => self.close_ended().await,
                () = at(beat) => self.heartbeat().await,
            }
        }
        if self.state.borrow().since.is_some() {
            let now = self.shared.clock.now();
            self.stop(now).await;
        }
        if let Err(error) = self.shared.journal.sync().await {
            self.shared.problem("journal", Some(error.to_string()));
        }
    }

    /// After a start of the agent: segments that were left open are closed when their time is over, and a session
    /// that was cut off shows its gap.
    async fn recover(&mut self) {
        if let Err(error) = self.closing.find_left_open().await {
            self.shared.problem("journal", Some(error.to_string()));
        }
        match self.closing.unclosed().await {
            Ok(open) => self.open = open,
            Err(error) => self.shared.problem("journal", Some(error.to_string())),
        }
        match crate::recovery::cut_off(&self.shared).await {
            Ok(Some(from)) => {
                // The end of the gap is the end of the segment: nobody knows more than that work was cut off.
                let segment = self.shared.length.start_of(from);
                let to = self.shared.clock.now().min(segment + self.shared.length.ms());
                if self.shared.open(from) && to > from {
                    self.record(from, &Record::Gap(Gap { from, to, cause: GapCause::Crash })).await;
                }
                self.record(self.shared.clock.now(), &Record::Stopped).await;
            }
            Ok(None) => {}
            Err(error) => self.shared.problem("journal", Some(error.to_string())),
        }
        match crate::recovery::open_question(&self.shared).await {
            Ok(question) => self.state.send_modify(|s| s.question = question),
            Err(error) => self.shared.problem("journal", Some(error.to_string())),
        }
        if let Err(error) = self.closing.catch_up().await {
            self.shared.problem("segment", Some(format!("a change was not caught up with: {error}")));
        }
        self.closed.notify_one();
        self.tell();
    }

    async fn obey(&mut self, command: Command) -> Result<(), String> {
        match command {
            Command::Start { memo } => {
                if self.state.borrow().since.is_none() {
                    self.start(memo).await;
                    return Ok(());
                }
                if !matches!(self.state.borrow().absent, Some((Absence::Paused, _))) {
                    return Err("tracking is on already".into());
                }
                let now = self.shared.clock.now();
                self.back(now).await;
                if let Some(memo) = memo {
                    self.set_memo(&memo).await;
                }
                Ok(())
            }
            Command::Stop { at_segment_end } => {
                if self.state.borrow().since.is_none() {
                    return Err("tracking is off already".into());
                }
                if at_segment_end {
                    self.state.send_modify(|s| s.stopping = true);
                } else {
                    let now = self.shared.clock.now();
                    self.stop(now).await;
                }
                Ok(())
            }
            Command::Pause => {
                let paused = matches!(self.state.borrow().absent, Some((Absence::Paused, _)));
                if self.state.borrow().since.is_none() || paused {
                    return Err("there is nothing to pause: tracking is off".into());
                }
                let now = self.shared.clock.now();
                self.back(now).await;
                self.leave(Absence::Paused, now).await;
                Ok(())
            }
            Command::Memo { memo } => {
                self.set_memo(&memo).await;
                Ok(())
            }
            Command::Label { label } => {
                if label.as_ref().is_some_and(|l| !self.closing.terms.labels.contains(l)) {
                    return Err("the terms have no such label".into());
                }
                self.state.send_modify(|s| s.label = label);
                self.write_memo(self.shared.clock.now()).await;
                Ok(())
            }
            Command::Answered => {
                let question = self.state.borrow().question;
                let Some((from, _)) = question else { return Err("there is no question to answer".into()) };
                self.record(from, &Record::Answered { from }).await;
                self.state.send_modify(|s| s.question = None);
                Ok(())
            }
            Command::Rewrite => {
                self.write_memo(self.shared.clock.now()).await;
                Ok(())
            }
        }
    }

    async fn set_memo(&mut self, memo: &str) {
        let memo = (!memo.trim().is_empty()).then(|| memo.trim().to_owned());
        self.state.send_modify(|s| s.memo = memo);
        self.write_memo(self.shared.clock.now()).await;
    }

    async fn start(&mut self, memo: Option<String>) {
        let now = self.shared.clock.now();
        self.span_from = now;
        self.segment = self.shared.length.start_of(now);
        self.beat = Beat::now(self.shared.clock.as_ref(), self.presence.as_ref());
        self.shared.set_tracking(true);
        self.state.send_modify(|s| {
            s.since = Some(now);
            s.on_ms = 0;
            s.running_since = Some(now);
            s.absent = None;
            s.stopping = false;
            if let Some(memo) = memo {
                s.memo = (!memo.trim().is_empty()).then(|| memo.trim().to_owned());
            }
        });
        self.record(now, &Record::Started).await;
        self.write_memo(now).await;
        if self.presence.sample().display_lost {
            // Not even the first seconds pass for tracked.
            self.leave(Absence::DisplayLost, now).await;
            return;
        }
        self.start_counter(now).await;
        self.post(|| Event::Started);
    }

    /// Ends tracking as of `at`: the running span is written, the counter's rest recorded, collectors finished.
    async fn stop(&mut self, at: u64) {
        self.end_span(at).await;
        self.stop_counter(at).await;
        flush(&self.collectors, &self.shared, FLUSH_MS).await;
        self.shared.set_tracking(false);
        self.post(|| Event::Stopped);
        // A stop at a segment's end belongs to the segment that ended.
        let since = self.state.borrow().since.unwrap_or(at);
        self.record(at.saturating_sub(1).max(since), &Record::Stopped).await;
        let absent = self.state.borrow().absent;
        if let Some((Absence::Away, from)) = absent {
            self.record(from, &Record::Question { from, to: at }).await;
        }
        self.state.send_modify(|s| {
            if let Some((Absence::Away, from)) = s.absent {
                s.question = Some((from, at));
            }
            s.since = None;
            s.running_since = None;
            s.absent = None;
            s.stopping = false;
        });
        self.shared.changed();
        self.tell();
    }

    /// Writes the span that runs, up to `to`; the next begins there.
    async fn end_span(&mut self, to: u64) {
        let from = self.span_from;
        if to <= from {
            return;
        }
        let absent = self.state.borrow().absent;
        if let Some((why, _)) = absent {
            let cause = why.cause();
            self.write_gap(from, to, cause).await;
            self.span_from = to;
            return;
        }
        // A late wake-up may bring more than one minute at once.
        let mut from = from;
        while from < to {
            let end = to.min(minute_of(from) + MINUTE_MS);
            let segment = self.shared.length.start_of(from);
            self.open.insert(segment);
            // Each segment holds its own memo, so that it can be put together alone.
            if self.memo_of != segment {
                self.write_memo(from).await;
            }
            self.record(from, &Record::Span { from, to: end }).await;
            from = end;
        }
        self.span_from = to;
    }

    async fn minute_ended(&mut self, end: u64) {
        self.heartbeat().await;
        self.end_span(end).await;
        self.segment_turned().await;
        let on = self.state.borrow().since.is_some() && self.state.borrow().absent.is_none();
        if self.counter.is_none() && on {
            self.start_counter(end).await;
        }
        self.tell();
    }

    /// Where the span that runs has come into another segment, tracking stops if it was asked to.
    async fn segment_turned(&mut self) {
        let segment = self.shared.length.start_of(self.span_from);
        let ended = std::mem::replace(&mut self.segment, segment);
        if ended == segment {
            return;
        }
        if self.state.borrow().stopping {
            self.stop(segment).await;
        }
        self.post(|| Event::Segment(ended));
    }

    /// When a segment that is open is closed, or tried again.
    fn closes_at(&self, start: u64) -> u64 {
        let ended = start + self.shared.length.ms() + GRACE_MS;
        self.close_again.get(&start).map_or(ended, |again| ended.max(*again))
    }

    /// Closes every segment that has ended. One that cannot be closed is tried again later and stops no other.
    async fn close_ended(&mut self) {
        let now = self.shared.clock.now();
        let ended: Vec<u64> = self.open.iter().copied().filter(|s| self.closes_at(*s) <= now).collect();
        if self.state.borrow().since.is_some() {
            flush(&self.collectors, &self.shared, FLUSH_MS).await;
        }
        for start in ended {
            match self.closing.close(start).await {
                Ok(_) => {
                    self.open.remove(&start);
                    self.close_again.remove(&start);
                    self.closed.notify_one();
                }
                Err(error) => {
                    self.shared.problem("segment", Some(format!("not closed yet: {error}")));
                    // The disk may be full.
                    self.close_again.insert(start, now + CLOSE_AGAIN_MS);
                }
            }
        }
        if self.close_again.is_empty() {
            self.shared.problem("segment", None);
        }
        self.tell();
    }

    async fn write_memo(&mut self, at: u64) {
        self.memo_of = self.shared.length.start_of(at);
        let (memo, label) = {
            let state = self.state.borrow();
            (state.memo.clone(), state.label.clone())
        };
        self.record(at, &Record::Memo { memo, label }).await;
        self.shared.changed();
    }

    async fn record(&self, at: u64, record: &Record) {
        if let Err(error) = self.shared.record(at, record).await {
            self.shared.problem("journal", Some(error.to_string()));
        }
    }

    fn post(&self, event: impl Fn() -> Event) {
        for collector in &self.collectors {
            if !collector.send(event()) {
                self.shared.problem(&collector.name, Some("is behind; what it missed shows as a gap".into()));
            }
        }
    }

    fn tell(&self) {
        self.state.send_modify(|s| s.open_segments = self.open.len());
        self.shared.changed();
    }
}
