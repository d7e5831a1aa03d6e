//! Manual time: the form in which time is typed in.

use candor_diary::terms::ManualTime;
use eframe::egui::Ui;

use super::day;
use crate::window::banner::Banner;
use crate::window::model::Model;
use crate::window::parts::buttons::Button;
use crate::window::parts::frame::{self, Tone};
use crate::window::parts::{fields, icons::Icon};

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let Some(status) = m.status.clone() else { return };
    if status.manual_time == ManualTime::No {
        ui.add_space(4.0);
        let words = format!("{} takes no manual time in this contract.", status.client);
        frame::message(ui, Tone::Plain, Icon::Pencil, "", &words);
        return;
    }
    let asks = status.manual_time == ManualTime::Ask;
    frame::part(ui, |ui| day::choose(ui, m));
    frame::part(ui, |ui| {
        let mut sent = false;
        ui.columns(2, |sides| {
            let [left, right] = sides else { return };
            let from = fields::line(left, "manual-from", "From", &mut m.draft.from, "09:10", 8);
            if std::mem::take(&mut m.fresh_page) {
                from.request_focus();
            }
            let to = fields::line(right, "manual-to", "To", &mut m.draft.to, "09:40", 8);
            sent |= fields::entered(left, &from) || fields::entered(right, &to);
        });
        let longest = candor_protocol::MAX_MEMO;
        let memo = fields::line(ui, "manual-memo", "What you did", &mut m.draft.memo, "A few words", longest);
        sent |= fields::entered(ui, &memo);
        if asks {
            let hint = "Such as: on the phone";
            let label = "Why it was not tracked";
            let reason = fields::line(ui, "manual-reason", label, &mut m.draft.reason, hint, longest);
            sent |= fields::entered(ui, &reason);
        }
        sent |= Button::new("Add manual time").primary().wide().show(ui);
        let agrees = if asks { " It is billed when they agree." } else { "" };
        frame::note(
            ui,
            format!(
                "It fills whole segments that have no activity. {} sees that it was typed in.{agrees}",
                status.client
            ),
        );
        if sent {
            add(m, asks);
        }
    });
}

fn add(m: &mut Model, asks: bool) {
    let Some(day) = m.zone.day_span(m.now, m.day) else { return };
    match m.draft.request(&m.zone, day, m.now, asks) {
        Ok(request) => m.ask(request),
        Err((fact, words)) => {
            m.refocus = true;
            m.banner = Some(Banner { tone: Tone::Over, fact, words });
        }
    }
}
