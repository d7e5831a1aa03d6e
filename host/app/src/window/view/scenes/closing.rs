//! The window is closed while it is tracked: asked once, then as answered.

use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::Model;
use crate::window::parts::buttons::Button;
use crate::window::parts::frame;

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let first = std::mem::take(&mut m.fresh_page);
    frame::part(ui, |ui| {
        frame::head(ui, "Stop, or keep tracking in the background?");
        frame::note(
            ui,
            "You are asked once; you can change this in Preferences. The tray icon or a notification shows that you are still recorded.",
        );
    });
    frame::part(ui, |ui| {
        if Button::new("Keep tracking in the background").wide().focused(first).show(ui) {
            m.intents.push(Intent::Close { stop: false });
        }
        if Button::new("Stop and close").wide().ends(true).show(ui) {
            m.intents.push(Intent::Close { stop: true });
        }
        if Button::new("Do not close").wide().show(ui) {
            m.intents.push(Intent::Back);
        }
    });
}
