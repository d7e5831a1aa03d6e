//! Who acts, and on what.

use crate::calendar::lock_of;
use crate::terms::{ManualTime, PictureRemoval, Terms};

/// As whom somebody acts towards one contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// An account of the side that pays.
    Client,
    /// An account of the person whose time it is.
    Worker,
    /// The worker's tracker, by its own key.
    Device,
    /// The back office itself, when something is due, and those who run it for the client.
    BackOffice,
    /// An account that looks over the figures for somebody else.
    Auditor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Client, Self::Worker, Self::Device, Self::BackOffice, Self::Auditor];

    /// Returns the word that people read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Worker => "worker",
            Self::Device => "tracker",
            Self::BackOffice => "back office",
            Self::Auditor => "auditor",
        }
    }
}

/// Whether the week of the segment in question can still be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeekState {
    /// Its lock has not come: it is before Monday 12:00 UTC after it.
    Open,
    /// Its lock has come, whether or not the back office wrote the entry already.
    Locked,
}

impl WeekState {
    /// Returns how the week of a segment stands at `now`; both in milliseconds since the Unix epoch.
    #[must_use]
    pub fn at(segment_start: u64, now: u64) -> Self {
        if now < lock_of(segment_start) { Self::Open } else { Self::Locked }
    }
}

/// Whether a contract goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContractState {
    /// It does.
    Active,
    /// One side ended it.
    Closed,
}

/// On what somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The week of the segment in question. Of no account for what concerns no segment.
    pub week: WeekState,
    /// The contract.
    pub contract: ContractState,
    /// Whether time may be typed in, by the terms in force when it was
    /// ([`Versions::manual_time_at`](crate::versions::Versions::manual_time_at)).
    pub manual_time: ManualTime,
    /// What the worker's own removal of a picture does, by the terms in force.
    pub picture_removal: PictureRemoval,
}

impl State {
    /// Reads what terms say about it.
    #[must_use]
    pub fn of(terms: &Terms, contract: ContractState, week: WeekState) -> Self {
        Self { week, contract, manual_time: terms.manual_time, picture_removal: terms.picture_removal }
    }
}
