use std::collections::BTreeSet;
use std::path::Path;

use super::table::{print, states};
use super::*;
use Refusal::{
    AcceptLateInstead, AuditorReads, ContractClosed, DisputeInstead, ManualNotAllowed, NoNeedToAsk,
    NothingAsked, PicturesAreForTheSides, TheBackOffices, WeekLocked, WeekOpen,
};
use Role::{Auditor, BackOffice, Client, Device, Worker};

fn state(week: WeekState, contract: ContractState, manual_time: ManualTime) -> State {
    State { week, contract, manual_time, picture_removal: PictureRemoval::KeepsTime }
}

fn open() -> State {
    state(WeekState::Open, ContractState::Active, ManualTime::Ask)
}

fn locked() -> State {
    State { week: WeekState::Locked, ..open() }
}

fn closed() -> State {
    State { contract: ContractState::Closed, ..open() }
}

#[test]
fn the_rules_that_matter_are_a_row_each() {
    let manual = |manual_time| State { manual_time, ..open() };
    type Row = (&'static str, Role, Action, State, Result<(), Refusal>);
    let rows: &[Row] = &[
        ("words change in an open week", Worker, Action::WriteMemo, open(), Ok(())),
        ("words stay in a locked week", Worker, Action::WriteMemo, locked(), Err(WeekLocked)),
        ("a label stays in a locked week", Worker, Action::ChooseLabel, locked(), Err(WeekLocked)),
        ("words stay in a closed contract", Worker, Action::WriteMemo, closed(), Err(ContractClosed)),
        ("time goes in an open week", Worker, Action::RemoveTime, open(), Ok(())),
        ("nobody can unpay", Worker, Action::RemoveTime, locked(), Err(WeekLocked)),
        ("a client takes no time away", Client, Action::RemoveTime, open(), Err(DisputeInstead)),
        ("a client writes no memo", Client, Action::WriteMemo, open(), Err(DisputeInstead)),
        ("a picture goes at any time", Worker, Action::RemovePicture, locked(), Ok(())),
        ("the client's removal too", Client, Action::RemovePicture, locked(), Ok(())),
        ("what was recorded is taken late", Device, Action::Deliver(Recorded::Tracked), locked(), Ok(())),
        ("and of a closed contract", Device, Action::Deliver(Recorded::Tracked), closed(), Ok(())),
        ("time is not typed in late", Device, Action::Deliver(Recorded::TypedIn), locked(), Err(WeekLocked)),
        (
            "nor where the terms forbid it",
            Device,
            Action::Deliver(Recorded::TypedIn),
            manual(ManualTime::No),
            Err(ManualNotAllowed),
        ),
        (
            "a client who closes the contract takes no time that was not typed in yet",
            Device,
            Action::Deliver(Recorded::TypedIn),
            closed(),
            Ok(()),
        ),
        ("a revision takes a picture late", Device, Action::Revise(Change::DetailsTaken), locked(), Ok(())),
        ("and no time", Device, Action::Revise(Change::TimeTaken), locked(), Err(WeekLocked)),
        ("and brings none", Device, Action::Revise(Change::TimeAdded), locked(), Err(WeekLocked)),
        ("asked where the client is to be asked", Worker, Action::AskForManual, open(), Ok(())),
        (
            "not where nobody is asked",
            Worker,
            Action::AskForManual,
            manual(ManualTime::Yes),
            Err(NoNeedToAsk),
        ),
        (
            "not where none is allowed",
            Worker,
            Action::AskForManual,
            manual(ManualTime::No),
            Err(ManualNotAllowed),
        ),
        ("the client answers", Client, Action::AnswerManual, open(), Ok(())),
        ("not into a frozen week", Client, Action::AnswerManual, locked(), Err(AcceptLateInstead)),
        ("not unasked", Client, Action::AnswerManual, manual(ManualTime::Only), Err(NothingAsked)),
        ("late time is accepted", Client, Action::AcceptLate, locked(), Ok(())),
        ("before the lock none is late", Client, Action::AcceptLate, open(), Err(WeekOpen)),
        (
            "the worker accepts no own late time",
            Worker,
            Action::AcceptLate,
            locked(),
            Err(Refusal::TheClients),
        ),
        ("a week locks when it is due", BackOffice, Action::LockWeek, locked(), Ok(())),
        ("and not before", BackOffice, Action::LockWeek, open(), Err(WeekOpen)),
        ("a client locks no week early", Client, Action::LockWeek, open(), Err(TheBackOffices)),
        ("an invoice is of a locked week", BackOffice, Action::IssueInvoice, open(), Err(WeekOpen)),
        ("an auditor reads", Auditor, Action::ViewLedger, closed(), Ok(())),
        ("and no pictures", Auditor, Action::ViewPictures, open(), Err(PicturesAreForTheSides)),
        ("and opens no dispute", Auditor, Action::OpenDispute, open(), Err(AuditorReads)),
        ("terms of a closed contract", Client, Action::IssueTerms, closed(), Err(ContractClosed)),
        ("no terms without the worker", Client, Action::AcceptTerms, open(), Err(Refusal::TheWorkers)),
        ("erasure is asked for at any time", Worker, Action::MakeRequest, closed(), Ok(())),
    ];
    for (rule, role, action, state, expected) in rows {
        assert_eq!(may(*role, *action, state), *expected, "{rule}");
    }
}

#[test]
fn every_role_and_state_keeps_to_the_invariants() {
    let adds_time = |action| {
        matches!(
            action,
            Action::Deliver(_) | Action::Revise(Change::TimeAdded | Change::TypedIn) | Action::AskForManual
        )
    };
    let changes_a_segment = |action| {
        adds_time(action)
            || matches!(
                action,
                Action::Revise(_)
                    | Action::WriteMemo
                    | Action::ChooseLabel
                    | Action::RemoveTime
                    | Action::AnswerManual
            )
    };
    let mut asked = 0;
    for role in Role::ALL {
        for action in Action::ALL {
            for state in states() {
                asked += 1;
                let allowed = may(role, action, &state).is_ok();
                let told = || format!("{} {} {state:?}", role.word(), action.name());
                assert!(!(allowed && adds_time(action)) || matches!(role, Device | Worker), "{}", told());
                assert!(!(allowed && role == Auditor) || action.only_reads(), "{}", told());
                if allowed && state.week == WeekState::Locked && changes_a_segment(action) {
                    // Recorded time comes late, and details go.
                    let late = [Action::Deliver(Recorded::Tracked), Action::Revise(Change::DetailsTaken)];
                    assert!(late.contains(&action), "{}", told());
                }
                if action == Action::RemovePicture && matches!(role, Client | Worker) {
                    assert!(allowed, "invariant 7: {}", told());
                }
                if (role, action) == (Device, Action::Deliver(Recorded::Tracked)) {
                    assert!(allowed, "invariant 9: {}", told());
                }
                if picture_takes_time(role, &state) {
                    let terms_say = state.picture_removal == PictureRemoval::RemovesTime;
                    let before_the_lock = state.week == WeekState::Open;
                    assert!(terms_say && before_the_lock && role != Client, "invariant 7: {}", told());
                }
            }
        }
    }
    assert_eq!(asked, 5 * 32 * 2 * 2 * 4 * 2, "each role, action, week, contract and terms");
}

#[test]
fn invariant_07_a_picture_takes_its_time_only_by_the_workers_own_hand_and_before_the_lock() {
    let removes = |state: State| State { picture_removal: PictureRemoval::RemovesTime, ..state };
    let taking: Vec<Role> =
        Role::ALL.into_iter().filter(|role| picture_takes_time(*role, &removes(open()))).collect();
    assert_eq!(taking, [Worker, Device]);
    assert!(Role::ALL.iter().all(|role| !picture_takes_time(*role, &removes(locked()))));
    assert!(Role::ALL.iter().all(|role| !picture_takes_time(*role, &open())));
}

#[test]
fn a_week_is_open_until_the_very_millisecond_of_its_lock() {
    let monday = 1_795_392_000_000; // 2026-11-23
    let lock = monday + (7 * 24 + 12) * 3_600_000;
    for start in [monday, monday + 7 * 24 * 3_600_000 - 1] {
        assert_eq!(WeekState::at(start, lock - 1), WeekState::Open);
        assert_eq!(WeekState::at(start, lock), WeekState::Locked);
    }
}

#[test]
fn each_refusal_has_a_code_of_its_own_and_says_what_to_do() {
    let codes: BTreeSet<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), Refusal::ALL.len());
    let names: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
    assert_eq!(names.len(), Action::ALL.len());
    for refusal in Refusal::ALL {
        let sentence = refusal.to_string();
        assert!(sentence.ends_with('.') && sentence.matches(". ").count() >= 1, "{sentence}");
        let given = |role| {
            Action::ALL.iter().any(|action| states().iter().any(|s| may(role, *action, s) == Err(refusal)))
        };
        assert!(Role::ALL.into_iter().any(given), "nobody is ever told {refusal:?}");
    }
}

#[test]
fn the_table_in_the_docs_is_what_the_function_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/may.md");
    let printed = print();
    if std::env::var_os("CANDOR_PRINT").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == printed,
        "docs/may.md is not what `may` says now: read the change, and print it anew with \
         `CANDOR_PRINT=1 cargo test -p candor-diary may`"
    );
}
