//! Everything about one segment: picture, memo, activity, the rules that applied, the receipt, what happened to it.

use candor_diary::day::{Cell, Kind, minutes};
use candor_diary::parcel::{Focus, NO_SIGN, NoSnapshot, Parcel, Redaction};
use candor_diary::plain;
use candor_diary::text::{DisplayZone, Reader, gap_cause, short_date};
use jiff::civil::Date;
use maud::{Markup, html};

use super::chart;
use super::layout::icon;
use super::when;
use super::words::{
    activity_words, billing_words, is_edited, kind_name, no_picture_words, redaction_note, removed_words,
    rule_words,
};
use crate::store::{StoredContract, StoredParcel, SupersededParcel};

/// Changes of the focused window that the panel lists.
const FOCUS_SHOWN: usize = 200;
/// Notes of plugins that the panel lists.
const CUSTOM_SHOWN: usize = 50;

/// What the panel shows.
pub(super) struct SegmentDetail<'a> {
    pub(super) cell: &'a Cell<'a>,
    /// What is kept of the parcel.
    pub(super) kept: Option<&'a StoredParcel>,
    /// The revisions that it took the place of, in order.
    pub(super) earlier: Vec<&'a SupersededParcel>,
    /// Start of an earlier segment that has the very same picture.
    pub(super) same_picture: Option<u64>,
    /// The other devices' parcels of this segment.
    pub(super) also: Vec<&'a (Parcel, StoredParcel)>,
    pub(super) zone: &'a DisplayZone,
    pub(super) date: Date,
    /// What stands before every path: empty, or such as `/candor`.
    pub(super) prefix: &'a str,
    pub(super) contract: &'a StoredContract,
    pub(super) pictures: bool,
    /// The server's public key, in hex.
    pub(super) key: &'a str,
    /// The page without the panel.
    pub(super) close: String,
}

pub(super) fn panel(shown: &SegmentDetail<'_>) -> Markup {
    let (cell, zone) = (shown.cell, shown.zone);
    let parcel = cell.shown.parcel;
    html! {
        aside.panel.detail #detail aria-labelledby="detail-h" tabindex="0" {
            header {
                h2 #detail-h { (zone.time(cell.start)) " – " (zone.time(cell.end())) }
                span.tag { span.rail data-kind=(kind_name(cell.kind())) {} (billing_words(cell)) }
                a.btn.icon.bare href=(shown.close) aria-label="Close details" { (icon("x")) }
            }
            (picture(shown))
            @if let Some(removed) = parcel.removed {
                div {
                    p.small.quiet {
                        (plain::duration(removed.time_ms.div_ceil(60_000)))
                        " was removed, with its picture, activity, memo and label. Nothing of it is kept; both of you see that it was removed, and when."
                    }
                }
            } @else {
                div { (facts(cell)) (windows(parcel, zone)) }
                @if parcel.manual.is_none() { (activity(parcel, zone)) }
                (gaps(parcel, zone))
                (plugin_notes(parcel, zone))
                (left_out(parcel))
                @if parcel.manual.is_none() { (rules(parcel, shown)) }
            }
            (other_devices(shown))
            @if let Some(kept) = shown.kept {
                (receipt(parcel, kept, shown))
                (history(parcel, kept, shown))
            }
        }
    }
}

fn picture(shown: &SegmentDetail<'_>) -> Markup {
    let (parcel, zone) = (shown.cell.shown.parcel, shown.zone);
    if let Some(sentence) = removed_words(parcel, zone) {
        return html! { figure { div.pic.gone { (icon("trash")) span { (sentence) } } } };
    }
    let Some(snapshot) = &parcel.snapshot else {
        let none = shown.cell.kind() == Kind::NoEvidence && parcel.no_snapshot.is_none();
        let (sign, sentence) =
            if none { ("blind", "No evidence") } else { no_picture_words(parcel, shown.pictures) };
        return html! { figure { div.pic.gone.blind[none] { @if !none { (icon(sign)) } span { (sentence) } } } };
    };
    let address = format!("{}/pictures/{}/{}", shown.prefix, parcel.id, snapshot.sha256);
    let at = zone.seconds(snapshot.at);
    let note = redaction_note(parcel);
    let alt = note.as_ref().map_or_else(
        || format!("Picture of the screen at {at}"),
        |note| format!("Picture of the screen at {at}, {note}"),
    );
    let monitors = u64::from(snapshot.monitors);
    html! {
        figure {
            div.pic {
                img.shot src=(address) alt=(alt) width=(snapshot.width) height=(snapshot.height);
                @if let Some(note) = &note { span.chip { (icon("block")) span { (note) } } }
            }
            figcaption {
                span {
                    "Taken " time datetime=(when::format_utc(snapshot.at)) { (at) } ", "
                    (plain::count(monitors)) " " (plain::plural(monitors, "monitor", "monitors")) ", "
                    (snapshot.width) " × " (snapshot.height) ", " (plain::size(snapshot.bytes))
                    @if let Some(start) = shown.same_picture {
                        ". The very same picture as at " (zone.time_beside(start, shown.date))
                    }
                }
                span.row { a.btn href=(address) { "Open full size" } }
            }
        }
    }
}

