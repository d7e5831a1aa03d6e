//! What terms must be like beyond what their types say: everybody reads them, so nothing in them may be unseen.

use serde_json::Value;

use super::document::{PluginUse, Terms};
use crate::memo::{Label, is_longer};
use crate::money::Rate;
use crate::plain::{self, unseen};
use crate::plain_id::{NotPlain, PlainId};

/// The longest title, in characters.
const MAX_TITLE: usize = 200;
/// The longest name of a person or firm, in characters.
const MAX_NAME: usize = 100;
/// The longest hold, milliseconds: the agent looks no further back for what can still be undone.
const MAX_HOLD_MS: u64 = 31 * 24 * 60 * 60_000;
/// The longest address to turn to, in characters.
const MAX_CONTACT: usize = 500;
/// How many labels a contract may have.
const MAX_LABELS: usize = 100;
/// How many collectors a contract may have.
const MAX_COLLECTORS: usize = 32;
/// The longest text in a plugin's settings, in characters.
const MAX_SETTING: usize = 4_096;
/// The longest settings of a plugin, in bytes of JSON.
const MAX_SETTINGS: usize = 256 << 10;

/// Why terms are not well formed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{place}: {reason}")]
pub struct BadTerms {
    /// The field, as a path of keys such as `policy.settings.rules`.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

fn bad(place: &str, reason: impl Into<String>) -> Result<(), BadTerms> {
    // The place may be a key out of a plugin's settings.
    Err(BadTerms { place: plain::cut(&plain::visible(place), 200), reason: reason.into() })
}

fn text(place: &str, text: &str, most: usize) -> Result<(), BadTerms> {
    if let Some(unseen) = unseen(text) {
        return bad(
            place,
            format!("holds the character U+{:04X}, which nobody sees: leave it out", u32::from(unseen)),
        );
    }
    if is_longer(text, most) {
        return bad(place, format!("longer than {most} characters"));
    }
    Ok(())
}

fn named(place: &str, name: &str, most: usize) -> Result<(), BadTerms> {
    if name.trim().is_empty() {
        return bad(place, "empty");
    }
    text(place, name, most)
}

impl Terms {
    /// Checks what the types cannot say: identifiers, lengths, and that no text holds what nobody sees, such as a line
    /// break or a control character that would forge what is read. A back office issues no others, and a device takes
    /// no others.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), BadTerms> {
        if !PlainId::is_plain(&self.contract) {
            return bad("contract", format!("no id: {NotPlain}"));
        }
        if self.sequence == 0 {
            return bad("sequence", "terms are counted from 1");
        }
        named("title", &self.title, MAX_TITLE)?;
        named("client", &self.client, MAX_NAME)?;
        named("worker", &self.worker, MAX_NAME)?;
        if self.hold_ms > MAX_HOLD_MS {
            return bad("hold-ms", "longer than 31 days");
        }
        match (self.rate, self.currency) {
            (Some(_), None) => {
                return bad("currency", "there is a rate, so a currency is needed, such as EUR");
            }
            (Some(rate), Some(currency)) => {
                if let Err(why) = Rate::new(rate, currency) {
                    return bad("rate", why.to_string());
                }
            }
            (None, _) => {}
        }
        if self.labels.len() > MAX_LABELS {
            return bad("labels", format!("more than {MAX_LABELS}"));
        }
        for label in &self.labels {
            if let Err(why) = label.parse::<Label>() {
                return bad("labels", why.to_string());
            }
        }
        let contacts = [("support", &self.contacts.support), ("feedback", &self.contacts.feedback)];
        for (place, contact) in contacts {
            let Some(contact) = contact else { continue };
            text(&format!("contacts.{place}"), contact, MAX_CONTACT)?;
            if !contact.starts_with("https:") && !contact.starts_with("mailto:") {
                return bad(&format!("contacts.{place}"), "neither an https: nor a mailto: address");
            }
        }
        if self.collectors.len() > MAX_COLLECTORS {
            return bad("collectors", format!("more than {MAX_COLLECTORS}"));
        }
        if let Some(policy) = &self.policy {
            plugin("policy", policy)?;
        }
        for collector in &self.collectors {
            plugin("collectors", collector)?;
        }
        plugin("uploader", &self.uploader)
    }
}

fn plugin(place: &str, plugin: &PluginUse) -> Result<(), BadTerms> {
    if !PlainId::is_plain(&plugin.plugin) {
        return bad(place, format!("no plugin name: {NotPlain}"));
    }
    if plugin.settings.to_string().len() > MAX_SETTINGS {
        return bad(place, "settings of more than 256 KiB");
    }
    settings(&format!("{place}.settings"), &plugin.settings)
}

