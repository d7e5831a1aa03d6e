//! The exact bytes of a parcel: what is signed, the envelope as it travels, the attachments.

use candor_diary::plain;
use eframe::egui::{self, Label, TextStyle, Ui};

use crate::window::intent::Intent;
use crate::window::model::Model;
use crate::window::parts::buttons::link;
use crate::window::parts::frame;
use crate::window::theme::tokens;

/// How much of a text is laid out, in characters: the rest is copied.
const SHOWN: usize = 20_000;

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model, id: &str) {
    let Some((_, bytes)) = m.parcel.clone().filter(|(of, _)| of == id) else {
        frame::part(ui, |ui| frame::note(ui, "Loading what is sent."));
        return;
    };
    let document = serde_json::to_string_pretty(&bytes.document).unwrap_or_default();
    frame::part(ui, |ui| {
        frame::note(ui, "Nothing but this is sent. It is signed by this computer's key.");
        frame::label(ui, "What is signed");
        code(ui, &document);
        if link(ui, "Copy") {
            m.intents.push(Intent::Copy(document));
        }
    });
    frame::part(ui, |ui| {
        let n = bytes.attachments.len() as u64;
        frame::label(ui, format!("{n} {}", plain::plural(n, "attachment", "attachments")));
        for (digest, length) in &bytes.attachments {
            let short = plain::short_hex(digest, 2);
            frame::label_and_note(ui, &format!("SHA-256 {short}"), &plain::size(*length));
        }
        if n == 0 {
            frame::note(ui, "No picture goes with it.");
        }
    });
    frame::part(ui, |ui| {
        frame::label(ui, "The envelope, as it travels");
        code(ui, &bytes.envelope);
        if link(ui, "Copy the envelope") {
            m.intents.push(Intent::Copy(bytes.envelope));
        }
    });
}

fn code(ui: &mut Ui, text: &str) {
    let t = tokens(ui);
    let shown: String = text.chars().take(SHOWN).collect();
    let cut = shown.len() < text.len();
    egui::Frame::new().fill(t.well).corner_radius(4).inner_margin(8).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let text = egui::RichText::new(shown).text_style(TextStyle::Monospace).color(t.ink);
        ui.add(Label::new(text).wrap().selectable(true));
    });
    if cut {
        frame::note(ui, "The rest is not shown here; copy it to see all.");
    }
}
