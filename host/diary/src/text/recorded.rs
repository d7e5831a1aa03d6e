//! 'What is recorded', from the terms.
//!
//! The agent's notice is another text: it speaks of the plugins that were loaded and of what they may do, and its digest
//! is what workers accepted.

use super::reader::Reader;
use crate::terms::{Mode, PluginUse, Terms};

/// What a line is about; each place has an icon for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedSign {
    /// When time was tracked, and counts of input.
    Clock,
    /// Pictures of the screen.
    Screen,
    /// That there is no picture, or no text.
    Nothing,
    /// Texts: of windows, or of plugins.
    Texts,
    /// Whether the camera is used.
    Camera,
}

/// A line of 'What is recorded'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedLine {
    /// What it is about.
    pub sign: RecordedSign,
    /// One or two sentences.
    pub text: String,
}

impl RecordedLine {
    fn new(sign: RecordedSign, text: impl Into<String>) -> Self {
        Self { sign, text: text.into() }
    }
}

/// The first-party collectors, which do not use the camera.
const OWN: [&str; 3] = ["screenshots", "activity", "windows"];

/// Returns what these terms record, and what they do not, a line each.
#[must_use]
pub fn recorded(terms: &Terms, reader: Reader) -> Vec<RecordedLine> {
    let mut lines: Vec<_> = terms.collectors.iter().map(|one| collected(terms, one, reader)).collect();
    let has = |name: &str| terms.collectors.iter().any(|collector| collector.plugin == name);
    let time = "In which minutes time was tracked, with the memo and the label.";
    lines.push(RecordedLine::new(RecordedSign::Clock, time));
    if !has("screenshots") {
        lines.push(RecordedLine::new(RecordedSign::Nothing, "No pictures. The screen is not captured."));
    }
    if !has("activity") {
        lines.push(RecordedLine::new(RecordedSign::Clock, "No counts of keys, clicks and scrolls."));
    }
    lines.push(camera(terms, reader));
    lines
}

fn collected(terms: &Terms, collector: &PluginUse, reader: Reader) -> RecordedLine {
    match collector.plugin.as_str() {
        "activity" => RecordedLine::new(
            RecordedSign::Clock,
            "How many keys, clicks and scrolls there are each minute. Never which key, never where.",
        ),
        "screenshots" if terms.policy.is_none() => {
            RecordedLine::new(RecordedSign::Nothing, "No pictures: without a privacy policy none is kept.")
        }
        "windows" if terms.policy.is_none() => RecordedLine::new(
            RecordedSign::Nothing,
            "No applications, titles or addresses: without a privacy policy none is kept.",
        ),
        "screenshots" => RecordedLine::new(RecordedSign::Screen, pictures(terms, collector, reader)),
        "windows" => RecordedLine::new(
            RecordedSign::Texts,
            format!("Of the window in front, each time it changes: {}.", window_facts(collector)),
        ),
        other => RecordedLine::new(
            RecordedSign::Texts,
            format!("Notes from the plugin {other}, in its own words."),
        ),
    }
}

fn pictures(terms: &Terms, collector: &PluginUse, reader: Reader) -> String {
    let setting = |name: &str| collector.settings.get(name).and_then(|value| value.as_str());
    let what = match setting("scope") {
        Some("active-monitor") => "the monitor in use",
        _ => "all monitors",
    };
    let size = match setting("size") {
        Some("half") => ", at half size",
        _ => "",
    };
    let when = match terms.segment.minutes() {
        1 => "every minute".to_owned(),
        n => format!("every {n} minutes"),
    };
    let then = match (reader, terms.mode) {
        (Reader::Worker, Mode::Worklog) => " You see it first and can delete it.",
        (Reader::Worker, Mode::Monitoring) => " It is sent without asking.",
        (Reader::Both, _) => "",
    };
    format!("One picture of {what}{size}, at a random moment of {when} tracked.{then}")
}

fn window_facts(collector: &PluginUse) -> String {
    let facts: Vec<&str> = match collector.settings.get("facts").and_then(|value| value.as_array()) {
        Some(facts) => facts.iter().filter_map(|fact| fact.as_str()).collect(),
        None => vec!["app", "title", "url"],
    };
    let words = [("app", "application"), ("title", "window title"), ("url", "web address where it is known")];
    let words: Vec<&str> =
        words.iter().filter(|(fact, _)| facts.contains(fact)).map(|(_, word)| *word).collect();
    words.join(", ")
}

/// Terms do not say what a foreign plugin may use: only the notice does, which has seen the plugin.
fn camera(terms: &Terms, reader: Reader) -> RecordedLine {
    let all_own = terms.collectors.iter().all(|collector| OWN.contains(&collector.plugin.as_str()));
    let text = match (all_own, reader) {
        (true, Reader::Worker) => "Your camera is not used.",
        (true, Reader::Both) => "The camera is not used.",
        (false, Reader::Worker) => {
            "The notice says whether a plugin may use your camera. It is shown before anything is recorded."
        }
        (false, Reader::Both) => {
            "The notice in the tracker says whether a plugin may use the camera. It is shown before anything is recorded."
        }
    };
    RecordedLine::new(RecordedSign::Camera, text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn terms(change: impl FnOnce(&mut Value)) -> Terms {
        let mut terms = json!({
            "contract": "invoices", "title": "Invoice service", "client": "Fieldhouse Supply", "worker": "Mara Oduya",
            "sequence": 1, "mode": "worklog", "segment": 10, "hold-ms": 5000,
            "policy": { "plugin": "rules" },
            "collectors": [
                { "plugin": "activity" },
                { "plugin": "screenshots", "settings": { "size": "half" } },
                { "plugin": "windows", "settings": { "facts": ["app", "url"] } }
            ],
            "uploader": { "plugin": "backoffice" }
        });
        change(&mut terms);
        serde_json::from_value(terms).unwrap()
    }

    fn texts(terms: &Terms, reader: Reader) -> Vec<String> {
        recorded(terms, reader).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn both_sides_read_the_same_and_the_worker_is_spoken_to() {
        let counts = "How many keys, clicks and scrolls there are each minute. Never which key, never where.";
        let picture =
            "One picture of all monitors, at half size, at a random moment of every 10 minutes tracked.";
        let front =
            "Of the window in front, each time it changes: application, web address where it is known.";
        let time = "In which minutes time was tracked, with the memo and the label.";
        assert_eq!(
            texts(&terms(|_| ()), Reader::Both),
            [counts, picture, front, time, "The camera is not used."]
        );
        let picture = format!("{picture} You see it first and can delete it.");
        assert_eq!(
            texts(&terms(|_| ()), Reader::Worker),
            [counts, &picture, front, time, "Your camera is not used."]
        );
    }

    #[test]
    fn what_is_not_recorded_is_told_and_nothing_is_claimed_of_foreign_plugins() {
        let bare = terms(|t| {
            t["policy"] = Value::Null;
            t["collectors"] = json!([{ "plugin": "screenshots" }, { "plugin": "face" }]);
        });
        let texts = texts(&bare, Reader::Worker);
        for text in [
            "No pictures: without a privacy policy none is kept.",
            "Notes from the plugin face, in its own words.",
            "No counts of keys, clicks and scrolls.",
            "The notice says whether a plugin may use your camera. It is shown before anything is recorded.",
        ] {
            assert!(texts.iter().any(|t| t == text), "{texts:?}");
        }
    }
}
