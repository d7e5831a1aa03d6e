//! The table of the docs, printed from [`may`].

use std::fmt::Write as _;

use super::{Action, ContractState, Refusal, Role, State, WeekState, may};
use crate::terms::{ManualTime, PictureRemoval};

/// The values of something that an answer can hang on, each with its name. Each sets itself in a state.
type Input = [(&'static str, fn(&mut State))];

/// What an answer can hang on, in the order in which the table asks.
const INPUTS: [&Input; 3] = [
    &[
        ("contract active", |s| s.contract = ContractState::Active),
        ("contract closed", |s| s.contract = ContractState::Closed),
    ],
    &[("week open", |s| s.week = WeekState::Open), ("week locked", |s| s.week = WeekState::Locked)],
    &[
        ("manual time no", |s| s.manual_time = ManualTime::No),
        ("manual time ask", |s| s.manual_time = ManualTime::Ask),
        ("manual time yes", |s| s.manual_time = ManualTime::Yes),
        ("manual time only", |s| s.manual_time = ManualTime::Only),
    ],
];

/// All states there are, with what the terms say of pictures, which [`may`] is to pay no heed to.
pub(super) fn states() -> Vec<State> {
    let mut all = Vec::new();
    for picture_removal in [PictureRemoval::KeepsTime, PictureRemoval::RemovesTime] {
        let mut some = vec![start(picture_removal)];
        for input in INPUTS {
            let set = |state: &State| {
                input
                    .iter()
                    .map(move |(_, set)| {
                        let mut state = *state;
                        set(&mut state);
                        state
                    })
                    .collect::<Vec<_>>()
            };
            some = some.iter().flat_map(set).collect();
        }
        all.extend(some);
    }
    all
}

fn start(picture_removal: PictureRemoval) -> State {
    State {
        week: WeekState::Open,
        contract: ContractState::Active,
        manual_time: ManualTime::No,
        picture_removal,
    }
}

/// The lines of a cell: the answer, or what it hangs on with an answer each.
fn cell(role: Role, action: Action) -> Vec<String> {
    let word = |answer: Result<(), Refusal>| match answer {
        Ok(()) => "**yes**".to_owned(),
        Err(refusal) => refusal.code().to_owned(),
    };
    fn lines(state: State, inputs: &[&Input], answer: &dyn Fn(&State) -> String) -> Vec<String> {
        let Some((input, rest)) = inputs.split_first() else { return vec![answer(&state)] };
        let mut branches: Vec<(String, Vec<String>)> = Vec::new();
        for (name, set) in *input {
            let mut state = state;
            set(&mut state);
            let found = lines(state, rest, answer);
            match branches.iter_mut().find(|(_, lines)| *lines == found) {
                // 'manual time yes' beside 'manual time no' is 'manual time no or yes'.
                Some((names, _)) => {
                    let _ = write!(names, " or {}", name.rsplit(' ').next().unwrap());
                }
                None => branches.push(((*name).to_owned(), found)),
            }
        }
        match branches.as_slice() {
            [(_, only)] => only.clone(),
            _ => branches
                .iter()
                .flat_map(|(name, lines)| {
                    lines.iter().map(move |line| {
                        let joint = if line.contains(": ") { ", " } else { ": " };
                        format!("{name}{joint}{line}")
                    })
                })
                .collect(),
        }
    }
    let found = [PictureRemoval::KeepsTime, PictureRemoval::RemovesTime]
        .map(|removal| lines(start(removal), &INPUTS, &|state| word(may(role, action, state))));
    assert_eq!(found[0], found[1], "the answer hangs on what the table does not ask about");
    found[0].clone()
}

/// The whole page.
pub(super) fn print() -> String {
    let mut page = String::from(
        "# Who may do what\n\n\
         Printed from `candor_diary::may` (`host/diary/src/may.rs`); a test fails if the two differ. Print it anew with\n\
         `CANDOR_PRINT=1 cargo test -p candor-diary may`.\n\n\
         Each cell says `yes`, or the code of the refusal; where it depends on something, a line for each case. Weeks are\n\
         Monday 00:00 to Sunday 24:00 UTC and lock on the Monday after, 12:00 UTC.\n\n",
    );
    page.push_str("| |");
    for role in Role::ALL {
        let _ = write!(page, " {} |", role.word());
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    page.push('\n');
    for action in Action::ALL {
        let _ = write!(page, "| {} |", action.name());
        for role in Role::ALL {
            let _ = write!(page, " {} |", cell(role, action).join("<br>"));
        }
        page.push('\n');
    }
    page.push_str(
        "\nA picture that the worker removes takes the time of its segment with it only before the lock, and only if the \
         terms\nsay `picture-removal = removes-time`; a client's removal never does (invariant 7).\n\n## Refusals\n\n\
         | code | what is read |\n|---|---|\n",
    );
    for refusal in Refusal::ALL {
        let _ = writeln!(page, "| {} | {refusal} |", refusal.code());
    }
    page
}