/// Returns the window in front when the picture was taken, as it was judged with it; if that was not recorded, the last
/// change before it. What came later says nothing of the picture. Without a picture, the last one.
fn in_front(parcel: &Parcel) -> Option<&Focus> {
    match &parcel.snapshot {
        Some(snapshot) => {
            let before = || parcel.focus.iter().rev().find(|f| f.at <= snapshot.at);
            snapshot.focus.as_ref().or_else(before)
        }
        None => parcel.focus.last(),
    }
}

fn facts(cell: &Cell<'_>) -> Markup {
    let parcel = cell.shown.parcel;
    let text = |value: Option<&str>| value.map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
    let memo = text(parcel.memo.as_deref()).unwrap_or_else(|| "No memo".to_owned());
    let label = text(parcel.label.as_deref()).unwrap_or_else(|| "No label".to_owned());
    html! {
        dl.kv {
            dt { "Memo" } dd { (memo) }
            dt { "Label" } dd { (label) }
            @if let Some(reason) = parcel.manual.as_ref().and_then(|manual| text(manual.reason.as_deref())) {
                dt { "Reason" } dd { (reason) }
            }
            @if let Some(why) = cell.not_billed_because() { dt { "Not billable" } dd { (why) } }
            @if parcel.no_sign { dt { "No sign" } dd { (NO_SIGN) } }
            @if let Some(focus) = in_front(parcel) {
                dt { "Application" } dd { (field(focus.app.as_deref(), &[])) }
                dt { "Title" } dd { (field(focus.title.as_deref(), &focus.hidden_by)) }
                @if let Some(url) = &focus.url { dt { "Address" } dd { (url) } }
            }
        }
    }
}

/// A field of a window, or why it is not there. A rule that hid it is named below, in its own words.
fn field(value: Option<&str>, hidden_by: &[u32]) -> Markup {
    html! {
        @match value {
            Some(value) => (value),
            None if !hidden_by.is_empty() => span.quiet { "Hidden by rule" },
            None => span.quiet { "Not recorded" },
        }
    }
}

fn windows(parcel: &Parcel, zone: &DisplayZone) -> Markup {
    let count = parcel.focus.len();
    html! {
        @if count > 1 {
            details.more {
                summary { "Show " (plain::count(count as u64)) " changes of the window in front" }
                table.data {
                    caption.vh { "Windows in front, in order" }
                    thead { tr { th scope="col" { "Time" } th scope="col" { "Application" } th scope="col" { "Title" } } }
                    tbody {
                        @for focus in parcel.focus.iter().take(FOCUS_SHOWN) {
                            tr {
                                th.nowrap scope="row" { (zone.seconds(focus.at)) }
                                td { (field(focus.app.as_deref(), &[])) }
                                td { (field(focus.title.as_deref(), &focus.hidden_by)) }
                            }
                        }
                    }
                }
                @if count > FOCUS_SHOWN {
                    p.note.faint { (plain::count((count - FOCUS_SHOWN) as u64)) " more are in the parcel." }
                }
            }
        }
    }
}

fn activity(parcel: &Parcel, zone: &DisplayZone) -> Markup {
    html! {
        div {
            @match activity_words(parcel) {
                Some(words) => {
                    h3 { "Activity " (words) }
                    (chart::activity(&minutes(parcel), zone))
                },
                None => {
                    h3 { "Activity" }
                    p.small.quiet { "Not recorded in this segment." }
                },
            }
        }
    }
}

