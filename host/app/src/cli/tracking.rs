//! On, off, and what the work is.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use candor_diary::memo::Memo;
use candor_diary::parcel::{NO_SIGN, redacted};
use candor_diary::plain;
use candor_diary::terms::Mode;
use candor_protocol::{
    AnswerIdle, EditSegment, GetStatus, IdleAnswer, LONG, PauseTracking, SetLabel, SetMemo, StartTracking,
    Status, StopTracking, USUAL, UndoIdleAnswer,
};
use serde_json::{Value, json};

use super::args::{IdleCommand, StopAt};
use super::context::{CommandContext, CommandOutput};
use super::delivery_state::delivery_state;
use crate::format::{self, DisplayZone};

pub(super) fn show_status(context: &CommandContext) -> Result<CommandOutput> {
    let (status, json) = context.ask(&GetStatus { after: None }, USUAL)?;
    Ok(CommandOutput::new(status_text(&status, &context.zone), json))
}

/// The status in words.
fn status_text(status: &Status, zone: &DisplayZone) -> String {
    let mut text = String::new();
    let mut line = |l: String| {
        text.push_str(&l);
        text.push('\n');
    };
    if status.current.is_none() {
        line("No contract yet, so nothing is recorded. Join one with `candor join LINK`.".into());
    } else {
        line(format!("{} · {}", status.title(), status.client()));
        line(recording_state(status, zone));
        if status.mode == Mode::Monitoring {
            line(format!(
                "{} decides what is recorded here. `candor notice` says what; `candor pause` always works.",
                status.client()
            ));
        }
        let label = status.label.as_ref().map(|l| format!(" ({l})")).unwrap_or_default();
        line(format!("Memo: {}{label}", status.memo.as_deref().unwrap_or("–")));
        let mut limit =
            status.limit_ms.map(|l| format!(" of {}", format::hours_minutes(l))).unwrap_or_default();
        if status.over_ms > 0 {
            limit += &format!(", {} over limit", format::hours_minutes(status.over_ms));
        }
        line(format!(
            "Today {}, this week {}{limit}.",
            format::hours_minutes(status.today_ms),
            format::hours_minutes(status.week_ms)
        ));
        if let Some(picture) = last_picture(status, zone) {
            line(picture);
        }
    }
    if let Some(question) = status.question {
        line(format!(
            "Were you working from {} to {}? There were no keys, clicks or scrolls for {}. Answer with \
             `candor idle leave-out`{}.",
            zone.time(question.from),
            zone.time(question.to),
            format::hours_minutes(question.to.saturating_sub(question.from)),
            if question.manual_ms > 0 { " or `candor idle manual MEMO`" } else { "" }
        ));
    }
    line(outbox_state(status, zone));
    for problem in &status.problems {
        line(format!("Problem: {problem}"));
    }
    text
}

/// Whether it records, since when, and what would make it.
fn recording_state(status: &Status, zone: &DisplayZone) -> String {
    if !status.notice_accepted {
        return "Nothing is recorded: what is recorded here was not accepted yet. Read `candor notice`, then run \
                `candor accept`."
            .into();
    }
    if let Some(since) = status.paused_since {
        return format!(
            "Paused for private time since {}. Nothing is recorded. `candor start` resumes.",
            zone.moment(since, status.now)
        );
    }
    if let Some((since, cause)) = status.away_since.zip(status.away) {
        return format!(
            "Tracking is on, but nothing has been recorded since {}: {}. It resumes by itself.",
            zone.moment(since, status.now),
            format::gap_cause(cause)
        );
    }
    match (status.tracking, status.since) {
        (true, since) => {
            let since = since.map(|s| format!(" since {}", zone.moment(s, status.now))).unwrap_or_default();
            let stopping = if status.stopping { " Stops when this segment ends." } else { "" };
            format!(
                "Tracking{since}, {} on.{stopping}{}",
                format::clock(status.on_ms),
                format::indicator_sentence(&status.sign)
            )
        }
        (false, _) => "Stopped. Nothing is recorded. Start with `candor start`.".into(),
    }
}

fn last_picture(status: &Status, zone: &DisplayZone) -> Option<String> {
    let segment = status.last_picture.as_ref()?;
    let picture = segment.picture.as_ref()?;
    let mut text = format!("Last picture {}", zone.moment(picture.at, status.now));
    if let Some(covered) = redacted(&picture.redactions) {
        let _ = write!(text, ", {covered}");
    }
    let _ = write!(text, ", {}.", delivery_state(segment, status.now, zone));
    Some(text)
}

