//! The worker's own rules: they only tighten. One counts from the moment it is added. A live preview shows what they
//! cover.

use candor_protocol::OwnRule;
use eframe::egui;
use eframe::egui::Ui;

use crate::window::model::WindowModel;
use crate::window::theme::{TextFace, tokens};
use crate::window::view::parts::preview::show_preview;
use crate::window::widgets::buttons::{Button, icon_button};
use crate::window::widgets::fields;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;

/// Addresses are not among them: nothing on this computer tells which page a browser shows.
const FIELDS: [(&str, &str); 2] = [("application", "Application"), ("title", "Window title")];
const BY: [(&str, &str); 4] = [
    ("contains", "contains"),
    ("exact", "is exactly"),
    ("glob", "is like (* and ?)"),
    ("regex", "matches the pattern"),
];
const ACTIONS: [(&str, &str); 4] = [
    ("fill", "Cover it"),
    ("blur", "Blur it"),
    ("hide-title", "Hide its title"),
    ("skip", "Take no picture"),
];

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some(rules) = model.rules.rules().map(<[_]>::to_vec) else {
        layout::section(ui, |ui| layout::note(ui, "Loading your rules."));
        return;
    };
    layout::section(ui, |ui| {
        layout::note(
            ui,
            "Your rules count in addition to the client's, before anything is kept. They can only cover more.",
        );
        if rules.is_empty() {
            layout::label(ui, "You have no rules of your own.");
        }
        let mut gone = None;
        for (index, rule) in rules.iter().enumerate() {
            if show_rule(ui, rule) {
                gone = Some(index);
            }
        }
        if let Some(index) = gone {
            let mut rules = rules.clone();
            rules.remove(index);
            model.set_rules(rules);
        }
    });
    layout::section(ui, |ui| show_new_rule(ui, model));
    layout::section(ui, |ui| {
        if model.documents.takes_pictures() {
            show_preview(ui, &mut model.preview, 308.0);
        } else {
            layout::note(ui, "This contract takes no pictures. Your rules hide titles in it.");
        }
    });
}

fn find_word<'a>(list: &[(&str, &'a str)], key: &'a str) -> &'a str {
    list.iter().find(|(known, _)| *known == key).map_or(key, |(_, word)| word)
}

fn show_rule(ui: &mut Ui, rule: &OwnRule) -> bool {
    let t = tokens(ui);
    let what = format!(
        "{} {} {}",
        find_word(&FIELDS, rule.field.as_str()),
        find_word(&BY, rule.by.as_str()),
        rule.pattern
    );
    let mut gone = false;
    ui.horizontal(|ui| {
        let room = ui.available_width() - 32.0;
        ui.vertical(|ui| {
            ui.set_width(room);
            ui.spacing_mut().item_spacing.y = 0.0;
            layout::text(ui, TextFace::Small, &what, t.ink);
            layout::truncated(ui, TextFace::Note, find_word(&ACTIONS, rule.action.as_str()), t.ink2);
        });
        gone = icon_button(ui, Icon::Cross, &format!("Remove the rule: {what}"));
    });
    gone
}

fn choose_word<T: PartialEq + for<'a> From<&'a str>>(
    ui: &mut Ui,
    id: &str,
    name: &str,
    list: &[(&str, &str)],
    value: &mut T,
    width: f32,
) {
    let names: Vec<&str> = list.iter().map(|(_, word)| *word).collect();
    let chosen = list.iter().position(|(key, _)| *value == (*key).into()).unwrap_or(0);
    if let Some(next) = fields::choose_wide(ui, id, name, chosen, &names, width)
        && let Some((key, _)) = list.get(next)
    {
        *value = (*key).into();
    }
}

fn show_new_rule(ui: &mut Ui, model: &mut WindowModel) {
    layout::label(ui, "Add a rule");
    let half = (ui.available_width() - 8.0) / 2.0;
    ui.horizontal(|ui: &mut egui::Ui| {
        choose_word(ui, "rule-field", "What is looked at", &FIELDS, &mut model.rules.new_rule.field, half);
        choose_word(ui, "rule-by", "How it is compared", &BY, &mut model.rules.new_rule.by, half);
    });
    let field = fields::line(
        ui,
        "rule-pattern",
        "Text or pattern",
        &mut model.rules.new_rule.pattern,
        "Such as: bank",
        500,
    );
    layout::label(ui, "What happens to such a window");
    let width = ui.available_width();
    choose_word(
        ui,
        "rule-action",
        "What happens to such a window",
        &ACTIONS,
        &mut model.rules.new_rule.action,
        width,
    );
    if Button::new("Add this rule").wide().show(ui) || fields::entered(ui, &field) {
        if model.rules.new_rule.pattern.trim().is_empty() {
            field.request_focus();
        } else if let Some(mut rules) = model.rules.rules().map(<[_]>::to_vec) {
            rules.push(model.rules.take_new_rule());
            model.set_rules(rules);
        }
    }
}
