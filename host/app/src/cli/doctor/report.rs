//! The whole check: this program's own findings and the agent's, as one list.

use std::fmt::Write as _;

use anyhow::Result;
use candor_protocol::{Check, ClientError, LONG, RunDoctor, Status};

use super::check::{failed, passed};
use super::{desktop, machine, network};
use crate::cli::context::{CommandContext, CommandOutput};

/// The checks that this program knows better than the agent: it runs in the person's session.
const OURS: [&str; 4] = ["agent", "tray", "notifications", "pause-shortcut"];

pub(in crate::cli) fn run_doctor(context: &CommandContext) -> Result<CommandOutput> {
    let client = &context.client;
    let (agent, status, theirs) = match client.status() {
        Ok(status) => (running_agent(&status), Some(status), client.ask(&RunDoctor, LONG)),
        Err(error) => (missing_agent(&error), None, Ok(Vec::new())),
    };
    let mut ours = vec![agent];
    ours.extend(desktop::checks(client));
    ours.extend(machine::checks(client.data()));
    ours.extend(network::checks(&server_addresses(context, status.as_ref())));
    let checks = match theirs {
        Ok(theirs) => merge_checks(ours, theirs),
        Err(error) => {
            let found = format!("it runs, but could not check itself: {error}");
            let advice = "End it with `candor quit`, and start it again with `candor start`.";
            merge_checks(ours, vec![failed("agent-doctor", found, advice)])
        }
    };
    let mut answer = CommandOutput::new(report_text(&checks), serde_json::to_value(&checks)?);
    answer.found_problem = checks.iter().any(|check| !check.ok);
    Ok(answer)
}

fn running_agent(status: &Status) -> Check {
    let number = status.problems.len();
    if number == 0 {
        let state = if status.tracking { "runs and tracks" } else { "runs, not tracking" };
        return passed("agent", state);
    }
    failed(
        "agent",
        format!("runs; {}", status.problems.join("; ")),
        "Run `candor status` later to see whether it is gone.",
    )
}

fn missing_agent(error: &ClientError) -> Check {
    match error {
        ClientError::NotRunning(data) => failed(
            "agent",
            format!("none runs on {}, so nothing is recorded", data.display()),
            "Start it with `candor start`.",
        ),
        other => failed("agent", other.to_string(), "End it, and start it again with `candor start`."),
    }
}

/// Returns the addresses of the servers that this device sends to.
fn server_addresses(context: &CommandContext, status: Option<&Status>) -> Vec<String> {
    let mut servers: Vec<String> = match status {
        Some(status) => status.contracts.iter().map(|c| c.server.clone()).collect(),
        // The agent's own file: without an agent, nobody else knows.
        None => {
            let seats =
                std::fs::read_dir(context.client.data().join("contracts")).into_iter().flatten().flatten();
            let server = |seat: std::fs::DirEntry| {
                let bytes = std::fs::read(seat.path().join("enrolment.json")).ok()?;
                let enrolment: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
                enrolment.get("server")?.as_str().map(str::to_owned)
            };
            seats.filter_map(server).collect()
        }
    };
    servers.sort();
    servers.dedup();
    servers
}

/// Returns one list, with each name by whoever knows better.
fn merge_checks(ours: Vec<Check>, theirs: Vec<Check>) -> Vec<Check> {
    let theirs: Vec<Check> = theirs.into_iter().filter(|c| !OURS.contains(&c.name.as_str())).collect();
    let mut all: Vec<Check> = ours
        .into_iter()
        .flat_map(|our| {
            let of_same: Vec<Check> = theirs.iter().filter(|their| their.name == our.name).cloned().collect();
            if of_same.is_empty() { vec![our] } else { of_same }
        })
        .collect();
    for their in theirs {
        if !all.contains(&their) {
            all.push(their);
        }
    }
    all
}

fn report_text(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = if check.ok { "ok     " } else { "problem" };
        let _ = writeln!(text, "{mark}  {:<15} {}", check.name, check.found);
        if let Some(advice) = &check.advice {
            let _ = writeln!(text, "{:<25}{advice}", "");
        }
    }
    match checks.iter().filter(|check| !check.ok).count() {
        0 => text.push_str("Everything that tracking needs is there.\n"),
        1 => text.push_str("1 problem found.\n"),
        many => {
            let _ = writeln!(text, "{many} problems found.");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_speaks_for_what_it_does_and_this_program_for_what_is_shown() {
        let ours =
            vec![passed("agent", "a"), passed("display", "b"), failed("tray", "c", "d"), passed("load", "e")];
        let theirs = vec![
            failed("display", "gone", "x"),
            passed("tray", "there"),
            passed("plugins", "p"),
            passed("plugins", "q"),
        ];
        let names: Vec<(String, String)> =
            merge_checks(ours, theirs).into_iter().map(|c| (c.name, c.found)).collect();
        let wanted = [
            ("agent", "a"),
            ("display", "gone"),
            ("tray", "c"),
            ("load", "e"),
            ("plugins", "p"),
            ("plugins", "q"),
        ];
        assert_eq!(names, wanted.map(|(n, f)| (n.to_owned(), f.to_owned())));
    }
}
