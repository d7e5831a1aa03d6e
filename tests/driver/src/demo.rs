//! Runs of `cargo xtask run` on a screen of their own, each in a folder of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::places;

/// How long a run may take: up to a minute until the first segment begins, its own limit of six, and room for a busy
/// machine.
const LIMIT: Duration = Duration::from_secs(9 * 60);

/// A folder that holds everything that runs write: data, report, home and temporary files.
pub struct Folder(TempDir);

impl Folder {
    /// Makes a new folder with a home and a place for temporary files in it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("candor-demo-").tempdir()?;
        for name in ["home", "tmp"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        Ok(Self(folder))
    }

    /// The folder's path; all in it is removed with this value.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The file with what runs print.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.path().join("output.log")
    }

    fn report(&self) -> PathBuf {
        self.path().join("report.json")
    }

    /// Starts a run.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(&self, options: &[&str]) -> Result<Run<'_>> {
        // An earlier run's report must not pass for this one's.
        let _none = std::fs::remove_file(self.report());
        let output = File::options().create(true).append(true).open(self.output())?;
        // Before it starts: on a busy machine it says its first words before this goes on.
        let said_before = self.said().len();
        let child = Command::new(places::program("xtask"))
            .args(["run", "--as-built", "--headless", "--data"])
            .arg(self.path().join("data"))
            .arg("--report")
            .arg(self.report())
            .args(options)
            .env("HOME", self.path().join("home"))
            .env("TMPDIR", self.path().join("tmp"))
            .env("CANDOR_BIN_DIR", places::programs())
            .env("CANDOR_GUESTS", places::guests())
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("DISPLAY")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start xtask")?;
        Ok(Run { folder: self, child, said_before })
    }

    /// What runs printed so far. Bytes: the last character may be half written.
    fn said(&self) -> Vec<u8> {
        std::fs::read(self.output()).unwrap_or_default()
    }
}

/// A run under way; it is ended with this value.
pub struct Run<'a> {
    folder: &'a Folder,
    child: Child,
    said_before: usize,
}

impl Run<'_> {
    /// Waits until the run has printed a text.
    ///
    /// # Errors
    /// If it ends before, or takes too long.
    pub fn wait_until_it_says(&mut self, text: &str) -> Result<()> {
        let until = Instant::now() + LIMIT;
        loop {
            // In this order: what it said last is seen even if it ended meanwhile.
            let ended = self.child.try_wait()?;
            let said = self.folder.said();
            let said = String::from_utf8_lossy(said.get(self.said_before..).unwrap_or_default());
            if said.contains(text) {
                return Ok(());
            }
            if let Some(status) = ended {
                bail!("it ended ({status}) before it said {text:?}:\n{}", self.everything());
            }
            if Instant::now() > until {
                bail!("it never said {text:?}:\n{}", self.everything());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for the end. Returns the report, and whether the run was content with itself.
    ///
    /// # Errors
    /// If it takes too long or leaves no report.
    pub fn finish(mut self) -> Result<(bool, Value)> {
        let until = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if Instant::now() > until {
                bail!("it does not end:\n{}", self.everything());
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        let report = std::fs::read(self.folder.report())
            .with_context(|| format!("it ended ({status}) without a report:\n{}", self.everything()))?;
        Ok((status.success(), serde_json::from_slice(&report)?))
    }

    /// Sends SIGINT to the run, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// `kill -9`, of the run alone: what it started lives on.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn kill(mut self) -> Result<()> {
        self.signal(Signal::KILL);
        self.child.wait()?;
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ended = kill_process(pid, signal);
        }
    }

    /// What it printed, and the ends of its children's logs, for a person who reads a failure.
    fn everything(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.folder.said()).into_owned();
        let logs = self.folder.path().join("data/logs");
        for entry in std::fs::read_dir(logs).into_iter().flatten().flatten() {
            let log = std::fs::read_to_string(entry.path()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last =
                lines.iter().skip(lines.len().saturating_sub(15)).copied().collect::<Vec<_>>().join("\n");
            if !last.is_empty() {
                text.push_str(&format!("---- {}\n{last}\n", entry.path().display()));
            }
        }
        text
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Asked first, so that it ends its own children.
            self.signal(Signal::TERM);
            let until = Instant::now() + Duration::from_secs(180);
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(100));
            }
            let _gone = self.child.kill();
            let _status = self.child.wait();
        }
    }
}
