//! Signs: whoever is recorded can see it (invariant 6).
//!
//! Window and tray report what they show over a control connection of their own ([`candor_protocol::sign`]). While it
//! is recorded, [`Signs::keep_showing`] sees to it that something does: it starts the tray's program, starts it again
//! when it ends, and holds recording up if nothing shows for longer than `grace` allows. Nothing can be taken for a
//! sign that is none any more: one whose connection ended, or that was not reported again in time, is gone.
//!
//! These are waits for programs of this computer, so they are real time, not the agent's clock.

mod grace;
mod tray;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use candor_protocol::sign::LEASE;
use candor_protocol::{Face, Sign};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::tracker::presence::{Presence, Sample};
use grace::Grace;
use tray::TrayKeeper;
pub use tray::TrayProgram;
pub use witness::{OnScreen, Witness};

/// How long a start waits for something to show it if it is known why nothing does.
const KNOWN_WAIT: Duration = Duration::from_secs(6);
/// How often a start looks whether it is known.
const RECHECK: Duration = Duration::from_millis(200);
/// How long a start waits for something to show it.
const START_WAIT: Duration = if cfg!(test) { Duration::from_millis(500) } else { Duration::from_secs(12) };

/// What a program reports that it shows.
struct ReportedSigns {
    by: Face,
    process: Option<u32>,
    signs: BTreeSet<Sign>,
    until: Instant,
}

#[derive(Default)]
struct SignsInner {
    reports: BTreeMap<u64, ReportedSigns>,
    next: u64,
    /// Why the tray shows nothing.
    why: Option<String>,
    grace: Grace,
}

/// What shows that it is recorded.
pub struct Signs {
    inner: Mutex<SignsInner>,
    /// How many starts wait for something to show it.
    starting: AtomicUsize,
    missing: AtomicBool,
    changed: Notify,
    /// Judges what programs report that they show; none believes them.
    witness: OnceLock<Arc<dyn Witness>>,
    /// Counts up with every change that a person would see.
    revision: Arc<watch::Sender<u64>>,
}

/// Why nothing counts as showing that it is recorded.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Another program than Candor's own reported it.
    #[error("only Candor's own window and tray can say that they show that it is recorded")]
    Stranger,
    /// Nothing shows it; with the reason, in brackets, or nothing.
    #[error(
        "tracking did not start: there is no tray icon, window or notification to show that you are recorded{0}. Open the window and start there, or repair the tray (`candor doctor`). On a server, start with `--no-sign`; the Work Diary says so"
    )]
    Missing(String),
}

/// A control connection among those that may show something; when it is dropped, what it reported is gone.
pub struct SignReporter {
    signs: Arc<Signs>,
    number: u64,
    process: Option<u32>,
}

impl SignReporter {
    /// Takes the report of the program at the other end that it shows this: what of it can be true counts.
    ///
    /// # Errors
    /// If it is a program whose report does not count.
    pub fn report(&self, by: Face, signs: &[Sign]) -> Result<(), SignError> {
        let witness = self.signs.witness.get();
        if witness.is_some_and(|witness| !witness.trusts(self.process)) {
            return Err(SignError::Stranger);
        }
        let until = Instant::now() + LEASE;
        let report =
            ReportedSigns { by, process: self.process, signs: signs.iter().copied().collect(), until };
        let before = self.signs.shown();
        self.signs.with(|inner| inner.reports.insert(self.number, report));
        self.signs.announce_if_changed(&before);
        Ok(())
    }
}

impl Drop for SignReporter {
    fn drop(&mut self) {
        let before = self.signs.shown();
        if self.signs.with(|inner| inner.reports.remove(&self.number)).is_some() {
            self.signs.announce_if_changed(&before);
            self.signs.changed.notify_one();
        }
    }
}

/// A start of tracking that waits for a sign: something has to show it, from before it tracks until it does.
pub struct Starting<'a>(&'a Signs);

impl<'a> Starting<'a> {
    fn begin(signs: &'a Signs) -> Self {
        signs.starting.fetch_add(1, Ordering::AcqRel);
        signs.announce();
        Self(signs)
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        self.0.starting.fetch_sub(1, Ordering::AcqRel);
        self.0.announce();
    }
}

