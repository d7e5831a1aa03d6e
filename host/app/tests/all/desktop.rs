//! A desktop of its own for one test: a screen, a window manager, a session bus with its services.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use candor_test_display::bus;
use zbus::blocking::connection::Builder;
use zbus::blocking::fdo::MonitoringProxy;
use zbus::blocking::{Connection, MessageIterator};

pub(crate) struct Desktop {
    home: tempfile::TempDir,
    display: String,
    bus: String,
    /// Ended in the reverse of the order in which they were started.
    programs: Vec<Child>,
}

impl Desktop {
    pub(crate) fn new() -> Self {
        let mut desktop = Self {
            home: tempfile::tempdir().unwrap(),
            display: String::new(),
            bus: String::new(),
            programs: Vec::new(),
        };
        let mut screen = desktop.command("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        desktop.display = format!(":{}", desktop.first_line(screen));
        let mut daemon = desktop.command("dbus-daemon");
        let services = [bus::NOTIFICATIONS, bus::SETTINGS, bus::SECRETS];
        bus::serve(&mut daemon, desktop.home.path(), &services).unwrap();
        desktop.bus = desktop.first_line(daemon);
        let manager = desktop.command("openbox");
        desktop.run(manager);
        desktop
    }

    /// A program on this desktop, silent.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env("TZ", "Europe/Helsinki")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// `candor` on this desktop.
    pub(crate) fn candor(&self, data: &Path, command: &str) -> Command {
        let mut candor = self.command(env!("CARGO_BIN_EXE_candor"));
        candor.arg("--data").arg(data).arg(command);
        candor
    }

    /// Starts a program that runs as long as the desktop does; answers its process id.
    pub(crate) fn run(&mut self, mut command: Command) -> u32 {
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let id = child.id();
        self.programs.push(child);
        id
    }

    fn first_line(&mut self, mut command: Command) -> String {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        self.programs.push(child);
        assert!(!line.trim().is_empty(), "{command:?} did not start");
        line.trim().to_owned()
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// The session bus's address.
    pub(crate) fn address(&self) -> &str {
        &self.bus
    }

    pub(crate) fn bus(&self) -> Connection {
        Builder::address(self.address()).unwrap().build().unwrap()
    }

    /// All calls of `Notify` from now on: summary, body, and the keys of the actions.
    pub(crate) fn notifications(&self) -> impl Iterator<Item = (String, String, Vec<String>)> + use<> {
        let connection = self.bus();
        let rule = "type='method_call',interface='org.freedesktop.Notifications',member='Notify'";
        let rule = zbus::MatchRule::try_from(rule).unwrap();
        MonitoringProxy::new(&connection).unwrap().become_monitor(&[rule], 0).unwrap();
        type Notify = (
            String,
            u32,
            String,
            String,
            String,
            Vec<String>,
            std::collections::HashMap<String, zbus::zvariant::OwnedValue>,
            i32,
        );
        MessageIterator::from(connection).flatten().filter_map(|message| {
            let (_, _, _, summary, body, actions, ..) = message.body().deserialize::<Notify>().ok()?;
            Some((summary, body, actions.into_iter().step_by(2).collect()))
        })
    }

    /// Runs xdotool; what it prints.
    pub(crate) fn xdotool(&self, arguments: &[&str]) -> String {
        let output = self.command("xdotool").args(arguments).stdout(Stdio::piped()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Where windows of a class are: x, y, width, height; the topmost first.
    pub(crate) fn windows(&self, class: &str) -> Vec<[i32; 4]> {
        let found = self.xdotool(&["search", "--onlyvisible", "--class", class]);
        let mut windows: Vec<[i32; 4]> = found
            .lines()
            .filter_map(|window| {
                let text = self.xdotool(&["getwindowgeometry", "--shell", window]);
                let figure = |name: &str| {
                    text.lines().find_map(|l| l.strip_prefix(name))?.strip_prefix('=')?.parse().ok()
                };
                Some([figure("X")?, figure("Y")?, figure("WIDTH")?, figure("HEIGHT")?])
            })
            .collect();
        windows.sort_by_key(|[_, y, ..]| *y);
        windows
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

/// Waits until there is an answer.
#[track_caller]
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}
