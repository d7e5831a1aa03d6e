//! The outbox: what waits, what was sent, and what can still be taken back.

use candor_diary::plain;
use candor_protocol::{OutboxParcel, Request};
use eframe::egui::{self, Ui};

use crate::window::intent::{Intent, Page};
use crate::window::model::Model;
use crate::window::parts::buttons::{Button, icon_button, link, row};
use crate::window::parts::frame::{self, ends};
use crate::window::parts::icons::Icon;
use crate::window::theme::{Face, tokens};
use crate::window::words;

/// How many sent parcels are listed.
const SENT: usize = 50;

fn waits(parcel: &OutboxParcel) -> bool {
    matches!(parcel.state.as_str(), "held" | "waiting")
}

fn refused(parcel: &OutboxParcel) -> bool {
    parcel.state == "rejected"
}

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let Some(outbox) = m.outbox.clone() else {
        frame::part(ui, |ui| frame::note(ui, "Loading the outbox."));
        return;
    };
    let waiting: Vec<_> = outbox.entries.iter().filter(|parcel| waits(parcel)).collect();
    let (refused, other): (Vec<_>, Vec<_>) =
        outbox.entries.iter().filter(|parcel| !waits(parcel)).partition(|parcel| refused(parcel));
    let other: Vec<_> = other.into_iter().take(SENT).collect();
    frame::part(ui, |ui| {
        let bytes = waiting.iter().map(|parcel| parcel.bytes).sum();
        frame::label_and_note(ui, &format!("{} waiting", waiting.len()), &plain::size(bytes));
        if waiting.is_empty() && refused.is_empty() {
            frame::note(ui, "Nothing waits. A segment shows here when it has ended, before it is sent.");
        }
        ui.spacing_mut().item_spacing.y = 2.0;
        for parcel in &waiting {
            line(ui, m, parcel);
        }
        if !waiting.is_empty() && Button::new("Try now").wide().show(ui) {
            m.ask(Request::TryNow);
        }
    });
    if !refused.is_empty() {
        frame::part(ui, |ui| {
            frame::label(ui, format!("{} refused", refused.len()));
            frame::note(
                ui,
                "The back office refused these. They are not counted. 'Send again' tries once more.",
            );
            ui.spacing_mut().item_spacing.y = 2.0;
            for parcel in refused.iter().take(SENT) {
                line(ui, m, parcel);
            }
        });
    }
    if !other.is_empty() {
        frame::part(ui, |ui| {
            frame::label(ui, "Sent or taken back");
            ui.spacing_mut().item_spacing.y = 2.0;
            for parcel in &other {
                line(ui, m, parcel);
            }
        });
    }
    frame::part(ui, |ui| {
        let (used, limit) = (plain::size(outbox.disk_bytes), plain::size(outbox.disk_limit));
        frame::note(
            ui,
            format!(
                "{used} of {limit} used on this computer. When it is full, no pictures are taken; your time is still tracked."
            ),
        );
        if link(ui, "Change the limit") {
            m.intents.push(Intent::Go(Page::Preferences));
        }
    });
}

fn state(m: &Model, parcel: &OutboxParcel) -> String {
    match parcel.state.as_str() {
        "held" if parcel.hold_until > m.now => {
            format!("Sends in {}", words::countdown(parcel.hold_until - m.now))
        }
        "held" => "Sends now".into(),
        "waiting" if parcel.next_try_at > m.now && parcel.attempts > 0 => {
            format!("Tries again in {}", words::countdown(parcel.next_try_at - m.now))
        }
        "waiting" => "Waiting to be sent".into(),
        "delivered" => {
            parcel.delivered_at.map_or("Sent".into(), |at| format!("Sent {}", m.zone.when(at, m.now)))
        }
        "rejected" => "Refused, not sent".into(),
        "cancelled" => "Taken back, not sent".into(),
        other => words::sentence(other),
    }
}

fn line(ui: &mut Ui, m: &mut Model, parcel: &OutboxParcel) {
    let t = tokens(ui);
    let at = m.zone.when(parcel.segment_start, m.now);
    let state = state(m, parcel);
    let size = plain::size(parcel.bytes);
    let id = parcel.parcel.clone();
    let name = format!("{at}, {}, {size}, {state}. See exactly what is sent", parcel.holds);
    let (mut seen, mut taken, mut put_back, mut now) = (false, false, false, false);
    ui.horizontal(|ui| {
        let room = ui.available_width();
        ui.scope(|ui| {
            ui.set_width(room - if waits(parcel) || parcel.state == "cancelled" { 32.0 } else { 0.0 });
            seen = row(ui, 44.0, &name, |ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    ui.add_space(3.0);
                    frame::label_and_note(ui, &at, &size);
                    frame::truncated(ui, Face::Note, format!("{state} · {}", parcel.holds), t.ink2);
                });
            });
        });
        if waits(parcel) {
            taken = icon_button(ui, Icon::Cross, &format!("Do not send {at}"));
        } else if parcel.state == "cancelled" {
            put_back = icon_button(ui, Icon::Left, &format!("Send {at} after all"));
        }
    });
    if parcel.state == "held" {
        ui.horizontal(|ui| now = link(ui, "Send now"));
    }
    let mut again = false;
    if refused(parcel) {
        ui.horizontal(|ui| again = link(ui, "Send again"));
    }
    if let Some(why) = parcel.last_error.as_ref().filter(|_| parcel.state != "delivered") {
        let tries = plain::plural(u64::from(parcel.attempts), "try", "tries");
        frame::note(ui, format!("{} {tries}. {}", parcel.attempts, words::sentence(why)));
    }
    if seen {
        m.intents.push(Intent::Go(Page::Parcel(id.clone())));
    }
    if taken {
        m.ask(Request::Cancel { parcel: id });
    } else if put_back {
        m.ask(Request::Uncancel { parcel: id });
    } else if again {
        m.ask(Request::SendAgain { parcel: id });
    } else if now {
        m.ask(Request::SendNow { start: parcel.segment_start });
    }
}

/// What waits, a line each, at most `most`.
pub(super) fn brief(ui: &mut Ui, m: &mut Model, most: usize) {
    let Some(outbox) = m.outbox.clone() else { return };
    let t = tokens(ui);
    let mut taken = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let waiting: Vec<_> = outbox.entries.iter().filter(|parcel| waits(parcel)).collect();
    // One more takes no more room than saying that there is one.
    let most = if waiting.len() == most + 1 { most + 1 } else { most };
    for parcel in waiting.iter().take(most) {
        let at = m.zone.time(parcel.segment_start);
        let pressed = ends(
            ui,
            26.0,
            |ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                frame::truncated(ui, Face::Note, &at, t.ink);
                frame::truncated(ui, Face::Note, &parcel.holds, t.ink2);
            },
            |ui| {
                let pressed = icon_button(ui, Icon::Cross, &format!("Do not send {at}"));
                frame::truncated(ui, Face::Note, plain::size(parcel.bytes), t.ink2);
                pressed
            },
        );
        if pressed {
            taken = Some(parcel.parcel.clone());
        }
    }
    if let Some(parcel) = taken {
        m.ask(Request::Cancel { parcel });
    }
    if waiting.len() > most {
        ui.horizontal(|ui: &mut egui::Ui| {
            if link(ui, &format!("{} more", waiting.len() - most)) {
                m.intents.push(Intent::Go(Page::Outbox));
            }
        });
    }
    ui.spacing_mut().item_spacing.y = 6.0;
}
