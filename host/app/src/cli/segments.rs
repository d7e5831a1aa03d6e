//! What was recorded: a day's segments, pictures, removing and typing in.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use candor_diary::memo::Memo;
use candor_diary::parcel::{NO_SIGN, redacted};
use candor_diary::plain::{self, plural};
use candor_diary::terms::PictureRemoval;
use candor_protocol::{
    AddManualTime, ForgetSpan, Forgotten, GetPicture, GetSegments, GetTerms, LONG, Note, RemoveNotes,
    RemovePicture, RestoreSegment, Segment, USUAL, WouldForgetSpan,
};
use serde_json::{Value, json};

use super::args::{NotesArgs, SpanArgs};
use super::context::{CommandContext, CommandOutput};
use super::delivery_state::delivery_state;
use super::{prompt, time_input};
use crate::format::{self, DisplayZone, segment_end};
use crate::terminal::print_aside;

pub(super) fn list_day(context: &CommandContext, day: Option<&str>) -> Result<CommandOutput> {
    let (from, to) = time_input::parse_day(day, context.now, &context.zone)?;
    let (segments, json) = context.ask(&GetSegments { from, to }, USUAL)?;
    let zone = &context.zone;
    let mut text = format!("{}, {}\n", zone.day(from, context.now), zone.name(from));
    for segment in &segments {
        text.push_str(&segment_lines(segment, context.now, zone));
    }
    if segments.is_empty() {
        text.push_str("No time. A segment shows here when it has begun.\n");
    } else {
        let total = segments.iter().filter(|s| s.removed_at.is_none()).map(|s| s.billed_ms).sum();
        let _ = writeln!(text, "{:<15} {}", "Total", format::hours_minutes(total));
    }
    Ok(CommandOutput::new(text, json))
}

/// Returns a segment on a line or two.
fn segment_lines(segment: &Segment, now: u64, zone: &DisplayZone) -> String {
    let range = zone.range(segment.start, segment_end(segment));
    if let Some(at) = segment.removed_at {
        return format!("{range:<15} –     Time removed by you, {}\n", zone.moment(at, now));
    }
    let what = if segment.manual { "Manual, no picture".to_owned() } else { format::activity(segment) };
    let label = segment.label.as_ref().map(|l| format!(" ({l})")).unwrap_or_default();
    let mut text = format!(
        "{range:<15} {:<5} {}{label}. {what}, {}\n",
        format::hours_minutes(segment.billed_ms),
        segment.memo.as_deref().unwrap_or("No memo"),
        delivery_state(segment, now, zone)
    );
    let picture = match (&segment.picture, &segment.no_picture_sentence) {
        (Some(picture), _) => {
            let covered = redacted(&picture.redactions).map(|c| format!(", {c}"));
            Some(format!("Picture at {}{}", zone.time(picture.at), covered.unwrap_or_default()))
        }
        (None, Some(sentence)) if !segment.manual => Some(sentence.clone()),
        _ => None,
    };
    if let Some(picture) = picture {
        let _ = writeln!(text, "{:<21} {picture}", "");
    }
    let mut causes: Vec<_> = segment.gaps.iter().map(|cause| format::gap_cause(*cause)).collect();
    causes.dedup();
    if !causes.is_empty() {
        let _ = writeln!(text, "{:<21} Not all of it was recorded: {}", "", causes.join("; "));
    }
    for dropped in &segment.dropped {
        let _ = writeln!(text, "{:<21} {dropped}", "");
    }
    if !segment.notes.is_empty() {
        let number = segment.notes.len() as u64;
        let _ = writeln!(
            text,
            "{:<21} {number} {} from plugins: `candor notes` shows them",
            "",
            plural(number, "note", "notes")
        );
    }
    if segment.no_sign {
        let _ = writeln!(text, "{:<21} {NO_SIGN}", "");
    }
    text
}

