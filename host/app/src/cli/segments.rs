//! What was recorded: a day's segments, pictures, removing and typing in.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use candor_diary::terms::PictureRemoval;
use candor_protocol::{Forgotten, LONG, MAX_MEMO, Picture, Request, Segment, TermsAnswer, USUAL};
use serde_json::json;

use super::args::SpanArgs;
use super::{Answer, Context, prompt, when};
use crate::say::{self, Zone, end, plural};

pub(super) fn today(context: &Context, day: Option<&str>) -> Result<Answer> {
    let (from, to) = when::day(day, context.now, &context.zone)?;
    let value = context.ask(&Request::Segments { from, to })?;
    let segments: Vec<Segment> = serde_json::from_value(value.clone())?;
    let zone = &context.zone;
    let mut text = format!("{}, {}\n", zone.day(from, context.now), zone.name(from));
    for segment in &segments {
        text.push_str(&row(segment, context.now, zone));
    }
    if segments.is_empty() {
        text.push_str("No time. A segment shows here when it has begun.\n");
    } else {
        let total = segments.iter().filter(|s| s.removed_at.is_none()).map(|s| s.billed_ms).sum();
        let _ = writeln!(text, "{:<15} {}", "Together", say::duration(total));
    }
    Ok(Answer::new(text, value))
}

/// A segment on a line or two.
fn row(segment: &Segment, now: u64, zone: &Zone) -> String {
    let range = zone.range(segment.start, end(segment));
    if let Some(at) = segment.removed_at {
        return format!("{range:<15} –     Time removed by you, {}\n", zone.moment(at, now));
    }
    let tracked = segment.minutes.iter().flatten().count();
    let active = segment.minutes.iter().flatten().filter(|count| **count > 0).count();
    let what = if segment.manual {
        "Manual, no picture".to_owned()
    } else {
        let minutes = plural(tracked as u64, "minute", "minutes");
        format!("Activity in {active} of {tracked} {minutes}")
    };
    let label = segment.label.as_ref().map(|l| format!(" ({l})")).unwrap_or_default();
    let mut text = format!(
        "{range:<15} {:<5} {}{label}. {what}, {}\n",
        say::duration(segment.billed_ms),
        segment.memo.as_deref().unwrap_or("No memo"),
        say::state(segment, now, zone)
    );
    let picture = match (&segment.picture, &segment.no_picture_sentence) {
        (Some(picture), _) => {
            let covered = say::covered(picture.redactions.len()).map(|c| format!(", {c}"));
            Some(format!("Picture at {}{}", zone.time(picture.at), covered.unwrap_or_default()))
        }
        (None, Some(sentence)) if !segment.manual => Some(sentence.clone()),
        _ => None,
    };
    if let Some(picture) = picture {
        let _ = writeln!(text, "{:<21} {picture}", "");
    }
    for dropped in &segment.dropped {
        let _ = writeln!(text, "{:<21} {dropped}", "");
    }
    text
}

pub(super) fn picture(
    context: &Context,
    at: Option<&str>,
    save: Option<&Path>,
    remove: bool,
    yes: bool,
) -> Result<Answer> {
    let segment = match at {
        Some(at) => context.segment_at(at)?,
        None => context
            .client
            .status()?
            .last_picture
            .context("there is no picture of today: `candor picture --at TIME` finds an earlier one")?,
    };
    let zone = &context.zone;
    let range = zone.range(segment.start, end(&segment));
    let Some(facts) = &segment.picture else {
        let why = segment.no_picture_sentence.as_deref().unwrap_or("none was taken");
        bail!("{range} has no picture: {why}");
    };
    if remove {
        return remove_picture(context, &segment, yes);
    }
    if let Some(file) = save {
        let picture: Picture = context.client.fetch(&Request::Picture { start: segment.start }, USUAL)?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(&picture.base64)
            .context("the agent's picture is damaged: try again")?;
        write_new(file, &bytes)?;
        let text = format!(
            "Written to {}: {}, {}.",
            file.display(),
            picture.media_type,
            say::size(bytes.len() as u64)
        );
        return Ok(Answer::new(
            text,
            json!({ "file": file, "media_type": picture.media_type, "bytes": bytes.len() }),
        ));
    }
    let mut text = format!(
        "Picture at {} of {range}: {} × {}, {}, {}.\n",
        zone.moment(facts.at, context.now),
        facts.width,
        facts.height,
        say::size(facts.bytes),
        say::state(&segment, context.now, zone)
    );
    match say::covered(facts.redactions.len()) {
        Some(covered) if facts.covered_by.is_empty() => {
            let _ = writeln!(text, "{covered}.");
        }
        Some(covered) => {
            let _ = writeln!(text, "{covered}, by: {}.", facts.covered_by.join("; "));
        }
        None => text.push_str("Nothing is covered.\n"),
    }
    text.push_str("`candor picture --save FILE` writes it to a file as the client sees it.\n");
    Ok(Answer::new(text, serde_json::to_value(&segment)?))
}