fn gaps(parcel: &Parcel, zone: &DisplayZone) -> Markup {
    let end = parcel.start.saturating_add(parcel.length.ms());
    html! {
        @if !parcel.gaps.is_empty() {
            div {
                h3 { "What the tracker could not see" }
                ol.log.seconds {
                    @for gap in &parcel.gaps {
                        @let (from, to) = (gap.from.clamp(parcel.start, end), gap.to.clamp(parcel.start, end));
                        li {
                            time datetime=(when::format_utc(from)) { (zone.seconds(from)) }
                            span { "until " (zone.seconds(to)) ": " (gap_cause(gap.cause, Reader::Both)) }
                        }
                    }
                }
            }
        }
    }
}

fn plugin_notes(parcel: &Parcel, zone: &DisplayZone) -> Markup {
    html! {
        @if !parcel.custom.is_empty() {
            div {
                h3 { "Noted by plugins" }
                ol.log.seconds {
                    @for note in parcel.custom.iter().take(CUSTOM_SHOWN) {
                        li {
                            time datetime=(when::format_utc(note.at)) { (zone.seconds(note.at)) }
                            span { (note.plugin) " says of " (note.kind) ": " code { (note.body) } }
                        }
                    }
                }
                @if parcel.custom.len() > CUSTOM_SHOWN {
                    p.note.faint { (plain::count((parcel.custom.len() - CUSTOM_SHOWN) as u64)) " more are in the parcel." }
                }
            }
        }
    }
}

fn left_out(parcel: &Parcel) -> Markup {
    html! {
        @if !parcel.dropped.is_empty() {
            div {
                h3 { "Recorded, but left out" }
                ul.log { @for dropped in &parcel.dropped { li.whole { span { (dropped.sentence()) } } } }
            }
        }
    }
}

