//! Before a contract's first recording: what will be recorded, the screen as the client would see it, and the consent.

use candor_diary::plain;
use candor_diary::terms::Mode;
use candor_protocol::{Request, names};
use eframe::egui::Ui;

use super::terms_summary;
use crate::window::intent::{Intent, Page};
use crate::window::model::{Live, Model};
use crate::window::parts::buttons::Button;
use crate::window::parts::icons::Icon;
use crate::window::parts::{fields, frame, shot};
use crate::window::theme::{Face, tokens};
use crate::window::words;

/// What will be recorded.
pub(super) fn show(ui: &mut Ui, m: &mut Model, contract: &str) {
    let known = m.terms.clone().filter(|terms| names(contract, &terms.contract));
    frame::part(ui, |ui| {
        frame::head(ui, "This is what will be recorded");
        let who = match known.as_ref().map(|terms| terms.mode) {
            Some(Mode::Monitoring) => {
                "The client's rules decide when you are recorded. You can pause for private time at any moment."
            }
            _ => "Only while you track. You start and stop.",
        };
        frame::note(ui, who);
        if let Some(terms) = &known {
            frame::note(
                ui,
                format!("Contract: {} · for {}", plain::visible(&terms.title), plain::visible(&terms.client)),
            );
        }
        ui.add_space(2.0);
        match &known {
            Some(terms) => {
                for (icon, words) in terms_summary::lines(terms) {
                    frame::told(ui, icon, &words);
                }
                let rules = terms_summary::rules(m.notice.as_ref()).len() as u64;
                if rules > 0 {
                    let words = plain::plural(rules, "privacy rule covers", "privacy rules cover");
                    frame::told(
                        ui,
                        Icon::Rule,
                        &format!("{rules} {words} parts of the screen before anything is kept."),
                    );
                }
            }
            None => {
                frame::note(ui, "Loading the terms.");
            }
        }
    });
    if known.is_some() && m.pictures() {
        frame::part(ui, |ui| {
            live(ui, &mut m.live, 200.0);
        });
    }
    frame::part(ui, |ui| match &m.notice {
        Some(notice) => {
            frame::label(ui, "In full");
            whole(ui, &notice.text);
        }
        None => {
            frame::note(ui, "Loading the notice.");
        }
    });
}

/// The live preview, `width` wide at most.
pub(super) fn live(ui: &mut Ui, live: &mut Live, width: f32) {
    let width = width.min(ui.available_width());
    if let Some(why) = &live.failed {
        shot::absent(ui, width, why);
    }
    match &mut live.shown {
        Some((preview, Some(shot))) => {
            let name = "Preview of your screen as the client would see it";
            shot.show(ui, width, &preview.redactions, name);
            shot::covered(ui, &preview.redactions, &preview.covered_by);
        }
        Some((preview, None)) => {
            let why = preview.no_picture_sentence.as_deref().unwrap_or("No picture would be taken");
            shot::absent(ui, width, why);
        }
        None if live.failed.is_none() => shot::awaited(ui, width),
        None => {}
    }
    frame::note(ui, "Your screen now, as the client would see it. Not saved.");
}

/// A notice's text, whole, as lines.
pub(super) fn whole(ui: &mut Ui, text: &str) {
    let t = tokens(ui);
    for line in text.lines() {
        if line.trim().is_empty() {
            ui.add_space(4.0);
        } else {
            frame::text(ui, Face::Note, line, t.ink2);
        }
    }
}

/// The name, and the two answers, always in sight.
pub(super) fn deeds(ui: &mut Ui, m: &mut Model) {
    let Some(notice) = &m.notice else {
        frame::note(ui, "Loading. You can accept in a moment.");
        return;
    };
    let (contract, digest) = (notice.contract.clone(), notice.digest.clone());
    let field = ui.horizontal(|ui| {
        let named = frame::label(ui, "Your name");
        fields::bare_line(ui, "by", &mut m.by, "As you sign", 200).labelled_by(named.id)
    });
    let field = field.inner;
    m.by_touched |= field.changed();
    let (mut accept, mut not_now) = (false, false);
    ui.horizontal(|ui| {
        accept = Button::new("Accept terms").primary().show(ui);
        not_now = Button::new("Not now").show(ui);
    });
    if accept || fields::entered(ui, &field) {
        let by = m.by.trim().to_owned();
        if by.is_empty() {
            field.request_focus();
            m.banner = Some(crate::window::banner::Banner {
                tone: frame::Tone::Plain,
                fact: "Your name is missing.".into(),
                words: words::sentence("it goes with your acceptance."),
            });
        } else {
            m.ask(Request::Accept { contract, digest, by });
        }
    } else if not_now {
        m.not_now = Some(contract);
        m.intents.push(Intent::Go(Page::Home));
    }
}
