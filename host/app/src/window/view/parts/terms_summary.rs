//! What terms record, in a few sentences with an icon each; and the rules of a notice.

use candor_diary::terms::{Mode, PluginUse, Terms};
use candor_protocol::NoticeAnswer;

use crate::window::widgets::icons::Icon;

/// Returns the sentences, each with its icon.
pub(crate) fn summary_lines(terms: &Terms) -> Vec<(Icon, String)> {
    let mut lines: Vec<_> = terms.collectors.iter().map(|collector| summary_line(terms, collector)).collect();
    let has = |name: &str| terms.collectors.iter().any(|collector| collector.plugin == name);
    if !has("activity") {
        lines.push((Icon::Clock, "No counts of keys, clicks and scrolls.".into()));
    }
    if !has("screenshots") {
        lines.push((Icon::NoPicture, "No pictures. The screen is not captured.".into()));
    }
    if !has("camera") {
        lines.push((Icon::Camera, "Your camera is not used.".into()));
    }
    lines
}

fn summary_line(terms: &Terms, collector: &PluginUse) -> (Icon, String) {
    let setting = |name: &str| collector.settings.get(name).and_then(|value| value.as_str());
    match collector.plugin.as_str() {
        "activity" => (
            Icon::Clock,
            "How many keys, clicks and scrolls there are each minute. Never which key, never where.".into(),
        ),
        "screenshots" => {
            let what = match setting("scope") {
                Some("active-monitor") => "the screen in use",
                _ => "your screens",
            };
            let when = match terms.segment.minutes() {
                1 => "minute".to_owned(),
                n => format!("{n} minutes"),
            };
            let then = match terms.mode {
                Mode::Worklog => "You see it first and can delete it.",
                Mode::Monitoring => "It is sent without asking.",
            };
            (Icon::Screen, format!("One picture of {what} every {when}. {then}"))
        }
        "windows" => {
            let facts = collector.settings.get("facts").and_then(|value| value.as_array());
            let facts: Vec<&str> = facts.map_or(vec!["app", "title", "url"], |facts| {
                facts.iter().filter_map(|fact| fact.as_str()).collect()
            });
            let words =
                [("app", "application"), ("title", "title"), ("url", "web address where it is known")];
            let words: Vec<&str> =
                words.iter().filter(|(fact, _)| facts.contains(fact)).map(|(_, word)| *word).collect();
            (Icon::Doc, format!("Of the window in front: {}.", words.join(", ")))
        }
        other => (Icon::Doc, format!("Notes from the plugin {other}, in its own words.")),
    }
}

/// Returns the rules as the notice lists them, without their numbers.
pub(crate) fn notice_rules(notice: Option<&NoticeAnswer>) -> Vec<String> {
    let numbered = |line: &str| -> Option<String> {
        let (number, rule) = line.split_once(". ")?;
        (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| rule.to_owned())
    };
    notice.map(|notice| notice.text.lines().filter_map(numbered).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_the_numbered_lines_of_a_notice() {
        let text = "What is recorded\n\nTime is cut. 10 minutes.\nRules, before anything is kept:\n1. Messages are filled\n2. bank.example. Never shown\n";
        let notice =
            NoticeAnswer { contract: "c".into(), text: text.into(), digest: "d".into(), accepted: true };
        assert_eq!(notice_rules(Some(&notice)), ["Messages are filled", "bank.example. Never shown"]);
    }
}
