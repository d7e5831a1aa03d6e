//! Starts the agent if none runs.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use candor_protocol::Client;

/// How long the agent may take to listen. At its first start it compiles plugins.
const READY: Duration = Duration::from_secs(120);
/// How long to wait between two looks whether it listens.
const LOOK: Duration = Duration::from_millis(50);

/// Why no agent could be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The program is not there or cannot be run.
    #[error("the agent's program {} cannot be run ({why}): install `candor-agent` beside `candor`", .program.display())]
    Program {
        /// The path at which it was looked for.
        program: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The data folder cannot be written to.
    #[error("the data folder {} cannot be used ({why}): name another one with --data", .folder.display())]
    Folder {
        /// The data folder that it is to work on.
        folder: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// It ended before it answered.
    #[error("the agent ended at once: {0}")]
    Ended(String),
    /// It ended after it had answered.
    #[error("the agent ended ({0})")]
    Later(ExitStatus),
    /// It does not listen in time.
    #[error("the agent did not become ready within {} s: look at {}", READY.as_secs(), .0.display())]
    Slow(PathBuf),
}

/// How the agent of a data folder is started.
#[derive(Clone, Debug)]
pub struct AgentLaunch {
    /// The path of the program `candor-agent`.
    pub program: PathBuf,
    /// The data folder that it is to work on.
    pub data: PathBuf,
}

/// A started agent. It goes on when this program ends.
#[derive(Debug)]
pub struct StartedAgent {
    child: Child,
    log: PathBuf,
    answered: bool,
}

impl AgentLaunch {
    /// Starts it and does not wait. Its messages go into a file: a pipe that nobody reads any more would block it.
    ///
    /// # Errors
    /// If its program cannot be run or its folder cannot be used.
    pub fn start(&self) -> Result<StartedAgent, LaunchError> {
        let broken = |why| LaunchError::Folder { folder: self.data.clone(), why };
        let run = self.data.join("run");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&run).map_err(broken)?;
        let log = run.join("agent.log");
        // Appended to, so that the agent can begin it anew before it grows without end.
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&log).map_err(broken)?;
        file.set_len(0).map_err(broken)?;
        let child = Command::new(&self.program)
            .arg("--data")
            .arg(&self.data)
            .arg("run")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            // A group of its own: Ctrl-C in the terminal that started it is not meant for it.
            .process_group(0)
            .spawn()
            .map_err(|why| LaunchError::Program { program: self.program.clone(), why })?;
        Ok(StartedAgent { child, log, answered: false })
    }
}

impl StartedAgent {
    /// Reports that it has answered: what ends it from now on is not its start.
    pub fn mark_answered(&mut self) {
        self.answered = true;
    }

    /// Returns why it ended, if it did.
    pub fn end_reason(&mut self) -> Option<LaunchError> {
        let status = self.child.try_wait().ok()??;
        Some(match self.answered {
            false => LaunchError::Ended(last_words(&self.log)),
            true => LaunchError::Later(status),
        })
    }
}

/// Starts the agent of a data folder, from `program` or the one beside this one, and waits until it listens. It goes on
/// when this program ends. Returns whether one had to be started.
///
/// # Errors
/// If it cannot be started, ends at once, or does not become ready.
pub fn ensure_agent(client: &Client, program: Option<&Path>) -> Result<bool, LaunchError> {
    if client.runs() {
        return Ok(false);
    }
    let program = program.map_or_else(|| sibling_program("candor-agent"), Path::to_path_buf);
    let launch = AgentLaunch { program, data: client.data().to_path_buf() };
    let mut agent = launch.start()?;
    let started = Instant::now();
    while started.elapsed() < READY {
        if client.runs() {
            return Ok(true);
        }
        if let Some(why) = agent.end_reason() {
            // Somebody else may have started one at the same moment: ours gave way.
            return if client.runs() { Ok(false) } else { Err(why) };
        }
        std::thread::sleep(LOOK);
    }
    Err(LaunchError::Slow(agent.log))
}

/// Returns what the agent said last, on one line.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    match line {
        Some(line) => line.trim().trim_start_matches("Error: ").chars().take(500).collect(),
        None => format!("it said nothing; run `candor-agent run` by hand, or look at {}", log.display()),
    }
}

/// Returns the path of a program that was installed beside this one.
#[must_use]
pub fn sibling_program(name: &str) -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|program| program.parent().map(|folder| folder.join(name)))
        .unwrap_or_else(|| PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_ends_says_why_and_a_missing_one_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let missing = AgentLaunch { program: "/nowhere/candor-agent".into(), data: data.clone() };
        assert!(missing.start().unwrap_err().to_string().contains("install `candor-agent`"));

        let program = folder.path().join("agent");
        std::fs::write(&program, "#!/bin/sh\necho \"Error: $3 $2 is full\" >&2\nexit 1\n").unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let mut started = AgentLaunch { program, data: data.clone() }.start().unwrap();
        let began = Instant::now();
        let why = loop {
            if let Some(why) = started.end_reason() {
                break why.to_string();
            }
            assert!(began.elapsed() < Duration::from_secs(30), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(why, format!("the agent ended at once: run {} is full", data.display()));
        started.mark_answered();
        assert_eq!(started.end_reason().unwrap().to_string(), "the agent ended (exit status: 1)");
    }
}
