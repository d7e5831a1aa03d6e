//! The outbox: what waits, what was sent, and what can still be taken back.

use candor_diary::plain;
use candor_protocol::{CancelParcel, OutboxParcel, ParcelState, SendAgain, SendNow, TryNow, UncancelParcel};
use eframe::egui::Ui;

use crate::format;
use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::view::parts::waiting::is_waiting;
use crate::window::widgets::buttons::{Button, icon_button, link, row};
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;

/// How many sent parcels are listed.
const SENT: usize = 50;

fn is_refused(parcel: &OutboxParcel) -> bool {
    parcel.state == ParcelState::Rejected
}

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some(outbox) = model.outbox.outbox().cloned() else {
        layout::section(ui, |ui| layout::note(ui, "Loading the outbox."));
        return;
    };
    let waiting: Vec<_> = outbox.entries.iter().filter(|parcel| is_waiting(parcel)).collect();
    let (refused, other): (Vec<_>, Vec<_>) =
        outbox.entries.iter().filter(|parcel| !is_waiting(parcel)).partition(|parcel| is_refused(parcel));
    let other: Vec<_> = other.into_iter().take(SENT).collect();
    layout::section(ui, |ui| {
        let bytes = waiting.iter().map(|parcel| parcel.bytes).sum();
        layout::label_and_note(ui, &format!("{} waiting", waiting.len()), &plain::size(bytes));
        if waiting.is_empty() && refused.is_empty() {
            layout::note(ui, "Nothing waits. A segment shows here when it has ended, before it is sent.");
        }
        ui.spacing_mut().item_spacing.y = 2.0;
        for parcel in &waiting {
            show_parcel(ui, model, parcel);
        }
        if !waiting.is_empty() && Button::new("Try now").wide().show(ui) {
            model.ask(TryNow);
        }
    });
    if !refused.is_empty() {
        layout::section(ui, |ui| {
            layout::label(ui, format!("{} refused", refused.len()));
            layout::note(
                ui,
                "The back office refused these. They are not counted. 'Send again' tries once more.",
            );
            ui.spacing_mut().item_spacing.y = 2.0;
            for parcel in refused.iter().take(SENT) {
                show_parcel(ui, model, parcel);
            }
        });
    }
    if !other.is_empty() {
        layout::section(ui, |ui| {
            layout::label(ui, "Sent or taken back");
            ui.spacing_mut().item_spacing.y = 2.0;
            for parcel in &other {
                show_parcel(ui, model, parcel);
            }
        });
    }
    layout::section(ui, |ui| {
        let (used, limit) = (plain::size(outbox.disk_bytes), plain::size(outbox.disk_limit));
        layout::note(
            ui,
            format!(
                "{used} of {limit} used on this computer. When it is full, no pictures are taken; your time is still tracked."
            ),
        );
        if link(ui, "Change the limit") {
            model.push(Intent::OpenPage(WindowPage::Preferences));
        }
    });
}

fn parcel_state(model: &WindowModel, parcel: &OutboxParcel) -> String {
    match parcel.state {
        ParcelState::Held if parcel.hold_until > model.now() => {
            format!("Sends in {}", format::countdown(parcel.hold_until - model.now()))
        }
        ParcelState::Held => "Sends now".into(),
        ParcelState::Waiting if parcel.next_try_at > model.now() && parcel.attempts > 0 => {
            format!("Tries again in {}", format::countdown(parcel.next_try_at - model.now()))
        }
        ParcelState::Waiting => "Waiting to be sent".into(),
        ParcelState::Delivered => {
            parcel.delivered_at.map_or("Sent".into(), |at| format!("Sent {}", model.moment(at)))
        }
        ParcelState::Rejected => "Refused, not sent".into(),
        ParcelState::Cancelled => "Taken back, not sent".into(),
    }
}

fn show_parcel(ui: &mut Ui, model: &mut WindowModel, parcel: &OutboxParcel) {
    let t = tokens(ui);
    let at = model.moment(parcel.segment_start);
    let state = parcel_state(model, parcel);
    let size = plain::size(parcel.bytes);
    let id = parcel.parcel.clone();
    let holds = parcel.holds.as_deref();
    let listed: Vec<&str> =
        [Some(at.as_str()), holds, Some(&size), Some(&state)].into_iter().flatten().collect();
    let name = format!("{}. See exactly what is sent", listed.join(", "));
    let under = holds.map_or_else(|| state.clone(), |holds| format!("{state} · {holds}"));
    let (mut seen, mut taken, mut put_back, mut now) = (false, false, false, false);
    ui.horizontal(|ui| {
        let room = ui.available_width();
        ui.scope(|ui| {
            ui.set_width(
                room - if is_waiting(parcel) || parcel.state == ParcelState::Cancelled { 32.0 } else { 0.0 },
            );
            seen = row(ui, 44.0, &name, |ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    ui.add_space(3.0);
                    layout::label_and_note(ui, &at, &size);
                    layout::truncated(ui, TextFace::Note, under, t.ink2);
                });
            });
        });
        if is_waiting(parcel) {
            taken = icon_button(ui, Icon::Cross, &format!("Do not send {at}"));
        } else if parcel.state == ParcelState::Cancelled {
            put_back = icon_button(ui, Icon::Left, &format!("Send {at} after all"));
        }
    });
    if parcel.state == ParcelState::Held {
        ui.horizontal(|ui| now = link(ui, "Send now"));
    }
    let mut again = false;
    if is_refused(parcel) {
        ui.horizontal(|ui| again = link(ui, "Send again"));
    }
    if let Some(why) = parcel.last_error.as_ref().filter(|_| parcel.state != ParcelState::Delivered) {
        let tries = plain::plural(u64::from(parcel.attempts), "try", "tries");
        layout::note(ui, format!("{} {tries}. {}", parcel.attempts, format::capitalize(why)));
    }
    if seen {
        model.push(Intent::OpenPage(WindowPage::Parcel(id.clone())));
    }
    if taken {
        model.ask(CancelParcel { parcel: id });
    } else if put_back {
        model.ask(UncancelParcel { parcel: id });
    } else if again {
        model.ask(SendAgain { parcel: id });
    } else if now {
        model.ask(SendNow { start: parcel.segment_start });
    }
}
