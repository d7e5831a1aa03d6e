//! The head of the first page.

use candor_diary::terms::Mode;
use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::buttons::row;
use crate::window::widgets::icons;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;

/// Shows the mark, the contract, and the way to everything else.
pub(crate) fn show_contract(ui: &mut Ui, model: &mut WindowModel) {
    let Some(status) = model.status() else { return };
    let t = tokens(ui);
    let recording = model.is_recording();
    let monitoring = status.mode == Mode::Monitoring;
    let (title, under) = if monitoring {
        (status.client().to_owned(), status.title().to_owned())
    } else {
        let terms = model.current_terms().filter(|_| !status.notice_accepted);
        let under = terms.map(|terms| format!("{}, terms {}", status.client(), terms.sequence));
        (status.title().to_owned(), under.unwrap_or_else(|| status.client().to_owned()))
    };
    let state = if recording { "recording" } else { "not recording" };
    let name = format!("{title}, {under}: {state}. Contracts and more");
    let pressed = row(ui, 40.0, &name, |ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        icons::mark(ui, recording, if recording { t.tracked } else { t.ink3 });
        let room = ui.available_width() - if monitoring { 52.0 } else { 26.0 };
        ui.vertical(|ui| {
            ui.set_width(room);
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.add_space(2.0);
            layout::truncated(ui, TextFace::Body, title, t.ink);
            layout::truncated(ui, TextFace::Note, under, t.ink2);
        });
        if monitoring {
            icons::icon(ui, Icon::Lock, t.ink2);
        }
        icons::icon(ui, Icon::Down, t.ink2);
    });
    if pressed {
        model.push(Intent::OpenPage(WindowPage::Menu));
    }
}
