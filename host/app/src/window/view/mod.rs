//! The views: what a page shows. Each is a function of the model that draws and pushes intents.

mod accept;
mod clock;
mod closing;
mod day;
mod home;
mod join;
mod manual;
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
mod terms_summary;
mod unreached;
mod week;

use eframe::egui;
use egui::{Align, Align2, Area, Key, Layout, Rect, ScrollArea, Stroke, Ui, UiBuilder, pos2, vec2};

use super::intent::{Intent, Page};
use super::model::{HomeView, Model};
use super::parts::buttons::{icon_button, link, link_as};
use super::parts::icons::Icon;
use super::parts::{fields, frame};
use super::theme::{Face, tokens};

/// Height of the line with the contract or the page's title.
const HEAD: f32 = 52.0;
/// Height of the line that is always at the bottom.
const FOOT: f32 = 36.0;

/// Draws the window. Not with egui's panels: those are drawn from the border inwards, and the keyboard would go to the
/// bottom line before the page. Here the order of drawing is the order on the screen.
pub(crate) fn show(ui: &mut Ui, m: &mut Model) {
    let t = tokens(ui);
    let full = ui.max_rect();
    ui.painter().rect_filled(full, 0.0, t.surface);
    let side = f32::from(frame::MARGIN);
    let inside = |rect: Rect| rect.shrink2(vec2(side, 0.0));
    let head = Rect::from_min_max(full.min, pos2(full.right(), full.top() + HEAD));
    let foot_rect = Rect::from_min_max(pos2(full.left(), full.bottom() - FOOT), full.max);
    let docked_id = egui::Id::unique("docked height");
    let docked = if accepting(m) { ui.data(|data| data.get_temp(docked_id)).unwrap_or(120.0) } else { 0.0 };
    let body_rect =
        Rect::from_min_max(pos2(full.left(), head.bottom()), pos2(full.right(), foot_rect.top() - docked));

    let middle = Layout::left_to_right(Align::Center);
    let mut child = ui.new_child(UiBuilder::new().max_rect(inside(head)).layout(middle));
    top(&mut child, m);
    let mut child = ui.new_child(UiBuilder::new().max_rect(body_rect));
    child.shrink_clip_rect(body_rect);
    ScrollArea::vertical()
        .id_salt(format!("{:?} {:?}", m.page, m.home_view()))
        .auto_shrink([false, false])
        .show(&mut child, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            body(ui, m);
        });
    if accepting(m) {
        let rect = Rect::from_min_max(pos2(full.left(), body_rect.bottom()), foot_rect.right_top());
        ui.painter().hline(full.x_range(), rect.top(), Stroke::new(1.0, t.line));
        let mut child = ui.new_child(UiBuilder::new().max_rect(inside(rect).shrink2(vec2(0.0, 10.0))));
        accept::deeds(&mut child, m);
        let height = child.min_rect().height() + 20.0;
        if (height - docked).abs() > 0.5 {
            ui.data_mut(|data| data.insert_temp(docked_id, height));
            ui.ctx().request_repaint();
        }
    }
    ui.painter().rect_filled(foot_rect, 0.0, t.paper);
    ui.painter().hline(full.x_range(), foot_rect.top(), Stroke::new(1.0, t.line));
    let mut child = ui.new_child(UiBuilder::new().max_rect(inside(foot_rect)).layout(middle));
    foot(&mut child, m);

    said(ui, m, body_rect);
    // Enter gave the field up; where what was entered is refused, it is typed on.
    let entered = egui::Id::unique(fields::ENTERED);
    if ui.input(|input| input.pointer.any_pressed()) {
        ui.data_mut(|data| data.remove::<egui::Id>(entered));
    }
    if std::mem::take(&mut m.refocus)
        && let Some(field) = ui.data(|data| data.get_temp::<egui::Id>(entered))
    {
        ui.memory_mut(|memory| memory.request_focus(field));
    }

    // Escape first lets go of a field or closes a list; only then it goes back.
    let id = egui::Id::unique("busy");
    let busy = ui.memory(|memory| memory.focused().is_some()) || egui::Popup::is_any_open(ui.ctx());
    let was_busy = ui.data_mut(|data| {
        let before = data.get_temp(id).unwrap_or(false);
        data.insert_temp(id, busy);
        before
    });
    if m.page != Page::Home && !was_busy && !busy && ui.input(|input| input.key_pressed(Key::Escape)) {
        m.intents.push(Intent::Back);
    }
}

