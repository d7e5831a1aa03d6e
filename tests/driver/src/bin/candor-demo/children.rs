//! Programs that run beside the demo: started, watched, and ended in an orderly way.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use candor_test_driver::command::name_of;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::interrupt::Interrupt;
use crate::progress::print_progress;

/// How long a child may take to end by itself before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a child may take to say that it is there.
pub(super) const START_LIMIT: Duration = Duration::from_secs(30);

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
pub(super) struct ProcessGroup {
    note: PathBuf,
    logs: PathBuf,
    children: VecDeque<(Remembered, Child)>,
}

impl ProcessGroup {
    /// Ends what an earlier run left, then starts with nobody. `note` is the file, `logs` the folder for what the
    /// children print.
    pub(super) fn open(note: PathBuf, logs: PathBuf) -> Result<Self> {
        let earlier: Vec<Remembered> = std::fs::read(&note)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        for left in earlier.iter().rev().filter(|left| left.lives()) {
            print_progress(format_args!("ending {} of an earlier run (pid {})", left.name, left.pid));
            ask_to_end(left.pid);
            let until = Instant::now() + PATIENCE;
            while left.lives() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(50));
            }
            // Those of its group that outlived it as well.
            signal_group(left.pid, Signal::KILL);
        }
        std::fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let group = Self { note, logs, children: VecDeque::new() };
        group.write()?;
        Ok(group)
    }

    fn write(&self) -> Result<()> {
        let list: Vec<&Remembered> = self.children.iter().map(|(remembered, _)| remembered).collect();
        std::fs::write(&self.note, serde_json::to_vec(&list)?)
            .with_context(|| format!("cannot write {}", self.note.display()))
    }

    /// The file that holds what a child of that name prints.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// Starts a child in a process group of its own, so that Ctrl-C reaches only this program. What it prints goes to
    /// its log; standard output can be had instead.
    pub(super) fn start(&mut self, name: &str, command: &mut Command, stdout: Stdout) -> Result<()> {
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
        let child = command.spawn().with_context(|| format!("cannot start {}", name_of(command)))?;
        let remembered = Remembered::of(name, child.id())
            .with_context(|| format!("{name} ended at once; see {}", log.display()))?;
        self.children.push_back((remembered, child));
        self.write()
    }

    /// The first line that a child prints on its piped output; empty if it ends before, or takes too long.
    pub(super) fn first_line(&mut self, name: &str) -> Result<String> {
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
            // Nobody waits for it any more once the limit has passed. What comes after is taken and dropped: a child
            // that writes into a pipe which nobody reads would stop one day.
            let _late = output.read_line(&mut line).map(|_| send.send(line));
            let _ended = std::io::copy(&mut output, &mut std::io::sink());
        });
        Ok(receive.recv_timeout(START_LIMIT).unwrap_or_default())
    }

    /// Fails if a child has ended by itself.
    pub(super) fn all_well(&mut self) -> Result<()> {
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

    /// Waits until something is so; fails if a child ends meanwhile, or after half a minute.
    pub(super) fn wait_until(
        &mut self,
        interrupt: &Interrupt,
        what: &str,
        mut is_so: impl FnMut() -> bool,
    ) -> Result<()> {
        let until = Instant::now() + START_LIMIT;
        while !is_so() {
            self.all_well()?;
            if Instant::now() > until {
                bail!("{what} is not there after {} s", START_LIMIT.as_secs());
            }
            interrupt.sleep_or_fail(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// The process id of a child.
    pub(super) fn pid(&self, name: &str) -> Option<u32> {
        self.children
            .iter()
            .find(|(remembered, _)| remembered.name == name)
            .map(|(remembered, _)| remembered.pid)
    }

    /// Asks one child to end, and kills it if it does not.
    pub(super) fn end(&mut self, name: &str) {
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
                print_progress(format_args!("{} does not end: killing it", remembered.name));
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
pub(super) enum Stdout {
    /// To the child's log.
    Log,
    /// To this program, which reads the first line.
    Piped,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_again_by_its_start_and_not_by_its_id_alone() {
        let me = Remembered::of("me", std::process::id()).unwrap();
        assert!(me.lives());
        assert!(!Remembered { started: me.started + 1, ..me }.lives());
    }
}
