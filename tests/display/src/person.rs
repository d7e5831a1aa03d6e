//! A person at the real window, by keyboard or by pointer: goes on by Tab until the screen reader says what they look
//! for, or clicks where it says that it is.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::display::{Display, eventually};
use crate::reader::{Part, Reader};

/// How long anything may take to come about: machines under test are busy.
pub const PATIENCE: Duration = Duration::from_secs(150);

/// How long a deed may take to show before it is done again.
const SHOWS: Duration = Duration::from_secs(4);

/// A person, their display, and the window while it is open.
pub struct Person {
    program: PathBuf,
    reader: Reader,
    window: Option<Child>,
    display: Display,
}

impl Person {
    /// A display with a window manager and a screen reader; the window, which `program` shows, is not open yet.
    ///
    /// # Errors
    /// If one of them does not start.
    pub fn sit_down(program: PathBuf) -> Result<Self> {
        let mut display = Display::start("800x700x24")?;
        display.openbox()?;
        Ok(Self { program, reader: Reader::start(&display)?, window: None, display })
    }

    /// Opens the window on a data folder. `agent` is started by the window if none answers.
    ///
    /// # Errors
    /// If it does not show.
    pub fn open(&mut self, data: &Path, agent: &Path) -> Result<()> {
        self.open_for(data, agent, &[])
    }

