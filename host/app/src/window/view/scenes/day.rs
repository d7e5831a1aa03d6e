//! The segments of a day.

use candor_diary::terms::ManualTime;
use candor_protocol::Segment;
use eframe::egui::{Rect, Ui, pos2, vec2};

use crate::format;
use crate::window::day_summary;
use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::view::parts::day_chooser::show_day_chooser;
use crate::window::widgets::buttons::{link, row};
use crate::window::widgets::icons;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::meters;
use crate::window::widgets::meters::TimeKind;
use crate::window::wording;

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    layout::section(ui, |ui| {
        show_day_chooser(ui, model);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            if model.status().is_some_and(|status| status.manual_time != ManualTime::No)
                && link(ui, "Add manual time")
            {
                model.push(Intent::OpenPage(WindowPage::Manual));
            }
            if let Some(diary) = model.status().and_then(|status| status.diary_url.clone())
                && link(ui, "Open Work Diary")
            {
                model.push(Intent::OpenAddress(diary));
            }
        });
    });
    show_segments(ui, model);
}

fn show_segments(ui: &mut Ui, model: &mut WindowModel) {
    let Some(segments) = model.day.segments().map(<[_]>::to_vec) else {
        layout::section(ui, |ui| layout::note(ui, "Loading your time."));
        return;
    };
    if segments.is_empty() {
        layout::empty_state(
            ui,
            "No time on this day.",
            "A segment shows here as soon as something was tracked in it.",
        );
        return;
    }
    let busiest = segments.iter().flat_map(|s| s.minutes.iter().flatten()).max().copied().unwrap_or(1);
    layout::section(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let over = if model.day.days_back() == 0 { model.week_summary().over } else { 0 };
        let kinds = day_summary::time_kinds(&segments, over);
        for (segment, kind) in segments.iter().zip(kinds).rev() {
            if show_segment(ui, model, segment, kind, busiest) {
                model.push(Intent::OpenPage(WindowPage::Segment(segment.start)));
            }
        }
    });
}

/// Returns the icon and word of a kind, if it has one.
fn kind_word(kind: TimeKind) -> Option<(Icon, &'static str)> {
    match kind {
        TimeKind::Tracked => None,
        TimeKind::Manual => Some((Icon::Pencil, "Manual")),
        TimeKind::Over => Some((Icon::Limit, "Over limit")),
        TimeKind::NoEvidence => Some((Icon::Blind, "No evidence")),
        TimeKind::Removed => Some((Icon::Trash, "Removed")),
    }
}

fn show_segment(ui: &mut Ui, model: &WindowModel, segment: &Segment, kind: TimeKind, busiest: u32) -> bool {
    let t = tokens(ui);
    let end = format::segment_end(segment);
    let range = model.zone.range(segment.start, end);
    let state = match kind {
        TimeKind::Removed => String::new(),
        _ => wording::delivery_state(segment, model.now(), &model.zone),
    };
    let memo = match (kind, &segment.memo) {
        (TimeKind::Removed, _) => "Removed by you".to_owned(),
        (_, Some(memo)) => memo.clone(),
        (TimeKind::NoEvidence, None) => segment
            .gaps
            .first()
            .map_or("No evidence".into(), |gap| format::capitalize(format::gap_cause(*gap))),
        (_, None) => "No memo".into(),
    };
    let word = kind_word(kind);
    let says = word.map_or(String::new(), |(_, word)| format!("{word}, "));
    let name = format!("{range}, {says}{memo}, {}, {state}. Open", format::activity(segment));
    row(ui, 56.0, &name, |ui| {
        let area = ui.max_rect();
        let rail = Rect::from_min_size(pos2(area.left(), area.top() + 4.0), vec2(4.0, area.height() - 8.0));
        meters::draw_rail(ui.painter(), rail, kind, t);
        ui.add_space(12.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.add_space(3.0);
            layout::label_and_note(ui, &range, &state);
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.set_height(16.0);
                if let Some((icon, _)) = word {
                    icons::icon(ui, icon, t.ink3);
                }
                layout::truncated(ui, TextFace::Note, memo, t.ink2);
            });
            if !segment.manual && kind != TimeKind::Removed {
                meters::show_activity(ui, &segment.minutes, busiest, 10.0, &format::activity(segment));
            }
        });
    })
}
