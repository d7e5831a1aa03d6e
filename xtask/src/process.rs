//! Child processes: run to the end, or kept and ended in an orderly way.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

/// How long a child may take to end by itself before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a child may take to say that it is there.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(30);

/// Runs a command to its end, its output on the person's terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", spell(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", spell(command));
    }
    Ok(())
}

/// Runs a command to its end and hands back what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", spell(command)))?;
    printed(command, &output)
}

/// The same, for a command that reads a line.
pub(crate) fn output_of_input(command: &mut Command, line: &str) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", spell(command)))?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not want it says so by how it ends.
        let _unread = writeln!(input, "{line}");
    }
    let output = child.wait_with_output()?;
    printed(command, &output)
}

fn printed(command: &Command, output: &Output) -> Result<String> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        // The rest of a long text is usage and traces.
        let said: Vec<&str> = said.trim().lines().take(15).collect();
        bail!("{} failed: {}: {}", spell(command), output.status, said.join("\n"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command to its end, silently, and says whether it succeeded within `limit`. It is killed after that.
pub(crate) fn succeeds_within(command: &mut Command, limit: Duration) -> Result<bool> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", spell(command)))?;
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() >= until {
            signal_group(child.id(), Signal::KILL);
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A command as a person would type it, without its arguments: they may hold what no log should.
fn spell(command: &Command) -> String {
    Path::new(command.get_program())
        .file_name()
        .map_or_else(|| "a program".into(), |name| format!("`{}`", name.to_string_lossy()))
}

/// A program in the PATH.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn signal_group(id: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // A group that is gone already is what was wanted.
        let _gone = kill_process_group(pid, signal);
    }
}

/// Asks a process to end; its own children hear of it from itself.
fn ask_to_end(id: u32) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _gone = kill_process(pid, Signal::TERM);
    }
}

/// Set once the person pressed Ctrl-C, or the terminal or the system asks the program to end.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts listening; from now on such a signal no longer ends the program by itself.
    pub(crate) fn listen() -> Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
        {
            // In this order: a signal is noted; another one, before the first was taken notice of, ends the program.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
                .context("cannot listen for signals")?;
        }
        Ok(Self(flag))
    }

    /// Whether the person wants to end.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes notice of it: the next one is a new one.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }

    /// Sleeps, and wakes early when the person wants to end. Says whether it slept through.
    pub(crate) fn sleep(&self, length: Duration) -> bool {
        let until = Instant::now() + length;
        while !self.is_set() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
        false
    }

    /// Sleeps, and fails when the person wants to end.
    pub(crate) fn sleep_or_fail(&self, length: Duration) -> Result<()> {
        if self.sleep(length) { Ok(()) } else { bail!("interrupted") }
    }
}

/// A process as it can be found again: its id alone may belong to another one by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    name: String,
    pid: u32,
    /// Clock ticks after boot at which it was started; field 22 of /proc/PID/stat.
    started: u64,
}

impl Remembered {
    fn of(name: &str, pid: u32) -> Option<Self> {
        Some(Self { name: name.to_owned(), pid, started: started(pid)? })
    }

    fn lives(&self) -> bool {
        started(self.pid) == Some(self.started)
    }
}

fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    if state == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// Children that are ended together, youngest first, when this is dropped; noted in a file, so that a later run finds
/// those that outlived a `kill -9` of this one.
pub(crate) struct ProcessGroup {
    note: PathBuf,
    logs: PathBuf,
    children: VecDeque<(Remembered, Child)>,
}