pub(super) fn handle_picture(
    context: &CommandContext,
    at: Option<&str>,
    save: Option<&Path>,
    remove: bool,
    undo: bool,
    yes: bool,
) -> Result<CommandOutput> {
    if undo {
        return restore_picture(context, at);
    }
    let segment = match at {
        Some(at) => context.segment_at(at)?,
        None => context
            .client
            .status()?
            .last_picture
            .context("there is no picture from today: `candor picture --at TIME` shows an earlier one")?,
    };
    let zone = &context.zone;
    let range = zone.range(segment.start, segment_end(&segment));
    let Some(facts) = &segment.picture else {
        let why = segment.no_picture_sentence.as_deref().unwrap_or("no picture was taken");
        bail!("{range}: {why}");
    };
    if remove {
        return remove_picture(context, &segment, yes);
    }
    if let Some(file) = save {
        let picture = context.client.ask(&GetPicture { start: segment.start }, USUAL)?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(&picture.base64)
            .context("the agent's picture is damaged: try again")?;
        write_new_file(file, &bytes)?;
        let text = format!(
            "Written to {}: {}, {}.",
            file.display(),
            picture.media_type,
            plain::size(bytes.len() as u64)
        );
        return Ok(CommandOutput::new(
            text,
            json!({ "file": file, "media_type": picture.media_type, "bytes": bytes.len() }),
        ));
    }
    let mut text = format!(
        "Picture at {} of {range}: {} × {}, {}, {}.\n",
        zone.moment(facts.at, context.now),
        facts.width,
        facts.height,
        plain::size(facts.bytes),
        delivery_state(&segment, context.now, zone)
    );
    match redacted(&facts.redactions) {
        Some(covered) if facts.covered_by.is_empty() => {
            let _ = writeln!(text, "{covered}.");
        }
        Some(covered) => {
            let _ = writeln!(text, "{covered}, by: {}.", facts.covered_by.join("; "));
        }
        None => text.push_str("Nothing is covered.\n"),
    }
    text.push_str("`candor picture --save FILE` writes it to a file as the client sees it.\n");
    Ok(CommandOutput::new(text, serde_json::to_value(&segment)?))
}

/// Writes a new file for its owner only; an existing one stays.
fn write_new_file(file: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut file| file.write_all(bytes))
        .with_context(|| format!("{} could not be written: name a new file", file.display()))
}

fn remove_picture(context: &CommandContext, segment: &Segment, yes: bool) -> Result<CommandOutput> {
    let terms = context.client.ask(&GetTerms { contract: None }, USUAL)?;
    let range = context.zone.range(segment.start, segment_end(segment));
    let takes_time = terms.picture_removal == PictureRemoval::RemovesTime;
    let time = format::tracked_minutes(segment);
    let (what, stays) = match takes_time {
        true => (
            format!("picture and its {time}"),
            format!("Under the terms, this also removes the time of {range}: {time}."),
        ),
        false => ("picture".to_owned(), "Your time stays.".to_owned()),
    };
    if !yes {
        print_aside(&format!(
            "{stays} {} sees that a picture was removed. Until it is sent, `candor picture --at {} --undo` brings it back; \
             then it is destroyed.",
            terms.client,
            context.zone.time(segment.start)
        ));
        if !prompt::confirm(&format!("Delete {what}?"), "--yes")? {
            bail!("nothing was removed");
        }
    }
    context.client.ask(&RemovePicture { start: segment.start }, USUAL)?;
    let now = context.segment_starting_at(segment.start)?;
    let until = now.and_then(|s| s.undo_until).map_or_else(String::new, |until| {
        format!(
            " Until {} `candor picture --at {} --undo` brings it back.",
            context.zone.moment(until, context.now),
            context.zone.time(segment.start)
        )
    });
    let done = if takes_time { "Its time went with it." } else { "Your time stays." };
    Ok(CommandOutput::new(format!("The {what} of {range} is removed. {done}{until}"), Value::Null))
}

/// Brings back a picture that was removed and not sent.
fn restore_picture(context: &CommandContext, at: Option<&str>) -> Result<CommandOutput> {
    let segment = match at {
        Some(at) => context.segment_at(at)?,
        None => {
            let (from, to) = time_input::parse_day(None, context.now, &context.zone)?;
            let removed =
                context.segments_touching(from, to)?.into_iter().rev().find(|s| s.undo_until.is_some());
            removed
                .context("there is nothing to bring back today: what you removed is destroyed once its segment is sent")?
        }
    };
    let range = context.zone.range(segment.start, segment_end(&segment));
    context.run_request(
        &RestoreSegment { start: segment.start },
        USUAL,
        format!("What you removed of {range} is back."),
    )
}

