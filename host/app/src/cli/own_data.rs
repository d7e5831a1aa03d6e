//! One's own data, and what works with it.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use candor_protocol::{Exported, LONG, Plugin, Request};

use super::{Answer, Context};
use crate::say::{self, plural, short_hex};

pub(super) fn export(context: &Context, folder: Option<PathBuf>) -> Result<Answer> {
    let day = || {
        let at = i64::try_from(context.now).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        at.map(|at| at.to_zoned(context.zone.zone().clone()).date().to_string()).unwrap_or_default()
    };
    let folder = folder.unwrap_or_else(|| PathBuf::from(format!("candor-export-{}", day())));
    // The agent stands in another folder than this program.
    let folder = std::path::absolute(&folder)
        .with_context(|| format!("{} is no folder that can be named", folder.display()))?;
    if folder.exists() {
        bail!("{} is there already: name a new folder", folder.display());
    }
    let to = folder
        .to_str()
        .with_context(|| format!("{} is not text: name another folder", folder.display()))?
        .to_owned();
    let value = context.client.ask(&Request::Export { to }, LONG)?;
    let done: Exported = serde_json::from_value(value.clone())?;
    let text = format!(
        "{} {} and {} {} are in {}. They are not encrypted there: keep the folder to yourself.",
        say::count(done.records),
        plural(done.records, "record", "records"),
        say::count(done.pictures),
        plural(done.pictures, "picture", "pictures"),
        done.folder
    );
    Ok(Answer::new(text, value))
}

pub(super) fn verify(context: &Context) -> Result<Answer> {
    let value = context.client.ask(&Request::Verify, LONG)?;
    let number = |name: &str| value.get(name).and_then(serde_json::Value::as_u64).unwrap_or_default();
    let text = format!(
        "{} records: {} equal, {} sealed.",
        say::count(number("records")),
        say::count(number("equal")),
        say::count(number("sealed"))
    );
    let mut answer = Answer::new(text, value);
    if let Some(bad) = answer.json.get("first_bad").filter(|bad| !bad.is_null()) {
        let reason = bad.get("reason").and_then(serde_json::Value::as_str).unwrap_or("no reason given");
        let place = bad.get("sequence").and_then(serde_json::Value::as_u64).unwrap_or_default();
        let _ =
            write!(answer.text, "\nRecord {place} does not verify: {reason}. Keep the data folder as it is.");
        answer.bad = true;
    }
    Ok(answer)
}

pub(super) fn plugins(context: &Context) -> Result<Answer> {
    let value = context.ask(&Request::Plugins)?;
    let plugins: Vec<Plugin> = serde_json::from_value(value.clone())?;
    let mut text = String::new();
    for plugin in &plugins {
        let _ = writeln!(text, "{} ({}), {}", plugin.name, plugin.kind, short_hex(&plugin.sha256, 2));
        if !plugin.may.is_empty() {
            let _ = writeln!(text, "  may {}", plugin.may.join("; "));
        }
        if let Some(problem) = &plugin.problem {
            let _ = writeln!(text, "  look at: {problem}");
        }
    }
    if plugins.is_empty() {
        text.push_str("No plugins: there is no contract yet.\n");
    }
    Ok(Answer::new(text, value))
}
