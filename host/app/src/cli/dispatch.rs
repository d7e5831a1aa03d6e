//! The command line. Each command asks the agent, and says what came of it: in plain sentences, or with `--json` as
//! the agent's own answer.
//!
//! A command never prints by itself: it answers an `Answer`, which is printed once, whole. Start reading at
//! [`run`].

pub mod args;
mod contract;
mod desktop;
mod doctor;
mod outbox;
mod own_data;
mod prompt;
mod segments;
mod settings;
mod terms;
mod tracking;
mod when;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use candor_diary::plain;
use candor_protocol::{Request, Segment};
use serde_json::{Value, json};

pub use self::args::Command;
use crate::launch::ensure_agent;
use crate::say::{self, Zone, end};
use candor_protocol::{Client, USUAL};

/// What came of a command.
#[derive(Debug)]
struct CommandOutput {
    /// For people.
    text: String,
    /// For programs.
    json: Value,
    /// Whether it was found that something is not as it should be.
    bad: bool,
}

impl CommandOutput {
    fn new(text: impl Into<String>, json: Value) -> Self {
        // A request that has nothing to say answers null: a program wants an object.
        let json = if json.is_null() { json!({ "done": true }) } else { json };
        Self { text: text.into(), json, bad: false }
    }
}

/// What a command has at hand.
struct Context {
    client: Client,
    /// The program that is started where no agent runs; none means the one beside this program.
    agent: Option<PathBuf>,
    zone: Zone,
    now: u64,
}

impl Context {
    /// Asks the agent.
    fn ask(&self, request: &Request) -> Result<Value> {
        Ok(self.client.ask(request, USUAL)?)
    }

    /// Asks the agent, and says what was done.
    fn tell(&self, request: &Request, done: impl Into<String>) -> Result<CommandOutput> {
        Ok(CommandOutput::new(done, self.ask(request)?))
    }

    /// Starts the agent where none runs, and says so on the standard error, where it is in nobody's way.
    fn ensure_agent(&self) -> Result<()> {
        if !self.client.runs() {
            say::aside("Starting the agent. The first time takes up to a minute.");
        }
        ensure_agent(&self.client, self.agent.as_deref())?;
        Ok(())
    }

    /// The segments of the current contract that touch a span, in order.
    fn touching(&self, from: u64, to: u64) -> Result<Vec<Segment>> {
        /// The longest segment, in milliseconds: one that touches the span may start that long before it.
        const LONGEST: u64 = 3_600_000;
        let request = Request::Segments { from: from.saturating_sub(LONGEST), to };
        let all: Vec<Segment> = self.client.fetch(&request, USUAL)?;
        Ok(all.into_iter().filter(|s| end(s) > from && s.start < to).collect())
    }

    /// The segment that begins then, as it is now.
    fn segment_from(&self, start: u64) -> Result<Option<Segment>> {
        Ok(self.touching(start, start + 1)?.into_iter().find(|segment| segment.start == start))
    }

    /// The segment that holds a time.
    fn segment_at(&self, text: &str) -> Result<Segment> {
        let at = when::time(text, self.now, &self.zone)?;
        self.touching(at, at + 1)?.pop().with_context(|| {
            format!(
                "nothing was recorded at {}: `candor today` lists what was",
                self.zone.moment(at, self.now)
            )
        })
    }
}

/// Runs a command on the agent of a data folder (started from the program `agent` where none runs) and prints what came of it. An error is one sentence on the standard
/// error, and the exit code 1.
#[must_use]
pub fn run(command: Command, client: Client, agent: Option<&Path>, json: bool) -> ExitCode {
    let agent = agent.map(Path::to_path_buf);
    let context = Context { client, agent, zone: Zone::here(), now: when::now() };
    match answer(&context, command) {
        Ok(answer) => {
            let printed = if json {
                print(plain::escaped_json(&format!("{:#}\n", answer.json)).as_bytes())
            } else {
                print(with_line_end(plain::visible_lines(&answer.text).into_owned()).as_bytes())
            };
            match printed {
                Ok(()) if !answer.bad => ExitCode::SUCCESS,
                _ => ExitCode::FAILURE,
            }
        }
        Err(error) => fail(&error, json),
    }
}

/// Says in one sentence what went wrong.
#[must_use]
pub fn fail(error: &anyhow::Error, json: bool) -> ExitCode {
    let sentence = sentence(error);
    if json {
        // Nothing more can be done where nobody reads this.
        let _ = print(format!("{:#}\n", json!({ "error": sentence })).as_bytes());
    }
    say::aside(&format!("candor: {sentence}"));
    ExitCode::FAILURE
}

/// The error and what it comes from, as one sentence.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // The system's number for it says nothing to a person.
        let cause = match cause.split_once(" (os error ") {
            Some((words, rest)) => format!("{words}{}", rest.split_once(')').map_or("", |(_, rest)| rest)),
            None => cause,
        };
        // An error that says its source's words itself must not say them twice.
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    if !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    // It holds what the agent, a server or the system said.
    plain::visible(&text).into_owned()
}

fn with_line_end(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Prints whole or fails; that nobody reads any more (`candor today | head`) is no failure.
///
/// # Errors
/// Where the standard output does not take it.
pub fn print(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

fn answer(context: &Context, command: Command) -> Result<CommandOutput> {
    match command {
        Command::Status => tracking::status(context),
        Command::Start { memo, no_sign } => tracking::start(context, memo, no_sign),
        Command::Stop { at } => tracking::stop(context, at),
        Command::Pause => tracking::pause(context),
        Command::Memo { text, at } => tracking::memo(context, text, at.as_deref()),
        Command::Label { label, none, at } => tracking::label(context, label, none, at.as_deref()),
        Command::Idle { answer } => tracking::idle(context, answer),
        Command::Contract { command } => contract::contract(context, command),
        Command::Join { invitation } => contract::join(context, &invitation),
        Command::Notice { contract } => contract::notice(context, contract),
        Command::Accept { contract, by, digest } => {
            contract::accept(context, contract, by, digest.as_deref())
        }
        Command::Terms { contract } => terms::terms(context, contract),
        Command::Today { day } => segments::today(context, day.as_deref()),
        Command::Picture { at, save, remove, undo, yes } => {
            segments::picture(context, at.as_deref(), save.as_deref(), remove, undo, yes)
        }
        Command::Notes(args) => segments::notes(context, &args),
        Command::Forget { span, yes } => segments::forget(context, &span, yes),
        Command::Manual { from, to, reason, memo } => segments::manual(context, &from, &to, memo, reason),
        Command::Outbox { command } => outbox::outbox(context, command),
        Command::Rules { command } => settings::rules(context, command),
        Command::Preferences { command } => settings::preferences(context, command),
        Command::Plugins => own_data::plugins(context),
        Command::Doctor => doctor::doctor(context),
        Command::Export { folder } => own_data::export(context, folder),
        Command::Verify => own_data::verify(context),
        Command::Quit => {
            context.tell(&Request::Quit, "The agent ends. Nothing is recorded until it is started.")
        }
        // These are the program's own and do not get here.
        Command::Desktop { remove } => desktop::desktop(context, remove),
        Command::Tray { .. } | Command::Window { .. } | Command::Completions { .. } => {
            anyhow::bail!("this command is not for the agent")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_sentence_and_says_nothing_twice() {
        let error = anyhow::anyhow!("disk full").context("the file a could not be written (disk full)");
        assert_eq!(sentence(&error), "the file a could not be written (disk full).");
        let error = anyhow::anyhow!("disk full").context("the file a could not be written");
        assert_eq!(sentence(&error), "the file a could not be written: disk full.");
    }
}
