//! What the tracker is doing, as those who show it know it.

use candor_diary::parcel::GapCause;

/// Why the tracker does not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackerRefusal {
    /// Tracking is on already.
    #[error("tracking is on already")]
    On,
    /// The terms allow typed-in time only.
    #[error(
        "this contract takes typed-in time only, and nothing is tracked: add it with `candor manual`, or in the window"
    )]
    ManualOnly,
    /// Tracking is off already.
    #[error("tracking is off already")]
    Off,
    /// It does not track, so it cannot pause.
    #[error("there is nothing to pause: tracking is off")]
    NothingToPause,
    /// Tracking is paused already.
    #[error("tracking is paused already: start it to resume")]
    Paused,
    /// The terms name other labels.
    #[error("the terms have no such label")]
    NoSuchLabel,
    /// No idle question is open.
    #[error("there is no question to answer")]
    NoQuestion,
    /// The agent is shutting down.
    #[error("the agent is stopping")]
    Stopping,
}

use crate::segments::tracked::{Halt, HaltKind};

/// What the tracker is doing, for `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackerState {
    /// Since when it tracks, milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// For how many milliseconds it has been on since then, what the running stretch holds aside.
    pub on_ms: u64,
    /// Since when the running stretch goes on; none while nobody is there, or paused.
    pub running_since: Option<u64>,
    /// The same by the steady clock, which nobody sets.
    pub running_since_steady: u64,
    /// The memo that the next segment starts with.
    pub memo: Option<String>,
    /// The label that goes with the memo.
    pub label: Option<String>,
    /// Whether it stops at the end of the segment.
    pub stopping: bool,
    /// Whether it was started so that nothing has to show that it is recorded.
    pub no_sign: bool,
    /// Why nothing is tracked although it is on, and since when.
    pub absent: Option<(Absence, u64)>,
    /// Time that the worker is to decide about.
    pub question: Option<(u64, u64)>,
    /// The time that was asked about last and was answered: that can be undone for a while.
    pub answered: Option<(u64, u64)>,
    /// Segments that ended or run and are not closed yet.
    pub open_segments: usize,
}

impl TrackerState {
    /// Shows a pause or stop that was asked for and is not carried out yet.
    pub(crate) fn apply_halt(&mut self, halt: Halt) {
        let Some(_) = self.since else { return };
        if let Some(began) = self.running_since.take() {
            self.on_ms += halt.at.saturating_sub(began);
        }
        match halt.kind {
            HaltKind::Pause => self.absent = Some((Absence::Paused, halt.at)),
            HaltKind::Stop => {
                self.since = None;
                self.absent = None;
                self.stopping = false;
            }
        }
    }

    /// Returns whether it has to be shown that it is recorded.
    #[must_use]
    pub fn to_be_shown(&self) -> bool {
        self.since.is_some() && !self.no_sign && !matches!(self.absent, Some((Absence::Paused, _)))
    }
}

/// Why nothing is tracked although the tracker is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The worker paused for private time.
    Paused,
    /// Keyboard and mouse were not touched for the set minutes.
    Away,
    /// The screen is locked.
    Locked,
    /// The display is gone.
    DisplayLost,
    /// Nothing shows that it is recorded.
    NoSign,
}

impl Absence {
    /// Returns the cause that the gap is recorded with.
    #[must_use]
    pub fn cause(self) -> GapCause {
        match self {
            Self::Paused => GapCause::Paused,
            Self::Away => GapCause::Unanswered,
            Self::Locked => GapCause::Locked,
            Self::DisplayLost => GapCause::DisplayLost,
            Self::NoSign => GapCause::NoSign,
        }
    }
}
