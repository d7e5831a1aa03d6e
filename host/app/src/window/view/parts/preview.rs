//! The live preview of the screen, as the client would see it.

use eframe::egui::Ui;

use crate::window::state::LivePreview;
use crate::window::widgets::layout;
use crate::window::widgets::screenshot;

/// Shows the live preview, at most `width` points wide.
pub(crate) fn show_preview(ui: &mut Ui, live: &mut LivePreview, width: f32) {
    let width = width.min(ui.available_width());
    let failed = live.failure().map(str::to_owned);
    if let Some(why) = &failed {
        screenshot::show_missing(ui, width, why);
    }
    match live.shown() {
        Some((preview, Some(picture))) => {
            let name = "Preview of your screen as the client would see it";
            picture.show(ui, width, &preview.redactions, name);
            screenshot::show_redactions(ui, &preview.redactions, &preview.covered_by);
        }
        Some((preview, None)) => {
            let why = preview.no_picture_sentence.as_deref().unwrap_or("No picture would be taken");
            screenshot::show_missing(ui, width, why);
        }
        None if failed.is_none() => screenshot::show_loading(ui, width),
        None => {}
    }
    layout::note(ui, "Your screen now, as the client would see it. Not saved.");
}
