//! The contracts, and the way to every other page.

use candor_diary::terms::Mode;
use candor_protocol::SwitchContract;
use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::buttons::{Button, choice, row};
use crate::window::widgets::icons;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some(status) = model.status().cloned() else { return };
    layout::section(ui, |ui| {
        layout::label(ui, "Contract");
        ui.spacing_mut().item_spacing.y = 2.0;
        for contract in &status.contracts {
            let state = match (contract.accepted, contract.mode) {
                (false, _) => ", not accepted yet",
                (true, Mode::Monitoring) => ", monitoring",
                (true, Mode::Worklog) => "",
            };
            let note = format!("{}{state}", contract.client);
            if choice(ui, Some(contract.id.as_str()) == status.contract(), &contract.title, &note) {
                if Some(contract.id.as_str()) != status.contract() {
                    model.ask(SwitchContract { contract: contract.id.clone() });
                }
                model.push(Intent::OpenPage(WindowPage::Home));
            }
        }
        if show_entry(ui, Icon::Plus, "Join another contract") {
            model.push(Intent::OpenPage(WindowPage::Join));
        }
    });
    layout::section(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let pages = [
            (Icon::Clock, "My time", WindowPage::Day),
            (Icon::Eye, "What is recorded", WindowPage::Recorded(None)),
            (Icon::Send, "Outbox", WindowPage::Outbox),
            (Icon::Rule, "My privacy rules", WindowPage::Rules),
            (Icon::Sliders, "Preferences", WindowPage::Preferences),
            (Icon::Plug, "Plugins", WindowPage::Plugins),
        ];
        for (icon, name, page) in pages {
            if show_entry(ui, icon, name) {
                model.push(Intent::OpenPage(page));
            }
        }
    });
    let current = status.contracts.iter().find(|contract| Some(contract.id.as_str()) == status.contract());
    let (support, feedback) = current.map_or((None, None), |c| (c.support.clone(), c.feedback.clone()));
    layout::section(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let addresses = [
            (Icon::Out, "Open Work Diary", status.diary_url.clone()),
            (Icon::Question, "Contact support", support),
            (Icon::Speech, "Send feedback", feedback),
        ];
        let mut any = false;
        for (icon, name, address) in addresses {
            if let Some(address) = address {
                any = true;
                if show_entry(ui, icon, name) {
                    model.push(Intent::OpenAddress(address));
                }
            }
        }
        if !any {
            layout::note(ui, "The terms name no address for support or feedback.");
        }
    });
    layout::section(ui, |ui| {
        if Button::new("Quit Candor").wide().show(ui) {
            model.push(Intent::QuitAgent);
        }
        let goes_on = if status.tracking { "Tracking ends with it. " } else { "" };
        layout::note(ui, format!("{goes_on}Closing the window does not stop tracking."));
    });
}

fn show_entry(ui: &mut Ui, icon: Icon, name: &str) -> bool {
    row(ui, 34.0, name, |ui| {
        let t = tokens(ui);
        ui.spacing_mut().item_spacing.x = 10.0;
        icons::icon(ui, icon, t.ink3);
        layout::truncated(ui, TextFace::Small, name, t.ink);
    })
}
