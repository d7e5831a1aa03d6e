//! The last picture, small.

use candor_diary::parcel::redacted;
use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::view::parts::pictures::show_small_picture;
use crate::window::widgets::buttons::row;
use crate::window::widgets::layout;
use crate::window::wording;

/// Shows the last picture, small, and how far it is on its way.
pub(crate) fn show_last_picture(ui: &mut Ui, model: &mut WindowModel) {
    let Some(segment) = model.status().and_then(|status| status.last_picture.clone()) else { return };
    let Some(facts) = segment.picture.clone() else { return };
    let t = tokens(ui);
    let at = format!("Picture at {}", model.zone.time(facts.at));
    let state = wording::delivery_state(&segment, model.now(), &model.zone);
    let covered = redacted(&facts.redactions);
    let name = format!("{at}, {}{state}. Open", covered.as_ref().map_or(String::new(), |c| format!("{c}, ")));
    layout::section(ui, |ui| {
        let pressed = row(ui, 63.0, &name, |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            show_small_picture(ui, model, segment.start, &facts.redactions, 112.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.add_space(if covered.is_some() { 4.0 } else { 13.0 });
                layout::truncated(ui, TextFace::Label, at, t.ink);
                if let Some(covered) = covered {
                    layout::truncated(ui, TextFace::Note, covered, t.ink2);
                }
                layout::truncated(ui, TextFace::Note, state, t.ink2);
            });
        });
        if pressed {
            model.push(Intent::OpenPage(WindowPage::Segment(segment.start)));
        }
    });
}
