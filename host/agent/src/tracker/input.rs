//! The source of the counts of input events: the counter, a separate process (invariant 11).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use candor_diary::parcel::Counts;
use candor_diary::segment::MINUTE_MS;
use candor_sensors::counter::{CounterProcess, MinuteCount};
use candor_sensors::{Backend, SensorError};

use crate::tracker::presence::HeldDown;

/// The counts of a minute, or of the part of it in which the counter ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// First millisecond of the minute.
    pub minute: u64,
    /// How many keys, clicks and scrolls there were.
    pub counts: Counts,
}

/// A counter that runs and reports minute by minute.
#[async_trait]
pub trait Input: Send {
    /// Returns the next minute; none when the counter has ended. Safe to drop while waiting.
    async fn next(&mut self) -> Option<Result<Counted, SensorError>>;

    /// Ends it; returns what it counted since the last minute.
    async fn finish(self: Box<Self>) -> Vec<Counted>;
}

/// Starts counters, one for each time that tracking begins.
pub trait InputSource: Send + Sync + 'static {
    /// Starts a counter.
    ///
    /// # Errors
    /// If input cannot be counted; the error says why.
    fn start(&self) -> Result<Box<dyn Input>, SensorError>;
}

/// The counter process beside the agent.
pub struct CounterSource {
    /// The path of the program `candor-counter`.
    pub program: PathBuf,
    /// The display; none means `$DISPLAY`.
    pub display: Option<String>,
    /// How input is counted.
    pub backend: Backend,
    /// Kept up to date with whether keys are only held down.
    pub held: Arc<HeldDown>,
}

impl InputSource for CounterSource {
    fn start(&self) -> Result<Box<dyn Input>, SensorError> {
        let process = CounterProcess::spawn_with(&self.program, self.display.as_deref(), self.backend)?;
        Ok(Box::new(CounterInput { process, held: HeldReport(Arc::clone(&self.held)) }))
    }
}

struct CounterInput {
    process: CounterProcess,
    held: HeldReport,
}

/// What a running counter reports of keys that are held down; when it has ended, nobody knows any more.
struct HeldReport(Arc<HeldDown>);

impl Drop for HeldReport {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

impl HeldReport {
    /// Notes that keys are only held down, once a minute of nothing else is over.
    fn report(&self, minute: &MinuteCount) {
        if !minute.held_only {
            self.0.set(None);
        } else if self.0.since().is_none() {
            self.0.set(Instant::now().checked_sub(Duration::from_millis(MINUTE_MS)));
        }
    }
}

fn to_counted(minute: MinuteCount) -> Counted {
    Counted {
        minute: minute.start,
        counts: Counts { keys: minute.keys, clicks: minute.clicks, scrolls: minute.scrolls },
    }
}

#[async_trait]
impl Input for CounterInput {
    async fn next(&mut self) -> Option<Result<Counted, SensorError>> {
        let next = self.process.next().await?;
        if let Ok(minute) = &next {
            self.held.report(minute);
        }
        Some(next.map(to_counted))
    }

    async fn finish(self: Box<Self>) -> Vec<Counted> {
        self.process.finish().await.into_iter().map(to_counted).collect()
    }
}
