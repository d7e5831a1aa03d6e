//! How a call into a plugin fails. Whatever the failure, only that call is lost: the host goes on, and the next call
//! meets a fresh instance.

/// Why a call gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The code trapped; says how.
    #[error("it trapped: {0}")]
    Trapped(String),
    /// It took longer than its limit.
    #[error("it took too long")]
    TimedOut,
    /// It wanted more memory than its limit.
    #[error("it ran out of memory")]
    OutOfMemory,
    /// It answered something that the interface does not allow, such as an index out of bounds; says what.
    #[error("it misbehaved: {0}")]
    Misbehaved(String),
    /// It answered with an error of its own; nothing is wrong with the instance.
    #[error("it reports: {0}")]
    Rejected(String),
    /// It failed too often in a row and is not started again.
    #[error("it failed too often and is in quarantine")]
    Quarantined,
}
