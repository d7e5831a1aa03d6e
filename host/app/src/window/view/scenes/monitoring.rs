//! Monitoring: the client's rules drive. It says so at its top; settings are read-only; a pause always works.

use candor_protocol::{PauseTracking, StartTracking};
use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::view::parts::last_picture::show_last_picture;
use crate::window::view::parts::problems::show_problems;
use crate::window::view::parts::terms_summary;
use crate::window::view::parts::totals::show_totals;
use crate::window::widgets::buttons::{Button, link};
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::{Tone, message};

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some(status) = model.status().cloned() else { return };
    show_problems(ui, model);
    layout::section(ui, |ui| {
        let (head, since) = match (status.paused_since, status.tracking, status.since) {
            (Some(since), _, _) => {
                let at = model.moment(since);
                (
                    "Paused for private time",
                    format!("Nothing has been recorded since {at}. The time shows as a gap."),
                )
            }
            (None, true, Some(since)) => {
                let at = model.moment(since);
                ("This computer is being recorded", format!("For {}, since {at}.", status.client()))
            }
            (None, true, None) => ("This computer is being recorded", format!("For {}.", status.client())),
            (None, false, _) => {
                ("Nothing is being recorded", format!("{} decides when recording starts.", status.client()))
            }
        };
        layout::heading(ui, head);
        layout::note(ui, since);
        ui.add_space(2.0);
        if let Some(terms) = model.documents.terms() {
            for (icon, words) in terms_summary::summary_lines(terms) {
                layout::icon_line(ui, icon, &words);
            }
        }
        let rules = terms_summary::notice_rules(model.documents.notice());
        if !rules.is_empty() {
            layout::icon_line(ui, Icon::Rule, &format!("{}.", rules.join(". ")));
        }
    });
    show_last_picture(ui, model);
    layout::section(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            if status.paused_since.is_some() {
                if Button::new("End the pause").primary().show(ui) {
                    model.ask(StartTracking { memo: None, no_sign: false });
                }
            } else if Button::new("Pause for private time").show(ui) {
                model.ask(PauseTracking);
            }
            if let Some(diary) = &status.diary_url
                && link(ui, "Open Work Diary")
            {
                model.push(Intent::OpenAddress(diary.clone()));
            }
        });
    });
    show_totals(ui, model);
    let words = "Settings are read-only. If recording stops, the time shows as no evidence.";
    message(ui, Tone::Plain, Icon::Lock, "", words);
}
