//! A person and their bad luck, drawn from a seed. Every deed is noted with when it was asked for and when it was answered;
//! what happened to the computer stands in the world's log.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use candor_protocol::{
    AcceptNotice, GetNotice, GetOutbox, GetSegments, GetStatus, ImportInvitation, ParcelState, Preferences,
    Request, Segment, SetPreferences, Status, SwitchContract, TryNow,
};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};

use super::SEGMENT_MINUTES;
use super::hands::Hands;
use super::proxy::Proxy;
use super::world::{Timebase, World};
use candor_diary::calendar::week_of;
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, set_clock, terms};
use candor_test_driver::places;

/// The contracts. The first has the hostile plugins; the second lets time be typed in.
pub const CONTRACTS: [&str; 2] = ["north", "south"];

/// The hostile plugins of the first contract, and what each does at every wake.
const HOSTILE: [(&str, &str); 3] =
    [("hostile-flood", "flood again"), ("hostile-slow", "slow again"), ("hostile-trap", "trap again")];

/// Nobody is there after so many minutes without a press.
pub const IDLE_MINUTES: u32 = 3;

/// How long after a request for a pause or a stop something private is opened at the latest, answered or not, in real time:
/// far more than a message on this machine takes, far less than a plugin may.
const ANSWERED_OR_NOT: Duration = Duration::from_millis(300);

/// How long everything may take to arrive at the end of the day, in real time.
const SETTLES: Duration = Duration::from_secs(180);

/// Something that the worker did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Tracking was turned on.
    Start,
    /// A pause was ended.
    Resume,
    /// Tracking was paused; [`Deed::Resume`] ends that.
    Pause,
    /// Tracking was turned off.
    Stop,
    /// Another contract was chosen: from which.
    Switch(usize),
    /// The agent was killed.
    Kill,
    /// An agent runs again.
    Alive,
    /// There is no room on the disk any more.
    DiskFull,
    /// There is room again.
    DiskRoom,
    /// What was recorded in this span of the wall clock was removed.
    Forget(u64, u64),
    /// The picture of the segment that begins then was removed.
    RemovePicture(u64),
    /// The idle question was answered: typed in, or left out.
    Answer(bool),
    /// Anything else that was tried, in words: for whoever reads the steps.
    Say(String),
}

/// A deed, and when.
#[derive(Clone, Debug)]
pub struct Note {
    /// When it was asked for, by the clock that never sleeps.
    pub sent: u64,
    /// When it was answered.
    pub done: u64,
    /// The contract in force.
    pub contract: usize,
    /// What the worker did.
    pub deed: Deed,
    /// What the agent said against it.
    pub refused: Option<String>,
}

/// Random enough; the seed is printed.
pub struct Dice(u64);

impl Dice {
    /// Returns dice that fall the same way for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number from `from` until before `to`.
    pub fn throw(&mut self, from: u64, to: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        from + self.0 % (to - from).max(1)
    }
}

/// The person, and all that the day needs.
pub struct Driver {
    /// The simulated computer: its clocks, screen and keys.
    pub world: Arc<World>,
    /// What answers in the back office's place, well or badly.
    pub proxy: Proxy,
    /// The back office that parcels get to in the end.
    pub backoffice: BackOffice,
    /// What the worker did so far, in order.
    pub notes: Vec<Note>,
    /// What presses keys for the person, in a thread of its own.
    pub hands: Hands,
    /// What is left to chance.
    pub dice: Dice,
    /// The contract that is chosen.
    pub contract: usize,
    folder: PathBuf,
    plugins: PathBuf,
    agent: Agent,
    running: Option<Child>,
}

