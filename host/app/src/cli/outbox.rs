//! What waits, what was sent, and taking it back.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use candor_diary::plain::{self, plural, short_hex};
use candor_protocol::{
    CancelParcel, GetOutbox, GetParcel, OutboxAnswer, OutboxParcel, ParcelState, SendAgain, SendNow, TryNow,
    USUAL, UncancelParcel,
};
use serde_json::json;

use super::args::OutboxCommand;
use super::context::{CommandContext, CommandOutput};
use crate::format;

pub(super) fn handle_outbox(
    context: &CommandContext,
    command: Option<OutboxCommand>,
) -> Result<CommandOutput> {
    let all = context.client.ask(&GetOutbox, USUAL)?;
    match command {
        None | Some(OutboxCommand::List) => list_parcels(context, &all),
        Some(OutboxCommand::Show { id }) => show_parcel(context, find_parcel(&all.entries, &id)?),
        Some(OutboxCommand::Cancel { id }) => {
            let entry = find_parcel(&all.entries, &id)?;
            let done = format!(
                "{} is taken back: nothing of it is sent. `candor outbox undo {}` undoes this.",
                context.zone.moment(entry.segment_start, context.now),
                short_id(entry)
            );
            context.run_request(&CancelParcel { parcel: entry.parcel.clone() }, USUAL, done)
        }
        Some(OutboxCommand::Undo { id }) => {
            let parcel = find_parcel(&all.entries, &id)?.parcel.clone();
            context.run_request(&UncancelParcel { parcel }, USUAL, "It is to be sent again.")
        }
        Some(OutboxCommand::SendAgain { id }) => {
            let parcel = find_parcel(&all.entries, &id)?.parcel.clone();
            context.run_request(&SendAgain { parcel }, USUAL, "It is sent again.")
        }
        Some(OutboxCommand::Send { id }) => send_parcels(context, &all.entries, id.as_deref()),
        Some(OutboxCommand::Wait { timeout_s }) => wait_for_delivery(context, Duration::from_secs(timeout_s)),
        Some(OutboxCommand::Try) => {
            context.run_request(&TryNow, USUAL, "Everything that waits is tried now.")
        }
    }
}

/// How often it is looked whether everything is delivered.
const LOOK: Duration = Duration::from_millis(250);

/// Waits until nothing is open, held or waiting, and fails after `limit` or if something was refused.
fn wait_for_delivery(context: &CommandContext, limit: Duration) -> Result<CommandOutput> {
    let until = Instant::now() + limit;
    loop {
        let status = context.client.status()?;
        let outbox = &status.outbox;
        let left = outbox.held + outbox.waiting + u64::try_from(status.segments.open)?;
        let refused = match outbox.rejected {
            0 => String::new(),
            n => format!(
                "{n} {} not counted: `candor outbox` says why, `candor outbox send-again ID` sends one again.",
                plural(n, "segment was refused and is", "segments were refused and are")
            ),
        };
        if left == 0 {
            if !refused.is_empty() {
                bail!("{refused}");
            }
            let text = match outbox.cancelled {
                0 => "Everything is delivered.".to_owned(),
                n => format!("Everything is sent, except {n} taken back."),
            };
            return Ok(CommandOutput::new(text, json!({ "cancelled": outbox.cancelled })));
        }
        if Instant::now() >= until {
            let are = plural(left, "segment is", "segments are");
            let waiting = format!("{left} {are} not delivered yet; what waits is kept on this computer.");
            let sentences = [waiting, refused].into_iter().chain(status.problems);
            bail!("{}", sentences.filter(|sentence| !sentence.is_empty()).collect::<Vec<_>>().join(" "));
        }
        std::thread::sleep(LOOK);
    }
}

/// The first digits of a parcel's id, as they can be typed.
fn short_id(entry: &OutboxParcel) -> String {
    entry.parcel.chars().take(8).collect()
}

/// The parcel that was meant: by its id or a beginning of it; spaces as they are shown do not matter.
fn find_parcel<'a>(entries: &'a [OutboxParcel], meant: &str) -> Result<&'a OutboxParcel> {
    let digits: String = meant.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let mut fitting = entries.iter().filter(|e| !digits.is_empty() && e.parcel.starts_with(&digits));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => bail!("there is no parcel {meant:?}: `candor outbox` lists them"),
        (Some(_), Some(_)) => bail!("more than one parcel begins with {meant:?}: write more of its id"),
    }
}

