//! The scene of a picture that was just taken: see it, delete it, send it.

use candor_diary::parcel::redacted;
use candor_protocol::SendNow;
use eframe::egui::Ui;

use crate::format;
use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::view::parts::clock::show_clock;
use crate::window::view::parts::picture_actions::show_picture_actions;
use crate::window::view::parts::pictures::show_large_picture;
use crate::window::widgets::buttons::{Button, icon_button, link};
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::split_line;
use crate::window::widgets::meters;

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some((segment, at, until)) = model.fresh_picture() else { return };
    let (segment, now) = (segment.clone(), model.now());
    let Some(facts) = segment.picture.clone() else { return };
    let Some(status) = model.status().cloned() else { return };
    let t = tokens(ui);
    layout::section(ui, |ui| {
        split_line(
            ui,
            22.0,
            |ui| {
                // At the left: at the right is the clock's Stop.
                if icon_button(ui, Icon::Left, "Back to the clock") {
                    model.fresh_picture.dismiss(at);
                }
                layout::truncated(ui, TextFace::Head, "Picture taken", t.ink);
            },
            |ui| {
                layout::truncated(ui, TextFace::Note, model.zone.seconds(at), t.ink2);
            },
        );
        show_large_picture(
            ui,
            model.picture(segment.start),
            &facts.redactions,
            220.0,
            "The picture just taken, as the client would see it",
        );
        let covered = redacted(&facts.redactions).unwrap_or_else(|| "Nothing redacted".into());
        let why = facts.covered_by.join("; ");
        let words = if why.is_empty() { covered } else { format!("{covered}: {why}") };
        let larger = split_line(
            ui,
            24.0,
            |ui| {
                layout::truncated(ui, TextFace::Note, words, t.ink2);
            },
            |ui| link(ui, "Enlarge"),
        );
        if larger {
            model.push(Intent::OpenPage(WindowPage::Picture(segment.start)));
        }
    });
    layout::section(ui, |ui| {
        let left = format::countdown(until - now);
        let hold = format::countdown(until - at);
        layout::label_and_note(ui, &format!("Sends in {left}"), &format!("hold {hold}"));
        let share = (until - now) as f32 / (until - at).max(1) as f32;
        meters::show_time_left(ui, share, &format!("{left} of {hold} left"));
        if is_removable(&status) {
            show_picture_actions(ui, model, &segment, status.client());
        } else if Button::new("Send now").ends(true).wide().show(ui) {
            model.ask(SendNow { start: segment.start });
        }
    });
    show_clock(ui, model, &status, true);
}

/// Returns whether the worker may delete the picture: under monitoring the segment says so, otherwise always.
fn is_removable(status: &candor_protocol::Status) -> bool {
    status.last_picture.as_ref().is_some_and(|segment| segment.editable)
}
