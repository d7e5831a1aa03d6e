//! What can be pressed. Each is reached by Tab, shows it by a ring of the accent, and has a name.

use eframe::egui;
use egui::accesskit::Role;
use egui::{
    Align2, Color32, CornerRadius, Painter, Rect, Response, Sense, Stroke, StrokeKind, TextWrapMode, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

use super::icons::{self, Icon};
use super::text::galley;
use crate::window::theme::{TextFace, Tokens, tokens};

/// How much a button weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The one main action of a page.
    Primary,
    /// One of the other actions of a page.
    Plain,
    /// What takes something away.
    Warn,
}

/// A button with a text that names what it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Button<'a> {
    text: &'a str,
    weight: Weight,
    big: bool,
    wide: bool,
    /// Whether it ends or removes something.
    ends: bool,
    /// Whether it gets the keyboard now.
    focused: bool,
}

/// How long a button that ends or removes something has to be in its place before the pointer can press it, in seconds:
/// whoever pressed what was there a moment ago does not mean it.
const SETTLED: f64 = 0.7;

impl<'a> Button<'a> {
    /// Creates a button with a text that names what it does.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, weight: Weight::Plain, big: false, wide: false, ends: false, focused: false }
    }

    /// Makes it the one main action of a page.
    pub(crate) fn primary(self) -> Self {
        Self { weight: Weight::Primary, ..self }
    }

    /// Makes it one that takes something away.
    pub(crate) fn warn(self) -> Self {
        Self { weight: Weight::Warn, ends: true, ..self }
    }

    /// Makes it one that ends something: it takes no press of the pointer that was meant for what was in its place.
    pub(crate) fn ends(self, ends: bool) -> Self {
        Self { ends, ..self }
    }

    /// Makes it 88 by 40 points, as Start and Stop are.
    pub(crate) fn big(self) -> Self {
        Self { big: true, ..self }
    }

    /// Gives it the keyboard now, if `focused`.
    pub(crate) fn focused(self, focused: bool) -> Self {
        Self { focused, ..self }
    }

    /// Makes it as wide as there is room.
    pub(crate) fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    /// Shows it, and returns whether it was pressed.
    pub(crate) fn show(self, ui: &mut Ui) -> bool {
        let t = tokens(ui);
        let color = match self.weight {
            Weight::Primary => t.on_solid,
            Weight::Plain => t.ink,
            Weight::Warn => t.over_ink,
        };
        let face = if self.big { TextFace::Body } else { TextFace::Label };
        let room = ui.available_width();
        let text = galley(ui, face, self.text, color, room - 28.0, TextWrapMode::Wrap);
        let least = if self.big { vec2(88.0, 40.0) } else { vec2(32.0, 32.0) };
        let mut size = (text.size() + vec2(28.0, 12.0)).max(least);
        if self.wide {
            size.x = room;
        }
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, self.text));
        let (fill, edge) = match self.weight {
            Weight::Primary if pressed(&response) || response.hovered() => (t.ink2, t.ink2),
            Weight::Primary => (t.solid, t.solid),
            _ if pressed(&response) || response.hovered() => (t.well, t.edge),
            _ => (t.surface, t.edge),
        };
        let painter = ui.painter();
        painter.rect(rect, CornerRadius::same(6), fill, Stroke::new(1.0, edge), StrokeKind::Inside);
        let at = Align2::CENTER_CENTER.align_size_within_rect(text.size(), rect).min;
        painter.galley(at, text, color);
        ring(painter, &response, t, 6);
        if self.focused {
            response.request_focus();
        }
        let settled = !self.ends || settled(ui, &response, self.text);
        done(response) && settled
    }
}

/// Returns whether a button has been in its place for a while, or is pressed by the keyboard.
fn settled(ui: &Ui, response: &Response, text: &str) -> bool {
    /// The place of a button, since when in seconds, and the last pass in which it was there.
    #[derive(Clone, Copy)]
    struct There {
        rect: Rect,
        since: f64,
        pass: u64,
    }
    let id = egui::Id::unique("settled").with(text);
    let (time, pass) = (ui.input(|input| input.time), ui.ctx().cumulative_pass_nr());
    let before: Option<There> = ui.data(|data| data.get_temp(id));
    let stays = |there: &There| there.pass + 1 >= pass && there.rect.min.distance(response.rect.min) < 2.0;
    let since = before.filter(stays).map_or(time, |there| there.since);
    ui.data_mut(|data| data.insert_temp(id, There { rect: response.rect, since, pass }));
    let by_pointer =
        response.clicked_by(egui::PointerButton::Primary) && ui.input(|input| input.pointer.any_click());
    !by_pointer || time - since >= SETTLED
}

/// A link: goes somewhere, in this window or out of it.
pub(crate) fn link(ui: &mut Ui, text: &str) -> bool {
    let color = tokens(ui).accent;
    link_as(ui, text, text, TextFace::Note, color)
}

