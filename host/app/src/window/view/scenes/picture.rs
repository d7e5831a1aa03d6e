//! Pictures: in small, just taken, and large.

use candor_diary::parcel::{Redaction, redacted};
use candor_protocol::{Request, Segment};
use eframe::egui::{Rect, Sense, Ui, vec2};

use super::clock;
use crate::say;
use crate::window::intent::{Intent, Page};
use crate::window::model::{Model, PictureSlot};
use crate::window::parts::buttons::{Button, icon_button, link};
use crate::window::parts::frame::{self, ends};
use crate::window::parts::icons::Icon;
use crate::window::parts::{meters, shot};
use crate::window::theme::{Face, tokens};
use crate::window::words;

/// A segment's picture, `width` wide. It says nothing to a screen reader: words stand beside it.
pub(super) fn small(ui: &mut Ui, m: &mut Model, start: u64, redactions: &[Redaction], width: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, (width * 9.0 / 16.0).round()), Sense::hover());
    ui.painter().rect_filled(rect, 4.0, tokens(ui).well);
    if let PictureSlot::Here(shot) = m.picture(start) {
        let rect = within(shot::fitted(shot, rect), rect);
        shot.paint(ui, rect, redactions);
    }
}

fn within(fitted: Rect, room: Rect) -> Rect {
    Rect::from_center_size(room.center(), fitted.size())
}

/// A picture with its sentence, as wide as there is room, at most `most` high.
fn large(ui: &mut Ui, picture: &mut PictureSlot, redactions: &[Redaction], most: f32, name: &str) {
    let width = ui.available_width();
    match picture {
        PictureSlot::Awaited => shot::awaited(ui, width),
        PictureSlot::Not(why) => {
            let why = why.clone();
            shot::absent(ui, width, &why);
        }
        PictureSlot::Here(held) => {
            let room = Rect::from_min_size(ui.cursor().min, vec2(width, most));
            let fitted = shot::fitted(held, room);
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                ui.add_space((width - fitted.width()) / 2.0);
                held.show(ui, fitted.width(), redactions, name);
            });
        }
    }
}

/// A picture was just taken: see it, delete it, send it.
pub(super) fn fresh(ui: &mut Ui, m: &mut Model) {
    let Some((segment, at, until)) = m.fresh() else { return };
    let (segment, now) = (segment.clone(), m.now);
    let Some(facts) = segment.picture.clone() else { return };
    let Some(status) = m.status.clone() else { return };
    let t = tokens(ui);
    frame::part(ui, |ui| {
        ends(
            ui,
            22.0,
            |ui| {
                // At the left: at the right is the clock's Stop.
                if icon_button(ui, Icon::Left, "Back to the clock") {
                    m.put_by = Some(at);
                }
                frame::truncated(ui, Face::Head, "Picture taken", t.ink);
            },
            |ui| {
                frame::truncated(ui, Face::Note, m.zone.seconds(at), t.ink2);
            },
        );
        large(
            ui,
            m.picture(segment.start),
            &facts.redactions,
            220.0,
            "The picture just taken, as the client would see it",
        );
        let covered = redacted(&facts.redactions).unwrap_or_else(|| "Nothing redacted".into());
        let why = facts.covered_by.join("; ");
        let words = if why.is_empty() { covered } else { format!("{covered}: {why}") };
        let larger = ends(
            ui,
            24.0,
            |ui| {
                frame::truncated(ui, Face::Note, words, t.ink2);
            },
            |ui| link(ui, "Enlarge"),
        );
        if larger {
            m.intents.push(Intent::Go(Page::Picture(segment.start)));
        }
    });
    frame::part(ui, |ui| {
        let left = words::countdown(until - now);
        let hold = words::countdown(until - at);
        frame::label_and_note(ui, &format!("Sends in {left}"), &format!("hold {hold}"));
        let share = (until - now) as f32 / (until - at).max(1) as f32;
        meters::left_bar(ui, share, &format!("{left} of {hold} left"));
        if removable(&status) {
            deeds(ui, m, &segment, &status.client);
        } else if Button::new("Send now").ends(true).wide().show(ui) {
            m.ask(Request::SendNow { start: segment.start });
        }
    });
    clock::clock(ui, m, &status, true);
}

/// Whether the worker may delete a picture: under monitoring the segment says so, otherwise always.
fn removable(status: &candor_protocol::Status) -> bool {
    status.last_picture.as_ref().is_some_and(|segment| segment.editable)
}

/// Delete and send now, side by side, and what deleting does.
pub(super) fn deeds(ui: &mut Ui, m: &mut Model, segment: &Segment, client: &str) {
    let start = segment.start;
    if m.removal_takes_time() {
        // Its words need the whole width.
        delete(ui, m, segment);
        if Button::new("Send now").ends(true).wide().show(ui) {
            m.ask(Request::SendNow { start });
        }
    } else {
        ui.columns_const(|[left, right]| {
            delete(left, m, segment);
            if Button::new("Send now").ends(true).wide().show(right) {
                m.ask(Request::SendNow { start });
            }
        });
    }
    frame::note(ui, consequence(m, client));
}

/// The button that deletes a picture; it says what it takes.
pub(super) fn delete(ui: &mut Ui, m: &mut Model, segment: &Segment) {
    let words = match m.removal_takes_time() {
        true => format!("Delete picture and its {}", say::minutes(segment)),
        false => "Delete picture".to_owned(),
    };
    if Button::new(&words).warn().wide().show(ui) {
        m.ask(Request::RemovePicture { start: segment.start });
    }
}

/// What deleting a picture does, by the terms.
pub(super) fn consequence(m: &Model, client: &str) -> String {
    let time = match m.removal_takes_time() {
        true => "Under the terms, this also removes the time of this segment.",
        false => "Deleting it keeps your time.",
    };
    format!("{time} It can be undone until it is sent. {client} sees that a picture was deleted.")
}

/// A picture, as large as the window lets it be.
pub(super) fn show(ui: &mut Ui, m: &mut Model, start: u64) {
    let Some(segment) = m.segment(start).cloned() else {
        frame::empty(ui, "There is no such picture.", "It may have been deleted.");
        return;
    };
    frame::plain(ui, |ui| {
        let Some(facts) = &segment.picture else {
            let why = segment.no_picture_sentence.as_deref().unwrap_or("No picture");
            shot::absent(ui, ui.available_width(), why);
            return;
        };
        let most = (ui.ctx().content_rect().height() - 170.0).max(120.0);
        large(ui, m.large_picture(start), &facts.redactions, most, "The picture, as the client sees it");
        frame::note(
            ui,
            format!(
                "Taken at {}. {} × {} pixels, {}. Make the window larger to see more.",
                m.zone.seconds(facts.at),
                facts.width,
                facts.height,
                candor_diary::plain::size(facts.bytes)
            ),
        );
        shot::covered(ui, &facts.redactions, &facts.covered_by);
    });
}
