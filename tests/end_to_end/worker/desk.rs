//! A worker at a desk of their own, and the client who gets what is delivered.

use candor_protocol::{GetSegments, GetStatus, Request, Segment, Status};
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::fast::FastAgent;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A segment of a minute takes three seconds.
pub(super) const SPEED: u32 = 20;

pub(super) const CONTRACT: &str = "work";

pub(super) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A back office with one contract, and an agent that has accepted its notice and runs.
pub(super) struct Desk {
    pub(super) agent: Agent,
    pub(super) backoffice: BackOffice,
    pub(super) _running: FastAgent,
    pub(super) folder: tempfile::TempDir,
}

impl Desk {
    pub(super) fn open(hold_ms: u64, speed: u32, change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
        let mut terms = terms(CONTRACT, backoffice.address(), hold_ms);
        change(&mut terms);
        backoffice.add_contract(&terms).unwrap();
        let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, CONTRACT).unwrap();
        let running = FastAgent::start(&agent, now(), speed).unwrap();
        Self { agent, backoffice, _running: running, folder }
    }

    pub(super) fn status(&self) -> Status {
        self.get(GetStatus { after: None })
    }

    pub(super) fn get<R: Request>(&self, request: R) -> R::Answer {
        self.agent.request(&request).unwrap()
    }

    pub(super) fn tell(&self, request: impl Request) {
        self.agent.request(&request).unwrap();
    }

    pub(super) fn refused(&self, request: impl Request) -> String {
        self.agent.request(&request).unwrap_err().to_string()
    }

    pub(super) fn segments(&self) -> Vec<Segment> {
        self.get(GetSegments { from: 0, to: 1 << 50 })
    }

    /// Waits for what `look` finds.
    pub(super) fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(150), "no {what}: {:#?}", self.status());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    pub(super) fn delivered(&self) -> Vec<Value> {
        self.backoffice.deliveries(CONTRACT).unwrap()
    }

    /// A delivered segment with a picture, as the back office lists it.
    pub(super) fn pictured(&self) -> Value {
        self.until("picture", |d| d.delivered().into_iter().find(|s| !s["snapshot"].is_null()))
    }

    pub(super) fn presence(&self, said: Option<Value>) {
        let path = self.agent.data().join("presence.json");
        match said {
            Some(said) => std::fs::write(path, said.to_string()).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
    }
}

pub(super) fn start(of: &Value) -> u64 {
    of["start"].as_u64().unwrap()
}

/// Whether a segment has a gap of this cause.
pub(super) fn has_gap(segment: &Segment, cause: &str) -> bool {
    segment.gaps.iter().any(|gap| serde_json::to_value(gap).unwrap() == cause)
}

pub(super) fn walk(folder: &Path) -> usize {
    files(folder).len()
}

/// Every file below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
