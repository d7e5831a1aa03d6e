//! The exact bytes of a parcel: what is signed, its details, the envelope as it travels, the attachments.

use candor_diary::plain;
use eframe::egui;
use eframe::egui::{Label, TextStyle, Ui};

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::theme::tokens;
use crate::window::widgets::buttons::link;
use crate::window::widgets::layout;

/// How much of a text is laid out, in characters: the rest is copied.
const SHOWN: usize = 20_000;

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel, id: &str) {
    let Some(bytes) = model.parcel.bytes_of(id).cloned() else {
        layout::section(ui, |ui| layout::note(ui, "Loading what is sent."));
        return;
    };
    let document = serde_json::to_string_pretty(&bytes.document).unwrap_or_default();
    layout::section(ui, |ui| {
        layout::note(ui, "Nothing but this is sent. It is signed by this computer's key.");
        layout::label(ui, "What is signed");
        show_code(ui, &document);
        if link(ui, "Copy") {
            model.push(Intent::CopyText(document));
        }
    });
    for detail in &bytes.details {
        layout::section(ui, |ui| {
            let short = plain::short_hex(&detail.sha256, 2);
            let size = plain::size(detail.length);
            layout::label_and_note(ui, &format!("Detail {}, SHA-256 {short}", detail.kind), &size);
            match &detail.text {
                Some(text) => {
                    show_code(ui, text);
                    if link(ui, "Copy the detail") {
                        model.push(Intent::CopyText(text.clone()));
                    }
                }
                None => {
                    layout::note(ui, "It was purged: only its digest is left.");
                }
            }
        });
    }
    layout::section(ui, |ui| {
        let n = bytes.attachments.len() as u64;
        layout::label(ui, format!("{n} {}", plain::plural(n, "attachment", "attachments")));
        for (digest, length) in &bytes.attachments {
            let short = plain::short_hex(digest, 2);
            layout::label_and_note(ui, &format!("SHA-256 {short}"), &plain::size(*length));
        }
        if n == 0 {
            layout::note(ui, "No picture goes with it.");
        }
    });
    layout::section(ui, |ui| {
        layout::label(ui, "The envelope, as it travels");
        show_code(ui, &bytes.envelope);
        if link(ui, "Copy the envelope") {
            model.push(Intent::CopyText(bytes.envelope));
        }
    });
}

fn show_code(ui: &mut Ui, text: &str) {
    let t = tokens(ui);
    let shown: String = text.chars().take(SHOWN).collect();
    let cut = shown.len() < text.len();
    egui::Frame::new().fill(t.well).corner_radius(4).inner_margin(8).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let text = egui::RichText::new(shown).text_style(TextStyle::Monospace).color(t.ink);
        ui.add(Label::new(text).wrap().selectable(true));
    });
    if cut {
        layout::note(ui, "The rest is not shown here; copy it to see all.");
    }
}