/// A link in a colour and face, with a name.
pub(crate) fn link_as(ui: &mut Ui, text: &str, name: &str, face: TextFace, color: Color32) -> bool {
    let t = tokens(ui);
    let text = galley(ui, face, text, color, ui.available_width(), TextWrapMode::Truncate);
    let (rect, response) =
        ui.allocate_exact_size(vec2(text.size().x, text.size().y.max(24.0)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, name));
    let at = pos2(rect.left(), rect.center().y - text.size().y / 2.0);
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        let y = at.y + text.size().y - 1.0;
        painter.hline(rect.x_range(), y, Stroke::new(1.0, color));
    }
    painter.galley(at, text, color);
    ring(painter, &response, t, 4);
    done(response)
}

/// A square button with an icon only.
pub(crate) fn icon_button(ui: &mut Ui, icon: Icon, name: &str) -> bool {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(24.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let painter = ui.painter();
    if response.hovered() || pressed(&response) {
        painter.rect_filled(rect, CornerRadius::same(4), t.well);
    }
    icons::draw(painter, icon, rect.center() - Vec2::splat(8.0), t.ink2);
    ring(painter, &response, t, 4);
    done(response.on_hover_text(name))
}

/// A whole line that can be pressed: `fill` draws it. Its name is what a screen reader says.
pub(crate) fn row(ui: &mut Ui, height: f32, name: &str, fill: impl FnOnce(&mut Ui)) -> bool {
    row_as(ui, height, Role::Button, None, name, fill)
}

/// A line of which one can be chosen.
pub(crate) fn choice(ui: &mut Ui, chosen: bool, name: &str, note: &str) -> bool {
    let height = if note.is_empty() { 32.0 } else { 44.0 };
    row_as(ui, height, Role::RadioButton, Some(chosen), name, |ui| {
        let t = tokens(ui);
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(16.0), Sense::hover());
        ui.painter().circle_stroke(
            rect.center(),
            6.5,
            Stroke::new(1.5, if chosen { t.accent } else { t.edge }),
        );
        if chosen {
            ui.painter().circle_filled(rect.center(), 3.5, t.accent);
        }
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.add_space((height - if note.is_empty() { 20.0 } else { 36.0 }) / 2.0);
            super::layout::truncated(ui, TextFace::Small, name, t.ink);
            if !note.is_empty() {
                super::layout::truncated(ui, TextFace::Note, note, t.ink2);
            }
        });
    })
}

/// A box that can be ticked.
pub(crate) fn tick(ui: &mut Ui, ticked: &mut bool, name: &str) -> bool {
    let t = tokens(ui);
    let text = galley(ui, TextFace::Small, name, t.ink, ui.available_width() - 28.0, TextWrapMode::Wrap);
    let size = vec2(ui.available_width(), (text.size().y + 8.0).max(28.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    if response.clicked() {
        *ticked = !*ticked;
    }
    let now = *ticked;
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, now, name));
    let square = Rect::from_center_size(pos2(rect.left() + 8.0, rect.top() + 14.0), Vec2::splat(16.0));
    let painter = ui.painter();
    if now {
        painter.rect_filled(square, CornerRadius::same(3), t.accent);
        icons::draw(painter, Icon::Check, square.min, t.surface);
    } else {
        painter.rect_stroke(square, CornerRadius::same(3), Stroke::new(1.0, t.edge), StrokeKind::Inside);
    }
    painter.galley(pos2(rect.left() + 26.0, rect.top() + 4.0), text, t.ink);
    ring(painter, &response, t, 4);
    done(response)
}

fn row_as(
    ui: &mut Ui,
    height: f32,
    role: Role,
    chosen: Option<bool>,
    name: &str,
    fill: impl FnOnce(&mut Ui),
) -> bool {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    response.widget_info(|| WidgetInfo { selected: chosen, ..WidgetInfo::labeled(role, true, name) });
    if response.hovered() || pressed(&response) {
        ui.painter().rect_filled(rect.expand2(vec2(6.0, 0.0)), CornerRadius::same(4), t.well);
    }
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
    // Nothing in it is pressed by itself, so its lines are as high as their text.
    inside.spacing_mut().interact_size.y = 16.0;
    fill(&mut inside);
    ring(ui.painter(), &response, t, 4);
    done(response)
}

fn pressed(response: &Response) -> bool {
    response.is_pointer_button_down_on()
}

/// The ring of what has the keyboard: 2 px, 2 px away.
fn ring(painter: &Painter, response: &Response, t: &Tokens, radius: u8) {
    if response.has_focus() {
        let around = response.rect.expand(3.0);
        painter.rect_stroke(
            around,
            CornerRadius::same(radius + 2),
            Stroke::new(2.0, t.accent),
            StrokeKind::Middle,
        );
    }
}

/// Scrolls to what gets the keyboard. Returns whether it was pressed.
fn done(response: Response) -> bool {
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
