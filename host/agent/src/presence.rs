//! Whether anybody is there: how long nothing was touched, whether the screen is locked, whether the computer slept.

use std::sync::Mutex;
use std::time::Duration;

use candor_sensors::Idle;

/// What is known at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How long keyboard and mouse were not touched, in milliseconds; none where nothing can tell.
    pub idle_ms: Option<u64>,
    /// Whether the screen is locked. What cannot be told is not locked.
    pub locked: bool,
    /// Whether the display is gone.
    pub display_lost: bool,
    /// How long the computer has slept since it was started, in milliseconds.
    pub asleep_ms: u64,
}

/// Tells whether anybody is there. Blocks for microseconds at most.
pub trait Presence: Send + Sync + 'static {
    /// What is known now.
    fn sample(&self) -> Sample;
}

/// The X server's own clock of input. It says nothing about what the input was.
pub struct X11Presence {
    display: Option<String>,
    idle: Mutex<Option<Idle>>,
    /// Whether there ever was a display: one that never was is not lost.
    seen: bool,
}

impl X11Presence {
    /// Watches a display; `None` means `$DISPLAY`. Without one nothing can be told.
    #[must_use]
    pub fn open(display: Option<&str>) -> Self {
        let idle = Idle::open(display).ok();
        let seen = idle.is_some();
        Self { display: display.map(str::to_owned), idle: Mutex::new(idle), seen }
    }
}

impl Presence for X11Presence {
    fn sample(&self) -> Sample {
        let mut sample = Sample { asleep_ms: asleep_ms(), ..Sample::default() };
        let Ok(mut idle) = self.idle.lock() else { return sample };
        if idle.is_none() && self.seen {
            *idle = Idle::open(self.display.as_deref()).ok();
        }
        match idle.as_ref().map(Idle::query) {
            Some(Ok(time)) => sample.idle_ms = Some(millis(time)),
            Some(Err(_)) => {
                *idle = None;
                sample.display_lost = true;
            }
            None => sample.display_lost = self.seen,
        }
        sample
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How long the computer has slept since it was started: the clock that goes on in sleep, less the one that stops.
#[must_use]
pub fn asleep_ms() -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    let ms = |id| {
        let time = clock_gettime(id);
        time.tv_sec.saturating_mul(1_000).saturating_add(time.tv_nsec / 1_000_000)
    };
    u64::try_from(ms(ClockId::Boottime).saturating_sub(ms(ClockId::Monotonic))).unwrap_or(0)
}
