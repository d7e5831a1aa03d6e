//! The contracts, and the way to every other page.

use candor_diary::terms::Mode;
use candor_protocol::Request;
use eframe::egui::Ui;

use crate::window::intent::{Intent, Page};
use crate::window::model::Model;
use crate::window::parts::buttons::{Button, choice, row};
use crate::window::parts::frame;
use crate::window::parts::icons::{self, Icon};
use crate::window::theme::{Face, tokens};

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let Some(status) = m.status.clone() else { return };
    frame::part(ui, |ui| {
        frame::label(ui, "Contract");
        ui.spacing_mut().item_spacing.y = 2.0;
        for contract in &status.contracts {
            let state = match (contract.accepted, contract.mode) {
                (false, _) => ", not accepted yet",
                (true, Mode::Monitoring) => ", monitoring",
                (true, Mode::Worklog) => "",
            };
            let note = format!("{}{state}", contract.client);
            if choice(ui, contract.id == status.contract, &contract.title, &note) {
                if contract.id != status.contract {
                    m.ask(Request::Switch { contract: contract.id.clone() });
                }
                m.intents.push(Intent::Go(Page::Home));
            }
        }
        if entry(ui, Icon::Plus, "Join another contract") {
            m.intents.push(Intent::Go(Page::Join));
        }
    });
    frame::part(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let pages = [
            (Icon::Clock, "My time", Page::Day),
            (Icon::Eye, "What is recorded", Page::Recorded(None)),
            (Icon::Send, "Outbox", Page::Outbox),
            (Icon::Rule, "My privacy rules", Page::Rules),
            (Icon::Sliders, "Preferences", Page::Preferences),
            (Icon::Plug, "Plugins", Page::Plugins),
        ];
        for (icon, name, page) in pages {
            if entry(ui, icon, name) {
                m.intents.push(Intent::Go(page));
            }
        }
    });
    let current = status.contracts.iter().find(|contract| contract.id == status.contract);
    let (support, feedback) = current.map_or((None, None), |c| (c.support.clone(), c.feedback.clone()));
    frame::part(ui, |ui| {
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
                if entry(ui, icon, name) {
                    m.intents.push(Intent::Open(address));
                }
            }
        }
        if !any {
            frame::note(ui, "The terms name no address for support or feedback.");
        }
    });
    frame::part(ui, |ui| {
        if Button::new("Quit Candor").wide().show(ui) {
            m.intents.push(Intent::Quit);
        }
        let goes_on = if status.tracking { "Tracking ends with it. " } else { "" };
        frame::note(ui, format!("{goes_on}Closing the window does not stop tracking."));
    });
}

fn entry(ui: &mut Ui, icon: Icon, name: &str) -> bool {
    row(ui, 34.0, name, |ui| {
        let t = tokens(ui);
        ui.spacing_mut().item_spacing.x = 10.0;
        icons::icon(ui, icon, t.ink3);
        frame::truncated(ui, Face::Small, name, t.ink);
    })
}
