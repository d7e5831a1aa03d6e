//! Words for what a parcel says in codes.

use candor_diary::parcel::GapCause;

/// Why the tracker could not see.
pub(super) fn cause(cause: GapCause) -> &'static str {
    match cause {
        GapCause::Crash => "the tracker ended unexpectedly",
        GapCause::CounterLost => "keys, clicks and scrolls could not be counted",
        GapCause::DisplayLost => "the display could not be read",
        GapCause::CollectorFailed => "a collector failed",
        GapCause::ClockJump => "the computer's clock was changed",
        GapCause::Asleep => "the computer slept",
        GapCause::Locked => "the screen was locked",
        GapCause::Paused => "the worker paused for private time",
        GapCause::LeftOut => "the worker left the time out",
        GapCause::RuleFailed => "a rule failed, so what was on screen was not recorded",
        GapCause::Damaged => "what was recorded was damaged on the worker's computer",
        GapCause::Unanswered => "no keys, clicks or scrolls; the worker has not answered yet",
        GapCause::NotRecorded => "the disk was full, so it could not be saved",
        GapCause::Stalled => "the tracker stopped responding",
        GapCause::NoSign => "nothing on the screen could show the worker that recording was on",
    }
}

/// Words as a sentence of their own begins.
pub(super) fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
