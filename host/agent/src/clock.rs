//! The one place where the agent learns what time it is.
//!
//! Everything that waits or stamps goes through [`Clock`], so that a test can run an hour in a minute without
//! touching the pipeline. The shipped binary only ever uses [`SystemClock`].

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch, UTC.
    fn now(&self) -> u64;
    /// Milliseconds since an arbitrary start; never goes back, and stands still while the computer sleeps.
    fn monotonic(&self) -> u64;
    /// Milliseconds since an arbitrary start; never goes back, and goes on while the computer sleeps.
    fn boot(&self) -> u64;
    /// Returns how long to really wait for `ms` milliseconds of this clock to pass.
    fn to_real_duration(&self, ms: u64) -> Duration;
    /// Returns how many milliseconds of this clock pass in `real`.
    fn to_clock_ms(&self, real: Duration) -> u64 {
        to_millis(real)
    }
}

fn to_millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

/// The computer's clock, as the shipped binary uses it.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Creates the computer's clock, to be shared.
    #[must_use]
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self { started: Instant::now() })
    }
}

/// The time by the computer's clock, milliseconds since the Unix epoch, whatever clock the agent goes by: for what is
/// about the computer's clock itself.
pub(crate) fn system_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis().try_into().unwrap_or(u64::MAX))
}

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        system_now()
    }

    fn monotonic(&self) -> u64 {
        to_millis(self.started.elapsed())
    }

    fn boot(&self) -> u64 {
        self.monotonic().saturating_add(candor_sensors::asleep_ms())
    }

    fn to_real_duration(&self, ms: u64) -> Duration {
        Duration::from_millis(ms)
    }
}

/// A clock that runs `speed` times as fast as the computer's, from a given start. For tests.
#[derive(Debug)]
pub struct FastClock {
    started: Instant,
    start: u64,
    speed: u32,
}

impl FastClock {
    /// Begins at `start` (milliseconds since the Unix epoch) and runs `speed` times as fast as real time.
    #[must_use]
    pub fn shared(start: u64, speed: u32) -> Arc<dyn Clock> {
        Arc::new(Self { started: Instant::now(), start, speed: speed.max(1) })
    }
}

impl Clock for FastClock {
    fn now(&self) -> u64 {
        self.start + self.monotonic()
    }

    fn monotonic(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX) * u64::from(self.speed) / 1_000
    }

    fn boot(&self) -> u64 {
        self.monotonic()
    }

    fn to_clock_ms(&self, real: Duration) -> u64 {
        to_millis(real).saturating_mul(u64::from(self.speed))
    }

    fn to_real_duration(&self, ms: u64) -> Duration {
        Duration::from_micros(ms.saturating_mul(1_000) / u64::from(self.speed))
    }
}

/// A difference between clocks beyond this is no chance, in milliseconds.
pub(crate) const JUMP_MS: u64 = 2_000;

/// Detects that a clock was set: moments that were worked out from what it showed before move with it.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    wall: u64,
    boot: u64,
}

impl Anchor {
    /// Creates an anchor at what the clocks show now.
    #[must_use]
    pub fn new(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), boot: clock.boot() }
    }

    /// Returns by how many milliseconds the clock was set since the last call that reported it, ahead or back. Zero if
    /// time just passed, asleep or awake. Steps that are each too small to detect add up until they are not.
    pub fn take_shift(&mut self, clock: &dyn Clock) -> i64 {
        let shown = Self::new(clock);
        let expected = self.wall.saturating_add(shown.boot.saturating_sub(self.boot));
        if shown.wall.abs_diff(expected) <= JUMP_MS {
            return 0;
        }
        *self = shown;
        shown.wall.wrapping_sub(expected).cast_signed()
    }
}

/// Waits for `ms` milliseconds of that clock.
pub async fn sleep(clock: &dyn Clock, ms: u64) {
    tokio::time::sleep(clock.to_real_duration(ms)).await;
}

/// Waits until that clock shows `at`; returns at once if it does already.
pub async fn sleep_until(clock: &dyn Clock, at: u64) {
    sleep(clock, at.saturating_sub(clock.now())).await;
}
