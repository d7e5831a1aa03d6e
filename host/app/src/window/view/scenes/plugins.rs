//! The plugins of the current contract: what each may do, and what is wrong with it.

use candor_diary::plain;
use eframe::egui::Ui;

use crate::window::model::Model;
use crate::window::parts::frame::{self, Tone, message};
use crate::window::parts::icons::Icon;
use crate::window::words;

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let Some(plugins) = m.plugins.clone() else {
        frame::part(ui, |ui| frame::note(ui, "Loading the plugins."));
        return;
    };
    if plugins.is_empty() {
        frame::empty(ui, "No plugins are in use.", "They come with a contract's terms.");
    }
    for plugin in plugins {
        frame::part(ui, |ui| {
            frame::label_and_note(ui, &plugin.name, &words::sentence(&plugin.kind));
            for may in &plugin.may {
                frame::told(ui, Icon::Check, &words::sentence(may));
            }
            if plugin.may.is_empty() {
                frame::note(ui, "It may do nothing but answer.");
            }
            if !plugin.sha256.is_empty() {
                frame::note(ui, format!("SHA-256 {}", plain::short_hex(&plugin.sha256, 2)));
            }
            for line in plugin.log.iter().rev().take(3) {
                frame::note(ui, format!("It said: {line}"));
            }
        });
        if let Some(problem) = &plugin.problem {
            message(ui, Tone::Over, Icon::Alert, "", problem);
        }
    }
}
