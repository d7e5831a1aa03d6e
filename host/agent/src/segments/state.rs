//! What the parts of a running agent share: whether it tracks, what was counted, and the way into the journal.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use candor_diary::parcel::Counts;
use candor_journal::{Journal, JournalError};
use indexmap::{IndexMap, IndexSet};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::clock::{Anchor, Clock};
use crate::problems::Problems;
use crate::segments::budget::Budgets;
use crate::segments::cut::Cut;
use crate::segments::record::Record;
use crate::segments::tracked::TrackedTime;
use crate::segments::unwritten::{PendingRecord, Unwritten};

/// For how many minutes counts are kept for collectors that ask late (wit: `activity.minute-at`).
const COUNTED_MINUTES: usize = 60;

/// How many closed segments are remembered: a note comes seconds after its time.
const CLOSED_SEGMENTS: usize = 1_024;

/// How many removed spans are remembered, so that nothing of them is recorded late: what is late comes within seconds.
const REMOVED: usize = 1_024;

/// The counts of one minute: all of them, and those that no record holds yet.
#[derive(Clone, Copy, Default)]
struct KeptCounts {
    all: Counts,
    unrecorded: Option<Counts>,
}

fn sum_counts(a: Counts, b: Counts) -> Counts {
    Counts {
        keys: a.keys.saturating_add(b.keys),
        clicks: a.clicks.saturating_add(b.clicks),
        scrolls: a.scrolls.saturating_add(b.scrolls),
    }
}

/// Why a record was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It could not be written down as JSON.
    #[error("a record could not be written down: {0}")]
    Json(#[from] serde_json::Error),
    /// The journal could not take it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It shows what the worker removed meanwhile.
    #[error("the worker removed it meanwhile")]
    Removed,
}

/// Shared by the tracker, the plugins' hosts and the control socket.
pub struct ContractState {
    /// The clock that everything waits by and stamps with.
    pub clock: Arc<dyn Clock>,
    /// The encrypted journal that all sessions write to.
    pub journal: Journal,
    /// The session whose records these are: a contract at one back office, which another of the same contract id never
    /// touches. The journal files its records under this name.
    pub session_name: String,
    /// How its time is cut into segments.
    pub cut: Arc<Cut>,
    /// Which time is tracked.
    pub tracked: TrackedTime,
    /// The latest segments that were closed since the agent started, and not taken up again.
    closed: Mutex<IndexSet<u64>>,
    unwritten: Unwritten,
    /// What each plugin has recorded in each segment.
    pub budgets: Budgets,
    /// When this run of the agent began, milliseconds since the Unix epoch: it distinguishes this run from others.
    pub life: u64,
    /// The segment that has its picture already.
    pictured: AtomicU64,
    counts: Mutex<IndexMap<u64, KeptCounts>>,
    problems: Problems,
    choices: RwLock<Choices>,
    revision: Arc<watch::Sender<u64>>,
    /// Held while a segment is read and its parcel is written: no record comes between.
    pub(crate) closing_lock: tokio::sync::RwLock<()>,
    /// The latest spans that the worker removed, each up to when that was asked for.
    removed: Mutex<VecDeque<(u64, u64)>>,
    /// What the clock was when the waits of the outbox were last right by it.
    anchor: tokio::sync::Mutex<Anchor>,
}

/// What the worker chose, as far as the terms leave it to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// No pictures are taken.
    pub no_pictures: bool,
    /// Keys, clicks and scrolls are not counted.
    pub no_activity: bool,
    /// Only the monitor with the focused window is in the picture.
    pub active_monitor_only: bool,
    /// The disk space that was set is used up: no pictures until there is room.
    pub disk_used_up: bool,
    /// From how many milliseconds without input on the worker is asked about the time.
    pub idle_ms: u64,
}