/// Every text in a JSON value, keys too. JSON that was read is nested 128 deep at most.
fn settings(place: &str, value: &Value) -> Result<(), BadTerms> {
    match value {
        Value::String(setting) => text(place, setting, MAX_SETTING),
        Value::Array(all) => all.iter().try_for_each(|value| settings(place, value)),
        Value::Object(all) => all.iter().try_for_each(|(key, value)| {
            text(place, key, MAX_SETTING)?;
            settings(&format!("{place}.{key}"), value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn terms() -> Value {
        json!({
            "contract": "invoices", "title": "Invoice service", "client": "Fieldhouse Supply", "worker": "Mara Oduya",
            "sequence": 1, "mode": "worklog", "segment": 10, "hold-ms": 5000, "labels": ["Backend"],
            "contacts": { "support": "mailto:help@fieldhouse.example" },
            "policy": { "plugin": "rules", "settings": { "rules": [{ "match": { "title": { "contains": "a" } } }] } },
            "collectors": [{ "plugin": "windows", "settings": { "facts": ["app"] } }],
            "uploader": { "plugin": "backoffice", "settings": { "url": "https://diary.example" } }
        })
    }

    fn place(change: impl FnOnce(&mut Value)) -> Option<String> {
        let mut value = terms();
        change(&mut value);
        let terms: Terms = serde_json::from_value(value).unwrap();
        terms.check().err().map(|bad| bad.place)
    }

    #[test]
    fn invariant_06_terms_hold_nothing_that_nobody_sees() {
        assert_eq!(place(|_| ()), None);
        assert_eq!(place(|t| t["title"] = "Größe 東京 — «Ω» 🙂".into()), None);
        let places: [(&str, &[&str]); 9] = [
            ("title", &["title"]),
            ("client", &["client"]),
            ("worker", &["worker"]),
            ("labels", &["labels", "0"]),
            ("contacts.support", &["contacts", "support"]),
            (
                "policy.settings.rules.match.title.contains",
                &["policy", "settings", "rules", "0", "match", "title", "contains"],
            ),
            ("collectors", &["collectors", "0", "plugin"]),
            ("collectors.settings.facts", &["collectors", "0", "settings", "facts", "0"]),
            ("uploader.settings.url", &["uploader", "settings", "url"]),
        ];
        let hostile = [
            "\n",
            "\u{1b}[2J",
            "\r",
            "\u{7f}",
            "\u{9b}2J",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{2028}",
            "\u{2029}",
            "\u{e0041}",
            "\0",
            "\u{feff}",
            "\u{ad}",
            "\u{61c}",
        ];
        for (expected, path) in places {
            for hostile in hostile {
                let found = place(|t| {
                    let mut at = t;
                    for step in path {
                        at = match step.parse::<usize>() {
                            Ok(nth) => &mut at[nth],
                            Err(_) => &mut at[*step],
                        };
                    }
                    let text = at.as_str().unwrap().to_owned();
                    *at = format!("{text}{hostile}x").into();
                });
                assert_eq!(found.as_deref(), Some(expected), "{hostile:?}");
            }
        }
        let key = place(|t| t["uploader"]["settings"]["a\u{1b}[1A"] = 1.into()).unwrap();
        assert_eq!(key, "uploader.settings");
    }

    #[test]
    fn a_rate_has_a_currency_and_bounds() {
        let with = |rate: u64, currency: Option<&str>| {
            place(|t| {
                t["rate"] = rate.into();
                if let Some(currency) = currency {
                    t["currency"] = currency.into();
                }
            })
        };
        assert_eq!(with(4_800, Some("USD")), None);
        assert_eq!(with(1_000_000_000_000, Some("JPY")), None);
        assert_eq!(with(1_000_000_000_001, Some("JPY")).as_deref(), Some("rate"));
        assert_eq!(with(0, Some("USD")).as_deref(), Some("rate"));
        assert_eq!(with(4_800, None).as_deref(), Some("currency"));
        assert_eq!(place(|t| t["currency"] = "USD".into()), None, "a currency alone costs nothing");
    }

    #[test]
    fn terms_with_money_that_nobody_knows_are_not_read() {
        let read = |name: &str, value: Value| {
            let mut terms = terms();
            terms[name] = value;
            serde_json::from_value::<Terms>(terms)
        };
        let rows = [
            ("currency", json!("usd")),
            ("currency", json!("XXX")),
            ("rate", json!(48.5)),
            ("rate", json!(-1)),
            ("rounding", json!("half-up-1")),
        ];
        for (name, value) in rows {
            assert!(read(name, value.clone()).is_err(), "{name}: {value}");
        }
        let bare = read("labels", json!([])).unwrap();
        assert_eq!((bare.hourly_rate(), bare.rounding.name()), (None, "half-even-1"));
        assert_eq!(serde_json::to_value(&bare).unwrap().get("rate"), None);
    }

    #[test]
    fn lengths_and_names_are_bounded() {
        let long = |n: usize| Value::from("x".repeat(n));
        assert_eq!(place(|t| t["title"] = long(201)).as_deref(), Some("title"));
        assert_eq!(place(|t| t["client"] = long(101)).as_deref(), Some("client"));
        assert_eq!(place(|t| t["worker"] = " ".into()).as_deref(), Some("worker"));
        assert_eq!(place(|t| t["labels"] = json!([long(101)])).as_deref(), Some("labels"));
        assert_eq!(place(|t| t["labels"] = json!(vec!["a"; 101])).as_deref(), Some("labels"));
        assert_eq!(place(|t| t["contract"] = "../x".into()).as_deref(), Some("contract"));
        assert_eq!(place(|t| t["sequence"] = 0.into()).as_deref(), Some("sequence"));
        assert_eq!(
            place(|t| t["contacts"]["support"] = "javascript:alert(1)".into()).as_deref(),
            Some("contacts.support")
        );
        assert_eq!(place(|t| t["policy"]["plugin"] = "Rules".into()).as_deref(), Some("policy"));
        assert_eq!(
            place(|t| t["uploader"]["settings"]["url"] = long(4_097)).as_deref(),
            Some("uploader.settings.url")
        );
    }
}
