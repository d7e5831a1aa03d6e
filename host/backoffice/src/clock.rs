//! The time of day. Inside it is milliseconds since the Unix epoch, UTC; zones appear at the edge, in the pages.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the milliseconds since the Unix epoch; 0 if the clock stands before it.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |past| u64::try_from(past.as_millis()).unwrap_or(u64::MAX))
}
