//! A worker's desk: a back office with one contract, and an agent that has accepted its notice and runs under a fast clock
//! and a painted screen (a simulation of time and hardware); plugins, journal, HTTP and back office are the real ones.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};
use candor_protocol::{
    AnyRequest, ExportData, GetSegments, GetStatus, Request, Segment, Status, StopTracking,
};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::backoffice::{BackOffice, terms};
use crate::fast::FastAgent;

/// The id of the contract that every desk works under.
pub const CONTRACT: &str = "work";

/// What the computer's clock shows, milliseconds since the Unix epoch.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A back office with one contract, and an agent that has accepted its notice and runs.
pub struct Desk {
    /// The agent's data and command line.
    pub agent: Agent,
    /// The back office with the contract.
    pub backoffice: BackOffice,
    /// The agent that runs under the fast clock.
    pub running: FastAgent,
    /// Where both keep their data.
    pub folder: tempfile::TempDir,
}

impl Desk {
    /// Sets it up. `speed` is how much faster its clock runs; `change` changes the terms.
    ///
    /// # Errors
    /// If a part of it does not start.
    pub fn open(hold_ms: u64, speed: u32, change: impl FnOnce(&mut Value)) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0)?;
        let mut terms = terms(CONTRACT, backoffice.address(), hold_ms);
        change(&mut terms);
        backoffice.add_contract(&terms)?;
        let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, CONTRACT)?;
        let running = FastAgent::start(&agent, now(), speed)?;
        Ok(Self { agent, backoffice, running, folder })
    }

    /// What the agent says of itself.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn status(&self) -> Result<Status> {
        self.get(&GetStatus { after: None })
    }

    /// Asks the agent.
    ///
    /// # Errors
    /// What it says against it.
    pub fn get<R: Request>(&self, request: &R) -> Result<R::Answer> {
        self.agent.request(request)
    }

    /// Tells the agent to do something.
    ///
    /// # Errors
    /// What it says against it.
    pub fn tell(&self, request: &(impl Clone + Into<AnyRequest>)) -> Result<()> {
        self.agent.request_any(request.clone())
    }

    /// All segments as the worker sees them.
    ///
    /// # Errors
    /// If the agent does not answer.
    pub fn segments(&self) -> Result<Vec<Segment>> {
        self.get(&GetSegments { from: 0, to: 1 << 50 })
    }

    /// What the back office has of the contract.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn delivered(&self) -> Result<Vec<Value>> {
        self.backoffice.deliveries(CONTRACT)
    }

    /// Waits for what `look` finds.
    ///
    /// # Errors
    /// If it does not come about, or `look` fails.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Result<Option<T>>) -> Result<T> {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if began.elapsed() > Duration::from_secs(150) {
                anyhow::bail!("no {what}: {:#?} {:#?}", self.status(), self.segments());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends tracking, and waits until every segment is closed.
    ///
    /// # Errors
    /// If that does not come about.
    pub fn stop(&self) -> Result<()> {
        self.tell(&StopTracking { at_segment_end: false })?;
        self.until("closed segments", |d| {
            let status = d.status()?;
            Ok((!status.tracking && status.segments.open == 0).then_some(()))
        })
    }

    /// What the simulated computer is like from now on, such as `{"asleep-ms": 60000}`; see `tests/support/bin/fast_agent.rs`.
    ///
    /// # Errors
    /// If it cannot be said.
    pub fn simulate(&self, said: &Value) -> Result<()> {
        let (path, new) = (self.agent.data().join("presence.json"), self.agent.data().join("presence.new"));
        std::fs::write(&new, said.to_string())?;
        Ok(std::fs::rename(new, path)?)
    }

    /// The simulated computer is as it was at first.
    ///
    /// # Errors
    /// If it cannot be said.
    pub fn simulate_nothing(&self) -> Result<()> {
        self.simulate(&json!({}))
    }

    /// Everything that the journal holds, by the agent's own export.
    ///
    /// # Errors
    /// If that fails.
    pub fn records(&self) -> Result<Vec<Value>> {
        let to = self.folder.path().join(format!("export-{}", now()));
        self.tell(&ExportData { to: to.display().to_string() })?;
        records(&to)
    }
}

/// The records of an export.
fn records(export: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(export.join("records.jsonl"))?;
    text.lines().map(|line| serde_json::from_str(line).context("a record is no JSON")).collect()
}
