//! The day that is shown, and the way to its neighbours.

use eframe::egui;
use eframe::egui::Ui;

use crate::format;
use crate::window::day_summary;
use crate::window::model::WindowModel;
use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::buttons::icon_button;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;

/// Shows which day is shown, and the buttons that choose another.
pub(crate) fn show_day_chooser(ui: &mut Ui, model: &mut WindowModel) {
    let before = model.day.days_back();
    let mut chosen = before;
    let t = tokens(ui);
    ui.horizontal(|ui| {
        if icon_button(ui, Icon::Left, "The day before") {
            chosen += 1;
        }
        if chosen > 0 && icon_button(ui, Icon::Right, "The day after") {
            chosen -= 1;
        }
        let day = model.zone.day_span(model.now(), chosen).map(|(from, _)| model.zone.day(from, model.now()));
        let name = match (chosen, day) {
            (0, Some(day)) => format!("Today, {day}"),
            (_, Some(day)) => day,
            (_, None) => "–".into(),
        };
        layout::truncated(ui, TextFace::Label, name, t.ink);
        let sum: u64 = model.day.segments().into_iter().flatten().map(day_summary::counted_ms).sum();
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            layout::truncated(ui, TextFace::Label, format::hours_minutes(sum), t.ink);
        });
    });
    if chosen != before {
        model.day.show_day(chosen);
        model.read_day(chosen);
    }
}