fn accepting(m: &Model) -> bool {
    match &m.page {
        Page::Home => matches!(m.home_view(), HomeView::Accept(_)),
        Page::Accept(_) => m.home_view() != HomeView::Unreached,
        _ => false,
    }
}

fn top(ui: &mut Ui, m: &mut Model) {
    if m.page == Page::Home && m.status.as_ref().is_some_and(|status| !status.contracts.is_empty()) {
        home::head(ui, m);
        return;
    }
    if m.page != Page::Home && icon_button(ui, Icon::Left, "Back") {
        m.intents.push(Intent::Back);
    }
    let color = tokens(ui).ink;
    frame::truncated(ui, Face::Head, m.page.title(), color);
}

fn body(ui: &mut Ui, m: &mut Model) {
    if m.home_view() == HomeView::Unreached {
        unreached::show(ui, m);
        return;
    }
    match m.page.clone() {
        Page::Home => home::show(ui, m),
        Page::Menu => menu::show(ui, m),
        Page::Join => join::show(ui, m),
        Page::Accept(contract) => accept::show(ui, m, &contract),
        Page::Recorded(_) => recorded::show(ui, m),
        Page::Day => day::show(ui, m),
        Page::Week => week::show(ui, m),
        Page::Manual => manual::show(ui, m),
        Page::Segment(start) => segment::show(ui, m, start),
        Page::Picture(start) => picture::show(ui, m, start),
        Page::Outbox => outbox::show(ui, m),
        Page::Parcel(parcel) => parcel::show(ui, m, &parcel),
        Page::Preferences => preferences::show(ui, m),
        Page::Rules => rules::show(ui, m),
        Page::Plugins => plugins::show(ui, m),
        Page::Closing => closing::show(ui, m),
    }
}

/// What is said about the last deed, over the lower end of the page: nothing moves by it.
fn said(ui: &Ui, m: &mut Model, page: Rect) {
    let Some(said) = m.banner.clone() else { return };
    let (mut undone, mut seen) = (false, false);
    Area::new(egui::Id::unique("said"))
        .order(egui::Order::Foreground)
        .pivot(Align2::LEFT_BOTTOM)
        .fixed_pos(page.left_bottom())
        .show(ui.ctx(), |ui| {
            ui.set_width(page.width());
            let icon = if said.tone == frame::Tone::Over { Icon::Alert } else { Icon::Check };
            frame::message_with(ui, said.tone, icon, &said.fact, &said.words, |ui| {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 16.0;
                    undone = m.undo.is_some() && link(ui, "Undo");
                    seen = link(ui, "Dismiss");
                });
            });
        });
    if undone && let Some(undo) = m.undo.take() {
        m.undo(undo);
    } else if seen {
        (m.banner, m.undo) = (None, None);
    }
}

fn foot(ui: &mut Ui, m: &mut Model) {
    if accepting(m) {
        let (left, right) =
            two_links(ui, ("Read the full terms", None), ("Add a privacy rule", "Add a privacy rule", None));
        if left {
            m.intents.push(Intent::Go(Page::Recorded(m.contract_shown())));
        }
        if right {
            m.intents.push(Intent::Go(Page::Rules));
        }
        return;
    }
    let ink = tokens(ui).ink2;
    let Some(status) = m.status.as_ref().filter(|status| !status.contracts.is_empty()) else {
        frame::truncated(ui, Face::Note, "Nothing is being recorded", ink);
        return;
    };
    let words = crate::window::words::outbox(&status.outbox);
    let name = format!("Outbox: {words}");
    let (recorded, outbox) = two_links(ui, ("What is recorded", None), (&words, &name, Some(ink)));
    if recorded {
        m.intents.push(Intent::Go(Page::Recorded(None)));
    }
    if outbox {
        m.intents.push(Intent::Go(Page::Outbox));
    }
}

/// Two links at the ends of a line, the left one first in the order of the keyboard. Text, name, colour.
fn two_links(
    ui: &mut Ui,
    left: (&str, Option<egui::Color32>),
    right: (&str, &str, Option<egui::Color32>),
) -> (bool, bool) {
    let accent = tokens(ui).accent;
    let first = link_as(ui, left.0, left.0, Face::Note, left.1.unwrap_or(accent));
    let second = ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        link_as(ui, right.0, right.1, Face::Note, right.2.unwrap_or(accent))
    });
    (first, second.inner)
}
