//! A segment's picture, small or large.

use candor_diary::parcel::Redaction;
use eframe::egui::{Rect, Sense, Ui, vec2};

use crate::window::model::WindowModel;
use crate::window::state::PictureSlot;
use crate::window::theme::tokens;
use crate::window::widgets::screenshot;

/// Shows a segment's picture, `width` points wide. It says nothing to a screen reader: words stand beside it.
pub(crate) fn show_small_picture(
    ui: &mut Ui,
    model: &mut WindowModel,
    start: u64,
    redactions: &[Redaction],
    width: f32,
) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, (width * 9.0 / 16.0).round()), Sense::hover());
    ui.painter().rect_filled(rect, 4.0, tokens(ui).well);
    if let PictureSlot::Loaded(shot) = model.picture(start) {
        let rect = centered_in(screenshot::fit_rect(shot, rect), rect);
        shot.paint(ui, rect, redactions);
    }
}

/// Shows a picture, or why there is none, as wide as there is room and at most `most` points high.
pub(crate) fn show_large_picture(
    ui: &mut Ui,
    picture: &mut PictureSlot,
    redactions: &[Redaction],
    most: f32,
    name: &str,
) {
    let width = ui.available_width();
    match picture {
        PictureSlot::Awaited => screenshot::show_loading(ui, width),
        PictureSlot::Failed(why) => {
            let why = why.clone();
            screenshot::show_missing(ui, width, &why);
        }
        PictureSlot::Loaded(held) => {
            let room = Rect::from_min_size(ui.cursor().min, vec2(width, most));
            let fitted = screenshot::fit_rect(held, room);
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                ui.add_space((width - fitted.width()) / 2.0);
                held.show(ui, fitted.width(), redactions, name);
            });
        }
    }
}

fn centered_in(fitted: Rect, room: Rect) -> Rect {
    Rect::from_center_size(room.center(), fitted.size())
}
