//! What a screen reader hears of the window: its parts by name, and which of them has the keyboard.
//!
//! The session bus and the accessibility bus are of this test alone. They are the real ones, as on a desktop, and the
//! window speaks to them as it does to any screen reader.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result, bail};
use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Type, Value};

use crate::bus;
use crate::display::{Display, eventually};

/// The bit of a part that has the keyboard, in AT-SPI's set of states.
const FOCUSED: u32 = 1 << 12;

/// A part's place on the accessibility bus.
type Place = (String, OwnedObjectPath);
/// A part as AT-SPI's cache describes it: itself, its application, its parent, its index, how many children, its
/// interfaces, its name, its role, its description, its states.
type Cached = (Place, Place, Place, i32, i32, Vec<String>, String, u32, String, Vec<u32>);

/// A screen reader on a session bus of its own.
pub struct Reader {
    bus: Child,
    session: String,
    accessibility: Connection,
    _home: tempfile::TempDir,
}

/// A part of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What a screen reader says.
    pub name: String,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// Where it is on the bus.
    place: Place,
}

impl Reader {
    /// Starts the buses and says on them that somebody listens.
    ///
    /// # Errors
    /// If they do not start.
    pub fn start(display: &Display) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let mut daemon = display.command("dbus-daemon", &[]);
        bus::serve(&mut daemon, home.path(), &[bus::ACCESSIBILITY, bus::NOTIFICATIONS, bus::SETTINGS])?;
        let mut bus = daemon
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("dbus-daemon does not start: `cargo xtask test` installs it")?;
        let mut session = String::new();
        BufReader::new(bus.stdout.as_mut().context("no output")?).read_line(&mut session)?;
        let session = session.trim().to_owned();
        let listening = listen(&session).context("no accessibility bus: `cargo xtask test` installs it");
        match listening {
            Ok(accessibility) => Ok(Self { bus, session, accessibility, _home: home }),
            Err(error) => {
                let _gone = bus.kill();
                let _status = bus.wait();
                Err(error)
            }
        }
    }

    /// The session bus's address, for the programs that are to be heard.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The parts of the window as they are now; none if there is no window, or not yet.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        // A window that closes while it is asked is as good as none.
        self.heard().unwrap_or_default()
    }

    /// Where a part is in its window: left, top, width and height in pixels.
    ///
    /// # Errors
    /// If it is gone.
    pub fn extents(&self, part: &Part) -> Result<(i32, i32, i32, i32)> {
        /// Of the window, not of the screen.
        const IN_WINDOW: u32 = 1;
        let (program, path) = &part.place;
        call(&self.accessibility, program, path, "org.a11y.atspi.Component", "GetExtents", &IN_WINDOW)
    }

    fn heard(&self) -> Result<Vec<Part>> {
        let root = "/org/a11y/atspi/accessible/root";
        let bus = &self.accessibility;
        let programs: Vec<Place> =
            call(bus, "org.a11y.atspi.Registry", root, "org.a11y.atspi.Accessible", "GetChildren", &())?;
        // The last that came: one that ended may still be on the list, and whatever shows notifications speaks, too.
        let is_window = |place: &&Place| {
            let asked = ("org.a11y.atspi.Accessible", "Name");
            let (to, interface) = (&place.0, "org.freedesktop.DBus.Properties");
            call::<OwnedValue>(bus, to, root, interface, "Get", &asked)
                .is_ok_and(|name| String::try_from(name).is_ok_and(|name| name == "candor"))
        };
        let (program, _) = programs.iter().rev().find(is_window).context("no window")?;
        let parts: Vec<Cached> =
            call(bus, program, "/org/a11y/atspi/cache", "org.a11y.atspi.Cache", "GetItems", &())?;
        let part = |(place, .., name, _, _, states): Cached| Part {
            name,
            focused: states.first().is_some_and(|states| states & FOCUSED != 0),
            place,
        };
        Ok(parts.into_iter().map(part).collect())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // What it started ends when it is gone.
        let _gone = self.bus.kill();
        let _status = self.bus.wait();
    }
}

/// Says on a session bus that somebody listens. Returns its accessibility bus.
fn listen(session: &str) -> Result<Connection> {
    let session = Builder::address(session)?.build()?;
    let (to, path) = ("org.a11y.Bus", "/org/a11y/bus");
    let set = ("org.a11y.Status", "IsEnabled", Value::from(true));
    call::<()>(&session, to, path, "org.freedesktop.DBus.Properties", "Set", &set)?;
    let address: String = call(&session, to, path, "org.a11y.Bus", "GetAddress", &())?;
    if address.is_empty() {
        bail!("the accessibility bus has no address");
    }
    eventually("the accessibility bus answers", || Ok(Builder::address(address.as_str())?.build().ok()))
}

fn call<T: serde::de::DeserializeOwned + Type>(
    bus: &Connection,
    to: &str,
    path: &str,
    interface: &str,
    method: &str,
    arguments: &(impl serde::Serialize + DynamicType),
) -> Result<T> {
    Ok(bus.call_method(Some(to), path, Some(interface), method, arguments)?.body().deserialize()?)
}
