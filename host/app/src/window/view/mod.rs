//! How the window is drawn: the head, the page, the foot, and the banner over them. A page is a function of the model that
//! draws and pushes intents.

mod head;
mod home;
mod parts;
mod scenes;

use eframe::egui;
use egui::{Align, Align2, Area, Key, Layout, Rect, ScrollArea, Stroke, Ui, UiBuilder, pos2, vec2};

use crate::window::intent::Intent;
use crate::window::model::{HomeView, WindowModel};
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::buttons::{icon_button, link, link_as};
use crate::window::widgets::icons::Icon;
use crate::window::widgets::{fields, layout};
use crate::window::wording;
use scenes::{
    accept, closing, day, join, manual, menu, outbox, parcel, picture, plugins, preferences, recorded, rules,
    segment, unreached, week,
};

/// Height of the line with the contract or the page's title, in points.
const HEAD: f32 = 52.0;
/// Height of the line that is always at the bottom, in points.
const FOOT: f32 = 36.0;

/// Draws the window. Not with egui's panels: those are drawn from the border inwards, and the keyboard would go to the
/// bottom line before the page. Here the order of drawing is the order on the screen.
pub(crate) fn show_window(ui: &mut Ui, model: &mut WindowModel) {
    let t = tokens(ui);
    let full = ui.max_rect();
    ui.painter().rect_filled(full, 0.0, t.surface);
    let side = f32::from(layout::MARGIN);
    let inside = |rect: Rect| rect.shrink2(vec2(side, 0.0));
    let head = Rect::from_min_max(full.min, pos2(full.right(), full.top() + HEAD));
    let foot_rect = Rect::from_min_max(pos2(full.left(), full.bottom() - FOOT), full.max);
    let docked_id = egui::Id::unique("docked height");
    let docked =
        if is_accepting(model) { ui.data(|data| data.get_temp(docked_id)).unwrap_or(120.0) } else { 0.0 };
    let body_rect =
        Rect::from_min_max(pos2(full.left(), head.bottom()), pos2(full.right(), foot_rect.top() - docked));

    let middle = Layout::left_to_right(Align::Center);
    let mut child = ui.new_child(UiBuilder::new().max_rect(inside(head)).layout(middle));
    show_head(&mut child, model);
    let mut child = ui.new_child(UiBuilder::new().max_rect(body_rect));
    child.shrink_clip_rect(body_rect);
    ScrollArea::vertical()
        .id_salt(format!("{:?} {:?}", model.page(), model.home_view()))
        .auto_shrink([false, false])
        .show(&mut child, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            show_page(ui, model);
        });
    if is_accepting(model) {
        let rect = Rect::from_min_max(pos2(full.left(), body_rect.bottom()), foot_rect.right_top());
        ui.painter().hline(full.x_range(), rect.top(), Stroke::new(1.0, t.line));
        let mut child = ui.new_child(UiBuilder::new().max_rect(inside(rect).shrink2(vec2(0.0, 10.0))));
        accept::show_actions(&mut child, model);
        let height = child.min_rect().height() + 20.0;
        if (height - docked).abs() > 0.5 {
            ui.data_mut(|data| data.insert_temp(docked_id, height));
            ui.ctx().request_repaint();
        }
    }
    ui.painter().rect_filled(foot_rect, 0.0, t.paper);
    ui.painter().hline(full.x_range(), foot_rect.top(), Stroke::new(1.0, t.line));
    let mut child = ui.new_child(UiBuilder::new().max_rect(inside(foot_rect)).layout(middle));
    show_foot(&mut child, model);

    show_banner(ui, model, body_rect);
    // Enter gave the field up; if what was entered is refused, the person types on.
    let entered = egui::Id::unique(fields::ENTERED);
    if ui.input(|input| input.pointer.any_pressed()) {
        ui.data_mut(|data| data.remove::<egui::Id>(entered));
    }
    if model.focus.take_return()
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
    if *model.page() != WindowPage::Home
        && !was_busy
        && !busy
        && ui.input(|input| input.key_pressed(Key::Escape))
    {
        model.push(Intent::GoBack);
    }
}

fn is_accepting(model: &WindowModel) -> bool {
    match model.page() {
        WindowPage::Home => matches!(model.home_view(), HomeView::Accept(_)),
        WindowPage::Accept(_) => model.home_view() != HomeView::Unreached,
        _ => false,
    }
}

