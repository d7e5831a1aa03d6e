//! What is recorded, what is not, and what shows it.

use candor_diary::parcel::GapCause;
use candor_protocol::SignState;

/// Returns the words for why the tracker could not see.
pub(crate) fn gap_cause(cause: GapCause) -> &'static str {
    match cause {
        GapCause::Crash => "the tracker ended unexpectedly",
        GapCause::CounterLost => "keys, clicks and scrolls could not be counted",
        GapCause::DisplayLost => "the display could not be read",
        GapCause::CollectorFailed => "a collector failed",
        GapCause::ClockJump => "the computer's clock was changed",
        GapCause::Asleep => "the computer slept",
        GapCause::Locked => "the screen was locked",
        GapCause::Paused => "paused for private time",
        GapCause::LeftOut => "left out by you",
        GapCause::RuleFailed => "a rule failed, so what was on screen was not recorded",
        GapCause::Damaged => "what was recorded is damaged",
        GapCause::Unanswered => "no keys, clicks or scrolls; you have not answered yet",
        GapCause::NotRecorded => "the disk was full, so it could not be saved",
        GapCause::Stalled => "the tracker stopped responding",
        GapCause::NoSign => "nothing on the screen could show you that you were recorded",
    }
}

/// Returns what shows that something is recorded, as a sentence to follow another; empty if nothing does.
pub(crate) fn indicator_sentence(sign: &SignState) -> String {
    if sign.without {
        return " Nothing on the screen has to show it (--no-sign); the Work Diary says so.".into();
    }
    if sign.missing_since.is_some() {
        return " Nothing on the screen shows it, so recording is on hold.".into();
    }
    let shown: Vec<_> = sign.shown.iter().map(|sign| sign.words()).collect();
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => format!(" Shown by {only}."),
        Some((last, others)) => format!(" Shown by {} and {last}.", others.join(", ")),
    }
}