impl ContractState {
    /// Creates the state of a contract of which nothing is tracked yet.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        journal: Journal,
        session_name: String,
        cut: Arc<Cut>,
        revision: Arc<watch::Sender<u64>>,
    ) -> Self {
        Self {
            life: clock.now(),
            closing_lock: tokio::sync::RwLock::default(),
            anchor: tokio::sync::Mutex::new(Anchor::new(clock.as_ref())),
            budgets: Budgets::default(),
            clock,
            journal,
            session_name,
            cut: Arc::clone(&cut),
            tracked: TrackedTime::default(),
            closed: Mutex::default(),
            unwritten: Unwritten::new(cut),
            pictured: AtomicU64::new(0),
            counts: Mutex::default(),
            problems: Problems::new(Arc::clone(&revision)),
            choices: RwLock::default(),
            removed: Mutex::default(),
            revision,
        }
    }

    /// Moves the waits of the outbox with a clock that was set: what waits, waits as long as before. Whoever writes or
    /// reads a hold calls this first.
    ///
    /// # Errors
    /// If the journal could not be written; the next call catches up.
    pub async fn follow_clock(&self) -> Result<(), JournalError> {
        let mut anchor = self.anchor.lock().await;
        let mut now = *anchor;
        let moved = now.take_shift(self.clock.as_ref());
        if moved != 0 {
            self.journal.shift_waits(&self.session_name, moved).await?;
        }
        *anchor = now;
        Ok(())
    }

    /// Wakes everybody who shows something: it changed.
    pub fn announce_change(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    /// Returns what the worker chose.
    pub fn choices(&self) -> Choices {
        *self.choices.read()
    }

    /// Changes what the worker chose.
    pub fn choose(&self, change: impl FnOnce(&mut Choices)) {
        change(&mut self.choices.write());
        self.announce_change();
    }

    /// Notes that the segment that starts then is closed now.
    pub fn note_closed(&self, segment: u64) {
        let mut closed = self.closed.lock();
        closed.insert(segment);
        while closed.len() > CLOSED_SEGMENTS {
            closed.shift_remove_index(0);
        }
    }

    /// Lets the segment that starts then take records again, such as after the clock was set back into it.
    pub fn reopen(&self, segment: u64) {
        self.closed.lock().shift_remove(&segment);
    }

    /// Returns whether the segment that holds `at` still takes records.
    pub fn is_open(&self, at: u64) -> bool {
        !self.closed.lock().contains(&self.cut.start_of(at))
    }

    /// Returns whether something with the time `at` may be noted: it lies in tracked time, and its segment is open.
    pub fn accepts(&self, at: u64) -> bool {
        self.tracked.contains(at) && self.is_open(at) && !self.was_removed(at)
    }

    /// Refuses records of what was seen from `from` until `to`, because the worker removed it. When this returns,
    /// nothing of it is on its way into the journal.
    pub async fn refuse_removed(&self, from: u64, to: u64) {
        {
            let mut removed = self.removed.lock();
            removed.push_back((from, to));
            while removed.len() > REMOVED {
                removed.pop_front();
            }
        }
        drop(self.closing_lock.write().await);
    }

    fn was_removed(&self, at: u64) -> bool {
        let removed = self.removed.lock();
        removed.iter().any(|(from, to)| (*from..*to).contains(&at))
    }

    /// Takes the one picture of the segment that holds `at`; returns false if it was taken already.
    pub fn take_picture_of(&self, at: u64) -> bool {
        // 0 means none, so starts are kept one higher.
        let segment = self.cut.start_of(at) + 1;
        self.pictured.swap(segment, Ordering::AcqRel) != segment
    }

    /// Keeps the counts of a minute; a second report of the same minute adds up.
    pub fn add_counts(&self, minute: u64, counts: Counts) {
        let mut all = self.counts.lock();
        let counted = all.entry(minute).or_default();
        counted.all = sum_counts(counted.all, counts);
        counted.unrecorded = Some(sum_counts(counted.unrecorded.unwrap_or_default(), counts));
        // What came first goes first: the earliest minute may be the one that runs, after the clock was set back.
        while all.len() > COUNTED_MINUTES {
            all.shift_remove_index(0);
        }
    }

    /// Returns the counts of a minute, if the counter ran.
    pub fn counts_of(&self, minute: u64) -> Option<Counts> {
        self.counts.lock().get(&minute).map(|c| c.all)
    }

    /// Takes the counts of a minute that are not recorded yet, so that each is recorded once only.
    pub fn take_counts_of(&self, minute: u64) -> Option<Counts> {
        self.counts.lock().get_mut(&minute)?.unrecorded.take()
    }

    /// Notes a problem that the worker should see, under a name; none clears it. Its text may be a plugin's or a
    /// server's: everything in it is made visible, its length and the number of problems are bounded, and however often
    /// it changes, it is logged and announced at most once a second.
    pub fn set_problem(&self, name: &str, text: Option<String>) {
        if self.problems.note(name, text) {
            self.announce_change();
        }
    }

    /// Returns all problems, in words.
    pub fn problems(&self) -> Vec<String> {
        self.problems.all().iter().map(|(name, text)| format!("{}: {text}", problem_topic(name))).collect()
    }

    /// Writes a record of the session; `at` decides the segment it belongs to. What shows which time was worked is
    /// never lost to a disk that is full: it is kept and written when there is room (`unwritten.rs`).
    ///
    /// # Errors
    /// If it cannot be written down or the journal cannot take it, and it is not of the kind that is kept.
    pub async fn record(&self, at: u64, record: &Record) -> Result<(), RecordError> {
        let body = serde_json::to_vec(record)?;
        let pending = PendingRecord { kind: record.kind(), at, body };
        let _closing_lock = self.closing_lock.read().await;
        // It may have been removed while it was judged, or encoded.
        if record.is_evidence() && self.was_removed(at) {
            return Err(RecordError::Removed);
        }
        let written =
            self.unwritten.write(&self.journal, &self.session_name, pending, record.is_time()).await;
        self.report_unwritten(written.as_ref().map_or_else(Some, Option::as_ref));
        Ok(written.map(drop)?)
    }

    /// Tries to write what could not be written before; returns whether nothing is left.
    pub async fn write_pending(&self) -> bool {
        let _closing_lock = self.closing_lock.read().await;
        let written = self.unwritten.retry(&self.journal, &self.session_name).await;
        self.report_unwritten(written.as_ref().err());
        written.is_ok()
    }

    /// Returns whether something waits to be written.
    pub fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Returns what of a span could not be written yet.
    pub fn unwritten_between(&self, from: u64, to: u64) -> Vec<Record> {
        self.unwritten.between(from, to)
    }

    fn report_unwritten(&self, error: Option<&JournalError>) {
        let text = match (self.has_unwritten(), error) {
            (true, Some(error)) => Some(format!("{error}. Time is kept in memory until it can be written")),
            (true, None) => return,
            (false, Some(error)) => Some(error.to_string()),
            (false, None) => None,
        };
        self.set_problem("journal", text);
    }
}

