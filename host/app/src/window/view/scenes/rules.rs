//! The worker's own rules: they only tighten. One counts from the moment it is added. A live preview shows what they
//! cover.

use candor_protocol::OwnRule;
use eframe::egui::{self, Ui};

use super::accept;
use crate::window::model::Model;
use crate::window::parts::buttons::{Button, icon_button};
use crate::window::parts::icons::Icon;
use crate::window::parts::{fields, frame};
use crate::window::theme::{Face, tokens};
use crate::window::update::empty_rule;

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

/// The page.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let Some(rules) = m.rules.clone() else {
        frame::part(ui, |ui| frame::note(ui, "Loading your rules."));
        return;
    };
    frame::part(ui, |ui| {
        frame::note(
            ui,
            "Your rules count in addition to the client's, before anything is kept. They can only cover more.",
        );
        if rules.is_empty() {
            frame::label(ui, "You have no rules of your own.");
        }
        let mut gone = None;
        for (index, rule) in rules.iter().enumerate() {
            if line(ui, rule) {
                gone = Some(index);
            }
        }
        if let Some(index) = gone {
            let mut rules = rules.clone();
            rules.remove(index);
            m.set_rules(rules);
        }
    });
    frame::part(ui, |ui| add(ui, m));
    frame::part(ui, |ui| {
        if m.pictures() {
            accept::live(ui, &mut m.live, 308.0);
        } else {
            frame::note(ui, "This contract takes no pictures. Your rules hide titles in it.");
        }
    });
}

fn word<'a>(list: &[(&str, &'a str)], key: &'a str) -> &'a str {
    list.iter().find(|(known, _)| *known == key).map_or(key, |(_, word)| word)
}

fn line(ui: &mut Ui, rule: &OwnRule) -> bool {
    let t = tokens(ui);
    let what = format!("{} {} {}", word(&FIELDS, &rule.field), word(&BY, &rule.by), rule.pattern);
    let mut gone = false;
    ui.horizontal(|ui| {
        let room = ui.available_width() - 32.0;
        ui.vertical(|ui| {
            ui.set_width(room);
            ui.spacing_mut().item_spacing.y = 0.0;
            frame::text(ui, Face::Small, &what, t.ink);
            frame::truncated(ui, Face::Note, word(&ACTIONS, &rule.action), t.ink2);
        });
        gone = icon_button(ui, Icon::Cross, &format!("Remove the rule: {what}"));
    });
    gone
}

fn pick(ui: &mut Ui, id: &str, name: &str, list: &[(&str, &str)], value: &mut String, width: f32) {
    let names: Vec<&str> = list.iter().map(|(_, word)| *word).collect();
    let chosen = list.iter().position(|(key, _)| key == value).unwrap_or(0);
    if let Some(next) = fields::choose_wide(ui, id, name, chosen, &names, width) {
        *value = list.get(next).map_or_else(String::new, |(key, _)| (*key).to_owned());
    }
}

fn add(ui: &mut Ui, m: &mut Model) {
    frame::label(ui, "Add a rule");
    let half = (ui.available_width() - 8.0) / 2.0;
    ui.horizontal(|ui: &mut egui::Ui| {
        pick(ui, "rule-field", "What is looked at", &FIELDS, &mut m.new_rule.field, half);
        pick(ui, "rule-by", "How it is compared", &BY, &mut m.new_rule.by, half);
    });
    let field =
        fields::line(ui, "rule-pattern", "Text or pattern", &mut m.new_rule.pattern, "Such as: bank", 500);
    frame::label(ui, "What happens to such a window");
    let width = ui.available_width();
    pick(ui, "rule-action", "What happens to such a window", &ACTIONS, &mut m.new_rule.action, width);
    if Button::new("Add this rule").wide().show(ui) || fields::entered(ui, &field) {
        if m.new_rule.pattern.trim().is_empty() {
            field.request_focus();
        } else if let Some(mut rules) = m.rules.clone() {
            rules.push(std::mem::replace(&mut m.new_rule, empty_rule()));
            m.set_rules(rules);
        }
    }
}
