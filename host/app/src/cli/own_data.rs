//! One's own data, and what works with it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use candor_diary::plain::{self, plural, short_hex};
use candor_protocol::{ExportData, GetPlugins, LONG, USUAL, VerifyJournal, VerifyLedger};

use super::context::{CommandContext, CommandOutput};

pub(super) fn export_data(context: &CommandContext, folder: Option<PathBuf>) -> Result<CommandOutput> {
    let day = || {
        let at = i64::try_from(context.now).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        at.map(|at| at.to_zoned(context.zone.zone().clone()).date().to_string()).unwrap_or_default()
    };
    let folder = folder.unwrap_or_else(|| PathBuf::from(format!("candor-export-{}", day())));
    // The agent runs in another folder than this program.
    let folder = std::path::absolute(&folder)
        .with_context(|| format!("{} is no folder that can be named", folder.display()))?;
    if folder.exists() {
        bail!("{} is there already: name a new folder", folder.display());
    }
    let to = folder
        .to_str()
        .with_context(|| format!("{} is not text: name another folder", folder.display()))?
        .to_owned();
    let (done, json) = context.ask(&ExportData { to }, LONG)?;
    let text = format!(
        "{} {} and {} {} are in {}. They are not encrypted there: keep the folder to yourself.",
        plain::count(done.records),
        plural(done.records, "record", "records"),
        plain::count(done.pictures),
        plural(done.pictures, "picture", "pictures"),
        done.folder
    );
    Ok(CommandOutput::new(text, json))
}

pub(super) fn verify_journal(context: &CommandContext) -> Result<CommandOutput> {
    let (found, json) = context.ask(&VerifyJournal, LONG)?;
    let mut text = found.sentence();
    if let Some(bad) = &found.first_bad {
        let (place, reason) = (bad.sequence, &bad.reason);
        let _ = write!(text, "\nRecord {place} does not verify: {reason}. Keep the data folder as it is.");
    }
    let moment = |start: u64| context.zone.moment(start, context.now);
    for bad in &found.bad_pictures {
        let of = bad
            .segment_start
            .map_or_else(|| "of no segment any more".to_owned(), |s| format!("of {}", moment(s)));
        let _ = write!(
            text,
            "\nThe picture {of} ({}) does not verify: {}. The time is sent without it.",
            short_hex(&bad.picture, 2),
            bad.reason
        );
    }
    for bad in &found.bad_details {
        let of = bad
            .segment_start
            .map_or_else(|| "of no segment any more".to_owned(), |s| format!("of {}", moment(s)));
        let (name, reason) = (short_hex(&bad.sha256, 2), &bad.reason);
        let _ = write!(
            text,
            "\nA detail {of} ({name}) does not verify: {reason}. It is built again if it is not sent yet."
        );
    }
    for start in &found.bad_parcels {
        let _ =
            write!(text, "\nThe parcel of {} cannot be read any more. It is built again.", moment(*start));
    }
    let mut answer = CommandOutput::new(text, json);
    answer.found_problem = !found.is_good();
    Ok(answer)
}

pub(super) fn verify_ledger(context: &CommandContext, file: &Path) -> Result<CommandOutput> {
    // The agent runs in another folder than this program.
    let file = std::path::absolute(file)
        .with_context(|| format!("{} is no file that can be named", file.display()))?;
    let file = file
        .to_str()
        .with_context(|| format!("{} is not text: name another file", file.display()))?
        .to_owned();
    let (found, json) = context.ask(&VerifyLedger { file }, LONG)?;
    let mut text = found.sentence();
    for difference in &found.differences {
        let about = match difference.segment_start {
            Some(start) => format!("The parcel of {}", context.zone.moment(start, context.now)),
            None => "The file".to_owned(),
        };
        let _ = write!(text, "\n{about} differs: {}.", difference.reason);
    }
    if found.more > 0 {
        let _ = write!(text, "\nAnd {} more.", plain::count(found.more));
    }
    if found.is_good() {
        text.push_str("\nNothing differs.");
    } else {
        text.push_str("\nKeep the file and your export, and tell the client.");
    }
    let mut answer = CommandOutput::new(text, json);
    answer.found_problem = !found.is_good();
    Ok(answer)
}

pub(super) fn list_plugins(context: &CommandContext) -> Result<CommandOutput> {
    let (plugins, json) = context.ask(&GetPlugins, USUAL)?;
    let mut text = String::new();
    for plugin in &plugins {
        let _ = writeln!(text, "{} ({}), {}", plugin.name, plugin.kind, short_hex(&plugin.sha256, 2));
        if !plugin.may.is_empty() {
            let _ = writeln!(text, "  may {}", plugin.may.join("; "));
        }
        if let Some(problem) = &plugin.problem {
            let _ = writeln!(text, "  problem: {problem}");
        }
    }
    if plugins.is_empty() {
        text.push_str("No plugins: there is no contract yet.\n");
    }
    Ok(CommandOutput::new(text, json))
}
