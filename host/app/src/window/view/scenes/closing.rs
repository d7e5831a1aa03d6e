//! The question what closing the window means while it is tracked: asked once, then done as answered.

use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::widgets::buttons::Button;
use crate::window::widgets::layout;

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let first = model.focus.take_new_page();
    layout::section(ui, |ui| {
        layout::heading(ui, "Stop, or keep tracking in the background?");
        layout::note(
            ui,
            "You are asked once; you can change this in Preferences. The tray icon or a notification shows that you are still recorded.",
        );
    });
    layout::section(ui, |ui| {
        if Button::new("Keep tracking in the background").wide().focused(first).show(ui) {
            model.push(Intent::CloseWindow { stop: false });
        }
        if Button::new("Stop and close").wide().ends(true).show(ui) {
            model.push(Intent::CloseWindow { stop: true });
        }
        if Button::new("Do not close").wide().show(ui) {
            model.push(Intent::GoBack);
        }
    });
}
