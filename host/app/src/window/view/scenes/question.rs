//! The question after time in which nobody was there. Both answers are fine; nothing is billed silently.

use candor_diary::terms::ManualTime;
use candor_protocol::{AnswerIdle, IdleAnswer};
use eframe::egui::Ui;

use crate::format;
use crate::window::model::WindowModel;
use crate::window::view::parts::clock::show_clock;
use crate::window::widgets::buttons::{Button, link};
use crate::window::widgets::fields;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::{Tone, message};

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some(status) = model.status().cloned() else { return };
    let Some(question) = status.question else { return };
    let length = question.to.saturating_sub(question.from);
    layout::section(ui, |ui| {
        let (from, to) = (model.moment(question.from), model.moment(question.to));
        layout::heading(ui, format!("Were you working from {from} to {to}?"));
        let gone = format::minutes(length);
        layout::note(ui, format!("There were no keys, clicks or scrolls for {gone}. Both answers are fine."));
    });
    layout::section(ui, |ui| {
        let n = length / format::MINUTE;
        let words =
            if n == 1 { "Leave this minute out".into() } else { format!("Leave these {n} minutes out") };
        if Button::new(&words).wide().ends(true).show(ui) {
            model.ask(AnswerIdle { answer: IdleAnswer::LeaveOut });
        }
    });
    layout::section(ui, |ui| {
        if question.manual_ms == 0 {
            let why = match status.manual_time {
                ManualTime::No => format!("{} takes no manual time.", status.client()),
                _ => "Too short to keep as manual time.".to_owned(),
            };
            layout::note(ui, why);
            return;
        }
        let longest = candor_diary::memo::MAX_MEMO;
        let hint = "What you did";
        let field = fields::line(
            ui,
            "idle-memo",
            "Or keep them as manual time",
            &mut model.question.memo,
            hint,
            longest,
        );
        let keep = format!("Keep {} as manual time", format::hours_minutes(question.manual_ms));
        let pressed = Button::new(&keep).wide().show(ui);
        let memo = model.question.memo.trim().to_owned();
        if pressed || fields::entered(ui, &field) {
            if memo.is_empty() {
                field.request_focus();
                model.banner.show("Manual time needs a memo.", "Say in a few words what you did.");
            } else {
                model.ask(AnswerIdle { answer: IdleAnswer::Manual(memo) });
            }
        }
        let part = if question.manual_ms < length { " Only whole segments can be kept." } else { "" };
        layout::note(ui, format!("{} sees that this time was typed in.{part}", status.client()));
    });
    if status.tracking {
        ui.add_space(2.0);
        let since = model.moment(question.to);
        let words = format!("Tracking resumed at {since}. You can answer later.");
        message(ui, Tone::Plain, Icon::Clock, "", &words);
    }
    ui.horizontal(|ui| {
        ui.add_space(f32::from(layout::MARGIN));
        if link(ui, "Answer later") {
            model.question.postpone(question.from);
        }
    });
    ui.add_space(8.0);
    show_clock(ui, model, &status, true);
}
