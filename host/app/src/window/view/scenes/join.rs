//! First run: join a contract by a link, a file dropped here, or a file's path.

use candor_protocol::ImportInvitation;
use eframe::egui;
use eframe::egui::Ui;
use eframe::egui::{Sense, WidgetInfo, vec2};

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::buttons::Button;
use crate::window::widgets::fields;
use crate::window::widgets::icons;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::screenshot;
use crate::window::widgets::text;

/// Shows the scene, which is a page as well.
pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    layout::section(ui, |ui| {
        layout::heading(ui, "Join a contract");
        layout::note(
            ui,
            "Your client gives you a link or a file. First you see what would be recorded. Nothing is recorded until you accept.",
        );
    });
    let busy = model.is_joining();
    layout::section(ui, |ui| {
        let hint = "https://… or candor:…";
        let field = fields::line(ui, "link", "Link from the client", &mut model.join.link, hint, 4_096);
        if model.focus.take_new_page() {
            field.request_focus();
        }
        let pressed = Button::new("Next").primary().wide().show(ui);
        if (pressed || fields::entered(ui, &field)) && !busy {
            let invitation = model.join.link.trim().to_owned();
            if invitation.is_empty() {
                field.request_focus();
            } else {
                model.ask(ImportInvitation { invitation, device_name: None });
            }
        }
        if busy {
            layout::note(ui, "Asking the client's server.");
        }
    });
    layout::section(ui, |ui| {
        let t = tokens(ui);
        let hovering = ui.input(|input| !input.raw.hovered_files.is_empty());
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 72.0), Sense::hover());
        let words = "Drop the invitation file here";
        response.widget_info(|| WidgetInfo::labeled(egui::accesskit::Role::Label, true, words));
        if hovering {
            ui.painter().rect_filled(rect, 4.0, t.accent_soft);
        }
        screenshot::draw_dashed_outline(ui, rect);
        let text = text::galley(
            ui,
            TextFace::Small,
            words,
            t.ink2,
            rect.width() - 16.0,
            egui::TextWrapMode::Truncate,
        );
        icons::draw(ui.painter(), Icon::Doc, rect.center() - vec2(8.0, 22.0), t.ink3);
        ui.painter().galley(rect.center() + vec2(-text.size().x / 2.0, 2.0), text, t.ink2);
        ui.add_space(4.0);
        let field =
            fields::line(ui, "path", "Or its path", &mut model.join.path, "/home/you/invitation", 4_096);
        let pressed = Button::new("Open the file").wide().show(ui);
        if (pressed || fields::entered(ui, &field)) && !busy && !model.join.path.trim().is_empty() {
            model.push(Intent::ReadInvitation(model.join.path.trim().into()));
        }
    });
    let dropped = ui.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_path_buf()));
    if let Some(path) = dropped {
        model.push(Intent::ReadInvitation(path));
    }
}
