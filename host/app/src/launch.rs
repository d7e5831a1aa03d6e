//! Starts the agent where none runs.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use candor_protocol::Client;

/// How long the agent may take to listen. At its first start it compiles plugins.
const READY: Duration = Duration::from_secs(120);
/// How often it is looked for meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Why no agent could be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The program is not there or cannot be run.
    #[error("the agent's program {} cannot be run ({why}): install `candor-agent` beside `candor`", .program.display())]
    Program {
        /// Where it was looked for.
        program: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The data folder cannot be written to.
    #[error("the data folder {} cannot be used ({why}): name another one with --data", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// It ended again.
    #[error("the agent ended at once: {0}")]
    Ended(String),
    /// It does not listen.
    #[error("the agent did not become ready within {} s: look at {}", READY.as_secs(), .0.display())]
    Slow(PathBuf),
}

/// Starts the agent of a data folder, and waits until it listens. It goes on when this program ends. Answers whether
/// one had to be started.
///
/// # Errors
/// Where it cannot be started, ends at once, or does not become ready.
pub fn ensure_agent(client: &Client) -> Result<bool, LaunchError> {
    if client.runs() {
        return Ok(false);
    }
    let data = client.data();
    let broken = |why| LaunchError::Folder { folder: data.to_path_buf(), why };
    let run = data.join("run");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&run).map_err(broken)?;
    let log = run.join("agent.log");
    let file =
        OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&log).map_err(broken)?;
    let program = beside("candor-agent");
    let mut child = Command::new(&program)
        .arg("--data")
        .arg(data)
        .arg("run")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        // A group of its own: Ctrl-C in the terminal that started it is not meant for it.
        .process_group(0)
        .spawn()
        .map_err(|why| LaunchError::Program { program, why })?;
    wait(client, &mut child, &log)
}

fn wait(client: &Client, child: &mut Child, log: &Path) -> Result<bool, LaunchError> {
    let started = Instant::now();
    while started.elapsed() < READY {
        if client.runs() {
            return Ok(true);
        }
        if let Ok(Some(_)) = child.try_wait() {
            // Somebody else may have started one at the same moment: ours gave way.
            if client.runs() {
                return Ok(false);
            }
            return Err(LaunchError::Ended(last_words(log)));
        }
        std::thread::sleep(LOOK);
    }
    Err(LaunchError::Slow(log.to_path_buf()))
}

/// What the agent said last, on one line.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    match line {
        Some(line) => line.trim().trim_start_matches("Error: ").chars().take(500).collect(),
        None => format!("it said nothing; run `candor-agent run` by hand, or look at {}", log.display()),
    }
}

/// A program that was installed beside this one.
#[must_use]
pub fn beside(name: &str) -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|program| program.parent().map(|folder| folder.join(name)))
        .unwrap_or_else(|| PathBuf::from(name))
}
