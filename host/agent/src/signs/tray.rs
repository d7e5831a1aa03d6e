//! The tray's program: started, and started again when it ends.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

/// How long it may run without reporting what it shows before it is ended: it hangs.
const REPORTS_WITHIN: Duration = Duration::from_secs(20);
/// How long to wait before it is started again, the first time; each time twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// How long to wait at most.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// One that ran for this long ends as if for the first time.
const RAN_LONG: Duration = Duration::from_secs(120);
/// How often to look whether it ended before it reported anything.
const RECHECK: Duration = Duration::from_millis(250);
/// How much of its last log line is passed on, in characters.
const MAX_LINE: usize = 300;

/// How the tray's program is started.
#[derive(Clone, Debug)]
pub struct TrayProgram {
    /// The path of the program `candor`.
    pub program: PathBuf,
    /// The agent's data folder.
    pub data: PathBuf,
    /// The X display, if it is another one than the agent's environment names.
    pub display: Option<String>,
}

impl TrayProgram {
    fn log(&self) -> PathBuf {
        self.data.join("run").join("tray.log")
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut options = OpenOptions::new();
        let log = options.create(true).write(true).truncate(true).mode(0o600).open(self.log())?;
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(&self.data).args(["tray", "--by-agent"]);
        if let Some(display) = &self.display {
            command.env("DISPLAY", display);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn()
    }

    /// Returns the last line of its log.
    fn last_log_line(&self) -> Option<String> {
        let mut text = String::new();
        std::fs::File::open(self.log()).ok()?.take(64 << 10).read_to_string(&mut text).ok()?;
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        let line = line.trim().trim_start_matches("candor: ").trim_end_matches('.');
        Some(line.chars().filter(|c| !c.is_control()).take(MAX_LINE).collect())
    }
}

/// Keeps it running. The one that was started is ended with this value.
pub(super) struct TrayKeeper {
    tray: Option<TrayProgram>,
    child: Option<(Child, Instant)>,
    wait: Duration,
    not_before: Option<Instant>,
    why: Option<String>,
}

impl TrayKeeper {
    pub(super) fn new(tray: Option<TrayProgram>) -> Self {
        Self { tray, child: None, wait: FIRST_WAIT, not_before: None, why: None }
    }

    /// Starts it if it does not run. `there`: a tray's program reports what it shows, this one or another. Returns when
    /// to look again, and why it shows nothing.
    pub(super) fn ensure_running(&mut self, there: bool, now: Instant) -> (Option<Instant>, Option<String>) {
        let Some(tray) = &self.tray else { return (None, None) };
        if let Some((child, started)) = &mut self.child {
            let ran = now.saturating_duration_since(*started);
            let ended = match child.try_wait() {
                Ok(None) if !there && ran >= REPORTS_WITHIN => {
                    self.why = Some("the tray's program does not answer".into());
                    let _gone = child.kill();
                    let _status = child.wait();
                    true
                }
                Ok(None) => false,
                Ok(Some(_)) => {
                    self.why = tray.last_log_line();
                    true
                }
                Err(_) => true,
            };
            if ended {
                self.child = None;
                self.wait = if ran >= RAN_LONG { FIRST_WAIT } else { self.wait };
                self.not_before = Some(now + self.wait);
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
            }
        }
        if there {
            self.why = None;
        }
        if self.child.is_none() && !there && self.not_before.is_none_or(|at| at <= now) {
            match tray.start() {
                Ok(child) => self.child = Some((child, now)),
                Err(error) => {
                    self.why = Some(format!("{} cannot be run: {error}", tray.program.display()));
                    self.not_before = Some(now + self.wait);
                    self.wait = (self.wait * 2).min(LONGEST_WAIT);
                }
            }
        }
        let again = match self.child {
            // Its connection ends with it, and that is noticed at once.
            _ if there => return (None, None),
            Some(_) => now + RECHECK,
            None => self.not_before.map_or(now + RECHECK, |at| at.max(now + FIRST_WAIT)),
        };
        (Some(again), self.why.clone())
    }
}

impl Drop for TrayKeeper {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.child.take() {
            // It takes its icon and its notifications away.
            let asked = child.stdin.take().map(|mut input| input.write_all(b"end\n"));
            if !matches!(asked, Some(Ok(()))) {
                let _gone = child.kill();
            }
            // On a thread of its own: this may be an async one, and it takes a moment.
            let _waiting = std::thread::Builder::new().name("tray".into()).spawn(move || child.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(folder: &std::path::Path, script: &str) -> TrayProgram {
        let program = folder.join("tray");
        std::fs::create_dir_all(folder.join("run")).unwrap();
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        TrayProgram { program, data: folder.to_path_buf(), display: None }
    }

    fn starts(folder: &std::path::Path) -> usize {
        std::fs::read_to_string(folder.join("starts")).unwrap_or_default().lines().count()
    }

    #[test]
    fn it_is_started_again_later_each_time_and_its_last_words_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let script =
            format!("echo x >> {}/starts; echo 'candor: there is no bus.' >&2", folder.path().display());
        let mut tray_keeper = TrayKeeper::new(Some(program(folder.path(), &script)));
        let mut now = Instant::now();
        let end = now + Duration::from_secs(600);
        let mut why = None;
        while now < end {
            let (next, said) = tray_keeper.ensure_running(false, now);
            why = said.or(why);
            if let Some((child, _)) = &mut tray_keeper.child {
                child.wait().unwrap();
            }
            now = next.unwrap();
        }
        let starts = starts(folder.path());
        assert!((8..=20).contains(&starts), "{starts}");
        assert_eq!(why.as_deref(), Some("there is no bus"));
    }

    #[test]
    fn one_that_says_nothing_is_ended_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut tray_keeper = TrayKeeper::new(Some(program(folder.path(), "exec sleep 600")));
        let now = Instant::now();
        tray_keeper.ensure_running(false, now);
        assert!(tray_keeper.child.is_some());
        // While another reports what it shows, it may take its time.
        tray_keeper.ensure_running(true, now + REPORTS_WITHIN);
        assert!(tray_keeper.child.is_some());
        let (_, why) = tray_keeper.ensure_running(false, now + REPORTS_WITHIN);
        assert!(tray_keeper.child.is_none());
        assert!(why.unwrap().contains("does not answer"));

        let missing =
            TrayProgram { program: "/nowhere/candor".into(), data: folder.path().into(), display: None };
        let (again, why) = TrayKeeper::new(Some(missing)).ensure_running(false, now);
        assert!(again.unwrap() > now && why.unwrap().starts_with("/nowhere/candor cannot be run"));
    }
}
