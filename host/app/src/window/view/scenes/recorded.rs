//! 'What is recorded': the notice whole, and the terms, one step from everywhere.

use candor_diary::terms::{ManualTime, Mode, PictureRemoval, Terms};
use eframe::egui::Ui;

use crate::format;
use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::theme::{TextFace, tokens};
use crate::window::view::parts::notice_text::show_notice_text;
use crate::window::view::parts::terms_summary;
use crate::window::widgets::buttons::link;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::{Tone, message, split_line};

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    ui.add_space(4.0);
    message(
        ui,
        Tone::Plain,
        Icon::Eye,
        "Nobody is recorded without being asked and without seeing it.",
        "Nobody can switch this page off.",
    );
    if let Some(terms) = model.documents.terms() {
        layout::section(ui, |ui| {
            layout::label(ui, format!("{} and you will see", terms.client));
            for (icon, words) in terms_summary::summary_lines(terms) {
                layout::icon_line(ui, icon, &words);
            }
        });
        layout::section(ui, |ui| {
            layout::label(ui, format!("Terms {}", terms.sequence));
            show_terms(ui, terms);
        });
    }
    layout::section(ui, |ui| match model.documents.notice() {
        Some(notice) => {
            let accepted = if notice.accepted { "accepted" } else { "not accepted" };
            layout::label_and_note(ui, "The notice", accepted);
            show_notice_text(ui, &notice.text);
            let text = notice.text.clone();
            if link(ui, "Copy the text, to keep or print it") {
                model.push(Intent::CopyText(text));
            }
        }
        None => {
            layout::note(ui, "Loading the notice.");
        }
    });
}

fn show_terms(ui: &mut Ui, terms: &Terms) {
    let minutes = u64::from(terms.segment.minutes()) * format::MINUTE;
    let limit = terms
        .weekly_limit
        .map_or("None".to_owned(), |m| format::hours_minutes(u64::from(m) * format::MINUTE));
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
        ("Segment", format::minutes(minutes)),
        ("Hold before sending", format::countdown(terms.hold_ms)),
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
        split_line(
            ui,
            18.0,
            |ui| {
                layout::truncated(ui, TextFace::Note, name, t.ink2);
            },
            |ui| {
                let room = ui.available_width() - 90.0;
                ui.scope(|ui| {
                    ui.set_max_width(room.max(60.0));
                    layout::truncated(ui, TextFace::Note, value, t.ink);
                });
            },
        );
    }
}
