//! Words for what a parcel and its billing say in codes.

use candor_diary::billing::Outcome;
use candor_diary::day::{Cell, Kind};
use candor_diary::parcel::{NoSnapshot, Parcel};
use candor_diary::plain;
use candor_diary::text::DisplayZone;

/// Returns the name of a kind in the markup, which the style sheet knows.
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Tracked => "tracked",
        Kind::OverLimit => "over",
        Kind::Manual => "manual",
        Kind::NoEvidence => "none",
        Kind::Removed => "removed",
    }
}

/// Returns whether the worker changed it after it was recorded. Of what was removed the tombstone says so.
pub(super) fn is_edited(cell: &Cell<'_>) -> bool {
    cell.shown.parcel.revision > 0 && cell.kind() != Kind::Removed
}

/// Returns the memo, or what stands in its place.
pub(super) fn memo_words<'a>(cell: &'a Cell<'_>) -> &'a str {
    match (cell.memo(), cell.kind()) {
        (Some(memo), _) => memo,
        (None, Kind::NoEvidence) => "the tracker could not see",
        (None, Kind::Removed) => "by worker",
        (None, _) => "No memo",
    }
}

/// What stands at the end of a memo bar.
pub(super) enum BarNote<'a> {
    /// The client's label.
    Label(&'a str),
    /// That it is not billed.
    NotBilled {
        /// The sign that stands for the words where there is no room for any.
        sign: &'static str,
        /// The words, and those of a narrow bar.
        words: &'static str,
        short: &'static str,
    },
}

/// Returns what stands at the end of a memo bar: that it is not billed, or else its label. A gap and a tombstone have
/// neither.
pub(super) fn bar_note<'a>(cell: &'a Cell<'_>) -> Option<BarNote<'a>> {
    let not_billed = |sign, words, short| Some(BarNote::NotBilled { sign, words, short });
    match (cell.kind(), cell.outcome) {
        (Kind::NoEvidence | Kind::Removed, _) => None,
        (_, Outcome::Billed) => cell.label().map(BarNote::Label),
        (_, Outcome::Waiting) => not_billed("clock", "waiting for agreement", "waiting"),
        (_, Outcome::AfterLock) => not_billed("clock", "arrived after the lock", "late"),
        _ => not_billed("unbilled", "not billable", "not billable"),
    }
}

/// Returns the kind of a segment and whether it is billed.
pub(super) fn billing_words(cell: &Cell<'_>) -> &'static str {
    match (cell.kind(), cell.outcome) {
        (Kind::Tracked, Outcome::Billed) => "Tracked, billable",
        (Kind::Tracked, Outcome::AfterLock) => "Tracked, arrived after the lock",
        (Kind::Tracked, _) => "Tracked, not billable",
        (Kind::Manual, Outcome::Billed) => "Manual, billable",
        (Kind::Manual, Outcome::Waiting) => "Manual, waiting for agreement",
        (Kind::Manual, Outcome::AfterLock) => "Manual, arrived after the lock",
        (Kind::Manual, _) => "Manual, not billable",
        (Kind::OverLimit, _) => "Over limit, not billable",
        (Kind::Removed, _) => "Removed, not counted",
        (Kind::NoEvidence, _) => "No evidence, not counted",
    }
}

/// Returns the words of the rule with this index in the parcel's policy.
pub(super) fn rule_words(parcel: &Parcel, index: u32) -> String {
    let words = usize::try_from(index).ok().and_then(|i| parcel.policy.rules.get(i));
    words.cloned().unwrap_or_else(|| format!("Rule {} of an earlier policy", u64::from(index) + 1))
}

/// Returns the sentence of a tombstone, if the parcel is one.
pub(super) fn removed_words(parcel: &Parcel, zone: &DisplayZone) -> Option<String> {
    parcel.removed.map(|removed| format!("Time removed by worker, {}", zone.weekday(removed.at)))
}

/// Returns the icon and the sentence that stand in the place of a picture.
pub(super) fn no_picture_words(parcel: &Parcel, pictures: bool) -> (&'static str, &'static str) {
    if parcel.manual.is_some() {
        return ("pencil", "Typed in, no picture");
    }
    match &parcel.no_snapshot {
        Some(why) => {
            let sign = match why {
                NoSnapshot::SkippedByRule { .. } => "rule",
                NoSnapshot::RuleFailed | NoSnapshot::CollectorFailed => "alert",
                NoSnapshot::ScreenLocked | NoSnapshot::ScreenBlank => "blind",
                // The plain sign: nothing failed and no rule spoke.
                _ => "nopic",
            };
            (sign, why.sentence())
        }
        None if pictures => ("nopic", "No picture: none was due while tracked"),
        None => ("nopic", "No picture: pictures are off"),
    }
}

/// Returns what was covered in a picture, as the page's own note.
pub(super) fn redaction_note(parcel: &Parcel) -> Option<String> {
    let words = candor_diary::parcel::redacted(&parcel.snapshot.as_ref()?.redactions)?;
    Some(format!("{words} before saving"))
}

/// Returns how many minutes of a segment had activity; none if it was not recorded.
pub(super) fn activity_words(parcel: &Parcel) -> Option<String> {
    parcel.minutes.iter().any(|m| m.counts.is_some()).then(|| {
        let length = u64::from(parcel.length.minutes());
        format!("in {} of {length} {}", parcel.minutes_active(), plain::plural(length, "minute", "minutes"))
    })
}

/// Returns what a cell says to those who hear the page.
pub(super) fn spoken_words(cell: &Cell<'_>) -> String {
    let parcel = cell.shown.parcel;
    let mut text = String::new();
    if is_edited(cell) {
        text.push_str(", edited by worker");
    }
    if parcel.snapshot.is_some() {
        text.push_str(", picture");
    }
    if let Some(redacted) = redaction_note(parcel) {
        text.push_str(", ");
        text.push_str(&redacted);
    }
    match activity_words(parcel) {
        Some(words) => {
            text.push_str(", activity ");
            text.push_str(&words);
        }
        None => text.push_str(", no activity data"),
    }
    text
}
