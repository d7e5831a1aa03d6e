//! A scripted person at a screen of their own: programs in overlapping windows, one of them with something that nobody
//! but that person should see, and keys and clicks now and then.
//!
//! What the programs show is handed to them on their command line. It is written into no file, so that a search of
//! what a run leaves finds only what Candor wrote.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use candor_test_driver::command;

use crate::children::{ProcessGroup, Stdout};
use crate::interrupt::Interrupt;

/// How long one call of xdotool may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A window with a program in it.
struct ScriptedWindow {
    /// What its log is called.
    name: &'static str,
    title: &'static str,
    /// Columns x lines + left + top, as xterm takes it.
    geometry: &'static str,
    /// A shell command; `$0` stands for the text.
    program: &'static str,
    text: &'static str,
}

/// From bottom to top. A character is 13 by 26 pixels. The words in capitals are what a test looks for in the picture.
const WINDOWS: &[ScriptedWindow] = &[
    ScriptedWindow {
        name: "notes",
        title: "Invoice service: notes",
        geometry: "66x20+30+40",
        program: "printf '%s\\n' \"$0\"; exec cat",
        text: "Invoice service\n\nticket KESTREL-4410\n\n  1 read the rounding rule again\n  2 half to even, once a line\n  \
               3 a test for each currency\n",
    },
    ScriptedWindow {
        name: "load",
        title: "Load",
        geometry: "60x14+1090+40",
        program: "exec top -d 7",
        text: "",
    },
    ScriptedWindow {
        name: "private",
        title: "secret: payroll",
        geometry: "64x15+500+330",
        program: "printf '%s\\n' \"$0\"; exec cat",
        text: "payroll of november\n\nPAYROLL-7731\n\n  Alma Berg       4310.00\n  Bo Lind         3985.00\n  \
               Cleo Marsh      5120.00\n\nPAYROLL-7731\n",
    },
    ScriptedWindow {
        name: "tests",
        title: "Invoice service: tests",
        geometry: "60x11+1040+690",
        program: "printf '\\n\\n\\n%s\\n' \"$0\"; while read -r line; do printf 'BRAMBLE-2258 %s\\n' \"${#line}\"; done",
        text: "BRAMBLE-2258 ready",
    },
];

/// Another window to work in.
const NOTES: &str = "Invoice service: notes";

/// The window that is typed into.
const TYPED_INTO: &str = "Invoice service: tests";

/// The window that nobody else should see; it has the focus for a moment now and then.
const PRIVATE: &str = "secret: payroll";

/// What is typed, a line at a time.
const LINES: &[&str] = &[
    "the totals add up again",
    "half to even",
    "one line too many",
    "and now without the discount",
    "green",
];

/// Opens the windows. A person reads large letters, and so does the program that reads the picture in a test.
pub(super) fn open_windows(children: &mut ProcessGroup, interrupt: &Interrupt, display: &str) -> Result<()> {
    for window in WINDOWS {
        children.start(
            window.name,
            Command::new("xterm")
                .args(["-fa", "DejaVu Sans Mono", "-fs", "16", "-geometry", window.geometry])
                .args(["-title", window.title, "+sb", "-e", "sh", "-c", window.program, window.text])
                .env("DISPLAY", display)
                .env_remove("XENVIRONMENT"),
            Stdout::Log,
        )?;
        // One after the other, so that they lie over each other in this order.
        children.wait_until(interrupt, window.title, || find_window(display, window.title).is_ok())?;
    }
    Ok(())
}

/// The X server's number for the window of that title.
pub(super) fn find_window(display: &str, title: &str) -> Result<String> {
    let said = command::output(
        Command::new("xdotool").args(["search", "--onlyvisible", "--name", title]).env("DISPLAY", display),
    )?;
    said.lines().next().map(str::to_owned).context("no such window")
}

/// Somebody who works without a pause, as a measurement wants it: three keys a second, the mouse moved once a second,
/// another window every eight. Ends with this value.
pub(super) struct Typist {
    works: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Typist {
    /// Begins; the windows are open.
    pub(super) fn at(display: &str) -> Result<Self> {
        let display = display.to_owned();
        let windows = [find_window(&display, NOTES)?, find_window(&display, TYPED_INTO)?];
        let works = Arc::new(AtomicBool::new(true));
        let goes_on = Arc::clone(&works);
        let thread = std::thread::spawn(move || {
            for second in 0_usize.. {
                if !goes_on.load(Ordering::Relaxed) {
                    return;
                }
                let began = Instant::now();
                let window = &windows[second / 8 % windows.len()];
                let xdotool = |arguments: &[&str]| {
                    let mut xdotool = Command::new("xdotool");
                    xdotool.args(arguments).env("DISPLAY", &display);
                    // A call that does not come through costs some keys, no more.
                    let _some = command::succeeds_within(&mut xdotool, LIMIT);
                };
                if second % 8 == 0 {
                    xdotool(&["windowactivate", window]);
                }
                let x = (300 + second % 60 * 5).to_string();
                // Keys last: the text ends the command line.
                xdotool(&["mousemove", "--window", window, &x, "150", "type", "--delay", "250", "and"]);
                std::thread::sleep(Duration::from_secs(1).saturating_sub(began.elapsed()));
            }
        });
        Ok(Self { works, thread: Some(thread) })
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        self.works.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// The person: does one thing after another, each at its time.
pub(super) struct ScriptedPerson<'a> {
    display: &'a str,
    typed_into: String,
    private: String,
    /// How many things were done so far.
    done: usize,
    next: Instant,
}

impl<'a> ScriptedPerson<'a> {
    /// Sits down; the windows are open.
    pub(super) fn at(display: &'a str) -> Result<Self> {
        Ok(Self {
            display,
            typed_into: find_window(display, TYPED_INTO)?,
            private: find_window(display, PRIVATE)?,
            done: 0,
            next: Instant::now(),
        })
    }

    /// Does the next thing, if it is time for it.
    pub(super) fn act(&mut self) -> Result<()> {
        if Instant::now() < self.next {
            return Ok(());
        }
        let pause = match self.done % 6 {
            // A look at the private window. Nothing is typed there.
            4 => {
                self.xdotool(&["windowactivate", "--sync", &self.private.clone()])?;
                3
            }
            2 => {
                self.xdotool(&["click", "--repeat", "3", "--delay", "40", "5"])?;
                4
            }
            _ => {
                let line = LINES.get(self.done % LINES.len()).copied().unwrap_or_default();
                let window = self.typed_into.clone();
                self.xdotool(&["windowactivate", "--sync", &window])?;
                self.xdotool(&["mousemove", "--window", &window, "500", "200", "click", "1"])?;
                self.xdotool(&["type", "--delay", "30", line])?;
                self.xdotool(&["key", "Return"])?;
                5
            }
        };
        self.done += 1;
        self.next = Instant::now() + Duration::from_secs(pause);
        Ok(())
    }

    fn xdotool(&self, arguments: &[&str]) -> Result<()> {
        let mut xdotool = Command::new("xdotool");
        xdotool.args(arguments).env("DISPLAY", self.display);
        // A call that does not come through costs some keys, no more.
        command::succeeds_within(&mut xdotool, LIMIT).map(drop)
    }
}
