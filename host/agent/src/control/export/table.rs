//! The segments as a table: for a spreadsheet, and for programs.

use std::path::Path;

use candor_diary::plain;
use candor_protocol::{Segment, SegmentState};
use jiff::tz::TimeZone;
use serde_json::json;

use super::files::{ExportError, ExportedContract, create, local, unwritten};

/// The columns of `segments.csv`. Times are local with their offset, durations in minutes.
const COLUMNS: [&str; 15] = [
    "contract",
    "client",
    "start",
    "end",
    "kind",
    "tracked",
    "billed",
    "active",
    "memo",
    "label",
    "picture",
    "no picture because",
    "gaps",
    "state",
    "counts",
];

/// Writes `segments.csv` and `segments.json`.
pub(super) fn write(
    folder: &Path,
    contracts: &[ExportedContract<'_>],
    zone: &TimeZone,
) -> Result<(), ExportError> {
    let mut table = csv::Writer::from_writer(create(&folder.join("segments.csv"))?);
    table.write_record(COLUMNS)?;
    let mut all = Vec::new();
    for contract in contracts {
        for segment in &contract.segments {
            table.write_record(line(contract, segment, zone).map(|field| harmless(&field)))?;
            let mut known = serde_json::to_value(segment)?;
            if let Some(known) = known.as_object_mut() {
                known.insert("contract".into(), json!(contract.terms.title));
                known.insert("client".into(), json!(contract.terms.client));
                known.insert("picture-file".into(), json!(picture(contract, segment)));
            }
            all.push(known);
        }
    }
    table.flush().map_err(|why| unwritten(&folder.join("segments.csv"), why))?;
    serde_json::to_writer_pretty(create(&folder.join("segments.json"))?, &all).map_err(ExportError::Segments)
}

/// The path of a segment's picture in the export.
pub(super) fn picture<'a>(contract: &'a ExportedContract<'_>, segment: &Segment) -> Option<&'a str> {
    contract.pictures.get(&segment.picture.as_ref()?.at).map(String::as_str)
}

/// The kind of a segment's time, in a word.
pub(super) fn kind(segment: &Segment) -> &'static str {
    if segment.removed_at.is_some() {
        "removed"
    } else if segment.manual {
        "manual"
    } else if segment.tracked_ms == 0 {
        "no evidence"
    } else {
        "tracked"
    }
}

fn line(contract: &ExportedContract<'_>, segment: &Segment, zone: &TimeZone) -> [String; 15] {
    let end = segment.start + u64::from(segment.length) * 60_000;
    let time =
        |at| local(at, zone).map(|at| at.strftime("%Y-%m-%d %H:%M:%S%:z").to_string()).unwrap_or_default();
    let minutes = |ms: u64| format!("{:.2}", ms as f64 / 60_000.0);
    let active = segment.minutes.iter().flatten().filter(|count| **count > 0).count();
    let counts: Vec<String> =
        segment.minutes.iter().map(|count| count.map(|n| n.to_string()).unwrap_or_default()).collect();
    let name = |gap| serde_json::to_value(gap).ok().and_then(|gap| gap.as_str().map(str::to_owned));
    let gaps: Vec<String> = segment.gaps.iter().filter_map(name).collect();
    let state = match &segment.state {
        SegmentState::Open { .. } => "open",
        SegmentState::Held { .. } => "held",
        SegmentState::Waiting { .. } => "waiting",
        SegmentState::Delivered { .. } => "delivered",
        SegmentState::Rejected { .. } => "refused",
        SegmentState::Cancelled => "taken back",
    };
    [
        contract.terms.title.clone(),
        contract.terms.client.clone(),
        time(segment.start),
        time(end),
        kind(segment).into(),
        minutes(segment.tracked_ms),
        minutes(segment.billed_ms),
        active.to_string(),
        segment.memo.clone().unwrap_or_default(),
        segment.label.clone().unwrap_or_default(),
        picture(contract, segment).unwrap_or_default().into(),
        segment.no_picture_sentence.clone().unwrap_or_default(),
        gaps.join(" "),
        state.into(),
        counts.join(" "),
    ]
}

/// A text that a spreadsheet takes for a formula is told to be a text: memos and titles are anybody's words.
fn harmless(field: &str) -> String {
    let field = plain::visible(field);
    // Some programs take the wide forms for the same.
    let begins = field.trim_start().chars().next();
    if begins.is_some_and(|sign| "=+-@＝＋－＠".contains(sign)) {
        format!("'{field}")
    } else {
        field.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_memo_is_a_formula() {
        for memo in ["=HYPERLINK(\"http://a\")", "+1", "-1", "@SUM(A1)", " =1", "＝1"] {
            assert_eq!(harmless(memo), format!("'{memo}"));
        }
        assert_eq!(harmless("Bank rules = done"), "Bank rules = done");
        assert_eq!(plain::unseen(&harmless("\t=1\u{feff}=1\u{202e}")), None, "what nobody sees is shown");
    }
}
