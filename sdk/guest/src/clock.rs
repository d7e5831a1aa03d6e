//! What time it is. A policy has no clock.

use std::time::Duration;

use crate::bindings::imports::clock as raw;
use crate::types::Timestamp;

/// The time now, by the computer's clock, in milliseconds: it goes back if somebody sets it. Use [`monotonic`] for
/// lengths.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(raw::now())
}

/// How long since an arbitrary start; never goes back.
#[must_use]
pub fn monotonic() -> Duration {
    Duration::from_millis(raw::monotonic())
}
