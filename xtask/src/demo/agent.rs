//! The agent, driven by its own command line as a person would.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::display::wait_for;
use super::terms::WORKER;
use crate::process::{self, Interrupt, ProcessGroup, Stdout};
use crate::workspace::Workspace;

/// What the agent is called among the children.
pub(super) const NAME: &str = "agent";

/// An agent and its data folder.
pub(super) struct Agent {
    program: PathBuf,
    plugins: PathBuf,
    data: PathBuf,
}

impl Agent {
    /// The agent that keeps its data there. It is not started by this.
    pub(super) fn new(workspace: &Workspace, data: PathBuf) -> Self {
        Self { program: workspace.programs().join("candor-agent"), plugins: workspace.guests(), data }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(&self.data).arg("--plugins").arg(&self.plugins).args(arguments);
        command
    }

    fn tell(&self, arguments: &[&str]) -> Result<String> {
        process::output(&mut self.command(arguments))
    }

    /// Its data folder.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// Whether an earlier run enrolled it.
    pub(super) fn is_enrolled(&self) -> bool {
        std::fs::read_dir(self.data.join("contracts")).is_ok_and(|mut seats| {
            seats.any(|seat| seat.is_ok_and(|s| s.path().join("enrolment.json").exists()))
        })
    }

    /// Enrols it with an invitation.
    pub(super) fn enrol(&self, invitation: &str) -> Result<()> {
        // Left by a run that was ended while it enrolled: nothing was recorded yet.
        let _none = std::fs::remove_dir_all(&self.data);
        self.tell(&["enrol", invitation, "--name", "demo"]).map(drop)
    }

    /// Starts it and waits until it answers.
    pub(super) fn start(
        &self,
        household: &mut ProcessGroup,
        interrupt: &Interrupt,
        display: &str,
    ) -> Result<()> {
        self.spawn(household, display)?;
        wait_for(interrupt, household, "the agent", || self.status().is_ok())
    }

    /// Starts it and does not wait.
    pub(super) fn spawn(&self, household: &mut ProcessGroup, display: &str) -> Result<()> {
        let mut run = self.command(&["run", "--display", display]);
        household.start(NAME, run.env("DISPLAY", display), Stdout::Log)
    }

    /// Has the notice accepted: by the person, where it is their own screen.
    pub(super) fn accept_notice(&self, ask: bool) -> Result<()> {
        if ask {
            println!("{}", self.tell(&["notice"])?);
            if !std::io::stdin().is_terminal() {
                bail!(
                    "this would record your own screen: read the notice above and add --accept-notice, or record a \
                     screen made for the purpose with --headless"
                );
            }
            print!("Record this screen under this notice? Type yes: ");
            std::io::stdout().flush()?;
            let mut answer = String::new();
            std::io::stdin().lock().read_line(&mut answer)?;
            if answer.trim() != "yes" {
                bail!("not accepted: nothing was recorded");
            }
        }
        self.tell(&["accept", "--by", WORKER]).map(drop)
    }

    /// Starts tracking.
    pub(super) fn track(&self, memo: &str) -> Result<()> {
        self.tell(&["start", "--no-sign", "--memo", memo]).map(drop)
    }

    /// Tracks to the end of this segment and no further.
    pub(super) fn stop_at_segment_end(&self) -> Result<()> {
        self.tell(&["stop", "--at", "segment-end"]).map(drop)
    }

    /// Stops tracking, if it does.
    pub(super) fn stop(&self) -> Result<()> {
        if self.status()?["tracking"] == Value::Bool(true) {
            self.tell(&["stop"])?;
        }
        Ok(())
    }

    /// How many segments are not delivered yet.
    pub(super) fn waiting(&self) -> Result<u64> {
        let status = self.status()?;
        let count = |part: &str, name: &str| status[part][name].as_u64().unwrap_or_default();
        Ok(count("segments", "open") + count("outbox", "held") + count("outbox", "waiting"))
    }

    fn status(&self) -> Result<Value> {
        serde_json::from_str(&self.tell(&["status", "--json"])?).context("the agent's status is not JSON")
    }
}
