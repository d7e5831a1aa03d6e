//! What can be asked of the tracker.

use tokio::sync::oneshot;

use super::state::TrackerRefusal;

/// What can be asked of the tracker.
pub enum TrackerCommand {
    /// Begin tracking with this memo.
    Start {
        /// The memo; none keeps the last one.
        memo: Option<String>,
        /// Nothing has to show that it is recorded.
        no_sign: bool,
    },
    /// Check at once whether anybody is there, and can see that it is recorded.
    CheckPresence,
    /// End tracking as of `at`, the moment at which that was asked for and took effect ([`TrackedTime::halt`]).
    ///
    /// [`TrackedTime::halt`]: crate::segments::tracked::TrackedTime::halt
    Stop {
        /// Milliseconds since the Unix epoch.
        at: u64,
    },
    /// End tracking when the running segment ends.
    StopAtSegmentEnd,
    /// Pause for private time as of `at`, as for a stop: nothing is recorded, and the time shows as a gap.
    Pause {
        /// Milliseconds since the Unix epoch.
        at: u64,
    },
    /// Set the memo: what the work is.
    Memo {
        /// The text; empty clears it.
        memo: String,
    },
    /// Choose one of the terms' labels.
    Label {
        /// The label; none clears it.
        label: Option<String>,
    },
    /// The idle question was answered.
    Answered,
    /// The last answer to the idle question was undone.
    Unanswered,
    /// Something of the running segment is to be removed: what was until now is written down, so that it goes and what
    /// follows stays.
    Cut,
    /// Write memo and label into the running segment again: what it held was removed.
    Rewrite,
}

/// The channel for the reply to a [`TrackerCommand`].
pub type Reply = oneshot::Sender<Result<(), TrackerRefusal>>;
