//! Permission `activity`: how many key presses, clicks and scrolls there were in a minute. Never which key or where.

use crate::bindings::imports::activity as raw;
use crate::types::{Denied, Timestamp};

/// The counts of one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Minute {
    /// Its first millisecond; a multiple of 60,000.
    pub start: Timestamp,
    /// Key presses. A key that is held down counts once until it is released.
    pub keys: u32,
    /// Presses of pointer buttons, scrolls left out.
    pub clicks: u32,
    /// Steps of a wheel, in any direction.
    pub scrolls: u32,
}

/// The counts of a whole minute that has ended, at most 60 minutes ago; none if the counter did not run.
///
/// # Errors
/// Why the counts cannot be told.
pub fn minute_at(start: Timestamp) -> Result<Option<Minute>, Denied> {
    let minute = raw::minute_at(start.as_millis())?;
    Ok(minute.map(|m| Minute {
        start: Timestamp::from_millis(m.start),
        keys: m.keys,
        clicks: m.clicks,
        scrolls: m.scrolls,
    }))
}
