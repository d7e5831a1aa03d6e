//! One segment: when, how much activity, its picture, memo and label, where it is, and what can be taken away.

use std::collections::BTreeSet;

use candor_diary::parcel::NO_SIGN;
use candor_diary::plain;
use candor_protocol::{Request, Segment, SegmentState};
use eframe::egui::Ui;

use super::picture;
use crate::window::day;
use crate::window::intent::{Intent, Page};
use crate::window::model::{Model, PictureSlot};
use crate::window::parts::buttons::{Button, icon_button, link};
use crate::window::parts::frame::{self, Tone, message};
use crate::window::parts::icons::Icon;
use crate::window::parts::meters::Kind;
use crate::window::parts::{fields, meters, shot};
use crate::window::theme::{Face, tokens};
use crate::window::words;

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model, start: u64) {
    let Some(segment) = m.segment(start).cloned() else {
        frame::empty(ui, "There is no such segment.", "Go back and choose one.");
        return;
    };
    let end = segment.start + u64::from(segment.length) * words::MINUTE;
    let range = m.zone.range(segment.start, end);
    let kind = day::kind(&segment);
    frame::part(ui, |ui| {
        let day = m.zone.day(segment.start, m.now);
        frame::label_and_note(ui, &format!("{day}, {range}"), &words::hours_minutes(day::recorded(&segment)));
        if let Some(at) = segment.removed_at {
            let when = m.zone.when(at, m.now);
            frame::note(ui, format!("You removed this segment at {when}. This mark stays, for both sides."));
            undo(ui, m, &segment);
            return;
        }
        match kind {
            Kind::Manual => {
                frame::note(ui, "Manual: you typed this time in. It has no activity and no picture.");
            }
            _ => {
                let words = words::activity(&segment);
                let busiest = segment.minutes.iter().flatten().max().copied().unwrap_or(1);
                meters::meter(ui, &segment.minutes, busiest, 16.0, &words);
                frame::note(ui, words);
            }
        }
        if segment.no_sign {
            frame::told(ui, Icon::Alert, NO_SIGN);
        }
        for gap in &segment.gaps {
            frame::told(ui, Icon::Blind, &format!("No evidence: {}", crate::say::gap(*gap)));
        }
        for dropped in &segment.dropped {
            frame::told(ui, Icon::Alert, dropped);
        }
        delivery(ui, m, &segment);
    });
    if segment.removed_at.is_some() {
        return;
    }
    if !segment.manual {
        frame::part(ui, |ui| shown(ui, m, &segment));
    }
    if !segment.notes.is_empty() {
        frame::part(ui, |ui| notes(ui, m, &segment));
    }
    if segment.editable {
        frame::part(ui, |ui| edit(ui, m, &segment));
        frame::part(ui, |ui| remove(ui, m, &segment, &range));
    } else {
        ui.add_space(2.0);
        let words = "This segment can no longer be changed: its week is locked, or the terms do not allow it. See 'What is recorded'.";
        message(ui, Tone::Plain, Icon::Lock, "", words);
    }
}

fn delivery(ui: &mut Ui, m: &mut Model, segment: &Segment) {
    frame::note(ui, words::state(segment, m.now, &m.zone));
    let why = match &segment.state {
        SegmentState::Waiting { why, .. } | SegmentState::Rejected { why } => why.clone(),
        _ => None,
    };
    if let Some(why) = why {
        frame::note(ui, words::sentence(&why));
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        let held = matches!(segment.state, SegmentState::Open { .. } | SegmentState::Held { .. });
        if held && segment.picture.is_none() && Button::new("Send now").ends(true).show(ui) {
            m.ask(Request::SendNow { start: segment.start });
        }
        if let Some(parcel) = &segment.parcel
            && link(ui, "Exactly what is sent")
        {
            m.intents.push(Intent::Go(Page::Parcel(parcel.clone())));
        }
    });
}

fn shown(ui: &mut Ui, m: &mut Model, segment: &Segment) {
    let Some(facts) = &segment.picture else {
        let why = segment.no_picture_sentence.as_deref().unwrap_or("No picture yet");
        shot::absent(ui, ui.available_width(), why);
        undo(ui, m, segment);
        return;
    };
    let width = ui.available_width();
    match m.picture(segment.start) {
        PictureSlot::Awaited => shot::awaited(ui, width),
        PictureSlot::Not(why) => {
            let why = why.clone();
            shot::absent(ui, width, &why);
        }
        PictureSlot::Here(held) => {
            held.show(ui, width, &facts.redactions, "The picture, as the client sees it")
        }
    }
    frame::note(ui, format!("Picture at {}", m.zone.seconds(facts.at)));
    if let Some(focus) = &facts.focus {
        frame::note(ui, words::in_front(focus));
    }
    shot::covered(ui, &facts.redactions, &facts.covered_by);
    if link(ui, "Enlarge") {
        m.intents.push(Intent::Go(Page::Picture(segment.start)));
    }
    let client = m.status.as_ref().map(|status| status.client.clone()).unwrap_or_default();
    let held = matches!(segment.state, SegmentState::Open { .. } | SegmentState::Held { .. });
    if !segment.editable {
        return;
    }
    if held {
        picture::deeds(ui, m, segment, &client);
    } else {
        picture::delete(ui, m, segment);
        frame::note(ui, picture::consequence(m, &client));
    }
}

