//! What a page is laid out with: sections between hairlines, lines with two ends, messages, texts.

use eframe::egui;
use egui::{Color32, CornerRadius, Frame, Label, Margin, Response, Sides, Stroke, Ui, vec2};

use super::icons::{self, Icon};
use super::text::{self, galley};
use crate::window::theme::{TextFace, tokens};

/// The margin at both sides of a section, in points.
pub(crate) const MARGIN: i8 = 15;

/// Shows a section of a page, under a hairline.
pub(crate) fn section<R>(ui: &mut Ui, fill: impl FnOnce(&mut Ui) -> R) -> R {
    let y = ui.cursor().top();
    ui.painter().hline(ui.max_rect().x_range(), y, Stroke::new(1.0, tokens(ui).line));
    plain_section(ui, fill)
}

/// Shows a section of a page without the hairline.
pub(crate) fn plain_section<R>(ui: &mut Ui, fill: impl FnOnce(&mut Ui) -> R) -> R {
    Frame::new()
        .inner_margin(Margin::symmetric(MARGIN, 12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
            fill(ui)
        })
        .inner
}

/// Shows a text that wraps.
pub(crate) fn text(ui: &mut Ui, face: TextFace, text: impl Into<String>, color: Color32) -> Response {
    let text = text.into();
    let seen = text::seen(&text).into_owned();
    named(ui.add(Label::new(face.text(&seen, color)).wrap()), &text, &seen)
}

/// Shows a text on one line; what does not fit is cut, and shown whole under the pointer.
pub(crate) fn truncated(ui: &mut Ui, face: TextFace, text: impl Into<String>, color: Color32) -> Response {
    let text = text.into();
    if !text::has_right_to_left(&text) {
        return ui.add(Label::new(face.text(text, color)).truncate());
    }
    let seen = text::seen(&cut(ui, face, &text, ui.available_width())).into_owned();
    let response = ui.add(Label::new(face.text(&seen, color)).truncate());
    let response = if seen.contains('…') { response.on_hover_text(&text) } else { response };
    named(response, &text, &seen)
}

/// Returns as much of a text from right to left as fits: what is left out is its end, which is at the left.
fn cut(ui: &Ui, face: TextFace, text: &str, room: f32) -> String {
    let fits = |text: &str| {
        let seen = text::seen(text);
        galley(ui, face, &seen, Color32::BLACK, f32::INFINITY, egui::TextWrapMode::Extend).size().x <= room
    };
    if !text::begins_at_the_right(text) || fits(text) {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let first = |n: usize| letters.iter().take(n).chain(&['…']).collect::<String>();
    let most: Vec<usize> = (0..letters.len()).collect();
    first(most.partition_point(|n| fits(&first(*n))).saturating_sub(1))
}

/// Screen readers read a text in the order in which it is spoken.
fn named(response: Response, text: &str, seen: &str) -> Response {
    if text != seen {
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, text));
    }
    response
}

/// Shows a note under something.
pub(crate) fn note(ui: &mut Ui, words: impl Into<String>) -> Response {
    let color = tokens(ui).ink2;
    text(ui, TextFace::Note, words, color)
}

/// Shows what a section is about.
pub(crate) fn heading(ui: &mut Ui, words: impl Into<String>) -> Response {
    let color = tokens(ui).ink;
    text(ui, TextFace::Head, words, color)
}

/// Shows the name of a field or list.
pub(crate) fn label(ui: &mut Ui, words: impl Into<String>) -> Response {
    let color = tokens(ui).ink;
    text(ui, TextFace::Label, words, color)
}

/// Shows a line with two ends; the left one is cut if both do not fit.
pub(crate) fn split_line<R>(
    ui: &mut Ui,
    height: f32,
    left: impl FnOnce(&mut Ui),
    right: impl FnOnce(&mut Ui) -> R,
) -> R {
    Sides::new().height(height).shrink_left().truncate().show(ui, left, right).1
}

/// Shows a line with a label at its left and a note at its right.
pub(crate) fn label_and_note(ui: &mut Ui, left: &str, right: &str) {
    let t = tokens(ui);
    split_line(
        ui,
        20.0,
        |ui| {
            truncated(ui, TextFace::Label, left, t.ink);
        },
        |ui| {
            truncated(ui, TextFace::Note, right, t.ink2);
        },
    );
}

/// How a message looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something to know: nothing is wrong.
    Plain,
    /// An error, or a limit that was reached.
    Over,
}

/// Shows a message beside what it is about; `strong` comes first, in bold.
pub(crate) fn message(ui: &mut Ui, tone: Tone, icon: Icon, strong: &str, words: &str) {
    message_with_actions(ui, tone, icon, strong, words, |_| {});
}

/// Shows a message, and beneath it what can be done about it.
pub(crate) fn message_with_actions(
    ui: &mut Ui,
    tone: Tone,
    icon: Icon,
    strong: &str,
    words: &str,
    actions: impl FnOnce(&mut Ui),
) {
    let t = tokens(ui);
    let (fill, edge, ink) = match tone {
        Tone::Plain => (t.well, t.line, t.ink),
        Tone::Over => (t.over_soft, t.over, t.over_ink),
    };
    Frame::new()
        .outer_margin(Margin { left: MARGIN, right: MARGIN, top: 0, bottom: 12 })
        .inner_margin(Margin::symmetric(12, 8))
        .fill(fill)
        .stroke(Stroke::new(1.0, edge))
        .corner_radius(CornerRadius::same(6))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 10.0;
                ui.add_space(0.0);
                let (rect, _) = ui.allocate_exact_size(vec2(16.0, 20.0), egui::Sense::hover());
                icons::draw(ui.painter(), icon, rect.min + vec2(0.0, 2.0), ink);
                ui.vertical(|ui| {
                    let mut job = egui::text::LayoutJob::default();
                    let style = ui.style().clone();
                    let select = egui::FontSelection::Default;
                    if !strong.is_empty() {
                        let lead = TextFace::Label.text(format!("{strong} "), ink).variation(b"wght", 600.0);
                        lead.append_to(&mut job, &style, select.clone(), egui::Align::Center);
                    }
                    TextFace::Small.text(words, ink).append_to(&mut job, &style, select, egui::Align::Center);
                    ui.add(Label::new(job).wrap());
                    actions(ui);
                });
            });
        });
}

/// Shows a line of a list: an icon and a sentence.
pub(crate) fn icon_line(ui: &mut Ui, icon: Icon, words: &str) {
    let t = tokens(ui);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 20.0), egui::Sense::hover());
        icons::draw(ui.painter(), icon, rect.min + vec2(0.0, 2.0), t.ink3);
        ui.vertical(|ui| text(ui, TextFace::Small, words, t.ink));
    });
}

/// Shows that a page is empty: what is true, and one next step.
pub(crate) fn empty_state(ui: &mut Ui, fact: &str, next: &str) {
    section(ui, |ui| {
        label(ui, fact);
        note(ui, next);
    });
}
