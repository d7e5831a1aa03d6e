//! First run: join a contract by a link, a file dropped here, or a file's path.

use candor_protocol::Request;
use eframe::egui::{self, Sense, Ui, WidgetInfo, vec2};

use crate::window::intent::Intent;
use crate::window::model::Model;
use crate::window::parts::buttons::Button;
use crate::window::parts::icons::{self, Icon};
use crate::window::parts::{fields, frame, shot};
use crate::window::theme::{Face, tokens};

/// The scene, and the page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    frame::part(ui, |ui| {
        frame::head(ui, "Join a contract");
        frame::note(
            ui,
            "Your client gives you a link or a file. First you see what would be recorded. Nothing is recorded until you accept.",
        );
    });
    let busy = m.pending.iter().any(|request| matches!(request, Request::Import { .. }));
    frame::part(ui, |ui| {
        let hint = "https://… or candor:…";
        let field = fields::line(ui, "link", "Link from the client", &mut m.link, hint, 4_096);
        if std::mem::take(&mut m.fresh_page) {
            field.request_focus();
        }
        let pressed = Button::new("Next").primary().wide().show(ui);
        if (pressed || fields::entered(ui, &field)) && !busy {
            let invitation = m.link.trim().to_owned();
            if invitation.is_empty() {
                field.request_focus();
            } else {
                m.ask(Request::Import { invitation });
            }
        }
        if busy {
            frame::note(ui, "Asking the client's server.");
        }
    });
    frame::part(ui, |ui| {
        let t = tokens(ui);
        let hovering = ui.input(|input| !input.raw.hovered_files.is_empty());
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 72.0), Sense::hover());
        let words = "Drop the invitation file here";
        response.widget_info(|| WidgetInfo::labeled(egui::accesskit::Role::Label, true, words));
        if hovering {
            ui.painter().rect_filled(rect, 4.0, t.accent_soft);
        }
        shot::dashed(ui, rect);
        let text = crate::window::parts::text::galley(
            ui,
            Face::Small,
            words,
            t.ink2,
            rect.width() - 16.0,
            egui::TextWrapMode::Truncate,
        );
        icons::draw(ui.painter(), Icon::Doc, rect.center() - vec2(8.0, 22.0), t.ink3);
        ui.painter().galley(rect.center() + vec2(-text.size().x / 2.0, 2.0), text, t.ink2);
        ui.add_space(4.0);
        let field = fields::line(ui, "path", "Or its path", &mut m.path, "/home/you/invitation", 4_096);
        let pressed = Button::new("Open the file").wide().show(ui);
        if (pressed || fields::entered(ui, &field)) && !busy && !m.path.trim().is_empty() {
            m.intents.push(Intent::File(m.path.trim().into()));
        }
    });
    let dropped = ui.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_path_buf()));
    if let Some(path) = dropped {
        m.intents.push(Intent::File(path));
    }
}