/// Writes a new file for its owner only; what is there stays.
fn write_new(file: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut file| file.write_all(bytes))
        .with_context(|| format!("{} could not be written: name a new file", file.display()))
}

fn remove_picture(context: &Context, segment: &Segment, yes: bool) -> Result<Answer> {
    let terms: TermsAnswer = context.client.fetch(&Request::Terms { contract: None }, USUAL)?;
    let range = context.zone.range(segment.start, end(segment));
    let (stays, done) = match terms.picture_removal {
        PictureRemoval::KeepsTime => ("Your time stays.".to_owned(), "Your time stays."),
        PictureRemoval::RemovesTime => (
            format!("By the terms the time of {range} goes with it: {}.", say::duration(segment.billed_ms)),
            "Its time went with it.",
        ),
    };
    if !yes {
        eprintln!(
            "The picture of {range} is removed for good. {stays} {} sees that a picture was removed.",
            terms.client
        );
        if !prompt::confirm("Remove it?", "--yes")? {
            bail!("nothing was removed");
        }
    }
    context.tell(
        &Request::RemovePicture { start: segment.start },
        format!("The picture of {range} is removed. {done}"),
    )
}

pub(super) fn forget(context: &Context, span: &SpanArgs, yes: bool) -> Result<Answer> {
    let (from, to) = when::span(span, context.now, &context.zone)?;
    let segments: Vec<Segment> =
        context.touching(from, to)?.into_iter().filter(|s| s.removed_at.is_none()).collect();
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
        bail!("nothing was recorded {}: there is nothing to remove", context.zone.range(from, to));
    };
    if !yes {
        let pictures = segments.iter().filter(|s| s.picture.is_some()).count() as u64;
        let time: u64 = segments.iter().map(|s| s.billed_ms).sum();
        let number = segments.len() as u64;
        eprintln!(
            "{}, {}: {number} whole {}, with {} of time, {pictures} {}, counts, texts and memo.\n\
             This cannot be undone. Both sides will see that {} was removed, and when; not what.",
            context.zone.day(first.start, context.now),
            context.zone.range(first.start, end(last)),
            plural(number, "segment", "segments"),
            say::duration(time),
            plural(pictures, "picture", "pictures"),
            say::duration(time)
        );
        if !prompt::confirm(&format!("Remove {}?", say::duration(time)), "--yes")? {
            bail!("nothing was removed");
        }
    }
    let value = context.client.ask(&Request::Forget { from, to }, LONG)?;
    let gone: Forgotten = serde_json::from_value(value.clone())?;
    let text = format!(
        "Removed {}: {} {}, {} of time, {} {}. A tombstone stays that both sides see.",
        context.zone.range(gone.from, gone.to),
        gone.segments,
        plural(gone.segments.into(), "segment", "segments"),
        say::duration(gone.time_ms),
        gone.pictures,
        plural(gone.pictures.into(), "picture", "pictures"),
    );
    Ok(Answer::new(text, value))
}

pub(super) fn manual(context: &Context, from: &str, to: &str, memo: String) -> Result<Answer> {
    let length = memo.chars().count();
    if memo.trim().is_empty() || length > MAX_MEMO {
        bail!("say what you did, in 1 to {MAX_MEMO} characters");
    }
    let (from, to) = when::from_to(from, to, context.now, &context.zone)?;
    let value = context.client.ask(&Request::AddManual { from, to, memo }, USUAL)?;
    let added: Forgotten = serde_json::from_value(value.clone())?;
    let text = format!(
        "Added {} as manual time, {}. The client sees that it was typed in.",
        say::duration(added.time_ms),
        context.zone.range(added.from, added.to)
    );
    Ok(Answer::new(text, value))
}
