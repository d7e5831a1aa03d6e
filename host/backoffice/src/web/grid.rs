//! The hours of a day: memo bars, cells, meters, folded hours.

use candor_diary::billing::Outcome;
use candor_diary::calendar::{Day, Hour};
use candor_diary::day::{Cell, Kind, Part, Shape, Slot, busiest, minutes, parts};
use candor_diary::parcel::{NoSnapshot, Parcel};
use candor_diary::plain;
use maud::{Markup, html};

use super::chart;
use super::layout::icon;
use super::when::{self, Zone};
use super::words;

/// What the cells of a page share.
pub(super) struct Grid<'a> {
    pub(super) day: &'a Day,
    pub(super) zone: &'a Zone,
    pub(super) cells: &'a [Cell<'a>],
    /// Start of the segment that the detail shows.
    pub(super) current: Option<u64>,
    /// Whether the terms have a collector that takes pictures.
    pub(super) pictures: bool,
    /// The address of the page with everything but the segment.
    pub(super) link: &'a str,
}

impl Grid<'_> {
    pub(super) fn render(&self) -> Markup {
        let busiest = busiest(self.cells);
        html! {
            @for part in parts(&self.day.hours, self.cells) {
                @match part {
                    Part::Quiet { first, last, hours } => (self.quiet(&first, &last, hours)),
                    Part::Hour { hour, shape, rows } => (self.hour(&hour, shape, &rows, busiest)),
                }
            }
        }
    }

    fn quiet(&self, first: &Hour, last: &Hour, hours: usize) -> Markup {
        let end = if last.to == self.day.to { "24:00".to_owned() } else { self.zone.time(last.to) };
        html! {
            details.gap {
                summary {
                    (icon("right"))
                    span { (hours) " " (plain::plural(hours as u64, "hour", "hours")) " without time" }
                    span.faint { (self.zone.time(first.from)) " – " (end) }
                }
                p { "Nothing was recorded here." }
            }
        }
    }

    fn hour(&self, hour: &Hour, shape: Shape, rows: &[Vec<Slot<'_>>], busiest: u64) -> Markup {
        let id = format!("h{}", hour.from / 60_000);
        // Where an hour comes twice, its offset tells which one this is.
        let twice = self.day.hours.iter().filter(|h| h.wall == hour.wall).count() > 1;
        html! {
            section.hour aria-labelledby=(id) {
                h3 id=(id) {
                    (self.zone.time(hour.from))
                    @if twice { " " span.note { (when::offset(hour.offset)) } }
                }
                div.runs data-columns=(shape.columns) data-rows=[(rows.len() > 1).then_some("many")] {
                    @for row in rows {
                        @for (nth, slot) in row.iter().enumerate() {
                            @match slot {
                                Slot::Blank(n) => div.run.bare data-n=(n) {},
                                Slot::Run { cells, continued } => (self.run(cells, *continued, wordless(row, nth), busiest)),
                            }
                        }
                    }
                }
            }
        }
    }

    fn run(&self, cells: &[Cell<'_>], continued: bool, wordless: bool, busiest: u64) -> Markup {
        let (Some(first), Some(last)) = (cells.first(), cells.last()) else { return html! {} };
        let kind = first.kind();
        html! {
            div.run data-n=(cells.len()) data-continued[continued] data-wordless[wordless] {
                div.memo data-kind=(word(kind)) {
                    span {
                        @match kind {
                            Kind::Tracked => b.vh { "Tracked:" },
                            Kind::OverLimit => { (icon("limit")) b.kind { "Over limit" } },
                            Kind::Manual => { (icon("pencil")) b.kind { "Manual" } },
                            Kind::NoEvidence => { (icon("blind")) b.kind { "No evidence" } },
                            Kind::Removed => { (icon("trash")) b.kind { "Removed" } },
                        }
                        b { (memo_words(first)) }
                        @if let Some(note) = note(first) { span.lab[note.1] .nobill[!note.1] { (note.0) } }
                        span.vh { ", " (self.zone.time(first.start)) " to " (self.zone.time(last.end())) }
                    }
                    span.rail {}
                }
                ol.cells { @for cell in cells { (self.cell(cell, busiest)) } }
            }
        }
    }

    fn cell(&self, cell: &Cell<'_>, busiest: u64) -> Markup {
        let parcel = cell.shown.parcel;
        let current = self.current == Some(cell.start);
        let minutes = minutes(parcel);
        html! {
            li.seg data-kind=(word(cell.kind())) {
                a href={ (self.link) "&segment=" (when::utc(cell.start)) "#detail" }
                    aria-current=[current.then_some("true")] {
                    (picture(cell, self.pictures, self.zone))
                    (chart::meter(&minutes, busiest))
                    span.under.bare {
                        span.t { (self.zone.time(cell.start)) }
                        span.vh { (spoken(cell)) }
                        @if edited(cell) { (icon("pencil")) }
                    }
                }
            }
        }
    }
}

/// Whether the other half of a run that was cut for narrow pages has more room for the words. The first half has them
/// where both have the same.
fn wordless(row: &[Slot<'_>], nth: usize) -> bool {
    let half = |nth: Option<usize>| match nth.and_then(|nth| row.get(nth)) {
        Some(Slot::Run { cells, continued }) => (cells.len(), *continued),
        _ => (0, false),
    };
    let (own, continued) = half(Some(nth));
    if continued {
        return half(nth.checked_sub(1)).0 >= own;
    }
    let (next, carries_on) = half(nth.checked_add(1));
    carries_on && next > own
}

/// The word of a kind in the markup.
pub(super) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Tracked => "tracked",
        Kind::OverLimit => "over",
        Kind::Manual => "manual",
        Kind::NoEvidence => "none",
        Kind::Removed => "removed",
    }
}

