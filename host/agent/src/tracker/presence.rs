//! Whether anybody is there: how long nothing was touched, whether the screen is locked.

use std::sync::Arc;
use std::time::Instant;

use candor_sensors::Sensors;
use parking_lot::Mutex;

/// What is known at one moment about whether anybody is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How long keyboard and mouse were not touched, in milliseconds; none if nothing knows. A key or button that is
    /// held down is touched when it goes down and when it is let go, and not in between.
    pub idle_ms: Option<u64>,
    /// Whether the screen is locked. Not known is not locked.
    pub locked: bool,
    /// Whether the display is gone, does not answer, or was never to be seen.
    pub display_lost: bool,
    /// Whether nothing shows that it is recorded (invariant 6).
    pub unseen: bool,
}

/// Knows whether anybody is there. Waits for nothing: its answer may be two seconds old.
pub trait Presence: Send + Sync + 'static {
    /// Returns what is known now.
    fn sample(&self) -> Sample;
}

/// Since when all that came from the keyboard was the repeats of what is held. The counter alone knows (it
/// distinguishes a repeat from a press), and reports it with its minutes; the display takes each repeat for somebody
/// who is there.
#[derive(Debug, Default)]
pub struct HeldDown(Mutex<Option<Instant>>);

impl HeldDown {
    /// Sets since when nothing but repeats came; none if something else did, or nobody knows.
    pub fn set(&self, since: Option<Instant>) {
        *self.0.lock() = since;
    }

    /// Returns since when nothing but repeats came.
    #[must_use]
    pub fn since(&self) -> Option<Instant> {
        *self.0.lock()
    }

    /// Returns how long nothing was touched, by what the display reports of all input and of the pointer alone.
    fn idle_ms(&self, idle: Option<u64>, pointer: Option<u64>) -> Option<u64> {
        let Some(since) = self.since() else { return idle };
        let held = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A pointer of which nothing is known is not moved.
        Some(idle.unwrap_or(0).max(held.min(pointer.unwrap_or(u64::MAX))))
    }
}

/// Presence by the sensors of the display. They report nothing about what the input was.
pub struct SensorPresence {
    sensors: Option<Arc<Sensors>>,
    held: Arc<HeldDown>,
}

impl SensorPresence {
    /// Creates the source. Without sensors nothing is known: no time counts as tracked that nobody saw. `held` is what
    /// the counter reports.
    #[must_use]
    pub fn new(sensors: Option<Arc<Sensors>>, held: Arc<HeldDown>) -> Self {
        Self { sensors, held }
    }
}

impl Presence for SensorPresence {
    fn sample(&self) -> Sample {
        match self.sensors.as_ref().map(|sensors| sensors.attendance()) {
            Some(Ok(seen)) => Sample {
                idle_ms: self.held.idle_ms(seen.idle_ms, seen.pointer_idle_ms),
                locked: seen.session.is_covered(),
                display_lost: false,
                unseen: false,
            },
            Some(Err(_)) | None => Sample { display_lost: true, ..Sample::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn without_a_display_that_can_be_seen_it_is_lost() {
        assert!(SensorPresence::new(None, Arc::default()).sample().display_lost);
    }

    #[test]
    fn invariant_09_a_weight_on_a_key_is_nobody_and_a_hand_on_the_mouse_is_somebody() {
        let held = HeldDown::default();
        assert_eq!(held.idle_ms(Some(7), Some(90_000)), Some(7), "what the display says");
        held.set(Instant::now().checked_sub(Duration::from_secs(600)));
        let idle = |idle, pointer| held.idle_ms(idle, pointer).expect("it can be told");
        assert!(idle(Some(7), Some(700_000)) >= 600_000);
        assert!(idle(Some(7), None) >= 600_000);
        assert_eq!(idle(Some(7), Some(90_000)), 90_000, "the mouse was moved since");
        assert_eq!(idle(Some(3), Some(20)), 20);
        held.set(None);
        assert_eq!(held.idle_ms(Some(7), Some(700_000)), Some(7));
    }
}
