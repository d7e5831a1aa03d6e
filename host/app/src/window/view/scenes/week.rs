//! The week: its days and what was recorded on each.

use candor_protocol::Segment;
use eframe::egui::{Align, Layout, Ui};

use crate::format;
use crate::window::day_summary;
use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::buttons::{icon_button, link, row};
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::split_line;
use crate::window::widgets::meters;
use crate::window::widgets::meters::TimeKind;

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let before = model.week.weeks_back();
    let mut chosen = before;
    let (from, to) = model.week_span(before);
    let segments = model.week.segments().map(|segments| with_running(model, segments));
    layout::section(ui, |ui| {
        let t = tokens(ui);
        ui.horizontal(|ui| {
            if icon_button(ui, Icon::Left, "The week before") {
                chosen += 1;
            }
            if chosen > 0 && icon_button(ui, Icon::Right, "The week after") {
                chosen -= 1;
            }
            let name = match before {
                0 => "This week".to_owned(),
                1 => "Last week".to_owned(),
                _ => format!("Week of {}", model.zone.day(from, model.now())),
            };
            layout::truncated(ui, TextFace::Label, name, t.ink);
            let sum: u64 = segments.iter().flatten().map(day_summary::counted_ms).sum();
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                layout::truncated(
                    ui,
                    TextFace::Label,
                    format::hours_minutes(sum + other_devices_ms(model, sum)),
                    t.ink,
                );
            });
        });
        if before == 0 {
            let week = model.week_summary();
            let says = format!(
                "{} of {}",
                format::hours_minutes(week.tracked + week.manual),
                format::hours_minutes(week.limit.unwrap_or_default())
            );
            meters::show_week_bar(ui, week, &says);
        }
        if let Some(diary) = model.status().and_then(|status| status.diary_url.clone())
            && link(ui, "Open Work Diary")
        {
            model.push(Intent::OpenAddress(diary));
        }
    });
    if chosen != before {
        model.week.show_week(chosen);
        model.read_week(chosen);
        return;
    }
    let Some(segments) = segments else {
        layout::section(ui, |ui| layout::note(ui, "Loading your week."));
        return;
    };
    layout::section(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for back in days_of_week(model, from, to) {
            show_day(ui, model, back, &segments);
        }
        let more = other_devices_ms(model, segments.iter().map(day_summary::counted_ms).sum());
        if more >= format::MINUTE {
            show_line(ui, "On other devices", &format::hours_minutes(more), "");
        }
    });
    layout::section(ui, |ui| layout::note(ui, "A week begins on Monday at 00:00 UTC."));
}

/// Returns the week's segments, the running one as it is now.
fn with_running(model: &WindowModel, segments: &[Segment]) -> Vec<Segment> {
    let running = model.status().and_then(|status| status.running.as_ref());
    let mut all = segments.to_vec();
    let Some(running) = running.filter(|_| model.week.weeks_back() == 0) else { return all };
    match all.iter_mut().find(|segment| segment.start == running.start) {
        Some(segment) => *segment = running.clone(),
        None => all.push(running.clone()),
    }
    all
}

/// Returns how much of the current week's sum comes from other devices, in milliseconds.
fn other_devices_ms(model: &WindowModel, here: u64) -> u64 {
    let sum = model.status().filter(|_| model.week.weeks_back() == 0).map_or(0, |status| status.week_ms);
    if model.week.segments().is_none() { 0 } else { sum.saturating_sub(here) }
}

/// Returns the days of a week up to today, each by how many days it is before today.
fn days_of_week(model: &WindowModel, from: u64, to: u64) -> Vec<i64> {
    let span = |back| model.zone.day_span(model.now(), back);
    // Eight days if the week begins and ends within a day of this zone.
    let first = (0..).find(|back| span(*back).is_none_or(|(begin, _)| begin <= from)).unwrap_or(0);
    (0..=first).rev().filter(|back| span(*back).is_some_and(|(begin, _)| begin < to)).collect()
}

fn show_day(ui: &mut Ui, model: &mut WindowModel, back: i64, segments: &[Segment]) {
    let Some((from, to)) = model.zone.day_span(model.now(), back) else { return };
    let of_day = || segments.iter().filter(|segment| (from..to).contains(&segment.start));
    let sum: u64 = of_day().map(day_summary::counted_ms).sum();
    let manual: u64 = of_day()
        .filter(|segment| day_summary::time_kind(segment) == TimeKind::Manual)
        .map(day_summary::counted_ms)
        .sum();
    let name = model.zone.day(from, model.now());
    let note = if manual > 0 { format!("{} manual", format::hours_minutes(manual)) } else { String::new() };
    let says = match (sum, manual) {
        (0, _) => "no time".to_owned(),
        (_, 0) => format::hours_minutes(sum),
        _ => format!("{}, {note}", format::hours_minutes(sum)),
    };
    let sum = if sum == 0 { "–".to_owned() } else { format::hours_minutes(sum) };
    let pressed = row(ui, 36.0, &format!("{name}, {says}: open its segments"), |ui| {
        show_line(ui, &name, &sum, &note);
    });
    if pressed {
        model.day.show_day(back);
        model.push(Intent::OpenPage(WindowPage::Day));
    }
}

fn show_line(ui: &mut Ui, name: &str, sum: &str, note: &str) {
    let t = tokens(ui);
    split_line(
        ui,
        32.0,
        |ui| {
            layout::truncated(ui, TextFace::Body, name, t.ink);
            layout::truncated(ui, TextFace::Note, note, t.ink2);
        },
        |ui| {
            layout::truncated(ui, TextFace::Body, sum, t.ink);
        },
    );
}
