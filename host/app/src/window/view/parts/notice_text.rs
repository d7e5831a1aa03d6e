//! The text of a notice.

use eframe::egui::Ui;

use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::layout;

/// Shows the whole text of a notice.
pub(crate) fn show_notice_text(ui: &mut Ui, text: &str) {
    let t = tokens(ui);
    for line in text.lines() {
        if line.trim().is_empty() {
            ui.add_space(4.0);
        } else {
            layout::text(ui, TextFace::Note, line, t.ink2);
        }
    }
}
