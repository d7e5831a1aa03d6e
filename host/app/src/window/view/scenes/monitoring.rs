//! Monitoring: the client's rules drive. It says so at its top; settings are read-only; a pause always works.

use candor_protocol::Request;
use eframe::egui::Ui;

use super::{home, terms_summary};
use crate::window::intent::Intent;
use crate::window::model::Model;
use crate::window::parts::buttons::{Button, link};
use crate::window::parts::frame::{self, Tone, message};
use crate::window::parts::icons::Icon;

/// The scene.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let Some(status) = m.status.clone() else { return };
    home::problems(ui, m);
    frame::part(ui, |ui| {
        let (head, since) = match (status.paused_since, status.tracking, status.since) {
            (Some(since), _, _) => {
                let at = m.zone.when(since, m.now);
                (
                    "Paused for private time",
                    format!("Nothing has been recorded since {at}. The time shows as a gap."),
                )
            }
            (None, true, Some(since)) => {
                let at = m.zone.when(since, m.now);
                ("This computer is being recorded", format!("For {}, since {at}.", status.client))
            }
            (None, true, None) => ("This computer is being recorded", format!("For {}.", status.client)),
            (None, false, _) => {
                ("Nothing is being recorded", format!("{} decides when recording starts.", status.client))
            }
        };
        frame::head(ui, head);
        frame::note(ui, since);
        ui.add_space(2.0);
        if let Some(terms) = &m.terms {
            for (icon, words) in terms_summary::lines(terms) {
                frame::told(ui, icon, &words);
            }
        }
        let rules = terms_summary::rules(m.notice.as_ref());
        if !rules.is_empty() {
            frame::told(ui, Icon::Rule, &format!("{}.", rules.join(". ")));
        }
    });
    home::last_picture(ui, m);
    frame::part(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            if status.paused_since.is_some() {
                if Button::new("End the pause").primary().show(ui) {
                    m.ask(Request::Start { memo: None, no_sign: false });
                }
            } else if Button::new("Pause for private time").show(ui) {
                m.ask(Request::Pause);
            }
            if let Some(diary) = &status.diary_url
                && link(ui, "Open Work Diary")
            {
                m.intents.push(Intent::Open(diary.clone()));
            }
        });
    });
    home::totals(ui, m);
    let words = "Settings are read-only. If recording stops, the time shows as no evidence.";
    message(ui, Tone::Plain, Icon::Lock, "", words);
}