fn show_head(ui: &mut Ui, model: &mut WindowModel) {
    if *model.page() == WindowPage::Home && model.status().is_some_and(|status| !status.contracts.is_empty())
    {
        head::show_contract(ui, model);
        return;
    }
    if *model.page() != WindowPage::Home && icon_button(ui, Icon::Left, "Back") {
        model.push(Intent::GoBack);
    }
    let color = tokens(ui).ink;
    layout::truncated(ui, TextFace::Head, model.page().title(), color);
}

fn show_page(ui: &mut Ui, model: &mut WindowModel) {
    if model.home_view() == HomeView::Unreached {
        unreached::show(ui, model);
        return;
    }
    match model.page().clone() {
        WindowPage::Home => home::show(ui, model),
        WindowPage::Menu => menu::show(ui, model),
        WindowPage::Join => join::show(ui, model),
        WindowPage::Accept(contract) => accept::show(ui, model, &contract),
        WindowPage::Recorded(_) => recorded::show(ui, model),
        WindowPage::Day => day::show(ui, model),
        WindowPage::Week => week::show(ui, model),
        WindowPage::Manual => manual::show(ui, model),
        WindowPage::Segment(start) => segment::show(ui, model, start),
        WindowPage::Picture(start) => picture::show(ui, model, start),
        WindowPage::Outbox => outbox::show(ui, model),
        WindowPage::Parcel(parcel) => parcel::show(ui, model, &parcel),
        WindowPage::Preferences => preferences::show(ui, model),
        WindowPage::Rules => rules::show(ui, model),
        WindowPage::Plugins => plugins::show(ui, model),
        WindowPage::Closing => closing::show(ui, model),
    }
}

/// Shows the banner over the lower end of the page, so that nothing moves by it.
fn show_banner(ui: &Ui, model: &mut WindowModel, page: Rect) {
    let Some(banner) = model.banner.shown().cloned() else { return };
    let (mut undone, mut seen) = (false, false);
    Area::new(egui::Id::unique("said"))
        .order(egui::Order::Foreground)
        .pivot(Align2::LEFT_BOTTOM)
        .fixed_pos(page.left_bottom())
        .show(ui.ctx(), |ui| {
            ui.set_width(page.width());
            let icon = if banner.tone == layout::Tone::Over { Icon::Alert } else { Icon::Check };
            layout::message_with_actions(ui, banner.tone, icon, &banner.fact, &banner.words, |ui| {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 16.0;
                    undone = model.banner.can_undo() && link(ui, "Undo");
                    seen = link(ui, "Dismiss");
                });
            });
        });
    if undone && let Some(undo) = model.banner.take_undo() {
        model.undo(undo);
    } else if seen {
        model.banner.dismiss();
    }
}

fn show_foot(ui: &mut Ui, model: &mut WindowModel) {
    if is_accepting(model) {
        let (left, right) = show_two_links(
            ui,
            ("Read the full terms", None),
            ("Add a privacy rule", "Add a privacy rule", None),
        );
        if left {
            model.push(Intent::OpenPage(WindowPage::Recorded(model.contract_shown())));
        }
        if right {
            model.push(Intent::OpenPage(WindowPage::Rules));
        }
        return;
    }
    let ink = tokens(ui).ink2;
    let Some(status) = model.status().filter(|status| !status.contracts.is_empty()) else {
        layout::truncated(ui, TextFace::Note, "Nothing is being recorded", ink);
        return;
    };
    let words = wording::outbox_summary(&status.outbox);
    let name = format!("Outbox: {words}");
    let (recorded, outbox) = show_two_links(ui, ("What is recorded", None), (&words, &name, Some(ink)));
    if recorded {
        model.push(Intent::OpenPage(WindowPage::Recorded(None)));
    }
    if outbox {
        model.push(Intent::OpenPage(WindowPage::Outbox));
    }
}

/// Shows two links at the ends of a line, the left one first in the order of the keyboard: text, name, colour.
fn show_two_links(
    ui: &mut Ui,
    left: (&str, Option<egui::Color32>),
    right: (&str, &str, Option<egui::Color32>),
) -> (bool, bool) {
    let accent = tokens(ui).accent;
    let first = link_as(ui, left.0, left.0, TextFace::Note, left.1.unwrap_or(accent));
    let second = ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        link_as(ui, right.0, right.1, TextFace::Note, right.2.unwrap_or(accent))
    });
    (first, second.inner)
}
