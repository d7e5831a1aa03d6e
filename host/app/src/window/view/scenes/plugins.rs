//! The plugins of the current contract: what each may do, and what is wrong with it.

use candor_diary::plain;
use eframe::egui::Ui;

use crate::format;
use crate::window::model::WindowModel;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::{Tone, message};

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some(plugins) = model.plugins.plugins().map(<[_]>::to_vec) else {
        layout::section(ui, |ui| layout::note(ui, "Loading the plugins."));
        return;
    };
    if plugins.is_empty() {
        layout::empty_state(ui, "No plugins are in use.", "They come with a contract's terms.");
    }
    for plugin in plugins {
        layout::section(ui, |ui| {
            layout::label_and_note(ui, &plugin.name, &format::capitalize(plugin.kind.as_str()));
            for may in &plugin.may {
                layout::icon_line(ui, Icon::Check, &format::capitalize(may));
            }
            if plugin.may.is_empty() {
                layout::note(ui, "It may do nothing but answer.");
            }
            if !plugin.sha256.is_empty() {
                layout::note(ui, format!("SHA-256 {}", plain::short_hex(&plugin.sha256, 2)));
            }
            for line in plugin.log.iter().rev().take(3) {
                layout::note(ui, format!("It said: {line}"));
            }
        });
        if let Some(problem) = &plugin.problem {
            message(ui, Tone::Over, Icon::Alert, "", problem);
        }
    }
}