impl ProcessGroup {
    /// Ends what an earlier run left, then starts with nobody. `note` is the file, `logs` the folder for what the
    /// children print.
    pub(crate) fn found(note: PathBuf, logs: PathBuf) -> Result<Self> {
        let earlier: Vec<Remembered> = std::fs::read(&note)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        for left in earlier.iter().rev().filter(|left| left.lives()) {
            crate::workspace::say(format_args!("ending {} of an earlier run (pid {})", left.name, left.pid));
            ask_to_end(left.pid);
            let until = Instant::now() + PATIENCE;
            while left.lives() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(50));
            }
            // Those of its group that outlived it as well.
            signal_group(left.pid, Signal::KILL);
        }
        std::fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let household = Self { note, logs, children: VecDeque::new() };
        household.write()?;
        Ok(household)
    }

    fn write(&self) -> Result<()> {
        let list: Vec<&Remembered> = self.children.iter().map(|(remembered, _)| remembered).collect();
        std::fs::write(&self.note, serde_json::to_vec(&list)?)
            .with_context(|| format!("cannot write {}", self.note.display()))
    }

    /// The file that holds what a child of that name prints.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// Starts a child in a process group of its own, so that Ctrl-C reaches only this program. What it prints goes to
    /// its log; standard output can be had instead.
    pub(crate) fn start(&mut self, name: &str, command: &mut Command, stdout: Stdout) -> Result<()> {
        let log = self.log(name);
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        command.process_group(0).stdin(Stdio::null()).stderr(file.try_clone()?);
        match stdout {
            Stdout::Log => command.stdout(file),
            Stdout::Piped => command.stdout(Stdio::piped()),
        };
        let child = command.spawn().with_context(|| format!("cannot start {}", spell(command)))?;
        let remembered = Remembered::of(name, child.id())
            .with_context(|| format!("{name} ended at once; see {}", log.display()))?;
        self.children.push_back((remembered, child));
        self.write()
    }

    /// The first line that a child prints on its piped output; empty where it ends before, or takes too long.
    pub(crate) fn first_line(&mut self, name: &str) -> Result<String> {
        let (_, child) = self
            .children
            .iter_mut()
            .find(|(remembered, _)| remembered.name == name)
            .with_context(|| format!("{name} is not there"))?;
        let output = child.stdout.take().with_context(|| format!("{name} has no output"))?;
        let (send, receive) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = String::new();
            // Nobody waits for it any more where the limit has passed. What comes after is taken and dropped: a child
            // that writes into a pipe which nobody reads would stop one day.
            let _late = output.read_line(&mut line).map(|_| send.send(line));
            let _ended = std::io::copy(&mut output, &mut std::io::sink());
        });
        Ok(receive.recv_timeout(START_LIMIT).unwrap_or_default())
    }

    /// Fails if a child has ended by itself.
    pub(crate) fn all_well(&mut self) -> Result<()> {
        for (remembered, child) in &mut self.children {
            if let Some(status) = child.try_wait()? {
                bail!(
                    "{} ended ({status}); see {}",
                    remembered.name,
                    self.logs.join(format!("{}.log", remembered.name)).display()
                );
            }
        }
        Ok(())
    }

    /// The process id of a child.
    pub(crate) fn pid(&self, name: &str) -> Option<u32> {
        self.children
            .iter()
            .find(|(remembered, _)| remembered.name == name)
            .map(|(remembered, _)| remembered.pid)
    }

    /// Asks one child to end, and kills it if it does not.
    pub(crate) fn end(&mut self, name: &str) {
        if let Some(at) = self.children.iter().position(|(remembered, _)| remembered.name == name)
            && let Some((remembered, child)) = self.children.remove(at)
        {
            end_child(&remembered, child);
            let _kept = self.write();
        }
    }
}

fn end_child(remembered: &Remembered, mut child: Child) {
    ask_to_end(remembered.pid);
    let until = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            Ok(Some(_)) => break,
            Ok(None) | Err(_) => {
                crate::workspace::say(format_args!("{} does not end: killing it", remembered.name));
                break;
            }
        }
    }
    // Whoever of its group is left, itself included.
    signal_group(remembered.pid, Signal::KILL);
    let _status = child.wait();
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        while let Some((remembered, child)) = self.children.pop_back() {
            end_child(&remembered, child);
        }
        let _gone = std::fs::remove_file(&self.note);
    }
}

/// Where a child's standard output goes.
#[derive(Clone, Copy)]
pub(crate) enum Stdout {
    /// To its log.
    Log,
    /// To this program.
    Piped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_again_by_its_start_and_not_by_its_id_alone() {
        let me = Remembered::of("me", std::process::id()).unwrap();
        assert!(me.lives());
        assert!(!Remembered { started: me.started + 1, ..me }.lives());
    }

    #[test]
    fn a_command_that_hangs_is_ended_within_its_limit() {
        let began = Instant::now();
        let done = succeeds_within(Command::new("sleep").arg("60"), Duration::from_millis(100)).unwrap();
        assert!(!done);
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
