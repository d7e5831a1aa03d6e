//! One segment: when, how much activity, its picture, memo and label, how far it is on its way, and what can be taken away.

use std::collections::BTreeSet;

use candor_diary::parcel::NO_SIGN;
use candor_diary::plain;
use candor_protocol::{
    EditSegment, RemoveNotes, RemovePicture, RemoveSegment, RestoreSegment, Segment, SegmentState, SendNow,
};
use eframe::egui::Ui;

use crate::format;
use crate::window::day_summary;
use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::state::PictureSlot;
use crate::window::theme::{TextFace, tokens};
use crate::window::view::parts::picture_actions::deletion_consequence;
use crate::window::view::parts::picture_actions::show_delete_button;
use crate::window::view::parts::picture_actions::show_picture_actions;
use crate::window::widgets::buttons::{Button, icon_button, link};
use crate::window::widgets::fields;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::{Tone, message};
use crate::window::widgets::meters;
use crate::window::widgets::meters::TimeKind;
use crate::window::widgets::screenshot;
use crate::window::wording;

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel, start: u64) {
    let Some(segment) = model.segment_at(start).cloned() else {
        layout::empty_state(ui, "There is no such segment.", "Go back and choose one.");
        return;
    };
    let end = format::segment_end(&segment);
    let range = model.zone.range(segment.start, end);
    let kind = day_summary::time_kind(&segment);
    layout::section(ui, |ui| {
        let day = model.zone.day(segment.start, model.now());
        layout::label_and_note(
            ui,
            &format!("{day}, {range}"),
            &format::hours_minutes(day_summary::counted_ms(&segment)),
        );
        if let Some(at) = segment.removed_at {
            let when = model.moment(at);
            layout::note(ui, format!("You removed this segment at {when}. This mark stays, for both sides."));
            show_undo(ui, model, &segment);
            return;
        }
        match kind {
            TimeKind::Manual => {
                layout::note(ui, "Manual: you typed this time in. It has no activity and no picture.");
            }
            _ => {
                let words = format::activity(&segment);
                let busiest = segment.minutes.iter().flatten().max().copied().unwrap_or(1);
                meters::show_activity(ui, &segment.minutes, busiest, 16.0, &words);
                layout::note(ui, words);
            }
        }
        if segment.no_sign {
            layout::icon_line(ui, Icon::Alert, NO_SIGN);
        }
        for gap in &segment.gaps {
            layout::icon_line(ui, Icon::Blind, &format!("No evidence: {}", format::gap_cause(*gap)));
        }
        for dropped in &segment.dropped {
            layout::icon_line(ui, Icon::Alert, dropped);
        }
        show_delivery(ui, model, &segment);
    });
    if segment.removed_at.is_some() {
        return;
    }
    if !segment.manual {
        layout::section(ui, |ui| show_picture(ui, model, &segment));
    }
    if !segment.notes.is_empty() {
        layout::section(ui, |ui| show_notes(ui, model, &segment));
    }
    if segment.editable {
        layout::section(ui, |ui| show_edit(ui, model, &segment));
        layout::section(ui, |ui| show_removal(ui, model, &segment, &range));
    } else {
        ui.add_space(2.0);
        let words = "This segment can no longer be changed: its week is locked, or the terms do not allow it. See 'What is recorded'.";
        message(ui, Tone::Plain, Icon::Lock, "", words);
    }
}

fn show_delivery(ui: &mut Ui, model: &mut WindowModel, segment: &Segment) {
    layout::note(ui, wording::delivery_state(segment, model.now(), &model.zone));
    let why = match &segment.state {
        SegmentState::Waiting { why, .. } | SegmentState::Rejected { why } => why.clone(),
        _ => None,
    };
    if let Some(why) = why {
        layout::note(ui, format::capitalize(&why));
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        let held = matches!(segment.state, SegmentState::Open { .. } | SegmentState::Held { .. });
        if held && segment.picture.is_none() && Button::new("Send now").ends(true).show(ui) {
            model.ask(SendNow { start: segment.start });
        }
        if let Some(parcel) = &segment.parcel
            && link(ui, "Exactly what is sent")
        {
            model.push(Intent::OpenPage(WindowPage::Parcel(parcel.clone())));
        }
    });
}

fn show_picture(ui: &mut Ui, model: &mut WindowModel, segment: &Segment) {
    let Some(facts) = &segment.picture else {
        let why = segment.no_picture_sentence.as_deref().unwrap_or("No picture yet");
        screenshot::show_missing(ui, ui.available_width(), why);
        show_undo(ui, model, segment);
        return;
    };
    let width = ui.available_width();
    match model.picture(segment.start) {
        PictureSlot::Awaited => screenshot::show_loading(ui, width),
        PictureSlot::Failed(why) => {
            let why = why.clone();
            screenshot::show_missing(ui, width, &why);
        }
        PictureSlot::Loaded(held) => {
            held.show(ui, width, &facts.redactions, "The picture, as the client sees it")
        }
    }
    layout::note(ui, format!("Picture at {}", model.zone.seconds(facts.at)));
    if let Some(focus) = &facts.focus {
        layout::note(ui, wording::foreground_window(focus));
    }
    screenshot::show_redactions(ui, &facts.redactions, &facts.covered_by);
    if link(ui, "Enlarge") {
        model.push(Intent::OpenPage(WindowPage::Picture(segment.start)));
    }
    let client = model.status().map(|status| status.client().to_owned()).unwrap_or_default();
    let held = matches!(segment.state, SegmentState::Open { .. } | SegmentState::Held { .. });
    if !segment.editable {
        return;
    }
    if held {
        show_picture_actions(ui, model, segment, &client);
    } else {
        show_delete_button(ui, model, segment);
        layout::note(ui, deletion_consequence(model, &client));
    }
}

