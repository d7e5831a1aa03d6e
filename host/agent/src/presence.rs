//! Whether anybody is there: how long nothing was touched, whether the screen is locked, whether the computer slept.

use std::sync::Arc;

use candor_sensors::Sensors;

/// What is known at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How long keyboard and mouse were not touched, in milliseconds; none where nothing can tell.
    pub idle_ms: Option<u64>,
    /// Whether the screen is locked. What cannot be told is not locked.
    pub locked: bool,
    /// Whether the display is gone, or was never to be seen.
    pub display_lost: bool,
    /// How long the computer has slept since it was started, in milliseconds.
    pub asleep_ms: u64,
}

/// Tells whether anybody is there. Blocks for microseconds at most.
pub trait Presence: Send + Sync + 'static {
    /// What is known now.
    fn sample(&self) -> Sample;
}

/// What the sensors of the display tell. They say nothing about what the input was.
pub struct SensorPresence(Option<Arc<Sensors>>);

impl SensorPresence {
    /// Without sensors (Wayland, no display) nothing can be told but sleep: no time passes for tracked that nobody saw.
    #[must_use]
    pub fn new(sensors: Option<Arc<Sensors>>) -> Self {
        Self(sensors)
    }
}

impl Presence for SensorPresence {
    fn sample(&self) -> Sample {
        let mut sample = Sample { asleep_ms: candor_sensors::asleep_ms(), ..Sample::default() };
        let Some(sensors) = &self.0 else {
            sample.display_lost = true;
            return sample;
        };
        match sensors.idle_ms() {
            Ok(idle) => sample.idle_ms = idle,
            Err(_) => sample.display_lost = true,
        }
        match sensors.session() {
            Ok(session) => sample.locked = session.is_covered(),
            Err(_) => sample.display_lost = true,
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_display_that_can_be_seen_it_is_lost() {
        assert!(SensorPresence::new(None).sample().display_lost);
    }
}
