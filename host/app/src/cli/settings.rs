//! The worker's own rules and preferences.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use candor_diary::plain;
use candor_protocol::{
    ClientError, GetOwnRules, GetPreferences, LONG, OwnRule, OwnRuleAction, OwnRuleComparison, Preferences,
    RequestErrorKind, SetOwnRules, SetPreferences, USUAL,
};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::args::{PreferencesCommand, RulesCommand};
use super::context::{CommandContext, CommandOutput};
use crate::terminal::print_aside;

/// A choice's name as it is typed.
fn choice_name(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default()
}

/// A rule in words.
fn rule_text(rule: &OwnRule) -> String {
    let does = match &rule.action {
        OwnRuleAction::HideTitle => "leave the title out",
        OwnRuleAction::Blur => "cover the window with large cells",
        OwnRuleAction::Fill => "cover the window with one colour",
        OwnRuleAction::Skip => "take no picture",
        OwnRuleAction::Other(other) => other.as_str(),
    };
    let by = match &rule.by {
        OwnRuleComparison::Exact => "is",
        OwnRuleComparison::Contains => "contains",
        OwnRuleComparison::Glob => "is like",
        OwnRuleComparison::Regex => "matches",
        OwnRuleComparison::Other(other) => other.as_str(),
    };
    plain::visible(&format!("where the {} {by} \"{}\": {does}", rule.field, rule.pattern)).into_owned()
}

pub(super) fn handle_rules(context: &CommandContext, command: Option<RulesCommand>) -> Result<CommandOutput> {
    let mut rules = match context.client.ask(&GetOwnRules, USUAL) {
        // What cannot be read any more is replaced by what is added now: until then nothing is shown.
        Err(ClientError::Refused(why))
            if why.kind == RequestErrorKind::Unreadable
                && matches!(command, Some(RulesCommand::Add { .. })) =>
        {
            print_aside(&format!("{why}. This rule replaces them."));
            Vec::new()
        }
        listed => listed?,
    };
    let done = match command {
        None | Some(RulesCommand::List) => {
            let mut text = String::new();
            for (number, rule) in rules.iter().enumerate() {
                let _ = writeln!(text, "{}. {}", number + 1, rule_text(rule));
            }
            if rules.is_empty() {
                text.push_str(
                    "You have no rules of your own. The client's rules still apply: `candor notice` lists them.\n",
                );
            }
            return Ok(CommandOutput::new(text, serde_json::to_value(&rules)?));
        }
        Some(RulesCommand::Add { field, by, pattern, action }) => {
            let rule = OwnRule {
                field: choice_name(field).into(),
                by: choice_name(by).into(),
                pattern,
                action: choice_name(action).into(),
            };
            if rules.contains(&rule) {
                bail!("that rule exists already: `candor rules` lists them");
            }
            let done = format!("Rule {} from now on: {}.", rules.len() + 1, rule_text(&rule));
            rules.push(rule);
            done
        }
        Some(RulesCommand::Remove { number }) => {
            if number == 0 || number > rules.len() {
                bail!("there is no rule {number}: `candor rules` lists them with their numbers");
            }
            format!("Removed: {}.", rule_text(&rules.remove(number - 1)))
        }
    };
    // The policy is configured anew, which may compile it.
    context.run_request(&SetOwnRules { rules }, LONG, done)
}

/// The preferences by their names.
fn preference_fields(preferences: &Preferences) -> Result<Map<String, Value>> {
    match serde_json::to_value(preferences)? {
        Value::Object(fields) => Ok(fields),
        _ => bail!("preferences have no names"),
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Bool(true) => "on".into(),
        Value::Bool(false) => "off".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn handle_preferences(
    context: &CommandContext,
    command: Option<PreferencesCommand>,
) -> Result<CommandOutput> {
    let current = context.client.ask(&GetPreferences, USUAL)?;
    match command {
        None | Some(PreferencesCommand::List) => {
            let fields = preference_fields(&current)?;
            let mut text = String::new();
            for (name, value) in &fields {
                let size = value.as_u64().filter(|_| name == "disk-limit");
                let _ = writeln!(
                    text,
                    "{name:<22} {}",
                    size.map_or_else(
                        || value_text(value),
                        |bytes| format!("{bytes} (bytes: {})", plain::size(bytes))
                    )
                );
            }
            Ok(CommandOutput::new(text, Value::Object(fields)))
        }
        Some(PreferencesCommand::Set { name, value }) => {
            let preferences = change_preference(&current, &name, &value)?;
            context.client.ask(&SetPreferences { preferences }, USUAL)?;
            let value = preference_fields(&preferences)?.remove(&name).unwrap_or_default();
            let text = format!("{name} is {} now.", value_text(&value));
            Ok(CommandOutput::new(text, json!({ name: value })))
        }
    }
}

/// The preferences with one changed.
fn change_preference(current: &Preferences, name: &str, value: &str) -> Result<Preferences> {
    let mut fields = preference_fields(current)?;
    let names: Vec<String> = fields.keys().cloned().collect();
    let Some(field) = fields.get_mut(name) else {
        bail!("there is no preference {name:?}: choose one of {}", names.join(", "));
    };
    *field = match field {
        Value::Bool(_) => match value.to_lowercase().as_str() {
            "on" | "true" | "yes" => Value::Bool(true),
            "off" | "false" | "no" => Value::Bool(false),
            _ => bail!("{name} is on or off, not {value:?}"),
        },
        Value::Number(_) => {
            let number: u64 = value.parse().ok().with_context(|| {
                if name == "disk-limit" {
                    format!("disk-limit is a number of bytes, such as 5000000000 for 5 GB, not {value:?}")
                } else {
                    format!("{name} is a number, not {value:?}")
                }
            })?;
            json!(number)
        }
        _ => json!(value),
    };
    let refused = || match name {
        "theme" => format!("theme is system, light or dark, not {value:?}"),
        "on-close" => format!("on-close is ask, keep-tracking or stop, not {value:?}"),
        _ => format!("{name} cannot be {value:?}"),
    };
    let preferences: Preferences =
        serde_json::from_value(Value::Object(fields)).map_err(|_| anyhow::anyhow!(refused()))?;
    if !(1..=60).contains(&preferences.idle_minutes) {
        bail!("idle-minutes is 1 to 60, not {value}");
    }
    Ok(preferences)
}

#[cfg(test)]
mod tests {
    use candor_protocol::Theme;

    use super::*;

    #[test]
    fn a_preference_is_changed_by_its_name_or_refused_in_a_sentence() {
        let before = Preferences::default();
        assert!(change_preference(&before, "active-monitor-only", "on").unwrap().active_monitor_only);
        assert_eq!(change_preference(&before, "idle-minutes", "15").unwrap().idle_minutes, 15);
        assert_eq!(change_preference(&before, "theme", "dark").unwrap().theme, Theme::Dark);
        let cases = [
            ("volume", "3", "choose one of"),
            ("pictures", "maybe", "on or off"),
            ("idle-minutes", "0", "1 to 60"),
            ("idle-minutes", "soon", "is a number"),
            ("idle-minutes", "99999999999", "cannot be"),
            ("theme", "pink", "system, light or dark"),
        ];
        for (name, value, words) in cases {
            let error = change_preference(&before, name, value).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
