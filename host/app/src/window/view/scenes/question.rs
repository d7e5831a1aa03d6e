//! The question after time in which nobody was there. Both answers are fine; nothing is billed silently.

use candor_diary::terms::ManualTime;
use candor_protocol::{IdleAnswer, Request};
use eframe::egui::Ui;

use super::clock;
use crate::window::model::Model;
use crate::window::parts::buttons::{Button, link};
use crate::window::parts::fields;
use crate::window::parts::frame::{self, Tone, message};
use crate::window::parts::icons::Icon;
use crate::window::words;

/// The scene.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let Some(status) = m.status.clone() else { return };
    let Some(question) = status.question else { return };
    let length = question.to.saturating_sub(question.from);
    frame::part(ui, |ui| {
        let (from, to) = (m.zone.when(question.from, m.now), m.zone.when(question.to, m.now));
        frame::head(ui, format!("Were you working from {from} to {to}?"));
        let gone = words::minutes(length);
        frame::note(ui, format!("There were no keys, clicks or scrolls for {gone}. Both answers are fine."));
    });
    frame::part(ui, |ui| {
        let n = length / words::MINUTE;
        let words =
            if n == 1 { "Leave this minute out".into() } else { format!("Leave these {n} minutes out") };
        if Button::new(&words).wide().ends(true).show(ui) {
            m.ask(Request::Idle { answer: IdleAnswer::LeaveOut });
        }
    });
    frame::part(ui, |ui| {
        if question.manual_ms == 0 {
            let why = match status.manual_time {
                ManualTime::No => format!("{} takes no manual time.", status.client),
                _ => "Too short to keep as manual time.".to_owned(),
            };
            frame::note(ui, why);
            return;
        }
        let longest = candor_protocol::MAX_MEMO;
        let hint = "What you did";
        let field =
            fields::line(ui, "idle-memo", "Or keep them as manual time", &mut m.idle_memo, hint, longest);
        let keep = format!("Keep {} as manual time", words::hours_minutes(question.manual_ms));
        let pressed = Button::new(&keep).wide().show(ui);
        let memo = m.idle_memo.trim().to_owned();
        if pressed || fields::entered(ui, &field) {
            if memo.is_empty() {
                field.request_focus();
                m.banner = Some(crate::window::banner::Banner {
                    tone: Tone::Plain,
                    fact: "Manual time needs a memo.".into(),
                    words: "Say in a few words what you did.".into(),
                });
            } else {
                m.ask(Request::Idle { answer: IdleAnswer::Manual(memo) });
            }
        }
        let part = if question.manual_ms < length { " Only whole segments can be kept." } else { "" };
        frame::note(ui, format!("{} sees that this time was typed in.{part}", status.client));
    });
    if status.tracking {
        ui.add_space(2.0);
        let since = m.zone.when(question.to, m.now);
        let words = format!("Tracking resumed at {since}. You can answer later.");
        message(ui, Tone::Plain, Icon::Clock, "", &words);
    }
    ui.horizontal(|ui| {
        ui.add_space(f32::from(frame::MARGIN));
        if link(ui, "Answer later") {
            m.later = Some(question.from);
        }
    });
    ui.add_space(8.0);
    clock::clock(ui, m, &status, true);
}
