//! What can be done with a picture: send it now, or delete it.

use candor_protocol::{RemovePicture, Segment, SendNow};
use eframe::egui::Ui;

use crate::format;
use crate::window::model::WindowModel;
use crate::window::widgets::buttons::Button;
use crate::window::widgets::layout;

/// Shows the buttons to delete and to send now, and what deleting does.
pub(crate) fn show_picture_actions(ui: &mut Ui, model: &mut WindowModel, segment: &Segment, client: &str) {
    let start = segment.start;
    if model.removal_takes_time() {
        // Its words need the whole width.
        show_delete_button(ui, model, segment);
        if Button::new("Send now").ends(true).wide().show(ui) {
            model.ask(SendNow { start });
        }
    } else {
        ui.columns_const(|[left, right]| {
            show_delete_button(left, model, segment);
            if Button::new("Send now").ends(true).wide().show(right) {
                model.ask(SendNow { start });
            }
        });
    }
    layout::note(ui, deletion_consequence(model, client));
}

/// Shows the button that deletes a picture; it says what goes with it.
pub(crate) fn show_delete_button(ui: &mut Ui, model: &mut WindowModel, segment: &Segment) {
    let words = match model.removal_takes_time() {
        true => format!("Delete picture and its {}", format::tracked_minutes(segment)),
        false => "Delete picture".to_owned(),
    };
    if Button::new(&words).warn().wide().show(ui) {
        model.ask(RemovePicture { start: segment.start });
    }
}

/// Returns what deleting a picture does, by the terms.
pub(crate) fn deletion_consequence(model: &WindowModel, client: &str) -> String {
    let time = match model.removal_takes_time() {
        true => "Under the terms, this also removes the time of this segment.",
        false => "Deleting it keeps your time.",
    };
    format!("{time} It can be undone until it is sent. {client} sees that a picture was deleted.")
}