fn list_parcels(context: &CommandContext, all: &OutboxAnswer) -> Result<CommandOutput> {
    let (zone, now) = (&context.zone, context.now);
    let mut text = String::new();
    for entry in &all.entries {
        let state = match entry.state {
            ParcelState::Held => {
                format!("sends in {}", format::minutes_seconds(entry.hold_until.saturating_sub(now)))
            }
            ParcelState::Waiting if entry.next_try_at > now => {
                format!("next try at {}", zone.moment(entry.next_try_at, now))
            }
            ParcelState::Waiting => "on its way".to_owned(),
            ParcelState::Delivered => match entry.delivered_at {
                Some(at) => format!("sent {}", zone.moment(at, now)),
                None => "sent".to_owned(),
            },
            ParcelState::Rejected => "refused, not counted".to_owned(),
            ParcelState::Cancelled => "taken back".to_owned(),
        };
        let _ = writeln!(
            text,
            "{}  {:<18} {:>8}  {:<34} {state}, by {}",
            short_hex(&entry.parcel, 2),
            zone.moment(entry.segment_start, now),
            plain::size(entry.bytes),
            entry.holds.as_deref().unwrap_or_default(),
            entry.target
        );
        if let (Some(why), false) = (&entry.last_error, entry.state == ParcelState::Delivered) {
            let tries = plural(entry.attempts.into(), "try", "tries");
            let _ = writeln!(text, "           after {} {tries}: {why}", entry.attempts);
        }
    }
    let refused = all.entries.iter().filter(|entry| entry.state == ParcelState::Rejected).count() as u64;
    if refused > 0 {
        let _ = writeln!(
            text,
            "{refused} {} refused and not counted: `candor outbox send-again ID` sends one again.",
            plural(refused, "segment was", "segments were")
        );
    }
    if all.entries.is_empty() {
        text.push_str("Nothing waiting. A segment shows here when it has ended.\n");
    }
    let _ = writeln!(
        text,
        "On this computer: {} of at most {}.",
        plain::size(all.disk_bytes),
        plain::size(all.disk_limit)
    );
    Ok(CommandOutput::new(text, serde_json::to_value(all)?))
}

fn show_parcel(context: &CommandContext, entry: &OutboxParcel) -> Result<CommandOutput> {
    let (bytes, json) = context.ask(&GetParcel { parcel: entry.parcel.clone() }, USUAL)?;
    let mut text = format!(
        "What is sent, signed, {}:\n{}\n\n",
        plain::size(bytes.envelope.len() as u64),
        bytes.envelope
    );
    let _ = writeln!(text, "The same, readable:\n{:#}", bytes.document);
    for detail in &bytes.details {
        let (kind, size, sha256) = (&detail.kind, plain::size(detail.length), &detail.sha256);
        let _ = match &detail.text {
            Some(exact) => writeln!(text, "\nDetail {kind}, {size}, SHA-256 {sha256}:\n{exact}"),
            None => writeln!(text, "\nDetail {kind}, {size}, SHA-256 {sha256}: purged, and no longer here"),
        };
    }
    for (sha256, length) in &bytes.attachments {
        let _ = writeln!(text, "Attachment: {}, SHA-256 {sha256}", plain::size(*length));
    }
    Ok(CommandOutput::new(text, json))
}

fn send_parcels(
    context: &CommandContext,
    entries: &[OutboxParcel],
    id: Option<&str>,
) -> Result<CommandOutput> {
    let chosen: Vec<&OutboxParcel> = match id {
        Some(id) => vec![find_parcel(entries, id)?],
        None => entries.iter().filter(|e| e.state == ParcelState::Held).collect(),
    };
    if let Some(other) = chosen.iter().find(|e| e.state != ParcelState::Held) {
        bail!("{} is not held any more: `candor outbox` shows where it is", short_hex(&other.parcel, 2));
    }
    for entry in &chosen {
        context.client.ask(&SendNow { start: entry.segment_start }, USUAL)?;
    }
    let number = chosen.len() as u64;
    let text = match number {
        0 => "Nothing is held.".to_owned(),
        _ => format!("{number} {} sent now.", plural(number, "segment is", "segments are")),
    };
    Ok(CommandOutput::new(text, json!({ "sent": number })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(parcel: &str) -> OutboxParcel {
        OutboxParcel {
            parcel: parcel.into(),
            contract: "c".into(),
            segment_start: 0,
            revision: 0,
            sequence: 1,
            target: "backoffice".into(),
            state: ParcelState::Held,
            hold_until: 0,
            attempts: 0,
            next_try_at: 0,
            last_error: None,
            attachments: 0,
            bytes: 1,
            holds: Some("activity".into()),
            delivered_at: None,
        }
    }

    #[test]
    fn a_parcel_is_meant_by_a_beginning_as_it_is_shown() {
        let all = [entry("8c1e77d0a94b"), entry("8c1effff")];
        assert_eq!(find_parcel(&all, "8c1e 77d0").unwrap().parcel, "8c1e77d0a94b");
        assert_eq!(find_parcel(&all, "8C1EF").unwrap().parcel, "8c1effff");
        assert!(find_parcel(&all, "8c1e").unwrap_err().to_string().contains("more of its id"));
        assert!(find_parcel(&all, " ").unwrap_err().to_string().contains("candor outbox"));
    }
}