/// Whether the worker changed it after it was recorded. Of what was removed the tombstone says so.
pub(super) fn edited(cell: &Cell<'_>) -> bool {
    cell.shown.parcel.revision > 0 && cell.kind() != Kind::Removed
}

fn memo_words<'a>(cell: &'a Cell<'_>) -> &'a str {
    match (cell.memo(), cell.kind()) {
        (Some(memo), _) => memo,
        (None, Kind::NoEvidence) => "the tracker could not see",
        (None, Kind::Removed) => "by worker",
        (None, _) => "No memo",
    }
}

/// What stands at the end of a memo bar: that it is not billed, or else its label. A gap and a tombstone have neither.
fn note<'a>(cell: &'a Cell<'_>) -> Option<(&'a str, bool)> {
    let not_billed = cell.kind() == Kind::OverLimit || cell.not_billed_because().is_some();
    match cell.kind() {
        Kind::NoEvidence | Kind::Removed => None,
        _ if cell.outcome == Outcome::Waiting => Some(("waiting for agreement", false)),
        _ if not_billed => Some(("not billable", false)),
        _ => cell.label().map(|label| (label, true)),
    }
}

fn picture(cell: &Cell<'_>, pictures: bool, zone: &Zone) -> Markup {
    let parcel = cell.shown.parcel;
    if let Some(sentence) = removed_words(parcel, zone) {
        return html! { span.pic.gone { (icon("trash")) span { (sentence) } } };
    }
    if let Some(snapshot) = &parcel.snapshot {
        return html! {
            span.pic {
                img.shot src={ "/pictures/" (parcel.id) "/" (snapshot.sha256) } alt="" loading="lazy" decoding="async"
                    width=(snapshot.width) height=(snapshot.height);
                @if !snapshot.redactions.is_empty() { span.chip { (icon("block")) span { "Redacted" } } }
            }
        };
    }
    if cell.kind() == Kind::NoEvidence {
        let why = cell
            .gap_cause()
            .map_or_else(|| "No evidence".to_owned(), |cause| words::sentence(words::cause(cause)));
        return html! { span.pic.gone.blind { span { (why) } } };
    }
    let (sign, sentence) = no_picture(parcel, pictures);
    html! { span.pic.gone { (icon(sign)) span { (sentence) } } }
}

/// The sentence of a tombstone.
pub(super) fn removed_words(parcel: &Parcel, zone: &Zone) -> Option<String> {
    parcel.removed.map(|removed| format!("Time removed by worker, {}", zone.weekday(removed.at)))
}

/// The sentence that stands in the place of a picture, with its icon.
pub(super) fn no_picture(parcel: &Parcel, pictures: bool) -> (&'static str, &'static str) {
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

/// What was covered in a picture, as the page's own note.
pub(super) fn redacted(parcel: &Parcel) -> Option<String> {
    let words = candor_diary::parcel::redacted(&parcel.snapshot.as_ref()?.redactions)?;
    Some(format!("{words} before saving"))
}

/// How many minutes of a segment had activity; none where it was not recorded.
pub(super) fn activity_words(parcel: &Parcel) -> Option<String> {
    parcel.minutes.iter().any(|m| m.counts.is_some()).then(|| {
        let length = u64::from(parcel.length.minutes());
        format!("in {} of {length} {}", parcel.minutes_active(), plain::plural(length, "minute", "minutes"))
    })
}

fn spoken(cell: &Cell<'_>) -> String {
    let parcel = cell.shown.parcel;
    let mut text = String::new();
    if edited(cell) {
        text.push_str(", edited by worker");
    }
    if parcel.snapshot.is_some() {
        text.push_str(", picture");
    }
    if let Some(redacted) = redacted(parcel) {
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