/// What plugins noted, and removing it.
pub(super) fn handle_notes(context: &CommandContext, args: &NotesArgs) -> Result<CommandOutput> {
    let (from, to) = match &args.at {
        Some(at) => {
            let segment = context.segment_at(at)?;
            (segment.start, segment_end(&segment))
        }
        None => time_input::parse_day(args.day.as_deref(), context.now, &context.zone)?,
    };
    let meant = |note: &Note| {
        (from..to).contains(&note.at) && args.plugin.as_ref().is_none_or(|plugin| *plugin == note.plugin)
    };
    let notes: Vec<Note> = context
        .segments_touching(from, to)?
        .into_iter()
        .flat_map(|s| s.notes)
        .filter(|note| meant(note))
        .collect();
    let number = notes.len() as u64;
    if args.remove {
        if notes.is_empty() {
            bail!("no plugin noted anything there");
        }
        let what = format!("{number} {}", plural(number, "note", "notes"));
        if !args.yes && !prompt::confirm(&format!("Remove {what} for good?"), "--yes")? {
            bail!("nothing was removed");
        }
        let request = RemoveNotes { from, to, plugin: args.plugin.clone() };
        let removed = context.client.ask(&request, LONG)?;
        let text = format!("{removed} {} removed. Your time stays.", plural(removed, "note is", "notes are"));
        return Ok(CommandOutput::new(text, json!({ "removed": removed })));
    }
    let mut text = String::new();
    for note in &notes {
        let _ = writeln!(
            text,
            "{}  {} · {}: {}",
            context.zone.moment(note.at, context.now),
            plain::short_line(&note.plugin),
            plain::short_line(&note.kind),
            plain::short_line(&note.body)
        );
    }
    if notes.is_empty() {
        text.push_str("No plugin noted anything.\n");
    } else {
        text.push_str(
            "These are the plugins' own words; the client sees them, too. `--remove` removes them.\n",
        );
    }
    Ok(CommandOutput::new(text, json!(notes)))
}

/// Returns a sentence with the day of a span if that is not today: a clock time that has not come yet today means
/// yesterday's.
fn name_other_day(context: &CommandContext, span: &Forgotten) -> String {
    let day = context.zone.day(span.from, context.now);
    if day == context.zone.day(context.now, context.now) {
        String::new()
    } else {
        format!(" That was {day}.")
    }
}

pub(super) fn forget_span(context: &CommandContext, span: &SpanArgs, yes: bool) -> Result<CommandOutput> {
    let (from, to) = time_input::parse_span(span, context.now, &context.zone)?;
    // What is said and what is done are one computation, over one span: that of the whole segments, as they are now.
    let would = context.client.ask(&WouldForgetSpan { from, to }, LONG)?;
    if !yes {
        let (number, pictures) = (u64::from(would.segments), u64::from(would.pictures));
        let time = format::begun_minutes(would.time_ms);
        print_aside(&format!(
            "{}, {}: {number} whole {}, with {time}, {pictures} {}, counts, texts and memo.\n\
             This cannot be undone. Both sides will see that {time} {} removed, and when; not what.",
            context.zone.day(would.from, context.now),
            context.zone.range(would.from, would.to),
            plural(number, "segment", "segments"),
            plural(pictures, "picture", "pictures"),
            if time.starts_with("1 ") { "was" } else { "were" },
        ));
        if !prompt::confirm(&format!("Remove {time}?"), "--yes")? {
            bail!("nothing was removed");
        }
    }
    let (gone, json) = context.ask(&ForgetSpan { from: would.from, to: would.to }, LONG)?;
    let text = format!(
        "Removed {}: {} {}, {} of time, {} {}.{} Both sides will see that it was removed.",
        context.zone.range(gone.from, gone.to),
        gone.segments,
        plural(gone.segments.into(), "segment", "segments"),
        format::begun_minutes(gone.time_ms),
        gone.pictures,
        plural(gone.pictures.into(), "picture", "pictures"),
        name_other_day(context, &gone)
    );
    Ok(CommandOutput::new(text, json))
}

pub(super) fn add_manual_time(
    context: &CommandContext,
    from: &str,
    to: &str,
    memo: String,
    reason: Option<String>,
) -> Result<CommandOutput> {
    let memo = memo.parse::<Memo>()?.into();
    let (from, to) = time_input::parse_range(from, to, context.now, &context.zone)?;
    let (added, json) = context.ask(&AddManualTime { from, to, memo, reason }, USUAL)?;
    let text = format!(
        "Added {} as manual time, {}.{} The client sees that it was typed in.",
        format::hours_minutes(added.time_ms),
        context.zone.range(added.from, added.to),
        name_other_day(context, &added)
    );
    Ok(CommandOutput::new(text, json))
}
