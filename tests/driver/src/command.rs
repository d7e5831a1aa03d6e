//! Commands that are run to their end.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// Runs a command to its end. Returns what it printed.
///
/// # Errors
/// If it does not start or fails: the first lines of what it said, on the standard error if there is anything.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", name_of(command)))?;
    printed(command, &output)
}

/// Runs a command that reads a line to its end. Returns what it printed.
///
/// # Errors
/// As [`output`].
pub fn output_of_input(command: &mut Command, line: &str) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", name_of(command)))?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not want it says so by how it ends.
        let _unread = writeln!(input, "{line}");
    }
    let output = child.wait_with_output()?;
    printed(command, &output)
}

fn printed(command: &Command, output: &Output) -> Result<String> {
    if !output.status.success() {
        // A command that found a problem says so where its answer goes.
        let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
        let said = String::from_utf8_lossy(said);
        // The rest of a long text is usage and traces.
        let said: Vec<&str> = said.trim().lines().take(15).collect();
        bail!("{} failed: {}: {}", name_of(command), output.status, said.join("\n"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command to its end, silently. Returns whether it succeeded within `limit`; it is killed after that.
///
/// # Errors
/// If it does not start.
pub fn succeeds_within(command: &mut Command, limit: Duration) -> Result<bool> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", name_of(command)))?;
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() >= until {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                // A group that is gone already is what was wanted.
                let _gone = kill_process_group(group, Signal::KILL);
            }
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Returns a command as a person would type it, without its arguments: they may hold what no log should.
#[must_use]
pub fn name_of(command: &Command) -> String {
    Path::new(command.get_program())
        .file_name()
        .map_or_else(|| "a program".into(), |name| format!("`{}`", name.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_hangs_is_ended_within_its_limit() {
        let began = Instant::now();
        let done = succeeds_within(Command::new("sleep").arg("60"), Duration::from_millis(100)).unwrap();
        assert!(!done);
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