impl Driver {
    /// Sets everything up: a back office, a proxy before it, an agent with both contracts accepted, which runs.
    ///
    /// # Errors
    /// If a part does not start.
    pub fn sit_down(folder: &Path, seed: u64, epoch: u64, speed: u64) -> Result<Self> {
        let world = Arc::new(World::new(&folder.join("world"), Timebase::starting(epoch, speed))?);
        // A clock that runs ahead speaks of times to come: here it is the end of its week.
        let office = folder.join("backoffice");
        set_clock(&office, week_of(epoch).1 - 60 * 60_000)?;
        let backoffice = BackOffice::start(&office, 0)?;
        let proxy = Proxy::start(backoffice.address())?;
        for (index, contract) in CONTRACTS.iter().enumerate() {
            backoffice.add_contract(&terms_of(contract, index, proxy.address()))?;
        }
        let plugins = plugins(folder)?;
        let agent = Agent::fresh(&folder.join("agent"));
        std::fs::create_dir(agent.data())?;
        std::fs::create_dir(folder.join("log"))?;
        let hands = Hands::rest(&world)?;
        let mut driver = Self {
            world,
            proxy,
            backoffice,
            notes: Vec::new(),
            hands,
            dice: Dice::new(seed),
            contract: 0,
            folder: folder.to_owned(),
            plugins,
            agent,
            running: None,
        };
        driver.run()?;
        for contract in CONTRACTS {
            driver.take_part(contract)?;
        }
        let [first, _] = CONTRACTS;
        driver.ask(&SwitchContract { contract: first.into() })?;
        let preferences = Preferences { idle_minutes: IDLE_MINUTES, ..Preferences::default() };
        driver.ask(&SetPreferences { preferences })?;
        Ok(driver)
    }

    /// Takes part in a contract, as a worker does who has read the notice.
    fn take_part(&self, contract: &str) -> Result<()> {
        // The same back office, seen through the proxy.
        let link = self.backoffice.invitation(contract)?;
        let invitation = link.replace(&encoded(self.backoffice.address()), &encoded(self.proxy.address()));
        self.ask(&ImportInvitation { invitation, device_name: None })?;
        let notice = self.ask(&GetNotice { contract: Some(contract.into()) })?;
        self.ask(&AcceptNotice { contract: contract.into(), digest: notice.digest, by: "A worker".into() })?;
        Ok(())
    }

