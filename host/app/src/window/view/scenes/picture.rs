//! A picture that fills the window.

use eframe::egui::Ui;

use crate::window::model::WindowModel;
use crate::window::view::parts::pictures::show_large_picture;
use crate::window::widgets::layout;
use crate::window::widgets::screenshot;

/// Shows the picture as large as the window lets it be.
pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel, start: u64) {
    let Some(segment) = model.segment_at(start).cloned() else {
        layout::empty_state(ui, "There is no such picture.", "It may have been deleted.");
        return;
    };
    layout::plain_section(ui, |ui| {
        let Some(facts) = &segment.picture else {
            let why = segment.no_picture_sentence.as_deref().unwrap_or("No picture");
            screenshot::show_missing(ui, ui.available_width(), why);
            return;
        };
        let most = (ui.ctx().content_rect().height() - 170.0).max(120.0);
        show_large_picture(
            ui,
            model.large_picture(start),
            &facts.redactions,
            most,
            "The picture, as the client sees it",
        );
        layout::note(
            ui,
            format!(
                "Taken at {}. {} × {} pixels, {}. Make the window larger to see more.",
                model.zone.seconds(facts.at),
                facts.width,
                facts.height,
                candor_diary::plain::size(facts.bytes)
            ),
        );
        screenshot::show_redactions(ui, &facts.redactions, &facts.covered_by);
    });
}
