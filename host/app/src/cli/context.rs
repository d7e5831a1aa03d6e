//! What every command works with, and what it returns.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use candor_protocol::{Client, GetSegments, Request, Segment, USUAL};
use serde_json::{Value, json};

use super::time_input;
use crate::format::{DisplayZone, segment_end};
use crate::launch;
use crate::terminal::print_aside;

/// The result of a command.
#[derive(Debug)]
pub(super) struct CommandOutput {
    /// The result for people.
    pub(super) text: String,
    /// The result for programs.
    pub(super) json: Value,
    /// Whether the command found a problem, which makes the exit code 1.
    pub(super) found_problem: bool,
}

impl CommandOutput {
    pub(super) fn new(text: impl Into<String>, json: Value) -> Self {
        // A request that has nothing to say answers null: a program wants an object.
        let json = if json.is_null() { json!({ "done": true }) } else { json };
        Self { text: text.into(), json, found_problem: false }
    }
}

/// What every command works with.
pub(super) struct CommandContext {
    pub(super) client: Client,
    /// The program that is started if no agent runs; `None` is the one beside this program.
    pub(super) agent: Option<PathBuf>,
    pub(super) zone: DisplayZone,
    pub(super) now: u64,
}

impl CommandContext {
    /// Asks the agent. Returns the answer as it may be shown to a person, and as JSON for programs.
    pub(super) fn ask<R: Request>(&self, request: &R, limit: Duration) -> Result<(R::Answer, Value)> {
        let exact = self.client.ask_exact(request, limit)?;
        Ok((candor_protocol::visible::<R>(&exact)?, serde_json::to_value(&exact)?))
    }

    /// Has the agent do something. Returns `done` as the command's output.
    pub(super) fn run_request(
        &self,
        request: &impl Request<Answer = ()>,
        limit: Duration,
        done: impl Into<String>,
    ) -> Result<CommandOutput> {
        self.client.ask(request, limit)?;
        Ok(CommandOutput::new(done, Value::Null))
    }

    /// Starts the agent if none runs, and says so on the standard error.
    pub(super) fn ensure_agent(&self) -> Result<()> {
        if !self.client.runs() {
            print_aside("Starting the agent. The first time takes up to a minute.");
        }
        launch::ensure_agent(&self.client, self.agent.as_deref())?;
        Ok(())
    }

    /// Returns the segments of the current contract that touch a span, in order.
    pub(super) fn segments_touching(&self, from: u64, to: u64) -> Result<Vec<Segment>> {
        /// The longest segment, in milliseconds: one that touches the span may start that long before it.
        const LONGEST: u64 = 3_600_000;
        let request = GetSegments { from: from.saturating_sub(LONGEST), to };
        let all = self.client.ask(&request, USUAL)?;
        Ok(all.into_iter().filter(|s| segment_end(s) > from && s.start < to).collect())
    }

    /// Returns the segment that begins then, as it is now.
    pub(super) fn segment_starting_at(&self, start: u64) -> Result<Option<Segment>> {
        Ok(self.segments_touching(start, start + 1)?.into_iter().find(|segment| segment.start == start))
    }

    /// Returns the segment that holds a time, as it was typed.
    pub(super) fn segment_at(&self, text: &str) -> Result<Segment> {
        let at = time_input::parse_time(text, self.now, &self.zone)?;
        self.segments_touching(at, at + 1)?.pop().with_context(|| {
            format!(
                "nothing was recorded at {}: `candor today` lists what was",
                self.zone.moment(at, self.now)
            )
        })
    }
}
