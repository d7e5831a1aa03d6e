//! Why somebody may not do something.

/// A refusal: a code for programs, and a sentence that says what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An auditor tries to change something.
    #[error("An auditor reads and changes nothing. Ask the client or the worker to do it.")]
    AuditorReads,
    /// An auditor opens a picture.
    #[error("Pictures are for the client and the worker alone. Ask one of them what a picture shows.")]
    PicturesAreForTheSides,
    /// It is for people who are signed in.
    #[error("This is for people with an account. Sign in and open it there.")]
    AnAccounts,
    /// Only the client may.
    #[error("Only the client can do this. Ask the client.")]
    TheClients,
    /// Only the worker may.
    #[error("Only the worker can do this. Ask the worker.")]
    TheWorkers,
    /// Only client and worker may.
    #[error("Only the client or the worker can do this. Ask one of them.")]
    TheSides,
    /// Only a tracker may.
    #[error("Only the worker's tracker delivers what was recorded. Do it in the tracker.")]
    TheTrackers,
    /// Only the back office may.
    #[error("The back office does this by itself when it is due. Nothing is to be done.")]
    TheBackOffices,
    /// A tracker changes a segment otherwise than by its parcel.
    #[error("A tracker changes a segment by a new revision of its parcel. Deliver that.")]
    ReviseInstead,
    /// The client wants to change the worker's time or words.
    #[error("Time and words are the worker's. Open a dispute, and the worker answers it.")]
    DisputeInstead,
    /// The week can be changed no more.
    #[error(
        "The week is locked: it could be changed until Monday 12:00 UTC after it. Pictures can still be removed; for \
         anything else, write to the other side."
    )]
    WeekLocked,
    /// The week can still be changed.
    #[error("The week is still open. Wait until it locks, on Monday 12:00 UTC after it.")]
    WeekOpen,
    /// The client answers after the lock.
    #[error(
        "The week is locked, so the answer cannot change it. Accept the time onto the next invoice instead."
    )]
    AcceptLateInstead,
    /// The contract has ended.
    #[error("The contract is closed. Make a new contract to go on.")]
    ContractClosed,
    /// The terms let no time be typed in.
    #[error("The terms let no time be typed in. Ask the client for terms that do.")]
    ManualNotAllowed,
    /// The terms let time be typed in without asking.
    #[error("The terms let time be typed in without asking. Type it in.")]
    NoNeedToAsk,
    /// The terms do not let the client be asked.
    #[error(
        "By the terms the client is not asked about typed-in time. Issue terms that say 'ask' to be asked."
    )]
    NothingAsked,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::AuditorReads,
        Self::PicturesAreForTheSides,
        Self::AnAccounts,
        Self::TheClients,
        Self::TheWorkers,
        Self::TheSides,
        Self::TheTrackers,
        Self::TheBackOffices,
        Self::ReviseInstead,
        Self::DisputeInstead,
        Self::WeekLocked,
        Self::WeekOpen,
        Self::AcceptLateInstead,
        Self::ContractClosed,
        Self::ManualNotAllowed,
        Self::NoNeedToAsk,
        Self::NothingAsked,
    ];

    /// Returns its stable code, for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AuditorReads => "auditor-reads",
            Self::PicturesAreForTheSides => "pictures-for-sides",
            Self::AnAccounts => "account-only",
            Self::TheClients => "client-only",
            Self::TheWorkers => "worker-only",
            Self::TheSides => "sides-only",
            Self::TheTrackers => "tracker-only",
            Self::TheBackOffices => "back-office-only",
            Self::ReviseInstead => "revise-instead",
            Self::DisputeInstead => "dispute-instead",
            Self::WeekLocked => "week-locked",
            Self::WeekOpen => "week-open",
            Self::AcceptLateInstead => "accept-late-instead",
            Self::ContractClosed => "contract-closed",
            Self::ManualNotAllowed => "manual-not-allowed",
            Self::NoNeedToAsk => "no-need-to-ask",
            Self::NothingAsked => "nothing-asked",
        }
    }
}