/// Returns what a problem is about, in a person's words: a part of the agent by what it does, anything else is a
/// plugin.
fn problem_topic(name: &str) -> String {
    match name {
        "clock" => "Clock".into(),
        "counter" => "Counting".into(),
        "disk" => "Disk space".into(),
        "display" => "Screen".into(),
        "journal" | "damage" => "Journal".into(),
        "own rules" | "own rules failing" => "Your own rules".into(),
        "policy" => "The client's rules".into(),
        "outbox" => "Delivery".into(),
        "key" => "Key".into(),
        "ledger" => "Ledger".into(),
        "removal" => "Removal".into(),
        "segment" => "Segment".into(),
        plugin => format!("Plugin `{plugin}`"),
    }
}

#[cfg(test)]
mod tests {
    use candor_journal::MasterKey;

    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn invariant_09_counts_of_the_running_minute_are_kept_after_a_clock_that_was_far_ahead() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), &MasterKey::from_bytes([7; 32])).await.unwrap();
        let (revision, _) = watch::channel(0);
        let cut = Arc::new(Cut::of(10));
        let shared =
            ContractState::new(SystemClock::shared(), journal, "session".into(), cut, Arc::new(revision));
        let counts = Counts { keys: 3, ..Counts::default() };
        for minute in 0..2 * COUNTED_MINUTES as u64 {
            shared.add_counts(86_400_000 + minute * 60_000, counts);
        }
        // Set right: the minute that runs is the earliest of all.
        shared.add_counts(60_000, counts);
        assert_eq!(shared.take_counts_of(60_000), Some(counts));
        for segment in 0..2 * CLOSED_SEGMENTS as u64 {
            shared.note_closed(86_400_000 + segment * 600_000);
        }
        shared.note_closed(0);
        assert!(!shared.is_open(0), "a closed segment takes no notes");
    }
}
