//! Words for what a parcel says in codes.

use candor_diary::parcel::GapCause;

/// Why the tracker could not see.
pub(super) fn cause(cause: GapCause) -> &'static str {
    match cause {
        GapCause::Crash => "the tracker was ended or lost power",
        GapCause::CounterLost => "keys, clicks and scrolls could not be counted",
        GapCause::DisplayLost => "the display could not be read",
        GapCause::CollectorFailed => "a collector failed",
        GapCause::ClockJump => "the clock was set",
        GapCause::Asleep => "the computer slept",
        GapCause::Locked => "the screen was locked",
        GapCause::Paused => "the worker paused for private time",
        GapCause::LeftOut => "the worker left the time out",
        GapCause::RuleFailed => "a rule failed, so what was on screen was not recorded",
        GapCause::Damaged => "what was recorded was damaged on the worker's computer",
        GapCause::Unanswered => "nobody at the computer; the worker has not said yet",
        GapCause::NotRecorded => "it could not be written down: the disk was full",
        GapCause::Stalled => "the tracker stood still",
        GapCause::NoSign => "nothing could show the worker that it was recorded",
    }
}

/// Words as a sentence of their own begins.
pub(super) fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
