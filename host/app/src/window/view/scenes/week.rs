//! The week: its days and what was recorded on each.

use candor_protocol::Segment;
use eframe::egui::{Align, Layout, Ui};

use crate::window::day::{kind, recorded};
use crate::window::intent::{Intent, Page};
use crate::window::model::Model;
use crate::window::parts::buttons::{icon_button, link, row};
use crate::window::parts::frame::{self, ends};
use crate::window::parts::icons::Icon;
use crate::window::parts::meters::{self, Kind};
use crate::window::theme::{Face, tokens};
use crate::window::words::{MINUTE, hours_minutes};

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let (from, to) = m.week_span();
    let segments = m.week.as_ref().map(|segments| with_running(m, segments));
    let before = m.week_back;
    frame::part(ui, |ui| {
        let t = tokens(ui);
        ui.horizontal(|ui| {
            if icon_button(ui, Icon::Left, "The week before") {
                m.week_back += 1;
            }
            if m.week_back > 0 && icon_button(ui, Icon::Right, "The week after") {
                m.week_back -= 1;
            }
            let name = match before {
                0 => "This week".to_owned(),
                1 => "Last week".to_owned(),
                _ => format!("Week of {}", m.zone.day(from, m.now)),
            };
            frame::truncated(ui, Face::Label, name, t.ink);
            let sum: u64 = segments.iter().flatten().map(recorded).sum();
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                frame::truncated(ui, Face::Label, hours_minutes(sum + elsewhere(m, sum)), t.ink);
            });
        });
        if before == 0 {
            let week = m.week();
            let says = format!(
                "{} of {}",
                hours_minutes(week.tracked + week.manual),
                hours_minutes(week.limit.unwrap_or_default())
            );
            meters::week_bar(ui, week, &says);
        }
        if let Some(diary) = m.status.as_ref().and_then(|status| status.diary_url.clone())
            && link(ui, "Open Work Diary")
        {
            m.intents.push(Intent::Open(diary));
        }
    });
    if m.week_back != before {
        m.week = None;
        m.read_week();
        return;
    }
    let Some(segments) = segments else {
        frame::part(ui, |ui| frame::note(ui, "Loading your week."));
        return;
    };
    frame::part(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for back in days(m, from, to) {
            day(ui, m, back, &segments);
        }
        let more = elsewhere(m, segments.iter().map(recorded).sum());
        if more >= MINUTE {
            line(ui, "On other devices", &hours_minutes(more), "");
        }
    });
    frame::part(ui, |ui| frame::note(ui, "A week begins on Monday at 00:00 UTC."));
}

/// The week's segments, the running one as it is now.
fn with_running(m: &Model, segments: &[Segment]) -> Vec<Segment> {
    let running = m.status.as_ref().and_then(|status| status.running.as_ref());
    let mut all = segments.to_vec();
    let Some(running) = running.filter(|_| m.week_back == 0) else { return all };
    match all.iter_mut().find(|segment| segment.start == running.start) {
        Some(segment) => *segment = running.clone(),
        None => all.push(running.clone()),
    }
    all
}

/// What the week's sum holds of other devices, of the current week.
fn elsewhere(m: &Model, here: u64) -> u64 {
    let sum = m.status.as_ref().filter(|_| m.week_back == 0).map_or(0, |status| status.week_ms);
    if m.week.is_none() { 0 } else { sum.saturating_sub(here) }
}

/// The days of a week up to today, each by how many days it is before today.
fn days(m: &Model, from: u64, to: u64) -> Vec<i64> {
    let span = |back| m.zone.day_span(m.now, back);
    // Eight, where the week begins and ends within a day of this zone.
    let first = (0..).find(|back| span(*back).is_none_or(|(begin, _)| begin <= from)).unwrap_or(0);
    (0..=first).rev().filter(|back| span(*back).is_some_and(|(begin, _)| begin < to)).collect()
}

fn day(ui: &mut Ui, m: &mut Model, back: i64, segments: &[Segment]) {
    let Some((from, to)) = m.zone.day_span(m.now, back) else { return };
    let of_day = || segments.iter().filter(|segment| (from..to).contains(&segment.start));
    let sum: u64 = of_day().map(recorded).sum();
    let manual: u64 = of_day().filter(|segment| kind(segment) == Kind::Manual).map(recorded).sum();
    let name = m.zone.day(from, m.now);
    let note = if manual > 0 { format!("{} manual", hours_minutes(manual)) } else { String::new() };
    let says = match (sum, manual) {
        (0, _) => "no time".to_owned(),
        (_, 0) => hours_minutes(sum),
        _ => format!("{}, {note}", hours_minutes(sum)),
    };
    let sum = if sum == 0 { "–".to_owned() } else { hours_minutes(sum) };
    let pressed = row(ui, 36.0, &format!("{name}, {says}: open its segments"), |ui| {
        line(ui, &name, &sum, &note);
    });
    if pressed {
        m.day = back;
        m.segments = None;
        m.intents.push(Intent::Go(Page::Day));
    }
}

fn line(ui: &mut Ui, name: &str, sum: &str, note: &str) {
    let t = tokens(ui);
    ends(
        ui,
        32.0,
        |ui| {
            frame::truncated(ui, Face::Body, name, t.ink);
            frame::truncated(ui, Face::Note, note, t.ink2);
        },
        |ui| {
            frame::truncated(ui, Face::Body, sum, t.ink);
        },
    );
}
