//! Where counts of input events come from: the counter, a separate process (invariant 11).

use std::path::PathBuf;

use async_trait::async_trait;
use candor_diary::parcel::Counts;
use candor_sensors::counter::CounterProcess;
use candor_sensors::{Backend, SensorError};

/// The counts of a minute, or of the part of it in which the counter ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// First millisecond of the minute.
    pub minute: u64,
    /// The counts.
    pub counts: Counts,
}

/// A running counter.
#[async_trait]
pub trait Input: Send {
    /// The next minute; none when the counter has ended. Safe to drop while waiting.
    async fn next(&mut self) -> Option<Result<Counted, SensorError>>;

    /// Ends it; what it counted since the last minute.
    async fn finish(self: Box<Self>) -> Vec<Counted>;
}

/// Starts counters, one for each time that tracking begins.
pub trait InputSource: Send + Sync + 'static {
    /// Starts one.
    ///
    /// # Errors
    /// Where input cannot be counted; says why.
    fn start(&self) -> Result<Box<dyn Input>, SensorError>;
}

/// The counter process beside the agent.
pub struct CounterSource {
    /// The program `candor-counter`.
    pub program: PathBuf,
    /// The display; none means `$DISPLAY`.
    pub display: Option<String>,
    /// How input is counted.
    pub backend: Backend,
}

impl InputSource for CounterSource {
    fn start(&self) -> Result<Box<dyn Input>, SensorError> {
        let process = CounterProcess::spawn_with(&self.program, self.display.as_deref(), self.backend)?;
        Ok(Box::new(Process(process)))
    }
}

struct Process(CounterProcess);

fn counted(minute: candor_sensors::counter::MinuteCount) -> Counted {
    Counted {
        minute: minute.start,
        counts: Counts { keys: minute.keys, clicks: minute.clicks, scrolls: minute.scrolls },
    }
}

#[async_trait]
impl Input for Process {
    async fn next(&mut self) -> Option<Result<Counted, SensorError>> {
        Some(self.0.next().await?.map(counted))
    }

    async fn finish(self: Box<Self>) -> Vec<Counted> {
        self.0.finish().await.into_iter().map(counted).collect()
    }
}
