//! Compares a parcel with the terms before anything is billed (design §8): whoever holds a device's key can sign
//! whatever they like, so what is signed is a claim, and the terms say which claims count.
//!
//! | sent | answer |
//! |---|---|
//! | segments of another length than the terms have | refused: `other-segments` |
//! | terms that say something else than the ones of that number | refused: `other-terms` |
//! | terms older than those the device had by then | refused: `older-terms` |
//! | tracked time, and the terms take only typed-in time | refused: `nothing-is-tracked` |
//! | a segment that begins, or anything in it that happened, after now | later: `clock-ahead` |
//! | notes of a plugin that the terms do not name | refused: `unknown-collector` |
//! | a label that the terms do not have | refused: `unknown-label` |
//! | minutes without counts, and the terms have activity counted | taken; those minutes are no evidence |
//! | typed-in time, and the terms at receipt say otherwise than the named ones | taken; it waits for the client's answer |

use crate::billing::Facts;
use crate::parcel::{Activity, Core, DetailKind, Parcel};
use crate::plain;
use crate::terms::{ManualTime, Terms};

/// How far a device's clock may be ahead of the back office's in what a parcel says beyond its start, in milliseconds.
pub const CLOCK_SKEW_MS: u64 = 60_000;

/// For how long after newer terms were handed out a device may name those before, in milliseconds: they cut time from
/// the next full hour on, and a segment is at most an hour long.
pub const CHANGE_MS: u64 = 2 * 60 * 60_000;

/// The terms that a parcel is compared with.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionTerms<'a> {
    /// Those that the parcel names by their sequence.
    pub named: &'a Terms,
    /// Those before them under which its device may still have cut and counted time; none for most parcels.
    pub earlier: &'a [Terms],
    /// The newest that are issued when it is received.
    pub newest: &'a Terms,
    /// The sequence that was handed out when the device was last enrolled, and when that was.
    pub handed_out: (u64, u64),
}

/// A parcel that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// What is billed of it, as the terms have it.
    pub facts: Facts,
    /// Whether time may be typed in, as far as this parcel is concerned.
    pub manual_time: ManualTime,
}

/// Why a parcel is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// Its length is not the contract's.
    #[error("length: the terms that it names have segments of {0} minutes")]
    OtherSegments(u8),
    /// The terms of that sequence say something else.
    #[error("terms: those of this sequence have another digest: the device must fetch them anew")]
    OtherTerms,
    /// The device had newer ones by then.
    #[error("terms: the device had the terms of sequence {0} when this was recorded")]
    OlderTerms(u64),
    /// The contract takes only typed-in time.
    #[error("minutes: nothing is tracked in this contract, time is typed in")]
    NothingIsTracked,
    /// It speaks of a time that is still to come.
    #[error("start: {} after now: the clock of the computer that sent this is ahead", plain::length(*by_ms))]
    ClockAhead {
        /// By how many milliseconds.
        by_ms: u64,
    },
    /// Notes of a plugin that records nothing in this contract.
    #[error("details: the terms name no collector {0}")]
    UnknownCollector(String),
    /// The client has no such label.
    #[error("label: the terms have no label '{0}'")]
    UnknownLabel(String),
}

impl NotAdmitted {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherSegments(_) => "other-segments",
            Self::OtherTerms => "other-terms",
            Self::OlderTerms(_) => "older-terms",
            Self::NothingIsTracked => "nothing-is-tracked",
            Self::ClockAhead { .. } => "clock-ahead",
            Self::UnknownCollector(_) => "unknown-collector",
            Self::UnknownLabel(_) => "unknown-label",
        }
    }
}

/// Compares a core that passed [`Core::check`] with the terms. `received_at` is the back office's own time, in
/// milliseconds since the Unix epoch.
///
/// # Errors
/// [`NotAdmitted`]: only [`NotAdmitted::ClockAhead`] can be taken later.
pub fn admit(core: &Core, terms: &AdmissionTerms<'_>, received_at: u64) -> Result<Admission, NotAdmitted> {
    not_ahead(core, received_at)?;
    let named = terms.named;
    if core.terms.digest != named.digest() {
        return Err(NotAdmitted::OtherTerms);
    }
    let (handed_out, since) = terms.handed_out;
    if core.terms.sequence < handed_out && core.start > since.saturating_add(CHANGE_MS) {
        return Err(NotAdmitted::OlderTerms(handed_out));
    }
    let cut_so = |terms: &Terms| terms.segment == core.length;
    if !cut_so(named) && !terms.earlier.iter().any(cut_so) {
        return Err(NotAdmitted::OtherSegments(named.segment.minutes()));
    }
    if core.manual.is_none() && !core.minutes.is_empty() && named.manual_time == ManualTime::Only {
        return Err(NotAdmitted::NothingIsTracked);
    }
    let records = |plugin: &str| {
        let names = |terms: &Terms| terms.collectors.iter().any(|collector| collector.plugin == plugin);
        names(named) || terms.earlier.iter().any(names)
    };
    for detail in core.details.iter().filter(|detail| detail.kind == DetailKind::Notes) {
        let plugin = detail.plugin.as_deref().unwrap_or_default();
        if !records(plugin) {
            return Err(NotAdmitted::UnknownCollector(plugin.to_owned()));
        }
    }
    let may_be_off = named.activity_may_be_off() || terms.earlier.iter().any(Terms::activity_may_be_off);
    let activity = if may_be_off { core.activity } else { Activity::Counted };
    Ok(Admission {
        facts: Facts::of_core(core, activity),
        manual_time: manual_time(named.manual_time, terms.newest.manual_time),
    })
}

/// Compares with the terms what only the details say.
///
/// # Errors
/// [`NotAdmitted::UnknownLabel`].
pub fn admit_details(parcel: &Parcel, terms: &AdmissionTerms<'_>) -> Result<(), NotAdmitted> {
    let Some(label) = &parcel.label else { return Ok(()) };
    let has = |terms: &Terms| terms.labels.contains(label);
    // A client may take a label back while segments with it are on their way.
    if has(terms.named) || has(terms.newest) || terms.earlier.iter().any(has) {
        return Ok(());
    }
    Err(NotAdmitted::UnknownLabel(plain::cut(label, 100)))
}

fn not_ahead(core: &Core, received_at: u64) -> Result<(), NotAdmitted> {
    let ahead = |at: u64, skew: u64| at.saturating_sub(received_at.saturating_add(skew));
    let minutes = core.minutes.last().map(|minute| minute.start.saturating_add(u64::from(minute.tracked_ms)));
    let gaps = core.gaps.iter().map(|gap| gap.to).max();
    // All of a segment that is typed in is said to be worked already.
    let typed_in = core.manual.map(|at| at.max(core.end()));
    let removed = core.removed.map(|removed| removed.at);
    let said = [minutes, gaps, typed_in, removed].into_iter().flatten().max().unwrap_or(0);
    let by_ms = ahead(core.start, 0).max(ahead(said, CLOCK_SKEW_MS));
    if by_ms > 0 { Err(NotAdmitted::ClockAhead { by_ms }) } else { Ok(()) }
}

/// When time was typed in only the device says. So what is received now is judged by the terms of now; where those of
/// then differ, the client is asked.
fn manual_time(named: ManualTime, newest: ManualTime) -> ManualTime {
    let allowed = |manual: ManualTime| matches!(manual, ManualTime::Yes | ManualTime::Only);
    match (named, newest) {
        (named, newest) if named == newest || (allowed(named) && allowed(newest)) => newest,
        _ => ManualTime::Ask,
    }
}

#[cfg(test)]
mod tests;