    /// The same with arguments, as the desktop opens a link.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_for(&mut self, data: &Path, agent: &Path, arguments: &[&str]) -> Result<()> {
        let child = self
            .display
            .command(&self.program.to_string_lossy(), &["--data"])
            .arg(data)
            .arg("--agent")
            .arg(agent)
            .args(arguments)
            .env("DBUS_SESSION_BUS_ADDRESS", self.reader.session())
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("TZ", "UTC")
            .env("USER", "somebody")
            .stdin(Stdio::null())
            .spawn()?;
        self.window = Some(child);
        self.display.window_named("Candor")?;
        Ok(())
    }

    /// Opens the window once more, if one is open: that one comes to the front.
    ///
    /// # Errors
    /// If that does not end well, as if another window stayed open.
    pub fn raises(&self, data: &Path, arguments: &[&str]) -> Result<()> {
        let mut command = self.display.command(&self.program.to_string_lossy(), &["--data"]);
        command.arg(data).args(arguments).env("LIBGL_ALWAYS_SOFTWARE", "1").stdin(Stdio::null());
        let mut child = command.spawn()?;
        let ended = eventually("the second window's program ends", || Ok(child.try_wait()?));
        let _gone = child.kill();
        let status = ended?;
        if status.success() { Ok(()) } else { bail!("the second window ended: {status}") }
    }

    /// Closes the window by the window manager's key.
    ///
    /// # Errors
    /// If the key cannot be pressed.
    pub fn ask_to_close(&self) -> Result<()> {
        self.display.keys(&["alt+F4"])
    }

    /// The same, and waits until its program has ended.
    ///
    /// # Errors
    /// If it does not end.
    pub fn close(&mut self) -> Result<()> {
        self.ask_to_close()?;
        self.closed()
    }

    /// Waits until the window's program has ended by itself.
    ///
    /// # Errors
    /// If it does not end, or not well.
    pub fn closed(&mut self) -> Result<()> {
        let Some(mut window) = self.window.take() else { bail!("no window is open") };
        let ended = eventually("the window's program ends", || Ok(window.try_wait()?));
        let _gone = window.kill();
        let status = ended?;
        if status.success() { Ok(()) } else { bail!("the window ended: {status}") }
    }

    /// Whether the window is open.
    pub fn sees_a_window(&mut self) -> bool {
        self.window.as_mut().is_some_and(|window| matches!(window.try_wait(), Ok(None)))
    }

    /// Whether the window says this somewhere.
    #[must_use]
    pub fn reads(&self, text: &str) -> bool {
        self.reader.parts().iter().any(|part| part.name.contains(text))
    }

    /// All that the window says.
    #[must_use]
    pub fn hears(&self) -> Vec<String> {
        self.reader.parts().into_iter().map(|part| part.name).filter(|name| !name.is_empty()).collect()
    }

    /// Presses Enter on the part whose name begins like this, or with one of several the first that Tab comes to, as
    /// often as it takes: the page may have turned meanwhile.
    ///
    /// # Errors
    /// If `so` does not come about.
    pub fn press<T>(&self, names: &[&str], so: impl FnMut() -> Option<T>) -> Result<T> {
        self.at(names, so, |display| display.keys(&["Return"]))
    }

    /// Types a text into the field whose label begins like this, in place of what was in it, and presses Enter.
    ///
    /// # Errors
    /// If `so` does not come about.
    pub fn fill<T>(&self, label: &str, text: &str, so: impl FnMut() -> Option<T>) -> Result<T> {
        self.at(&[label], so, |display| {
            display.keys(&["ctrl+a"])?;
            display.types(text)?;
            display.keys(&["Return"])
        })
    }

    fn at<T>(
        &self,
        names: &[&str],
        mut so: impl FnMut() -> Option<T>,
        deed: impl Fn(&Display) -> Result<()>,
    ) -> Result<T> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(found) = so() {
                return Ok(found);
            }
            let here = self.focus();
            if here.as_ref().is_some_and(|here| names.iter().any(|name| here.starts_with(name))) {
                deed(&self.display)?;
                let shows = Instant::now() + SHOWS;
                while Instant::now() < shows {
                    if let Some(found) = so() {
                        return Ok(found);
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
                continue;
            }
            self.display.keys(&["Tab"])?;
            let moves = Instant::now() + Duration::from_millis(400);
            while self.focus() == here && Instant::now() < moves {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        bail!("{names:?} did not do it; the window says {:#?}", self.hears());
    }

    /// Clicks once on the part whose name begins like this, a second after it came into sight, and waits for `so`. One that
    /// is not in sight is scrolled to first, which is no click.
    ///
    /// # Errors
    /// If there is no such part, or `so` does not come about.
    pub fn click<T>(&self, name: &str, mut so: impl FnMut() -> Option<T>) -> Result<T> {
        /// Longer than what ends something takes no press.
        const CAME: Duration = Duration::from_secs(1);
        // A field has the name of the label above it, a row that of the first text in it: what is larger is meant.
        let part = || {
            let meant = |part: &Part| part.name.starts_with(name);
            let found = self.reader.parts().into_iter().filter(meant).filter_map(|part| {
                let extents = self.reader.extents(&part).ok()?;
                (extents.2 > 0 && extents.3 > 0).then_some((part, extents))
            });
            Ok(found.max_by_key(|(_, (_, _, width, height))| width * height))
        };
        eventually(&format!("{name:?} is in sight"), part)?;
        std::thread::sleep(CAME);
        let window = self.display.window_named("Candor")?.to_string();
        let size = self.display.run("xdotool", &["getwindowgeometry", "--shell", &window])?;
        let height: i32 =
            size.lines().find_map(|line| line.strip_prefix("HEIGHT=")?.parse().ok()).unwrap_or(560);
        let mut clicked = false;
        for _ in 0..20 {
            if let Some(found) = clicked.then(&mut so).flatten() {
                return Ok(found);
            }
            let (_, (left, top, wide, high)) = eventually(&format!("{name:?} is there"), part)?;
            let (x, y) = (left + wide / 2, top + high / 2);
            // The lines at the top and the bottom cover what is under them.
            if (56..height - 44).contains(&y) || ["Back", "What is recorded"].contains(&name) {
                let (x, y) = (x.to_string(), y.to_string());
                self.display.run("xdotool", &["mousemove", "--window", &window, &x, &y, "click", "1"])?;
                clicked = true;
                let shows = Instant::now() + 2 * SHOWS;
                while Instant::now() < shows {
                    if let Some(found) = so() {
                        return Ok(found);
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
                // The page turned under the pointer, as fast as its clock is here: once more.
                continue;
            }
            let (middle, wheel) = ((height / 2).to_string(), if y < 56 { "4" } else { "5" });
            self.display
                .run("xdotool", &["mousemove", "--window", &window, "330", &middle, "click", wheel])?;
            std::thread::sleep(CAME);
        }
        bail!("a click on {name:?} does not do it; the window says {:#?}", self.hears());
    }

    /// Types, and ends with Enter.
    ///
    /// # Errors
    /// If no key can be pressed.
    pub fn types(&self, text: &str) -> Result<()> {
        self.display.keys(&["ctrl+a"])?;
        self.display.types(text)?;
        self.display.keys(&["Return"])
    }

    /// The name of what has the keyboard.
    fn focus(&self) -> Option<String> {
        self.reader.parts().into_iter().find(|part| part.focused).map(|part| part.name)
    }

    /// Writes a picture of the window into the folder that `CANDOR_PICTURES` names; without one, nothing.
    ///
    /// # Errors
    /// If it cannot be taken.
    pub fn picture(&self, name: &str) -> Result<()> {
        let Some(folder) = std::env::var_os("CANDOR_PICTURES").map(PathBuf::from) else { return Ok(()) };
        std::fs::create_dir_all(&folder)?;
        let window = self.display.window_named("Candor")?;
        self.display.shoot(window, &folder.join(format!("real-{name}.png")))
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        if let Some(window) = &mut self.window {
            let _gone = window.kill();
            let _status = window.wait();
        }
    }
}
