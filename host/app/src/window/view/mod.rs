//! The views: what a page shows. Each is a function of the model that draws and pushes intents.

mod accept;
mod clock;
mod day;
mod home;
mod join;
mod menu;
mod monitoring;
mod outbox;
mod parcel;
mod picture;
mod plugins;
mod preferences;
mod question;
mod recorded;
mod rules;
mod segment;
mod told;
mod unreached;

use eframe::egui;
use egui::{CentralPanel, Frame, Key, Margin, Panel, ScrollArea, Stroke, Ui};

use super::intent::{Intent, Page};
use super::model::{Model, Scene};
use super::parts::buttons::{icon_button, link, link_as};
use super::parts::frame::{self, message};
use super::parts::icons::Icon;
use super::theme::{Face, tokens};

/// Draws the window.
pub(crate) fn show(ui: &mut Ui, m: &mut Model) {
    let t = tokens(ui);
    ui.painter().rect_filled(ui.max_rect(), 0.0, t.surface);
    let bar = |fill| Frame::new().fill(fill).inner_margin(Margin::symmetric(frame::MARGIN, 6));
    Panel::top("head").frame(bar(t.surface)).show_separator_line(false).show(ui, |ui| top(ui, m));
    Panel::bottom("foot").frame(bar(t.paper)).show_separator_line(false).show(ui, |ui| {
        let rect = ui.max_rect().expand2(egui::vec2(f32::from(frame::MARGIN), 6.0));
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, t.line));
        foot(ui, m);
    });
    if accepting(m) {
        let docked = Frame::new().fill(t.surface).inner_margin(Margin::symmetric(frame::MARGIN, 10));
        Panel::bottom("docked").frame(docked).show_separator_line(true).show(ui, |ui| accept::deeds(ui, m));
    }
    CentralPanel::no_frame().show(ui, |ui| {
        ScrollArea::vertical()
            .id_salt(format!("{:?} {:?}", m.page, m.scene()))
            .auto_shrink([false, false])
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                body(ui, m);
                ui.add_space(8.0);
            });
    });
    let typing = ui.ctx().memory(|memory| memory.focused().is_some()) || egui::Popup::is_any_open(ui.ctx());
    if m.page != Page::Home && !typing && ui.input(|input| input.key_pressed(Key::Escape)) {
        m.intents.push(Intent::Back);
    }
}

fn accepting(m: &Model) -> bool {
    match &m.page {
        Page::Home => matches!(m.scene(), Scene::Accept(_)),
        Page::Accept(_) => m.scene() != Scene::Unreached,
        _ => false,
    }
}

fn top(ui: &mut Ui, m: &mut Model) {
    if m.page == Page::Home && m.status.as_ref().is_some_and(|status| !status.contracts.is_empty()) {
        home::head(ui, m);
        return;
    }
    ui.horizontal(|ui| {
        ui.set_height(36.0);
        if m.page != Page::Home && icon_button(ui, Icon::Left, "Back") {
            m.intents.push(Intent::Back);
        }
        let color = tokens(ui).ink;
        frame::truncated(ui, Face::Head, m.page.title(), color);
    });
}

fn body(ui: &mut Ui, m: &mut Model) {
    if let Some(said) = &m.said {
        ui.add_space(4.0);
        let icon = if said.tone == frame::Tone::Over { Icon::Alert } else { Icon::Check };
        message(ui, said.tone, icon, &said.fact, &said.words);
    }
    if m.scene() == Scene::Unreached {
        unreached::show(ui, m);
        return;
    }
    match m.page.clone() {
        Page::Home => home::show(ui, m),
        Page::Menu => menu::show(ui, m),
        Page::Join => join::show(ui, m),
        Page::Accept(contract) => accept::show(ui, m, &contract),
        Page::Recorded => recorded::show(ui, m),
        Page::Day => day::show(ui, m),
        Page::Segment(start) => segment::show(ui, m, start),
        Page::Picture(start) => picture::show(ui, m, start),
        Page::Outbox => outbox::show(ui, m),
        Page::Parcel(parcel) => parcel::show(ui, m, &parcel),
        Page::Preferences => preferences::show(ui, m),
        Page::Rules => rules::show(ui, m),
        Page::Plugins => plugins::show(ui, m),
    }
}

/// Two links at the ends of a line, the left one first in the order of the keyboard.
fn two_links(ui: &mut Ui, m: &mut Model, left: (&str, Page), right: (&str, Page)) {
    ui.horizontal(|ui| {
        if link(ui, left.0) {
            m.intents.push(Intent::Go(left.1));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if link(ui, right.0) {
                m.intents.push(Intent::Go(right.1));
            }
        });
    });
}

fn foot(ui: &mut Ui, m: &mut Model) {
    ui.set_min_height(24.0);
    if accepting(m) {
        two_links(ui, m, ("Read the full terms", Page::Recorded), ("Add a privacy rule", Page::Rules));
        return;
    }
    let known = m.status.as_ref().is_some_and(|status| !status.contracts.is_empty());
    let ink = tokens(ui).ink2;
    if !known {
        frame::truncated(ui, Face::Note, "Nothing is being recorded", ink);
        return;
    }
    let waiting = m.status.as_ref().map_or(0, |status| status.outbox.held + status.outbox.waiting);
    let words = if waiting == 0 { "Nothing waiting".to_owned() } else { format!("{waiting} waiting") };
    let mut recorded = false;
    let mut outbox = false;
    ui.horizontal(|ui| {
        recorded = link(ui, "What is recorded");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            outbox = link_as(ui, &words, &format!("Outbox: {words}"), Face::Note, ink);
        });
    });
    if recorded {
        m.intents.push(Intent::Go(Page::Recorded));
    }
    if outbox {
        m.intents.push(Intent::Go(Page::Outbox));
    }
}
