//! Manual time: the form in which time is typed in.

use candor_diary::terms::ManualTime;
use eframe::egui::Ui;

use crate::window::model::WindowModel;
use crate::window::view::parts::day_chooser::show_day_chooser;
use crate::window::widgets::buttons::Button;
use crate::window::widgets::fields;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::Tone;

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some(status) = model.status().cloned() else { return };
    if status.manual_time == ManualTime::No {
        ui.add_space(4.0);
        let words = format!("{} takes no manual time in this contract.", status.client());
        layout::message(ui, Tone::Plain, Icon::Pencil, "", &words);
        return;
    }
    let asks = status.manual_time == ManualTime::Ask;
    layout::section(ui, |ui| show_day_chooser(ui, model));
    layout::section(ui, |ui| {
        let mut sent = false;
        ui.columns(2, |sides| {
            let [left, right] = sides else { return };
            let from = fields::line(left, "manual-from", "From", &mut model.manual.from, "09:10", 8);
            if model.focus.take_new_page() {
                from.request_focus();
            }
            let to = fields::line(right, "manual-to", "To", &mut model.manual.to, "09:40", 8);
            sent |= fields::entered(left, &from) || fields::entered(right, &to);
        });
        let longest = candor_diary::memo::MAX_MEMO;
        let memo =
            fields::line(ui, "manual-memo", "What you did", &mut model.manual.memo, "A few words", longest);
        sent |= fields::entered(ui, &memo);
        if asks {
            let hint = "Such as: on the phone";
            let label = "Why it was not tracked";
            let reason = fields::line(ui, "manual-reason", label, &mut model.manual.reason, hint, longest);
            sent |= fields::entered(ui, &reason);
        }
        sent |= Button::new("Add manual time").primary().wide().show(ui);
        let agrees = if asks { " It is billed when they agree." } else { "" };
        layout::note(
            ui,
            format!(
                "It fills whole segments that have no activity. {} sees that it was typed in.{agrees}",
                status.client()
            ),
        );
        if sent {
            add_time(model, asks);
        }
    });
}

fn add_time(model: &mut WindowModel, asks: bool) {
    let Some(day) = model.zone.day_span(model.now(), model.day.days_back()) else { return };
    match model.manual.request(&model.zone, day, model.now(), asks) {
        Ok(request) => model.ask(request),
        Err((fact, words)) => {
            model.focus.return_to_field();
            model.banner.show_error(&fact, &words);
        }
    }
}
