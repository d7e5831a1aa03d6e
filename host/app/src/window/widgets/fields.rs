//! What is typed or chosen. Each field has its label above it, tied to it for screen readers.

use eframe::egui;
use egui::{ComboBox, Id, Key, Margin, Response, TextEdit, Ui, vec2};

use super::icons::{self, Icon};
use super::text::{self, galley};
use crate::window::theme::{TextFace, tokens};

/// Shows a field for a line of text, under its label.
pub(crate) fn line(
    ui: &mut Ui,
    id: &str,
    label: &str,
    text: &mut String,
    hint: &str,
    longest: usize,
) -> Response {
    let named = super::layout::label(ui, label);
    bare_line(ui, id, text, hint, longest).labelled_by(named.id)
}

/// Shows a field for a line of text whose label the caller draws.
pub(crate) fn bare_line(ui: &mut Ui, id: &str, text: &mut String, hint: &str, longest: usize) -> Response {
    let hint = TextFace::Small.text(hint, tokens(ui).ink3);
    let id = Id::unique(id);
    // While it is typed in, letters stand where the cursor finds them.
    let reordered = text::has_right_to_left(text) && !ui.memory(|memory| memory.has_focus(id));
    let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, _room: f32| {
        let seen = text::seen(text.as_str());
        galley(ui, TextFace::Small, &seen, tokens(ui).ink, f32::INFINITY, egui::TextWrapMode::Extend)
    };
    let mut field = TextEdit::singleline(text)
        .id(id)
        .hint_text(hint)
        .desired_width(f32::INFINITY)
        .min_size(vec2(0.0, 32.0))
        .margin(Margin::symmetric(10, 6))
        .char_limit(longest);
    if reordered {
        field = field.layouter(&mut layouter);
    }
    let response = ui.add(field);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    response
}

/// The key under which the field is stored that was left by Enter last.
pub(crate) const ENTERED: &str = "entered";

/// Returns whether the field was left by Enter.
pub(crate) fn entered(ui: &Ui, response: &Response) -> bool {
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if entered {
        ui.data_mut(|data| data.insert_temp(Id::unique(ENTERED), response.id));
    }
    entered
}

/// Shows a choice out of a list. Returns the new index if another was chosen.
pub(crate) fn choose(ui: &mut Ui, id: &str, name: &str, chosen: usize, options: &[&str]) -> Option<usize> {
    let width = ui.available_width();
    choose_wide(ui, id, name, chosen, options, width)
}

/// Shows a choice out of a list, `width` points wide.
pub(crate) fn choose_wide(
    ui: &mut Ui,
    id: &str,
    name: &str,
    chosen: usize,
    options: &[&str],
    width: f32,
) -> Option<usize> {
    let t = tokens(ui);
    let shown = options.get(chosen).copied().unwrap_or("–");
    let mut next = None;
    // Inside a button are 10 px at each side; the mock's field has them too.
    ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(10.0, 6.0);
        let response = ComboBox::from_id_salt(id)
            .selected_text(TextFace::Small.text(shown, t.ink2))
            .width(width)
            .truncate()
            .icon(|ui, rect, visuals, _| {
                let at = rect.center() - vec2(8.0, 8.0);
                icons::draw(ui.painter(), Icon::Down, at, visuals.fg_stroke.color);
            })
            .show_ui(ui, |ui| {
                ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
                ui.set_max_width(width);
                for (index, option) in options.iter().enumerate() {
                    if ui.selectable_label(index == chosen, TextFace::Small.text(*option, t.ink)).clicked() {
                        next = Some(index);
                        // By Enter, too.
                        ui.close();
                    }
                }
            })
            .response;
        if response.gained_focus() {
            response.scroll_to_me(None);
        }
        let _ = response.accessible_name(name);
    });
    next.filter(|index| *index != chosen)
}

/// Shows a field for a number; what is no number in its range is not taken.
pub(crate) fn number(
    ui: &mut Ui,
    id: &str,
    label: &str,
    value: &mut u32,
    range: std::ops::RangeInclusive<u32>,
) {
    let named = super::layout::label(ui, label);
    let mut drag = egui::DragValue::new(value).range(range).speed(0.2).clamp_existing_to_range(true);
    drag = drag.update_while_editing(false);
    let response = ui.push_id(id, |ui| ui.add_sized(vec2(96.0, 32.0), drag)).inner;
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    response.labelled_by(named.id);
}
