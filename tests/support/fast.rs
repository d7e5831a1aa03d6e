//! The agent under a fast clock, a painted screen and scripted input (a simulation of time and hardware; see
//! `bin/fast_agent.rs`). Everything else of it is the real thing.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Result, bail};

use crate::agent::Agent;
use crate::places;

/// A running agent; killed with this value.
pub struct FastAgent(Child);

impl FastAgent {
    /// Starts it and waits until it answers. Its clock showed what the computer's showed at `real` (milliseconds since
    /// the Unix epoch), and has run `speed` times as fast since.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(agent: &Agent, real: u64, speed: u32) -> Result<Self> {
        let mut child = Command::new(places::program("fast-agent"))
            .arg("--data")
            .arg(agent.data())
            .arg("--plugins")
            .arg(places::guests())
            .arg("--compiler")
            .arg(places::program("candor-compile"))
            .args(["--speed", &speed.to_string(), "--real", &real.to_string(), "--shown", &real.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
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
