//! A display of a test's own: Xvfb on a free number, a window manager and programs if a test wants them.
//!
//! Nothing here skips: a program that is missing fails the test with what to do about it. Everything started dies with
//! the [`Display`], and with the test process too, however that ends. (The kernel ties a child to the *thread* that
//! started it: keep the `Display` on the thread that made it, not in a static.)

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, MapState, Window, WindowClass};
use x11rb::rust_connection::RustConnection;

/// How long anything may take to show before a test gives up: generous, because machines under test are busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running X server with nobody else on it.
#[derive(Debug)]
pub struct Display {
    /// Its name, as in `$DISPLAY`.
    pub name: String,
    children: Vec<Child>,
    /// Kept open: Xvfb may write there.
    _server_output: BufReader<ChildStdout>,
}

impl Display {
    /// One screen, `size` as Xvfb spells it: `1920x1080x24`.
    pub fn start(size: &str) -> anyhow::Result<Self> {
        Self::start_with(size, &[])
    }

    /// The same, with an X extension switched off.
    pub fn start_without(size: &str, extension: &str) -> anyhow::Result<Self> {
        Self::start_with(size, &["-extension", extension])
    }

    /// One screen under a number that no other test's server comes to: for those whose server goes away, and is looked for.
    pub fn start_apart(size: &str) -> anyhow::Result<Self> {
        let first = 1_000 + std::process::id() % 20_000;
        let mut last = None;
        for number in (first..first + 200).map(|number| format!(":{number}")) {
            match Self::start_with(size, &[&number]) {
                Ok(display) => return Ok(display),
                // Another test of this program has it.
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no number was tried")?)
    }

    fn start_with(size: &str, more: &[&str]) -> anyhow::Result<Self> {
        let arguments =
            [&["-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp", "-noreset"], more].concat();
        let mut server = command("Xvfb", &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| missing("Xvfb", &error))?;
        let output = server.stdout.take().context("Xvfb has no output")?;
        let mut output = BufReader::new(output);
        let mut number = String::new();
        output.read_line(&mut number)?;
        let number = number.trim();
        if number.is_empty() {
            let status = server.wait()?;
            bail!("Xvfb found no free display ({status}): `cargo xtask test` installs what it needs");
        }
        Ok(Self { name: format!(":{number}"), children: vec![server], _server_output: output })
    }

    /// Two monitors side by side, `left` and `right`, 1920x1080 each.
    pub fn two_monitors() -> anyhow::Result<Self> {
        let display = Self::start("3840x1080x24")?;
        for (name, place, output) in
            [("left", "1920/508x1080/286+0+0", "screen"), ("right", "1920/508x1080/286+1920+0", "none")]
        {
            display.run("xrandr", &["--setmonitor", name, place, output])?;
        }
        Ok(display)
    }

    /// Starts openbox (titles, frames, stacking) with nothing of the account's own set-up, and waits until it manages
    /// windows. (While it starts it says that it does, and yet loses windows that ask to be shown: so it is tried out.)
    pub fn openbox(&mut self) -> anyhow::Result<()> {
        self.spawn("openbox", &["--config-file", "/etc/xdg/openbox/rc.xml", "--sm-disable"])?;
        let (connection, root) = self.connect()?;
        let atom = |name: &str| -> anyhow::Result<u32> {
            Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom)
        };
        let (state, list) = (atom("WM_STATE")?, atom("_NET_CLIENT_LIST")?);
        let length = |window: Window, property: u32| -> anyhow::Result<Option<u32>> {
            let property = connection.get_property(false, window, property, AtomEnum::ANY, 0, 1)?.reply()?;
            Ok((property.type_ != 0).then_some(property.value_len))
        };
        eventually("openbox starts", || length(root, list))?;
        eventually("openbox manages a window", || {
            let trial = connection.generate_id()?;
            let none = CreateWindowAux::new();
            connection
                .create_window(0, trial, root, 0, 0, 9, 9, 0, WindowClass::INPUT_OUTPUT, 0, &none)?
                .check()?;
            connection.map_window(trial)?.check()?;
            let patience = Instant::now() + Duration::from_millis(500);
            let mut managed = false;
            while !managed && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(5));
                managed = length(trial, state)?.is_some();
            }
            connection.destroy_window(trial)?.check()?;
            Ok(managed.then_some(()))
        })?;
        eventually("openbox lets the trial window go", || {
            Ok(length(root, list)?.filter(|windows| *windows == 0))
        })?;
        Ok(())
    }

    /// Starts a program on this display; it is stopped with it. Returns its process id.
    pub fn spawn(&mut self, program: &str, arguments: &[&str]) -> anyhow::Result<u32> {
        let child = self
            .command(program, arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| missing(program, &error))?;
        let id = child.id();
        self.children.push(child);
        Ok(id)
    }

    /// Runs a program on this display to its end. Returns what it printed.
    pub fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self
            .command(program, arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| missing(program, &error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{program} {} failed ({}): {said}\n{HINT}", arguments.join(" "), output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts an xterm with a title, at a place like `80x24+100+100`, that runs `script` and then waits.
    pub fn xterm(&mut self, title: &str, place: &str, script: &str) -> anyhow::Result<u32> {
        let script = format!("{script}\nexec sleep 3600");
        // Without allowTitleOps:false a shell's prompt could rename it.
        self.spawn(
            "xterm",
            &["-T", title, "-geometry", place, "-xrm", "*allowTitleOps: false", "-e", "sh", "-c", &script],
        )
    }

    /// Waits until a window with exactly this title is on the screen. Returns its X id.
    pub fn window_named(&self, title: &str) -> anyhow::Result<u32> {
        let (connection, root) = self.connect()?;
        let net_name = connection.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
        eventually(&format!("a window titled '{title}' shows"), || {
            Ok(find(&connection, root, net_name, title, 0))
        })
    }

    /// Stops the X server, as a crash would, and waits until it is gone.
    pub fn kill_server(&mut self) -> anyhow::Result<()> {
        let server = self.children.first_mut().context("no X server")?;
        server.kill()?;
        server.wait()?;
        Ok(())
    }

    /// Starts an X server anew under the same name, after [`Self::kill_server`], with one screen of this size.
    pub fn start_server_again(&mut self, size: &str) -> anyhow::Result<()> {
        let arguments = [&self.name, "-screen", "0", size, "-nolisten", "tcp", "-noreset"];
        let server = command("Xvfb", &arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| missing("Xvfb", &error))?;
        *self.children.first_mut().context("no X server")? = server;
        eventually("the X server is back", || Ok(self.connect().ok().map(drop)))
    }

    /// Stops the X server from doing anything, without ending it.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("-STOP")
    }

    /// Lets a frozen X server go on.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let server = self.children.first().context("no X server")?;
        let sent = Command::new("kill").args([signal, &server.id().to_string()]).status()?;
        if sent.success() { Ok(()) } else { bail!("cannot send {signal} to the X server") }
    }

    /// A connection to this display, and its root window.
    pub fn connect(&self) -> anyhow::Result<(RustConnection, Window)> {
        let (connection, screen) = x11rb::connect(Some(&self.name))?;
        let root = connection.setup().roots.get(screen).context("no such screen")?.root;
        Ok((connection, root))
    }

    /// Presses keys, as xdotool spells them, one after the other.
    pub fn keys(&self, keys: &[&str]) -> anyhow::Result<()> {
        self.run("xdotool", &[&["key", "--delay", "60"], keys].concat()).map(drop)
    }

    /// Types a text, a key every 30 ms.
    pub fn types(&self, text: &str) -> anyhow::Result<()> {
        self.run("xdotool", &["type", "--delay", "30", text]).map(drop)
    }

    /// Writes a picture of a window into a file, of the kind that its name says.
    pub fn shoot(&self, window: u32, file: &Path) -> anyhow::Result<()> {
        let file = file.to_str().context("no file name")?;
        self.run("import", &["-window", &window.to_string(), file]).map(drop)
    }

    /// A program for this display, to be started by the caller. It dies with the thread that starts it.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = command(program, arguments);
        command.env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY").env_remove("XAUTHORITY");
        command
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // The X server was started first and goes last.
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Asks until there is an answer, at most for [`PATIENCE`]; `what` completes 'it did not come about that'.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if Instant::now() >= until {
            bail!("it did not come about within {} s that {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

const HINT: &str = "is it installed? `cargo xtask test` installs all that the tests need";

fn missing(program: &str, error: &std::io::Error) -> anyhow::Error {
    anyhow!("cannot start {program}: {error}; {HINT}")
}

/// A command that dies with the thread that starts it.
fn command(program: &str, arguments: &[&str]) -> Command {
    // util-linux's setpriv: the same from Rust would need unsafe code. It hides a missing program, hence `found`.
    let mut command = Command::new(if found(program) { "setpriv" } else { program });
    if found(program) {
        command.args(["--pdeathsig", "KILL", "--", program]);
    }
    command.args(arguments);
    command
}

fn found(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The first viewable window with this title at or below `window`.
fn find(
    connection: &RustConnection,
    window: Window,
    net_name: u32,
    title: &str,
    depth: u32,
) -> Option<Window> {
    // Windows may vanish while they are looked at: what cannot be read is passed over.
    let text = |atom: u32| -> Option<Vec<u8>> {
        let property =
            connection.get_property(false, window, atom, AtomEnum::ANY, 0, 1024).ok()?.reply().ok()?;
        (!property.value.is_empty()).then_some(property.value)
    };
    let viewable = || {
        let attributes = connection.get_window_attributes(window).ok()?.reply().ok()?;
        Some(attributes.map_state == MapState::VIEWABLE)
    };
    let name = text(net_name).or_else(|| text(AtomEnum::WM_NAME.into()));
    if name.as_deref() == Some(title.as_bytes()) && viewable() == Some(true) {
        return Some(window);
    }
    if depth >= 4 {
        return None;
    }
    let children = connection.query_tree(window).ok()?.reply().ok()?.children;
    children.into_iter().find_map(|child| find(connection, child, net_name, title, depth + 1))
}
