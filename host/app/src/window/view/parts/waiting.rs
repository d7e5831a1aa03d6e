//! Parcels that wait to be sent, in short.

use candor_diary::plain;
use candor_protocol::{CancelParcel, OutboxParcel, ParcelState};
use eframe::egui;
use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::buttons::{icon_button, link};
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::split_line;

/// Shows the parcels that wait, a line each, at most `most`.
pub(crate) fn show_waiting_parcels(ui: &mut Ui, model: &mut WindowModel, most: usize) {
    let Some(outbox) = model.outbox.outbox().cloned() else { return };
    let t = tokens(ui);
    let mut taken = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let waiting: Vec<_> = outbox.entries.iter().filter(|parcel| is_waiting(parcel)).collect();
    // One more takes no more room than saying that there is one.
    let most = if waiting.len() == most + 1 { most + 1 } else { most };
    for parcel in waiting.iter().take(most) {
        let at = model.zone.time(parcel.segment_start);
        let pressed = split_line(
            ui,
            26.0,
            |ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                layout::truncated(ui, TextFace::Note, &at, t.ink);
                layout::truncated(ui, TextFace::Note, parcel.holds.as_deref().unwrap_or_default(), t.ink2);
            },
            |ui| {
                let pressed = icon_button(ui, Icon::Cross, &format!("Do not send {at}"));
                layout::truncated(ui, TextFace::Note, plain::size(parcel.bytes), t.ink2);
                pressed
            },
        );
        if pressed {
            taken = Some(parcel.parcel.clone());
        }
    }
    if let Some(parcel) = taken {
        model.ask(CancelParcel { parcel });
    }
    if waiting.len() > most {
        ui.horizontal(|ui: &mut egui::Ui| {
            if link(ui, &format!("{} more", waiting.len() - most)) {
                model.push(Intent::OpenPage(WindowPage::Outbox));
            }
        });
    }
    ui.spacing_mut().item_spacing.y = 6.0;
}

pub(crate) fn is_waiting(parcel: &OutboxParcel) -> bool {
    matches!(parcel.state, ParcelState::Held | ParcelState::Waiting)
}