/// Indices of the rules that did something in this segment, in order.
fn applied_rules(parcel: &Parcel) -> Vec<u32> {
    let covered = parcel.snapshot.iter().flat_map(|s| &s.redactions).filter_map(|r: &Redaction| r.rule);
    let skipped = match &parcel.no_snapshot {
        Some(NoSnapshot::SkippedByRule { rules }) => rules.as_slice(),
        _ => &[],
    };
    let fronts = parcel.focus.iter().chain(parcel.snapshot.iter().filter_map(|s| s.focus.as_ref()));
    let hidden = fronts.flat_map(|f| &f.hidden_by);
    let mut rules: Vec<u32> = covered.chain(skipped.iter().copied()).chain(hidden.copied()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn rules(parcel: &Parcel, shown: &SegmentDetail<'_>) -> Markup {
    let contract = shown.contract;
    let applied = applied_rules(parcel);
    let own = parcel.snapshot.iter().flat_map(|s| &s.redactions).filter(|r| r.rule.is_none()).count() as u64;
    let policy = &parcel.policy;
    html! {
        div {
            h3 {
                @if applied.is_empty() { "No rule applied" } @else { (plain::plural(applied.len() as u64, "Rule that applied", "Rules that applied")) }
            }
            dl.kv {
                @for index in &applied { dt { "Rule" } dd { (rule_words(parcel, *index)) } }
                @if own > 0 {
                    dt { "Tracker" }
                    dd { "Covered " (own) " more " (plain::plural(own, "place", "places")) " that could show what a rule hides" }
                }
                dt { "Policy" }
                dd {
                    @if policy.sha256.is_empty() {
                        "None: no picture and no title is kept without one"
                    } @else {
                        (policy.plugin) " " code.faint { (plain::short_hex(&policy.sha256, 2)) }
                    }
                }
                dt { "Terms" }
                // Those that it was made under, whatever was issued since.
                dd {
                    a href={ (shown.prefix) "/contracts/" (contract.id) "/recorded#terms" } { "Terms " (parcel.terms.sequence) }
                }
            }
            @if policy.rules.len() > applied.len() {
                details.more {
                    summary { @if policy.rules.len() == 1 { "The rule of this policy" } @else { "All " (policy.rules.len()) " rules of this policy" } }
                    ol.log { @for rule in &policy.rules { li.whole { span { (rule) } } } }
                }
            }
        }
    }
}

fn other_devices(shown: &SegmentDetail<'_>) -> Markup {
    html! {
        @if !shown.also.is_empty() {
            div {
                h3 { "Also recorded" }
                ol.log {
                    @for (parcel, delivery) in &shown.also {
                        li.whole {
                            span {
                                "On " (delivery.device_name)
                                @if let Some(removed) = removed_words(parcel, shown.zone) { ": " (removed) }
                                @if parcel.manual.is_some() { ", typed in" }
                                @if let Some(words) = activity_words(parcel) { ", activity " (words) }
                                ". "
                                @if parcel.removed.is_none() { "The time counts once. " }
                                @if let Some(snapshot) = &parcel.snapshot {
                                    a href={ (shown.prefix) "/pictures/" (parcel.id) "/" (snapshot.sha256) } { "Picture" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn receipt(parcel: &Parcel, kept: &StoredParcel, shown: &SegmentDetail<'_>) -> Markup {
    html! {
        div {
            h3 { "Receipt" }
            dl.kv {
                @if is_edited(shown.cell) { dt { "Edited" } dd { "By worker, revision " (parcel.revision) } }
                dt { "Held by" }
                dd { (shown.contract.terms.client) " back office " span.ok { (icon("check")) "countersigned" } }
                dt { "Received" }
                dd {
                    @if let Some(date) = other_date(shown, kept.received_at) { (date) ", " }
                    (shown.zone.seconds(kept.received_at)) " from " (kept.device_name)
                    ", number " (plain::count(parcel.sequence))
                }
                dt { "Chain head" }
                dd {
                    code { (plain::short_hex(&parcel.chain_head, 2)) } " "
                    a href={ (shown.prefix) "/receipts/" (parcel.id) } { "Open receipt" }
                }
            }
            details.more {
                summary { "Show in full" }
                dl.kv {
                    dt { "Parcel" } dd { code.full { (parcel.id) } }
                    dt { "Digest" } dd { code.full { (kept.digest) } }
                    dt { "Chain head" } dd { code.full { (parcel.chain_head) } }
                    @if !parcel.policy.sha256.is_empty() { dt { "Policy" } dd { code.full { (parcel.policy.sha256) } } }
                    dt { "Signed with" } dd { code.full { (shown.key) } }
                }
            }
        }
    }
}

/// Returns the date if it is another than that of the page.
fn other_date(shown: &SegmentDetail<'_>, at: u64) -> Option<String> {
    let date = shown.zone.date(at).filter(|date| *date != shown.date)?;
    Some(short_date(date, shown.date))
}

fn history(parcel: &Parcel, kept: &StoredParcel, shown: &SegmentDetail<'_>) -> Markup {
    let end = parcel.start.saturating_add(parcel.length.ms());
    let entry = |at: u64, text: String| {
        html! {
            li {
                time datetime=(when::format_utc(at)) { (shown.zone.time(at)) }
                span { @if let Some(date) = other_date(shown, at) { (date) ": " } (text) }
            }
        }
    };
    // NewestParcel first; what a revision took the place of is gone but for its times.
    let revision = |revision: u64| match revision {
        0 => format!("Received from {}", kept.device_name),
        n if parcel.removed.is_some() && n == u64::from(parcel.revision) => "Removed by worker".to_owned(),
        n => format!("Edited by worker, revision {n}"),
    };
    let (began, recorded) = match (&parcel.manual, redaction_note(parcel)) {
        (Some(manual), _) => (manual.at, "Typed in by worker".to_owned()),
        (None, Some(note)) => (end, format!("Recorded, {note}")),
        (None, None) => (end, "Recorded".to_owned()),
    };
    let receipts = html! {
        @for earlier in &shown.earlier {
            li.whole { span { a href={ (shown.prefix) "/receipts/" (earlier.parcel) } { "Receipt of revision " (earlier.revision) } } }
        }
    };
    html! {
        div {
            h3 { "History" }
            ol.log {
                (entry(kept.received_at, revision(u64::from(parcel.revision))))
                @for earlier in shown.earlier.iter().rev() { (entry(earlier.received_at, revision(earlier.revision))) }
                (entry(began, recorded))
            }
            @if !shown.earlier.is_empty() {
                details.more {
                    summary { "Receipts of earlier revisions" }
                    ol.log { (receipts) }
                }
            }
        }
    }
}