/// Shows that what was removed can be brought back, as long as it can.
fn show_undo(ui: &mut Ui, model: &mut WindowModel, segment: &Segment) {
    let Some(until) = segment.undo_until.filter(|until| *until > model.now()) else { return };
    if Button::new("Undo").wide().show(ui) {
        model.ask(RestoreSegment { start: segment.start });
    }
    let until = model.zone.seconds(until);
    layout::note(
        ui,
        format!(
            "You can undo this until {until}. Then the segment is sent, and what you removed is destroyed."
        ),
    );
}

/// Shows what plugins noted, in their own words, as the client sees it.
fn show_notes(ui: &mut Ui, model: &mut WindowModel, segment: &Segment) {
    /// How many are shown one by one.
    const SHOWN: usize = 20;
    let t = tokens(ui);
    let n = segment.notes.len() as u64;
    layout::label(ui, format!("{n} {} from plugins", plain::plural(n, "note", "notes")));
    let client = model.status().map(|status| status.client().to_owned()).unwrap_or_default();
    layout::note(ui, format!("In the plugins' own words. {client} sees them, too."));
    let mut gone = None;
    for note in segment.notes.iter().take(SHOWN) {
        let head =
            plain::short_line(&format!("{} · {} · {}", model.zone.seconds(note.at), note.plugin, note.kind));
        ui.horizontal(|ui| {
            let room = ui.available_width() - if segment.editable { 32.0 } else { 0.0 };
            ui.vertical(|ui| {
                ui.set_width(room);
                ui.spacing_mut().item_spacing.y = 0.0;
                layout::truncated(ui, TextFace::Note, &head, t.ink2);
                layout::text(ui, TextFace::Small, plain::short_line(&note.body), t.ink);
            });
            if segment.editable && icon_button(ui, Icon::Cross, &format!("Remove the note: {head}")) {
                gone = Some((note.at, note.at + 1, Some(note.plugin.clone())));
            }
        });
    }
    if segment.notes.len() > SHOWN {
        layout::note(
            ui,
            format!("{} more: 'Exactly what is sent' has them all.", segment.notes.len() - SHOWN),
        );
    }
    if segment.editable {
        let plugins: BTreeSet<&str> = segment.notes.iter().map(|note| note.plugin.as_str()).collect();
        let end = format::segment_end(segment);
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
        model.ask(RemoveNotes { from, to, plugin });
    }
}

fn show_edit(ui: &mut Ui, model: &mut WindowModel, segment: &Segment) {
    model.segment.begin(segment);
    let longest = candor_diary::memo::MAX_MEMO;
    let field = fields::line(ui, "segment-memo", "Memo", &mut model.segment.memo, "No memo", longest);
    model.segment.note_memo_edit(field.changed());
    if field.lost_focus() && !fields::entered(ui, &field) {
        model.save_memos();
    }
    let labels = model.status().map(|status| status.labels.clone()).unwrap_or_default();
    if !labels.is_empty() {
        layout::label(ui, "Label");
        let mut options = vec!["No label"];
        options.extend(labels.iter().map(String::as_str));
        let chosen =
            model.segment.label.as_ref().and_then(|l| options.iter().position(|o| o == l)).unwrap_or(0);
        if let Some(next) = fields::choose(ui, "segment-label", "Label", chosen, &options) {
            model.segment.label = if next == 0 { None } else { options.get(next).map(|o| (*o).to_owned()) };
        }
    }
    let memo = model.segment.memo.trim().to_owned();
    let changed = memo != segment.memo.as_deref().unwrap_or_default() || model.segment.label != segment.label;
    if changed && (Button::new("Save memo and label").wide().show(ui) || fields::entered(ui, &field)) {
        model.segment.end_memo_edit();
        let label = model.segment.label.clone();
        model.ask(EditSegment { start: segment.start, memo, label });
    }
}

fn show_removal(ui: &mut Ui, model: &mut WindowModel, segment: &Segment, range: &str) {
    let time = format::hours_minutes(day_summary::counted_ms(segment));
    if !model.segment.is_removal_asked() {
        if Button::new("Remove this segment").warn().wide().show(ui) {
            model.segment.ask_removal();
        }
        return;
    }
    layout::label(ui, format!("Remove {range}?"));
    layout::note(
        ui,
        format!(
            "This removes {time}, with its counts, picture and memo. Both sides will see that it was removed. You can undo this until it is sent."
        ),
    );
    if Button::new(&format!("Remove {time}")).warn().wide().show(ui) {
        model.ask(RemoveSegment { start: segment.start });
    }
    let only = segment.picture.is_some() && !model.removal_takes_time();
    if only && Button::new("Remove the picture only").ends(true).wide().show(ui) {
        model.segment.cancel_removal();
        model.ask(RemovePicture { start: segment.start });
    }
    if Button::new("Keep it").wide().show(ui) {
        model.segment.cancel_removal();
    }
}
