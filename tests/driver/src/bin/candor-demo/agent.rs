//! The agent of a run, driven as a person would.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Result, bail};
use candor_protocol::{GetStatus, Request, StartTracking, Status, StopTracking};
use candor_test_driver::agent::Agent;

use crate::children::{ProcessGroup, Stdout};
use crate::interrupt::Interrupt;
use crate::terms::WORKER;

/// What the agent is called among the children.
pub(super) const NAME: &str = "agent";

/// An agent and its data folder.
pub(super) struct EnrolledAgent(Agent);

impl EnrolledAgent {
    /// Returns the agent that keeps its data there, enrolled or not. It is not started by this.
    pub(super) fn new(data: &Path) -> Self {
        Self(Agent::fresh(data))
    }

    pub(super) fn data(&self) -> &Path {
        self.0.data()
    }

    /// Whether an earlier run enrolled it.
    pub(super) fn is_enrolled(&self) -> bool {
        std::fs::read_dir(self.data().join("contracts")).is_ok_and(|mut contracts| {
            contracts.any(|one| one.is_ok_and(|one| one.path().join("enrolment.json").exists()))
        })
    }

    /// Removes what a run left that was ended while it enrolled: nothing was recorded yet.
    pub(super) fn forget_enrolment(&self) {
        let _none = std::fs::remove_dir_all(self.data());
    }

    /// Enrols the running agent with an invitation.
    pub(super) fn enrol(&self, invitation: &str) -> Result<()> {
        self.0.join(invitation, "demo")
    }

    /// Starts it and waits until it answers.
    pub(super) fn start(
        &self,
        children: &mut ProcessGroup,
        interrupt: &Interrupt,
        display: &str,
    ) -> Result<()> {
        self.spawn(children, display)?;
        children.wait_until(interrupt, "the agent", || self.status().is_ok())
    }

    /// Starts it and does not wait.
    pub(super) fn spawn(&self, children: &mut ProcessGroup, display: &str) -> Result<()> {
        let mut run = self.0.command(&["run", "--display", display]);
        children.start(NAME, run.env("DISPLAY", display), Stdout::Log)
    }

    /// Has the notice accepted: by the person, if it is their own screen.
    pub(super) fn accept_notice(&self, ask: bool) -> Result<()> {
        if ask {
            println!("{}", self.0.notice()?.text.trim_end());
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
        self.0.accept(WORKER)
    }

    /// Asks it, as the window does.
    pub(super) fn request<R: Request>(&self, request: &R) -> Result<R::Answer> {
        self.0.request(request)
    }

    /// Starts tracking, whether or not anything shows it.
    pub(super) fn start_tracking(&self, memo: &str) -> Result<()> {
        self.request(&StartTracking { memo: Some(memo.to_owned()), no_sign: true })
    }

    /// Tracks to the end of this segment and no further.
    pub(super) fn stop_at_segment_end(&self) -> Result<()> {
        self.request(&StopTracking { at_segment_end: true })
    }

    /// Stops tracking, if it does.
    pub(super) fn stop_tracking(&self) -> Result<()> {
        if self.status()?.tracking {
            self.request(&StopTracking { at_segment_end: false })?;
        }
        Ok(())
    }

    /// How many segments are not delivered yet.
    pub(super) fn count_undelivered(&self) -> Result<u64> {
        let status = self.status()?;
        Ok(u64::try_from(status.segments.open)? + status.outbox.held + status.outbox.waiting)
    }

    fn status(&self) -> Result<Status> {
        self.request(&GetStatus { after: None })
    }
}
