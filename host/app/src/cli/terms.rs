//! The terms in plain words.

use std::fmt::Write as _;

use anyhow::Result;
use candor_diary::plain;
use candor_diary::terms::{ManualTime, Mode, PictureRemoval, Terms};
use candor_protocol::{GetTerms, USUAL};

use super::context::{CommandContext, CommandOutput};

pub(super) fn show_terms(context: &CommandContext, contract: Option<String>) -> Result<CommandOutput> {
    let (terms, json) = context.ask(&GetTerms { contract }, USUAL)?;
    Ok(CommandOutput::new(terms_text(&terms), json))
}

fn terms_text(terms: &Terms) -> String {
    let mut text = String::new();
    let client = &terms.client;
    let mut line = |name: &str, what: String| {
        let _ = writeln!(text, "{name:<16} {what}");
    };
    line("Contract", format!("{}, terms {}", terms.title, terms.sequence));
    line("Client", client.clone());
    line("Worker", terms.worker.clone());
    line(
        "Mode",
        match terms.mode {
            Mode::Worklog => "worklog: you start and stop, and choose the memo".into(),
            Mode::Monitoring => format!("monitoring: {client} decides when and what is recorded"),
        },
    );
    line("Segment", plain::length(terms.segment.ms()));
    line("Hold", format!("{} before a segment is sent", plain::length(terms.hold_ms)));
    line(
        "Weekly limit",
        terms.weekly_limit.map_or_else(|| "none".into(), |m| candor_diary::plain::duration(m.into())),
    );
    if let Some(rate) = terms.hourly_rate() {
        line("Rate", format!("{} an hour, each line rounded by {}", rate.an_hour(), terms.rounding));
    }
    if !terms.labels.is_empty() {
        line("Labels", terms.labels.join(", "));
    }
    line(
        "Manual time",
        match terms.manual_time {
            ManualTime::No => "no".into(),
            ManualTime::Ask => format!("billed when {client} has agreed"),
            ManualTime::Yes => "yes".into(),
            ManualTime::Only => "only: nothing is tracked".into(),
        },
    );
    line(
        "Pictures",
        match terms.picture_removal {
            PictureRemoval::KeepsTime => "removing one keeps its time".into(),
            PictureRemoval::RemovesTime => "removing one removes the time of its segment".into(),
        },
    );
    let chooses = &terms.worker_chooses;
    let yours: Vec<&str> = [(chooses.pictures, "pictures"), (chooses.activity, "counts")]
        .into_iter()
        .filter_map(|(yours, what)| yours.then_some(what))
        .collect();
    let yours = if yours.is_empty() { "neither pictures nor counts".into() } else { yours.join(", ") };
    line("You choose", yours);
    let collectors: Vec<_> = terms.collectors.iter().map(|c| c.plugin.as_str()).collect();
    line("Recorded by", if collectors.is_empty() { "nothing".into() } else { collectors.join(", ") });
    line(
        "Rules",
        terms.policy.as_ref().map_or_else(
            || "none, so no picture and no title is recorded".into(),
            |policy| format!("{}; `candor notice` lists them in words", policy.plugin),
        ),
    );
    line("Sent by", terms.uploader.plugin.clone());
    for (name, address) in [("Support", &terms.contacts.support), ("Feedback", &terms.contacts.feedback)] {
        if let Some(address) = address {
            line(name, address.clone());
        }
    }
    text
}
