//! Who may do what: one function (design §7). Pages, API, command line and window ask it before they offer or do
//! anything.
//!
//! [`may`] knows authority, not facts: whether there is a picture to take away, a dispute to answer or a week that was
//! not locked yet is for the ledger to know. And a segment that began after its contract was closed is none of the
//! contract's: nobody gets as far as asking.
//!
//! Not all of its answers are kept by refusing: a back office takes typed-in time from a tracker that pays no heed to
//! the terms, and billing shows it as not allowed, so that both sides see it.
//!
//! `docs/may.md` is printed from it; a test compares the two. Its rules, in short:
//!
//! - What a tracker recorded is taken whenever it comes, for worked time is never lost (invariant 9); what comes after
//!   the lock is shown as that and billed only if the client accepts it.
//! - After the lock nothing changes but that pictures and other details go (invariant 7).
//! - No client adds time, takes time away or changes the worker's words: a client disputes.
//! - Only the back office locks weeks, issues invoices and purges, and only when it is due.
//! - An auditor reads, and reads no pictures: the terms do not say that anybody but the two sides sees them.

mod action;
mod refusal;
mod state;

pub use action::{Action, Change, Recorded};
pub use refusal::Refusal;
pub use state::{ContractState, Role, State, WeekState};

use crate::terms::{ManualTime, PictureRemoval};

/// Returns whether somebody may do something.
///
/// # Errors
/// A [`Refusal`], which says what to do instead. Who is asked about before when: whoever may never do it is not told
/// to wait.
pub fn may(actor: Role, action: Action, state: &State) -> Result<(), Refusal> {
    who(actor, action)?;
    when(action, state)
}

/// Returns whether the removal of a picture takes the time of its segment with it: the worker's own before the lock, if
/// the terms say so. Never a client's, and never any after the lock, for nobody can unpay (invariant 7).
#[must_use]
pub fn picture_takes_time(actor: Role, state: &State) -> bool {
    matches!(actor, Role::Worker | Role::Device)
        && state.week == WeekState::Open
        && state.picture_removal == PictureRemoval::RemovesTime
}

fn who(actor: Role, action: Action) -> Result<(), Refusal> {
    use Role::{Auditor, BackOffice, Client, Device, Worker};
    if actor == Auditor && !action.only_reads() {
        return Err(Refusal::AuditorReads);
    }
    match (action, actor) {
        (Action::IssueTerms | Action::RevokeTerms | Action::AnswerRequest, Client | BackOffice)
        | (Action::AnswerManual | Action::OpenDispute | Action::AcceptLate, Client)
        | (Action::AcceptTerms | Action::RefuseTerms | Action::AskForManual, Worker | Device)
        | (Action::MakeRequest, Worker | Device | BackOffice)
        | (Action::Deliver(_) | Action::Revise(_), Device)
        | (Action::WriteMemo | Action::ChooseLabel | Action::RemoveTime, Worker)
        | (Action::RemovePicture | Action::AnswerDispute | Action::CloseContract, Client | Worker)
        | (Action::Hold, Client | Worker | BackOffice)
        | (Action::LockWeek | Action::IssueInvoice | Action::Purge, BackOffice)
        | (Action::ViewDiary | Action::ViewLedger, Client | Worker | Auditor | Device)
        | (Action::ViewPictures, Client | Worker)
        | (Action::Export, Client | Worker | Auditor) => Ok(()),

        (Action::WriteMemo | Action::ChooseLabel | Action::RemoveTime | Action::RemovePicture, Device) => {
            Err(Refusal::ReviseInstead)
        }
        (Action::WriteMemo | Action::ChooseLabel | Action::RemoveTime, Client) => {
            Err(Refusal::DisputeInstead)
        }
        (Action::ViewPictures, Auditor) => Err(Refusal::PicturesAreForTheSides),

        (
            Action::IssueTerms
            | Action::RevokeTerms
            | Action::AnswerRequest
            | Action::AnswerManual
            | Action::OpenDispute
            | Action::AcceptLate,
            _,
        ) => Err(Refusal::TheClients),
        (
            Action::AcceptTerms
            | Action::RefuseTerms
            | Action::AskForManual
            | Action::MakeRequest
            | Action::WriteMemo
            | Action::ChooseLabel
            | Action::RemoveTime,
            _,
        ) => Err(Refusal::TheWorkers),
        (Action::RemovePicture | Action::AnswerDispute | Action::CloseContract | Action::Hold, _) => {
            Err(Refusal::TheSides)
        }
        (Action::Deliver(_) | Action::Revise(_), _) => Err(Refusal::TheTrackers),
        (Action::LockWeek | Action::IssueInvoice | Action::Purge, _) => Err(Refusal::TheBackOffices),
        (Action::ViewDiary | Action::ViewLedger | Action::ViewPictures | Action::Export, _) => {
            Err(Refusal::AnAccounts)
        }
    }
}

fn when(action: Action, state: &State) -> Result<(), Refusal> {
    let in_an_active_contract = || match state.contract {
        ContractState::Active => Ok(()),
        ContractState::Closed => Err(Refusal::ContractClosed),
    };
    let in_an_open_week = || match state.week {
        WeekState::Open => Ok(()),
        WeekState::Locked => Err(Refusal::WeekLocked),
    };
    let in_a_locked_week = || match state.week {
        WeekState::Open => Err(Refusal::WeekOpen),
        WeekState::Locked => Ok(()),
    };
    match action {
        Action::IssueTerms
        | Action::RevokeTerms
        | Action::AcceptTerms
        | Action::RefuseTerms
        | Action::CloseContract => in_an_active_contract(),
        Action::WriteMemo | Action::ChooseLabel | Action::RemoveTime => {
            in_an_active_contract()?;
            in_an_open_week()
        }
        Action::Revise(Change::TimeAdded | Change::TimeTaken | Change::Words | Change::DetailsAdded) => {
            in_an_open_week()
        }
        // A closed contract leaves the worker the week to say what was worked before: else a client could close it
        // before the time is typed in.
        Action::Deliver(Recorded::TypedIn) | Action::Revise(Change::TypedIn) => {
            in_an_open_week()?;
            match state.manual_time {
                ManualTime::No => Err(Refusal::ManualNotAllowed),
                ManualTime::Ask | ManualTime::Yes | ManualTime::Only => Ok(()),
            }
        }
        Action::AskForManual => {
            in_an_open_week()?;
            match state.manual_time {
                ManualTime::Ask => Ok(()),
                ManualTime::No => Err(Refusal::ManualNotAllowed),
                ManualTime::Yes | ManualTime::Only => Err(Refusal::NoNeedToAsk),
            }
        }
        Action::AnswerManual => match (state.manual_time, state.week) {
            (ManualTime::No | ManualTime::Yes | ManualTime::Only, _) => Err(Refusal::NothingAsked),
            (ManualTime::Ask, WeekState::Open) => Ok(()),
            (ManualTime::Ask, WeekState::Locked) => Err(Refusal::AcceptLateInstead),
        },
        Action::LockWeek | Action::IssueInvoice | Action::AcceptLate => in_a_locked_week(),
        Action::Deliver(Recorded::Tracked)
        | Action::Revise(Change::DetailsTaken)
        | Action::RemovePicture
        | Action::OpenDispute
        | Action::AnswerDispute
        | Action::Purge
        | Action::Hold
        | Action::MakeRequest
        | Action::AnswerRequest
        | Action::ViewDiary
        | Action::ViewPictures
        | Action::ViewLedger
        | Action::Export => Ok(()),
    }
}

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