impl Signs {
    /// Creates the signs of an agent that nothing shows yet.
    #[must_use]
    pub fn new(revision: Arc<watch::Sender<u64>>) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::default(),
            starting: AtomicUsize::new(0),
            missing: AtomicBool::new(false),
            changed: Notify::new(),
            witness: OnceLock::new(),
            revision,
        })
    }

    fn with<T>(&self, what: impl FnOnce(&mut SignsInner) -> T) -> T {
        what(&mut self.inner.lock())
    }

    /// From now on nothing counts as shown that `witness` does not see. Called once, before anything is shown.
    pub fn set_witness(&self, witness: Arc<dyn Witness>) {
        if self.witness.set(witness).is_err() {
            tracing::error!("who judges the signs was said before, and stays");
        }
    }

    /// Adds the control connection of a process.
    #[must_use]
    pub fn connect(self: &Arc<Self>, process: Option<u32>) -> SignReporter {
        let number = self.with(|inner| {
            inner.next += 1;
            inner.next
        });
        SignReporter { signs: Arc::clone(self), number, process }
    }

    /// Returns what is shown now.
    #[must_use]
    pub fn shown(&self) -> BTreeSet<Sign> {
        let now = Instant::now();
        let mut reported = self.with(|inner| {
            inner.reports.retain(|_, report| report.until > now);
            let of = |s: &ReportedSigns| s.signs.iter().map(|sign| (s.process, *sign)).collect::<Vec<_>>();
            inner.reports.values().flat_map(of).collect::<Vec<_>>()
        });
        if let Some(witness) = self.witness.get() {
            reported.retain(|(process, sign)| witness.can_show(*process, *sign));
        }
        reported.into_iter().map(|(_, sign)| sign).collect()
    }

    /// Returns whether a start waits for something to show it.
    #[must_use]
    pub fn starting(&self) -> bool {
        self.starting.load(Ordering::Acquire) > 0
    }

    /// Returns whether nothing shows, for longer than is allowed.
    #[must_use]
    pub fn missing(&self) -> bool {
        self.missing.load(Ordering::Acquire)
    }

    /// Waits until something shows that it is recorded; recording may begin then. Keep the returned value until it did:
    /// what shows it would go away in between.
    ///
    /// # Errors
    /// If nothing does; the error says what to do.
    pub async fn wait_for_sign(&self) -> Result<Starting<'_>, SignError> {
        let starting = Starting::begin(self);
        let mut revision = self.revision.subscribe();
        let began = Instant::now();
        while self.shown().is_empty() {
            let why = self.with(|inner| inner.why.clone());
            let waited = began.elapsed();
            if waited < START_WAIT && (why.is_none() || waited < KNOWN_WAIT) {
                // Whatever wakes it, it looks again.
                let _looked = tokio::time::timeout(RECHECK, revision.changed()).await;
                continue;
            }
            let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
            return Err(SignError::Missing(why));
        }
        self.with(|inner| inner.grace.begin());
        self.missing.store(false, Ordering::Release);
        Ok(starting)
    }

    /// Keeps something showing while `recorded`, until this is dropped. `changed` is called when recording is to
    /// be held up, or may go on.
    pub async fn keep_showing<F, G>(
        self: Arc<Self>,
        tray: Option<TrayProgram>,
        recorded: impl Fn() -> F,
        changed: impl Fn() -> G,
    ) where
        F: Future<Output = bool>,
        G: Future<Output = ()>,
    {
        let mut tray_keeper = TrayKeeper::new(tray);
        let mut revision = self.revision.subscribe();
        loop {
            let recorded = recorded().await;
            let now = Instant::now();
            let shown = !self.shown().is_empty();
            let mut next = self.with(|inner| inner.reports.values().map(|s| s.until).min());
            if recorded || self.starting() {
                let there = self.with(|inner| inner.reports.values().any(|s| s.by == Face::Tray));
                let (again, why) = tray_keeper.ensure_running(there, now);
                next = earlier_of(next, again);
                self.with(|inner| inner.why = why);
            }
            if recorded {
                let (missing, again) = self.with(|inner| {
                    let missing = inner.grace.check(shown, now);
                    (missing, inner.grace.next_check(shown, now))
                });
                next = earlier_of(next, again);
                if self.missing.swap(missing, Ordering::AcqRel) != missing {
                    self.announce();
                    changed().await;
                }
            }
            let wait = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wait => {}
                () = self.changed.notified() => {}
                // Tracking may have begun.
                revised = revision.changed() => if revised.is_err() { return },
            }
        }
    }

    /// Wakes everybody who shows something, if what is shown changed.
    fn announce_if_changed(&self, before: &BTreeSet<Sign>) {
        if self.shown() != *before {
            self.announce();
        }
    }

    fn announce(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }
}

fn earlier_of(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Whether anybody is there, and can see that it is recorded.
pub struct PresenceWithSigns {
    /// Whether anybody is there.
    pub presence: Arc<dyn Presence>,
    /// The signs that show the recording.
    pub signs: Arc<Signs>,
}

impl Presence for PresenceWithSigns {
    fn sample(&self) -> Sample {
        Sample { unseen: self.signs.missing(), ..self.presence.sample() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs() -> Arc<Signs> {
        Signs::new(Arc::new(watch::channel(1).0))
    }

    #[tokio::test]
    async fn a_sign_is_gone_with_its_connection_and_when_it_is_not_said_again() {
        let signs = signs();
        let (window, tray) = (signs.connect(None), signs.connect(None));
        window.report(Face::Window, &[Sign::Window]).unwrap();
        tray.report(Face::Tray, &[Sign::Tray, Sign::Notification]).unwrap();
        assert_eq!(signs.shown().len(), 3);
        drop(window);
        assert_eq!(signs.shown(), [Sign::Tray, Sign::Notification].into());
        // As if the lease had run out.
        signs.with(|inner| inner.reports.values_mut().for_each(|s| s.until = Instant::now()));
        assert!(signs.shown().is_empty(), "a program that hangs shows nothing");
        tray.report(Face::Tray, &[Sign::Tray]).unwrap();
        assert_eq!(signs.shown(), [Sign::Tray].into());
        tray.report(Face::Tray, &[]).unwrap();
        assert!(signs.shown().is_empty());
    }

    #[tokio::test]
    async fn invariant_06_a_start_waits_for_a_sign_and_says_where_none_can_be_shown() {
        let signs = signs();
        let refused = signs.wait_for_sign().await.err().unwrap().to_string();
        assert!(refused.contains("--no-sign"), "{refused}");
        let connection = signs.connect(None);
        let waiting = {
            let signs = Arc::clone(&signs);
            tokio::spawn(async move { drop(signs.wait_for_sign().await.unwrap()) })
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(signs.starting() && !waiting.is_finished());
        connection.report(Face::Window, &[Sign::Window]).unwrap();
        waiting.await.unwrap();
        assert!(!signs.starting());
    }
}
