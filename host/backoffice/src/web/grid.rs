//! The hours of a day: memo bars, cells, meters, folded hours.

use candor_diary::calendar::{Day, Hour};
use candor_diary::day::{Cell, Kind, Part, Shape, Slot, busiest, minutes, parts};
use candor_diary::plain;
use candor_diary::text::{DisplayZone, Reader, capitalize, gap_cause, utc_offset};
use maud::{Markup, html};

use super::chart;
use super::layout::icon;
use super::when;
use super::words::{
    BarNote, bar_note, is_edited, kind_name, memo_words, no_picture_words, removed_words, spoken_words,
};

/// What the cells of a page share.
pub(super) struct HourGrid<'a> {
    pub(super) day: &'a Day,
    pub(super) zone: &'a DisplayZone,
    pub(super) cells: &'a [Cell<'a>],
    /// Start of the segment that the detail shows.
    pub(super) current: Option<u64>,
    /// Whether the terms have a collector that takes pictures.
    pub(super) pictures: bool,
    /// What stands before every path: empty, or such as `/candor`.
    pub(super) prefix: &'a str,
    /// The address of the page with everything but the segment.
    pub(super) link: &'a str,
}

impl HourGrid<'_> {
    pub(super) fn render(&self) -> Markup {
        let busiest = busiest(self.cells);
        html! {
            @for part in parts(&self.day.hours, self.cells) {
                @match part {
                    Part::Quiet { first, last, hours } => (self.quiet_hours(&first, &last, hours)),
                    Part::Hour { hour, shape, rows } => (self.hour(&hour, shape, &rows, busiest)),
                }
            }
        }
    }

    fn quiet_hours(&self, first: &Hour, last: &Hour, hours: usize) -> Markup {
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
        // If an hour comes twice, its offset tells which one this is.
        let twice = self.day.hours.iter().filter(|h| h.wall == hour.wall).count() > 1;
        html! {
            section.hour aria-labelledby=(id) {
                h3 id=(id) {
                    (self.zone.time(hour.from))
                    @if twice { " " span.note { (utc_offset(hour.offset)) } }
                }
                div.runs data-columns=(shape.columns) data-rows=[(rows.len() > 1).then_some("many")] {
                    @for row in rows {
                        @for (nth, slot) in row.iter().enumerate() {
                            @match slot {
                                Slot::Blank(n) => div.run.bare data-n=(n) {},
                                Slot::Run { cells, continued } => (self.run(cells, *continued, is_wordless(row, nth), busiest)),
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
                div.memo data-kind=(kind_name(kind)) {
                    span {
                        @match kind {
                            Kind::Tracked => b.vh { "Tracked:" },
                            Kind::OverLimit => { (icon("limit")) b.kind { "Over limit" } },
                            Kind::Manual => { (icon("pencil")) b.kind { "Manual" } },
                            Kind::NoEvidence => { (icon("blind")) b.kind { "No evidence" } },
                            Kind::Removed => { (icon("trash")) b.kind { "Removed" } },
                        }
                        b { (memo_words(first)) }
                        @match bar_note(first) {
                            Some(BarNote::Label(label)) => span.lab { (label) },
                            Some(BarNote::NotBilled { sign, words, short }) => {
                                span.nobill.wordy[words != short] { (icon(sign)) span.words { (words) } span.short-words aria-hidden="true" { (short) } }
                            },
                            None => {},
                        }
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
            li.seg data-kind=(kind_name(cell.kind())) {
                a href={ (self.link) "&segment=" (when::format_utc(cell.start)) "#detail" }
                    aria-current=[current.then_some("true")] {
                    (picture(self.prefix, cell, self.pictures, self.zone))
                    (chart::meter(&minutes, busiest))
                    span.under.bare {
                        span.t { (self.zone.time(cell.start)) }
                        span.vh { (spoken_words(cell)) }
                        @if is_edited(cell) { (icon("pencil")) }
                    }
                }
            }
        }
    }
}

/// Returns whether the other half of a run that was cut for narrow pages has more room for the words. The first half
/// has them if both have the same.
fn is_wordless(row: &[Slot<'_>], nth: usize) -> bool {
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

fn picture(prefix: &str, cell: &Cell<'_>, pictures: bool, zone: &DisplayZone) -> Markup {
    let parcel = cell.shown.parcel;
    if let Some(sentence) = removed_words(parcel, zone) {
        return html! { span.pic.gone { (icon("trash")) span { (sentence) } } };
    }
    if let Some(snapshot) = &parcel.snapshot {
        return html! {
            span.pic {
                img.shot src={ (prefix) "/pictures/" (parcel.id) "/" (snapshot.sha256) } alt="" loading="lazy" decoding="async"
                    width=(snapshot.width) height=(snapshot.height);
                @if !snapshot.redactions.is_empty() { span.chip { (icon("block")) span { "Redacted" } } }
            }
        };
    }
    if cell.kind() == Kind::NoEvidence {
        let why = cell
            .gap_cause()
            .map_or_else(|| "No evidence".to_owned(), |cause| capitalize(gap_cause(cause, Reader::Both)));
        return html! { span.pic.gone.blind { span { (why) } } };
    }
    let (sign, sentence) = no_picture_words(parcel, pictures);
    html! { span.pic.gone { (icon(sign)) span { (sentence) } } }
}