/// That what was removed can be brought back, as long as it can.
fn undo(ui: &mut Ui, m: &mut Model, segment: &Segment) {
    let Some(until) = segment.undo_until.filter(|until| *until > m.now) else { return };
    if Button::new("Undo").wide().show(ui) {
        m.ask(Request::Restore { start: segment.start });
    }
    let until = m.zone.seconds(until);
    frame::note(
        ui,
        format!(
            "You can undo this until {until}. Then the segment is sent, and what you removed is destroyed."
        ),
    );
}

/// What plugins noted, in their own words, as the client sees it.
fn notes(ui: &mut Ui, m: &mut Model, segment: &Segment) {
    /// How many are shown one by one.
    const SHOWN: usize = 20;
    let t = tokens(ui);
    let n = segment.notes.len() as u64;
    frame::label(ui, format!("{n} {} from plugins", plain::plural(n, "note", "notes")));
    let client = m.status.as_ref().map(|status| status.client.clone()).unwrap_or_default();
    frame::note(ui, format!("In the plugins' own words. {client} sees them, too."));
    let mut gone = None;
    for note in segment.notes.iter().take(SHOWN) {
        let head =
            plain::short_line(&format!("{} · {} · {}", m.zone.seconds(note.at), note.plugin, note.kind));
        ui.horizontal(|ui| {
            let room = ui.available_width() - if segment.editable { 32.0 } else { 0.0 };
            ui.vertical(|ui| {
                ui.set_width(room);
                ui.spacing_mut().item_spacing.y = 0.0;
                frame::truncated(ui, Face::Note, &head, t.ink2);
                frame::text(ui, Face::Small, plain::short_line(&note.body), t.ink);
            });
            if segment.editable && icon_button(ui, Icon::Cross, &format!("Remove the note: {head}")) {
                gone = Some((note.at, note.at + 1, Some(note.plugin.clone())));
            }
        });
    }
    if segment.notes.len() > SHOWN {
        frame::note(
            ui,
            format!("{} more: 'Exactly what is sent' has them all.", segment.notes.len() - SHOWN),
        );
    }
    if segment.editable {
        let plugins: BTreeSet<&str> = segment.notes.iter().map(|note| note.plugin.as_str()).collect();
        let end = segment.start + u64::from(segment.length) * words::MINUTE;
        for plugin in plugins {
            if Button::new(&plain::short_line(&format!("Remove all notes from {plugin}")))
                .warn()
                .wide()
                .show(ui)
            {
                gone = Some((segment.start, end, Some(plugin.to_owned())));
            }
        }
    }
    if let Some((from, to, plugin)) = gone {
        m.ask(Request::RemoveNotes { from, to, plugin });
    }
}

fn edit(ui: &mut Ui, m: &mut Model, segment: &Segment) {
    if m.edit.start != segment.start {
        m.edit.start = segment.start;
        m.edit.memo = segment.memo.clone().unwrap_or_default();
        m.edit.label.clone_from(&segment.label);
        m.edit.touched = false;
        m.edit.removing = false;
    }
    let longest = candor_protocol::MAX_MEMO;
    let field = fields::line(ui, "segment-memo", "Memo", &mut m.edit.memo, "No memo", longest);
    m.edit.touched |= field.changed();
    if field.lost_focus() && !fields::entered(ui, &field) {
        m.commit();
    }
    let labels = m.status.as_ref().map(|status| status.labels.clone()).unwrap_or_default();
    if !labels.is_empty() {
        frame::label(ui, "Label");
        let mut options = vec!["No label"];
        options.extend(labels.iter().map(String::as_str));
        let chosen = m.edit.label.as_ref().and_then(|l| options.iter().position(|o| o == l)).unwrap_or(0);
        if let Some(next) = fields::choose(ui, "segment-label", "Label", chosen, &options) {
            m.edit.label = if next == 0 { None } else { options.get(next).map(|o| (*o).to_owned()) };
        }
    }
    let memo = m.edit.memo.trim().to_owned();
    let changed = memo != segment.memo.as_deref().unwrap_or_default() || m.edit.label != segment.label;
    if changed && (Button::new("Save memo and label").wide().show(ui) || fields::entered(ui, &field)) {
        m.edit.touched = false;
        let label = m.edit.label.clone();
        m.ask(Request::EditSegment { start: segment.start, memo, label });
    }
}

fn remove(ui: &mut Ui, m: &mut Model, segment: &Segment, range: &str) {
    let time = words::hours_minutes(day::recorded(segment));
    if !m.edit.removing {
        if Button::new("Remove this segment").warn().wide().show(ui) {
            m.edit.removing = true;
        }
        return;
    }
    frame::label(ui, format!("Remove {range}?"));
    frame::note(
        ui,
        format!(
            "This removes {time}, with its counts, picture and memo. Both sides will see that it was removed. You can undo this until it is sent."
        ),
    );
    if Button::new(&format!("Remove {time}")).warn().wide().show(ui) {
        m.ask(Request::RemoveSegment { start: segment.start });
    }
    let only = segment.picture.is_some() && !m.removal_takes_time();
    if only && Button::new("Remove the picture only").ends(true).wide().show(ui) {
        m.edit.removing = false;
        m.ask(Request::RemovePicture { start: segment.start });
    }
    if Button::new("Keep it").wide().show(ui) {
        m.edit.removing = false;
    }
}