fn outbox_state(status: &Status, zone: &DisplayZone) -> String {
    let counts = &status.outbox;
    let mut text = match counts.held + counts.waiting {
        0 if counts.rejected > 0 => String::new(),
        0 => "Nothing waiting.".to_owned(),
        _ => format!(
            "Outbox: {} held, {} waiting, {}.",
            plain::count(counts.held),
            plain::count(counts.waiting),
            plain::size(counts.bytes)
        ),
    };
    if let Some(since) = status.offline_since {
        let _ = write!(
            text,
            " No connection since {}. Everything is kept on this computer",
            zone.moment(since, status.now)
        );
        if let Some(next) = status.next_try_at {
            let _ = write!(text, "; next try at {}", zone.moment(next, status.now));
        }
        text.push('.');
    }
    if counts.rejected > 0 {
        let _ = write!(
            text,
            " {} refused by the back office and not counted: see `candor outbox`.",
            counts.rejected
        );
    }
    text
}

pub(super) fn start_tracking(
    context: &CommandContext,
    memo: Option<String>,
    no_sign: bool,
) -> Result<CommandOutput> {
    memo.as_deref().map(Memo::read_optional).transpose()?;
    context.ensure_agent()?;
    context.client.ask(&StartTracking { memo, no_sign }, LONG)?;
    let status = context.client.status()?;
    let memo = status.memo.as_ref().map(|m| format!(" Memo: {m}.")).unwrap_or_default();
    let unseen = if no_sign { format!(" {NO_SIGN}") } else { String::new() };
    Ok(CommandOutput::new(
        format!("Tracking '{}' for {}.{memo}{unseen}", status.title(), status.client()),
        Value::Null,
    ))
}

pub(super) fn stop_tracking(context: &CommandContext, at: StopAt) -> Result<CommandOutput> {
    let at_segment_end = at == StopAt::SegmentEnd;
    let done = if at_segment_end { "Tracking stops when this segment ends." } else { "Stopped." };
    context.run_request(&StopTracking { at_segment_end }, USUAL, done)
}

pub(super) fn pause_tracking(context: &CommandContext) -> Result<CommandOutput> {
    context.run_request(
        &PauseTracking,
        USUAL,
        "Paused for private time. Nothing is recorded until `candor start`; the time shows as a gap.",
    )
}

pub(super) fn handle_memo(
    context: &CommandContext,
    text: Option<String>,
    at: Option<&str>,
) -> Result<CommandOutput> {
    text.as_deref().map(Memo::read_optional).transpose()?;
    match (text, at) {
        (Some(memo), Some(at)) => {
            let segment = context.segment_at(at)?;
            let done =
                format!("Memo of {} set.", context.zone.range(segment.start, format::segment_end(&segment)));
            let label = segment.label;
            context.run_request(&EditSegment { start: segment.start, memo, label }, USUAL, done)
        }
        (Some(memo), None) => {
            let done = if memo.trim().is_empty() { "Memo cleared." } else { "Memo set." };
            context.run_request(&SetMemo { memo }, USUAL, done)
        }
        (None, _) => {
            let status = context.client.status()?;
            let mut text = format!("Memo: {}\n", status.memo.as_deref().unwrap_or("–"));
            for recent in &status.recent_memos {
                let _ = writeln!(text, "  before: {recent}");
            }
            Ok(CommandOutput::new(text, json!({ "memo": status.memo, "recent": status.recent_memos })))
        }
    }
}

pub(super) fn handle_label(
    context: &CommandContext,
    label: Option<String>,
    none: bool,
    at: Option<&str>,
) -> Result<CommandOutput> {
    if label.is_none() && !none {
        if at.is_some() {
            bail!("say which label, or --none");
        }
        return list_labels(context);
    }
    let done = match &label {
        Some(label) => format!("Label set: {label}."),
        None => "Label removed.".into(),
    };
    match at {
        Some(at) => {
            let segment = context.segment_at(at)?;
            let memo = segment.memo.unwrap_or_default();
            context.run_request(&EditSegment { start: segment.start, memo, label }, USUAL, done)
        }
        None => context.run_request(&SetLabel { label }, USUAL, done),
    }
}

fn list_labels(context: &CommandContext) -> Result<CommandOutput> {
    let status = context.client.status()?;
    let mut text = String::new();
    for label in &status.labels {
        let mark = if status.label.as_ref() == Some(label) { "*" } else { " " };
        let _ = writeln!(text, "{mark} {label}");
    }
    if status.labels.is_empty() {
        let _ = writeln!(text, "{} uses no labels in this contract.", status.client());
    }
    Ok(CommandOutput::new(text, json!({ "label": status.label, "labels": status.labels })))
}

pub(super) fn answer_idle_question(context: &CommandContext, answer: IdleCommand) -> Result<CommandOutput> {
    let (answer, done) = match answer {
        IdleCommand::LeaveOut => {
            (IdleAnswer::LeaveOut, "The time is left out. `candor idle undo` takes that back.")
        }
        IdleCommand::Manual { memo } => {
            let memo = memo.parse::<Memo>()?.into();
            (
                IdleAnswer::Manual(memo),
                "The time is kept as manual time. `candor idle undo` takes that back until it is sent.",
            )
        }
        IdleCommand::Undo => {
            let done = "The question is open again: `candor idle --help` says how to answer.";
            return context.run_request(&UndoIdleAnswer, USUAL, done);
        }
    };
    context.run_request(&AnswerIdle { answer }, USUAL, done)
}
