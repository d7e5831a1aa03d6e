//! The export's pages: an index of the days, and a page a day with its segments and pictures. They need no script and no
//! network.

use std::collections::BTreeMap;
use std::path::Path;

use candor_diary::parcel::redacted;
use candor_diary::plain::{self, visible};
use candor_protocol::Segment;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::files::{ExportError, ExportedContract, local, write as write_file};
use super::table;

/// How the pages look.
const STYLE: &str = include_str!("pages.css");
/// Nothing is loaded but the export's own pictures, and nothing runs.
const CONTENT: &str = "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'";

/// A day's segments, each with its contract.
type Day<'a> = Vec<(&'a ExportedContract<'a>, &'a Segment)>;

/// Writes `index.html` and the days' pages.
pub(super) fn write(
    folder: &Path,
    contracts: &[ExportedContract<'_>],
    zone: &TimeZone,
    now: u64,
) -> Result<(), ExportError> {
    let mut days: BTreeMap<Date, Day<'_>> = BTreeMap::new();
    for contract in contracts {
        for segment in &contract.segments {
            if let Some(start) = local(segment.start, zone) {
                days.entry(start.date()).or_default().push((contract, segment));
            }
        }
    }
    for day in days.values_mut() {
        day.sort_by_key(|(_, segment)| segment.start);
    }
    let dates: Vec<Date> = days.keys().copied().collect();
    for (nth, (date, day)) in days.iter().enumerate() {
        let before = nth.checked_sub(1).and_then(|before| dates.get(before));
        let page = day_page(*date, day, before, dates.get(nth + 1), zone);
        write_file(&folder.join(format!("days/{date}.html")), page.into_string().as_bytes())?;
    }
    let index = index(contracts, &days, zone, now);
    write_file(&folder.join("index.html"), index.into_string().as_bytes())
}

fn page(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(CONTENT);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    }
}

fn long_day(date: Date) -> String {
    date.strftime("%A, %-d %B %Y").to_string()
}

fn sum(day: &Day<'_>, part: impl Fn(&Segment) -> u64) -> String {
    plain::duration(day.iter().map(|(_, segment)| part(segment)).sum::<u64>() / 60_000)
}

fn index(
    contracts: &[ExportedContract<'_>],
    days: &BTreeMap<Date, Day<'_>>,
    zone: &TimeZone,
    now: u64,
) -> Markup {
    let written =
        local(now, zone).map(|now| now.strftime("%-d %b %Y, %H:%M").to_string()).unwrap_or_default();
    page(
        "My time: Candor export",
        html! {
            h1 { "My time" }
            p.note { "Exported " (written) ". Times are in this computer's time zone. Not encrypted: keep this folder to yourself." }
            h2 { "Contracts" }
            table {
                thead { tr { th { "Contract" } th { "Client" } th.n { "Recorded" } th.n { "Segments" } th.n { "Pictures" } } }
                tbody {
                    @for contract in contracts {
                        tr {
                            th scope="row" { (visible(&contract.terms.title)) }
                            td { (visible(&contract.terms.client)) }
                            td.n { (plain::duration(contract.segments.iter().map(|s| s.billed_ms).sum::<u64>() / 60_000)) }
                            td.n { (plain::count(contract.segments.len() as u64)) }
                            td.n { (plain::count(contract.pictures.len() as u64)) }
                        }
                    }
                }
            }
            h2 { "Days" }
            @if days.is_empty() { p { "No time was recorded." } }
            @else {
                table {
                    thead { tr { th { "Day" } th.n { "Recorded" } th.n { "Manual" } th.n { "Segments" } th.n { "Pictures" } } }
                    tbody {
                        @for (date, day) in days.iter().rev() {
                            tr {
                                th scope="row" { a href={ "days/" (date) ".html" } { (date.strftime("%a %-d %b %Y").to_string()) } }
                                td.n { (sum(day, |s| s.billed_ms)) }
                                td.n { (sum(day, |s| if s.manual { s.billed_ms } else { 0 })) }
                                td.n { (day.len()) }
                                td.n { (day.iter().filter(|(c, s)| table::picture(c, s).is_some()).count()) }
                            }
                        }
                    }
                }
            }
            h2 { "Other files" }
            dl {
                dt { a href="segments.csv" { "segments.csv" } } dd { "The segments, for a spreadsheet." }
                dt { a href="segments.json" { "segments.json" } } dd { "The same, with all that is known of each." }
                dt { "pictures/" } dd { "Each picture by day and time, as the client sees it." }
                dt { "parcels/, terms/" } dd { "What was signed and countersigned, and the terms of each contract." }
                dt { "records.jsonl" } dd { "The journal, a record a line." }
            }
        },
    )
}

fn day_page(
    date: Date,
    day: &Day<'_>,
    before: Option<&Date>,
    after: Option<&Date>,
    zone: &TimeZone,
) -> Markup {
    page(
        &format!("{date}: Candor export"),
        html! {
            nav {
                a href="../index.html" { "All days" }
                @if let Some(before) = before { a href={ (before) ".html" } { "Before: " (before) } }
                @if let Some(after) = after { a href={ (after) ".html" } { "After: " (after) } }
            }
            h1 { (long_day(date)) }
            p.note { (sum(day, |s| s.billed_ms)) " recorded" }
            ol.cells {
                @for (contract, segment) in day { (cell(contract, segment, zone)) }
            }
        },
    )
}

/// Why a segment has no picture.
fn absent<'a>(kind: &str, segment: &'a Segment) -> &'a str {
    match kind {
        "manual" => "Manual time has no picture",
        "removed" => "You removed this segment",
        _ => segment.no_picture_sentence.as_deref().unwrap_or("No picture"),
    }
}

fn cell(contract: &ExportedContract<'_>, segment: &Segment, zone: &TimeZone) -> Markup {
    let end = segment.start + u64::from(segment.length) * 60_000;
    let time = |at| local(at, zone).map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default();
    let kind = table::kind(segment);
    let active = segment.minutes.iter().flatten().filter(|count| **count > 0).count();
    let tracked = segment.minutes.iter().flatten().count();
    html! {
        li data-kind=(kind) {
            @match table::picture(contract, segment) {
                Some(path) => a href={ "../" (path) } {
                    img src={ "../" (path) } alt={ "Picture of the screen, " (time(segment.start)) } loading="lazy";
                }
                None => p.absent { (absent(kind, segment)) }
            }
            p.when { b { (time(segment.start)) " – " (time(end)) } @if kind != "tracked" { " · " (kind) } }
            p dir="auto" { (visible(segment.memo.as_deref().unwrap_or("No memo"))) }
            @if let Some(label) = &segment.label { p.note dir="auto" { (visible(label)) } }
            p.note { (visible(&contract.terms.title)) ", " (visible(&contract.terms.client)) }
            @if tracked > 0 { p.note { "Activity in " (active) " of " (tracked) " " (plain::plural(tracked as u64, "minute", "minutes")) } }
            @if let Some(words) = segment.picture.as_ref().and_then(|picture| redacted(&picture.redactions)) {
                p.note { (words) }
            }
            @for note in &segment.notes { p.note { (note.plugin) ", " (note.kind) ": " (plain::short_line(&note.body)) } }
        }
    }
}
