//! The segments of a day.

use candor_diary::terms::ManualTime;
use candor_protocol::Segment;
use eframe::egui::{self, Rect, Ui, pos2, vec2};

use crate::window::day;
use crate::window::intent::{Intent, Page};
use crate::window::model::Model;
use crate::window::parts::buttons::{icon_button, link, row};
use crate::window::parts::frame;
use crate::window::parts::icons::{self, Icon};
use crate::window::parts::meters::{self, Kind};
use crate::window::theme::{Face, tokens};
use crate::window::words;

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    frame::part(ui, |ui| {
        choose(ui, m);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            if m.status.as_ref().is_some_and(|status| status.manual_time != ManualTime::No)
                && link(ui, "Add manual time")
            {
                m.intents.push(Intent::Go(Page::Manual));
            }
            if let Some(diary) = m.status.as_ref().and_then(|status| status.diary_url.clone())
                && link(ui, "Open Work Diary")
            {
                m.intents.push(Intent::Open(diary));
            }
        });
    });
    list(ui, m);
}

/// The day that is shown, and the ways to its neighbours.
pub(super) fn choose(ui: &mut Ui, m: &mut Model) {
    let before = m.day;
    let t = tokens(ui);
    ui.horizontal(|ui| {
        if icon_button(ui, Icon::Left, "The day before") {
            m.day += 1;
        }
        if m.day > 0 && icon_button(ui, Icon::Right, "The day after") {
            m.day -= 1;
        }
        let day = m.zone.day_span(m.now, m.day).map(|(from, _)| m.zone.day(from, m.now));
        let name = match (m.day, day) {
            (0, Some(day)) => format!("Today, {day}"),
            (_, Some(day)) => day,
            (_, None) => "–".into(),
        };
        frame::truncated(ui, Face::Label, name, t.ink);
        let sum: u64 = m.segments.iter().flatten().map(day::recorded).sum();
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            frame::truncated(ui, Face::Label, words::hours_minutes(sum), t.ink);
        });
    });
    if m.day != before {
        m.segments = None;
        m.read_day(m.day);
    }
}

fn list(ui: &mut Ui, m: &mut Model) {
    let Some(segments) = m.segments.clone() else {
        frame::part(ui, |ui| frame::note(ui, "Loading your time."));
        return;
    };
    if segments.is_empty() {
        frame::empty(
            ui,
            "No time on this day.",
            "A segment shows here as soon as something was tracked in it.",
        );
        return;
    }
    let busiest = segments.iter().flat_map(|s| s.minutes.iter().flatten()).max().copied().unwrap_or(1);
    frame::part(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let over = if m.day == 0 { m.week().over } else { 0 };
        let kinds = day::kinds(&segments, over);
        for (segment, kind) in segments.iter().zip(kinds).rev() {
            if line(ui, m, segment, kind, busiest) {
                m.intents.push(Intent::Go(Page::Segment(segment.start)));
            }
        }
    });
}

/// The word of a kind, where it has one.
pub(super) fn kind_word(kind: Kind) -> Option<(Icon, &'static str)> {
    match kind {
        Kind::Tracked => None,
        Kind::Manual => Some((Icon::Pencil, "Manual")),
        Kind::Over => Some((Icon::Limit, "Over limit")),
        Kind::NoEvidence => Some((Icon::Blind, "No evidence")),
        Kind::Removed => Some((Icon::Trash, "Removed")),
    }
}

fn line(ui: &mut Ui, m: &Model, segment: &Segment, kind: Kind, busiest: u32) -> bool {
    let t = tokens(ui);
    let end = segment.start + u64::from(segment.length) * words::MINUTE;
    let range = m.zone.range(segment.start, end);
    let state = match kind {
        Kind::Removed => String::new(),
        _ => words::state(segment, m.now, &m.zone),
    };
    let memo = match (kind, &segment.memo) {
        (Kind::Removed, _) => "Removed by you".to_owned(),
        (_, Some(memo)) => memo.clone(),
        (Kind::NoEvidence, None) => {
            segment.gaps.first().map_or("No evidence".into(), |gap| words::sentence(crate::say::gap(*gap)))
        }
        (_, None) => "No memo".into(),
    };
    let word = kind_word(kind);
    let says = word.map_or(String::new(), |(_, word)| format!("{word}, "));
    let name = format!("{range}, {says}{memo}, {}, {state}. Open", words::activity(segment));
    row(ui, 56.0, &name, |ui| {
        let area = ui.max_rect();
        let rail = Rect::from_min_size(pos2(area.left(), area.top() + 4.0), vec2(4.0, area.height() - 8.0));
        meters::rail(ui.painter(), rail, kind, t);
        ui.add_space(12.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.add_space(3.0);
            frame::label_and_note(ui, &range, &state);
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.set_height(16.0);
                if let Some((icon, _)) = word {
                    icons::icon(ui, icon, t.ink3);
                }
                frame::truncated(ui, Face::Note, memo, t.ink2);
            });
            if !segment.manual && kind != Kind::Removed {
                meters::meter(ui, &segment.minutes, busiest, 10.0, &words::activity(segment));
            }
        });
    })
}
