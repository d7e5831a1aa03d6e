//! The agent under a fast clock, a painted screen and scripted input (a simulation of time and hardware; see
//! `bin/fast_agent.rs`). Everything else of it is the real thing.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::agent::Agent;
use crate::places;

/// How long an agent may take to end by itself.
const END_LIMIT: Duration = Duration::from_secs(60);

/// By how much a fast clock is behind the computer's when it starts, milliseconds: a back office, whose clock is the
/// computer's, takes nothing that is still to come. Less than the twelve hours for which a week that is over can still
/// be edited, so that the time before them is always of a week that can.
pub const BEHIND_MS: u64 = 11 * 60 * 60_000;

/// A running agent; killed with this value.
pub struct FastAgent(Child);

impl FastAgent {
    /// Starts it and waits until it answers. Its clock was [`BEHIND_MS`] behind the computer's at `real` (milliseconds
    /// since the Unix epoch), and has run `speed` times as fast since.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(agent: &Agent, real: u64, speed: u32) -> Result<Self> {
        Self::start_as(agent, real, speed, &places::guests(), |_| {})
    }

    /// The same with the plugins of another folder.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_with(agent: &Agent, real: u64, speed: u32, plugins: &Path) -> Result<Self> {
        Self::start_as(agent, real, speed, plugins, |_| {})
    }

    /// The same, `change`d as a test wants: with a tray's program, on a session bus.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_as(
        agent: &Agent,
        real: u64,
        speed: u32,
        plugins: &Path,
        change: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let shown = real.saturating_sub(BEHIND_MS);
        // Through a shell that has the signal of a used-up file size ignored: writing then fails as on a full disk.
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(places::program("fast-agent"))
            .arg("--data")
            .arg(agent.data())
            .arg("--plugins")
            .arg(plugins)
            .arg("--compiler")
            .arg(places::program("candor-compile"))
            .args(["--speed", &speed.to_string(), "--real", &real.to_string(), "--shown", &shown.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let running = Self(child);
        if line.trim() != "ready" {
            bail!("the agent said {line:?} instead of being ready");
        }
        Ok(running)
    }

    /// Ends one, as at sign-out, and starts the next on the same folder under the same clock.
    ///
    /// # Errors
    /// If one does not end or the other does not start.
    pub fn start_again(agent: &Agent, real: u64, speed: u32, running: &mut Self) -> Result<Self> {
        agent.request(&candor_protocol::QuitAgent)?;
        running.ended()?;
        Self::start(agent, real, speed)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// If it does not.
    pub fn ended(&mut self) -> Result<()> {
        let until = Instant::now() + END_LIMIT;
        while self.0.try_wait()?.is_none() {
            if Instant::now() >= until {
                bail!("the agent does not end within {} s", END_LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Whether there is room on its disk: without, whatever it writes to a file fails from now on.
    ///
    /// # Errors
    /// If that cannot be set.
    pub fn disk(&self, room: bool) -> Result<()> {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let process = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).context("no such process")?;
        let limit = Rlimit { current: (!room).then_some(1), maximum: None };
        prlimit(Some(process), Resource::Fsize, limit)?;
        Ok(())
    }

    /// Kills it and waits until it is gone; this value stands for nobody then.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub fn end_at_once(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    /// Kills it, as loss of power would.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for FastAgent {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// The fast agent in the place of `candor-agent`, for whoever starts one by itself, as the window does. The last one
/// that was started is killed with this value.
pub struct StandIn {
    program: PathBuf,
    process: PathBuf,
}

impl StandIn {
    /// Writes the program into a folder. Its clock showed `shown` when the computer's showed `real` (milliseconds since
    /// the Unix epoch), and has run `speed` times as fast since.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(folder: &Path, real: u64, shown: u64, speed: u32) -> Result<Self> {
        let (program, process) = (folder.join("agent"), folder.join("agent.pid"));
        let quoted = |path: &Path| format!("'{}'", path.display());
        // It is called as `agent --data FOLDER run`.
        let script = format!(
            "#!/bin/sh\necho $$ > {}\nexec {} --data \"$2\" --plugins {} --compiler {} --tray {} --speed {speed} --real {real} --shown {shown}\n",
            quoted(&process),
            quoted(&places::program("fast-agent")),
            quoted(&places::guests()),
            quoted(&places::program("candor-compile")),
            quoted(&places::program("candor")),
        );
        std::fs::write(&program, script)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700))?;
        Ok(Self { program, process })
    }

    /// Returns the path of the program that stands in.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Kills the running agent, as loss of power would.
    ///
    /// # Errors
    /// If none runs.
    pub fn kill(&self) -> Result<()> {
        let process = std::fs::read_to_string(&self.process).context("no agent was started")?;
        let process: u32 = process.trim().parse()?;
        // It may have ended, and another program have its number.
        let runs = std::fs::read(format!("/proc/{process}/cmdline"))
            .is_ok_and(|line| line.windows(10).any(|part| part == b"fast-agent"));
        if !runs || !Command::new("kill").args(["-KILL", &process.to_string()]).status()?.success() {
            bail!("agent {process} does not run");
        }
        Ok(())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _gone = self.kill();
    }
}
