//! Why the host refuses a plugin's call.

/// Why the host refused the call of a sensor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Rules say so; their indices, empty if the host decided by itself.
    #[error("skipped by rule")]
    Skipped(Vec<u32>),
    /// The policy could not judge.
    #[error("the policy could not judge")]
    RuleFailed,
    /// Windows kept moving while the picture was taken.
    #[error("windows kept moving")]
    Unsettled,
    /// The sensor cannot be read; says why.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The plugin holds as many frames as it may.
    #[error("too many frames are held")]
    TooMany,
    /// Nothing is being tracked.
    #[error("nothing is being tracked")]
    NotTracking,
}

/// Why an observation was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Nothing is being tracked.
    #[error("nothing is being tracked")]
    NotTracking,
    /// The sensor that it would come from is not granted.
    #[error("not granted")]
    NotGranted,
    /// The window or minute is not known.
    #[error("unknown window or minute")]
    Unknown,
    /// The note is malformed; says how.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Too many in this minute.
    #[error("too many observations in this minute")]
    TooMany,
    /// The plugin's budget for the segment is used up.
    #[error("over the plugin's budget for this segment")]
    OverBudget,
    /// The journal could not record it; says why.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// Why a call of the key-value store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The quota, in bytes, would be exceeded.
    #[error("the store is full: {0} bytes")]
    Full(u64),
    /// The key is empty or too long.
    #[error("a key is 1 to 128 bytes long")]
    BadKey,
    /// The journal could not be read or written; says why.
    #[error("unavailable: {0}")]
    Unavailable(String),
}
