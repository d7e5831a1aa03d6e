//! 'What is recorded': the notice whole, and the terms, one step from everywhere.

use candor_diary::terms::{ManualTime, Mode, PictureRemoval, Terms};
use eframe::egui::Ui;

use super::{accept, terms_summary};
use crate::window::intent::Intent;
use crate::window::model::Model;
use crate::window::parts::buttons::link;
use crate::window::parts::frame::{self, Tone, ends, message};
use crate::window::parts::icons::Icon;
use crate::window::theme::{Face, tokens};
use crate::window::words;

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    ui.add_space(4.0);
    message(
        ui,
        Tone::Plain,
        Icon::Eye,
        "Nobody is recorded without being asked and without seeing it.",
        "Nobody can switch this page off.",
    );
    if let Some(terms) = &m.terms {
        frame::part(ui, |ui| {
            frame::label(ui, format!("{} and you will see", terms.client));
            for (icon, words) in terms_summary::lines(terms) {
                frame::told(ui, icon, &words);
            }
        });
        frame::part(ui, |ui| {
            frame::label(ui, format!("Terms {}", terms.sequence));
            facts(ui, terms);
        });
    }
    frame::part(ui, |ui| match &m.notice {
        Some(notice) => {
            let accepted = if notice.accepted { "accepted" } else { "not accepted" };
            frame::label_and_note(ui, "The notice", accepted);
            accept::whole(ui, &notice.text);
            let text = notice.text.clone();
            if link(ui, "Copy the text, to keep or print it") {
                m.intents.push(Intent::Copy(text));
            }
        }
        None => {
            frame::note(ui, "Loading the notice.");
        }
    });
}

fn facts(ui: &mut Ui, terms: &Terms) {
    let minutes = u64::from(terms.segment.minutes()) * words::MINUTE;
    let limit =
        terms.weekly_limit.map_or("None".to_owned(), |m| words::hours_minutes(u64::from(m) * words::MINUTE));
    let lines = [
        ("Client", terms.client.clone()),
        ("Worker", terms.worker.clone()),
        (
            "Mode",
            match terms.mode {
                Mode::Worklog => "You start and stop".into(),
                Mode::Monitoring => "Monitoring: the client's rules decide".into(),
            },
        ),
        ("Segment", words::minutes(minutes)),
        ("Hold before sending", words::countdown(terms.hold_ms)),
        ("Weekly limit", limit),
        (
            "Manual time",
            match terms.manual_time {
                ManualTime::No => "No".into(),
                ManualTime::Ask => "When the client agrees".into(),
                ManualTime::Yes => "Yes".into(),
                ManualTime::Only => "Only".into(),
            },
        ),
        (
            "Deleting a picture",
            match terms.picture_removal {
                PictureRemoval::KeepsTime => "Keeps the time".into(),
                PictureRemoval::RemovesTime => "Removes the time".into(),
            },
        ),
        (
            "Privacy rules",
            terms.policy.as_ref().map_or("None: no picture is kept".into(), |p| p.plugin.clone()),
        ),
        ("Sent by", terms.uploader.plugin.clone()),
    ];
    let t = tokens(ui);
    ui.spacing_mut().item_spacing.y = 2.0;
    for (name, value) in lines {
        ends(
            ui,
            18.0,
            |ui| {
                frame::truncated(ui, Face::Note, name, t.ink2);
            },
            |ui| {
                let room = ui.available_width() - 90.0;
                ui.scope(|ui| {
                    ui.set_max_width(room.max(60.0));
                    frame::truncated(ui, Face::Note, value, t.ink);
                });
            },
        );
    }
}
