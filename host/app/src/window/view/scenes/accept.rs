//! Before a contract's first recording: what will be recorded, the screen as the client would see it, and the consent.

use candor_diary::plain;
use candor_diary::terms::Mode;
use candor_protocol::AcceptNotice;
use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::view::parts::notice_text::show_notice_text;
use crate::window::view::parts::preview::show_preview;
use crate::window::view::parts::terms_summary;
use crate::window::widgets::buttons::Button;
use crate::window::widgets::fields;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;

/// Shows what will be recorded.
pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel, contract: &str) {
    let known = model.documents.terms_of(contract).cloned();
    layout::section(ui, |ui| {
        layout::heading(ui, "This is what will be recorded");
        let who = match known.as_ref().map(|terms| terms.mode) {
            Some(Mode::Monitoring) => {
                "The client's rules decide when you are recorded. You can pause for private time at any moment."
            }
            _ => "Only while you track. You start and stop.",
        };
        layout::note(ui, who);
        if let Some(terms) = &known {
            layout::note(
                ui,
                format!("Contract: {} · for {}", plain::visible(&terms.title), plain::visible(&terms.client)),
            );
        }
        ui.add_space(2.0);
        match &known {
            Some(terms) => {
                for (icon, words) in terms_summary::summary_lines(terms) {
                    layout::icon_line(ui, icon, &words);
                }
                let rules = terms_summary::notice_rules(model.documents.notice()).len() as u64;
                if rules > 0 {
                    let words = plain::plural(rules, "privacy rule covers", "privacy rules cover");
                    layout::icon_line(
                        ui,
                        Icon::Rule,
                        &format!("{rules} {words} parts of the screen before anything is kept."),
                    );
                }
            }
            None => {
                layout::note(ui, "Loading the terms.");
            }
        }
    });
    if known.is_some() && model.documents.takes_pictures() {
        layout::section(ui, |ui| {
            show_preview(ui, &mut model.preview, 200.0);
        });
    }
    layout::section(ui, |ui| match model.documents.notice() {
        Some(notice) => {
            layout::label(ui, "In full");
            show_notice_text(ui, &notice.text);
        }
        None => {
            layout::note(ui, "Loading the notice.");
        }
    });
}

/// Shows the name and the two answers, which are always in sight.
pub(crate) fn show_actions(ui: &mut Ui, model: &mut WindowModel) {
    let Some(notice) = model.documents.notice() else {
        layout::note(ui, "Loading. You can accept in a moment.");
        return;
    };
    let (contract, digest) = (notice.contract.clone(), notice.digest.clone());
    let field = ui.horizontal(|ui| {
        let named = layout::label(ui, "Your name");
        fields::bare_line(ui, "by", &mut model.accept.name, "As you sign", 200).labelled_by(named.id)
    });
    let field = field.inner;
    model.accept.note_edit(field.changed());
    let (mut accept, mut not_now) = (false, false);
    ui.horizontal(|ui| {
        accept = Button::new("Accept terms").primary().show(ui);
        not_now = Button::new("Not now").show(ui);
    });
    if accept || fields::entered(ui, &field) {
        let by = model.accept.name.trim().to_owned();
        if by.is_empty() {
            field.request_focus();
            model.banner.show("Your name is missing.", "It goes with your acceptance.");
        } else {
            model.ask(AcceptNotice { contract, digest, by });
        }
    } else if not_now {
        model.accept.postpone(contract);
        model.push(Intent::OpenPage(WindowPage::Home));
    }
}