    /// Starts the agent.
    ///
    /// # Errors
    /// If it does not start.
    pub fn run(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join("log/agent.log"))?;
        let timebase = self.world.timebase;
        // If the disk is full, a signal would end the program; a real full disk sends none.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(places::program("soak-agent"))
            .arg("--data")
            .arg(self.agent.data())
            .arg("--plugins")
            .arg(&self.plugins)
            .arg("--compiler")
            .arg(places::program("candor-compile"))
            .arg("--world")
            .arg(self.folder.join("world"))
            .args(["--anchor", &timebase.anchor.to_string(), "--speed", &timebase.speed.to_string()])
            .args(["--epoch", &timebase.epoch.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        self.running = Some(child);
        if line.trim() != "ready" {
            bail!("the agent said {line:?} instead of being ready; its log ends with\n{}", self.log_end());
        }
        self.say(Deed::Alive);
        Ok(())
    }

    /// The end of the agent's log.
    #[must_use]
    pub fn log_end(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("log/agent.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Kills the agent, as loss of power would.
    ///
    /// # Errors
    /// If it had ended by itself.
    pub fn kill(&mut self) -> Result<()> {
        let sent = self.world.boot();
        let mut child = self.running.take().context("no agent runs")?;
        let ended = child.try_wait()?;
        child.kill()?;
        child.wait()?;
        if let Some(status) = ended {
            bail!("the agent ended by itself: {status}; its log ends with\n{}", self.log_end());
        }
        self.note(sent, Deed::Kill, None);
        Ok(())
    }

    /// No file of the agent may grow any more, or may again.
    ///
    /// # Errors
    /// If the limit cannot be set.
    pub fn disk_full(&mut self, full: bool) -> Result<()> {
        let child = self.running.as_ref().context("no agent runs")?;
        let process = Pid::from_child(child);
        let limit = Rlimit { current: full.then_some(1), maximum: None };
        prlimit(Some(process), Resource::Fsize, limit)?;
        self.say(if full { Deed::DiskFull } else { Deed::DiskRoom });
        Ok(())
    }

    /// Waits for so many milliseconds of the computer's clock.
    pub fn lasts(&self, ms: u64) {
        std::thread::sleep(Duration::from_micros(ms * 1_000 / self.world.timebase.speed));
    }

    /// Asks the agent.
    ///
    /// # Errors
    /// What it says against it.
    pub fn ask<R: Request>(&self, request: &R) -> Result<R::Answer> {
        self.agent.request(request)
    }

    /// Asks for a deed, and notes it.
    pub fn does<R: Request>(&mut self, deed: Deed, request: &R) -> Option<R::Answer> {
        let sent = self.world.boot();
        let answer = self.ask(request);
        let refused = answer.as_ref().err().map(|e| format!("{e:#}"));
        self.note(sent, deed, refused);
        answer.ok()
    }

    /// Asks for a deed after which something private is opened: as soon as it is answered, and before long anyway.
    ///
    /// # Errors
    /// If the world's log cannot be written.
    pub fn hides(&mut self, deed: Deed, request: &(impl Request + Sync)) -> Result<()> {
        let sent = self.world.boot();
        let (answer, shown) = std::thread::scope(|scope| {
            let asked = scope.spawn(|| self.agent.request(request));
            let began = Instant::now();
            while !asked.is_finished() && began.elapsed() < ANSWERED_OR_NOT {
                std::thread::sleep(Duration::from_millis(1));
            }
            let shown = self.hands.show(true);
            (asked.join(), shown)
        });
        shown?;
        let refused = match answer {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(_) => bail!("asking panicked"),
        };
        self.note(sent, deed, refused);
        Ok(())
    }

    /// Notes something that took no time.
    pub fn say(&mut self, deed: Deed) {
        let now = self.world.boot();
        self.note(now, deed, None);
    }

    /// Notes a deed that was asked for then.
    pub fn note(&mut self, sent: u64, deed: Deed, refused: Option<String>) {
        let done = self.world.boot();
        let contract = self.contract;
        self.notes.push(Note { sent, done, contract, deed, refused });
    }

    /// What the agent is doing.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn status(&self) -> Result<Status> {
        self.ask(&GetStatus { after: None })
    }

    /// All segments of the chosen contract, as the worker sees them.
    ///
    /// # Errors
    /// If the agent does not answer.
    pub fn segments(&self) -> Result<Vec<Segment>> {
        self.ask(&GetSegments { from: 0, to: 1 << 50 })
    }

    /// The end of the day: everything is closed and has arrived.
    ///
    /// # Errors
    /// What still waits after a while.
    pub fn settle(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            self.ask(&TryNow)?;
            let mut open = 0;
            for contract in CONTRACTS {
                self.ask(&SwitchContract { contract: contract.into() })?;
                open += self.status()?.segments.open;
            }
            let outbox = self.ask(&GetOutbox)?;
            let left: Vec<_> = outbox.entries.iter().filter(|e| e.state != ParcelState::Delivered).collect();
            if open == 0 && left.is_empty() {
                return Ok(());
            }
            if began.elapsed() > SETTLES {
                bail!(
                    "{open} segments are open, and these did not arrive: {left:#?}\n{:#?}",
                    self.status()?.problems
                );
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// The data folder of the agent.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.agent.data()
    }

    /// The folder that the whole run lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(child) = &mut self.running {
            let _gone = child.kill();
            let _status = child.wait();
        }
    }
}

fn terms_of(contract: &str, index: usize, address: &str) -> Value {
    let mut terms = terms(contract, address, 0);
    terms["title"] = json!(format!("The contract {contract}"));
    terms["segment"] = json!(SEGMENT_MINUTES);
    if index == 0 {
        for (name, deed) in HOSTILE {
            let hostile = json!({"plugin": name, "settings": deed});
            if let Some(collectors) = terms["collectors"].as_array_mut() {
                collectors.push(hostile);
            }
        }
    } else {
        terms["manual-time"] = json!("yes");
    }
    terms
}

/// A folder with all plugins, and the hostile ones under names of their own.
fn plugins(folder: &Path) -> Result<PathBuf> {
    let plugins = folder.join("plugins");
    std::fs::create_dir(&plugins)?;
    for entry in std::fs::read_dir(places::guests())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        if name.ends_with(".wasm") {
            std::fs::copy(&path, plugins.join(&name))?;
        }
    }
    for (name, _) in HOSTILE {
        let file = format!("{}.wasm", name.replace('-', "_"));
        std::fs::copy(plugins.join("hostile_collector.wasm"), plugins.join(file))?;
    }
    Ok(plugins)
}

/// As it stands in a link.
fn encoded(address: &str) -> String {
    address.replace(':', "%3A").replace('/', "%2F")
}
