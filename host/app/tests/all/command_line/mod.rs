//! Every command: what it asks the agent for, what it says, and how it fails.

mod agent_state;
mod hostile_text;
mod program;
mod recorded;
mod settings;
mod tracking;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use candor_diary::terms::PictureRemoval;
use candor_protocol::*;
use serde_json::{Value, json};

use crate::agent::{Agent, NOW, START, pictured, segment};

/// The program, as a person in Helsinki would call it, with nobody at the terminal.
fn candor(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
    command.arg("--data").arg(data).env("TZ", "Europe/Helsinki").stdin(Stdio::null());
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    candor(data).args(arguments).output().unwrap()
}

/// What it says, where it succeeds.
#[track_caller]
fn says(agent: &Agent, arguments: &[&str]) -> String {
    let output = run(agent.data(), arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The one sentence, where it fails.
#[track_caller]
fn fails(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?} says something on the standard output");
    let error = String::from_utf8(output.stderr).unwrap();
    let last = error.lines().last().unwrap_or_default().to_owned();
    assert!(last.starts_with("candor: ") && last.ends_with(['.', '?']), "{error}");
    last
}
