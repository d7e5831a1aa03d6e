//! What is recorded, what is not, and what shows it.

use candor_diary::parcel::GapCause;
use candor_diary::text::{self, Reader};
use candor_protocol::SignState;

/// Returns the words for why the tracker could not see.
pub(crate) fn gap_cause(cause: GapCause) -> &'static str {
    text::gap_cause(cause, Reader::Worker)
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
