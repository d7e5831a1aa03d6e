//! Why the tracker could not see.

use super::reader::Reader;
use crate::parcel::GapCause;

/// Returns why the tracker could not see, for the middle of a sentence.
#[must_use]
pub fn gap_cause(cause: GapCause, reader: Reader) -> &'static str {
    let by = |worker, both| match reader {
        Reader::Worker => worker,
        Reader::Both => both,
    };
    match cause {
        GapCause::Crash => "the tracker ended unexpectedly",
        GapCause::CounterLost => "keys, clicks and scrolls could not be counted",
        GapCause::DisplayLost => "the display could not be read",
        GapCause::CollectorFailed => "a collector failed",
        GapCause::ClockJump => "the computer's clock was changed",
        GapCause::Asleep => "the computer slept",
        GapCause::Locked => "the screen was locked",
        GapCause::Paused => by("paused for private time", "the worker paused for private time"),
        GapCause::LeftOut => by("left out by you", "the worker left the time out"),
        GapCause::RuleFailed => "a rule failed, so what was on screen was not recorded",
        GapCause::Damaged => by(
            "what was recorded was damaged on this computer",
            "what was recorded was damaged on the worker's computer",
        ),
        GapCause::Unanswered => by(
            "no keys, clicks or scrolls; you have not answered yet",
            "no keys, clicks or scrolls; the worker has not answered yet",
        ),
        GapCause::NotRecorded => "the disk was full, so it could not be saved",
        GapCause::Stalled => "the tracker stopped responding",
        GapCause::NoSign => by(
            "nothing on the screen could show you that recording was on",
            "nothing on the screen could show the worker that recording was on",
        ),
    }
}
