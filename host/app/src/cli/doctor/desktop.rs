//! What this desktop offers: display, tray, notifications, keyring, the shortcut.

use candor_protocol::{Check, Client};
use x11rb::connection::{Connection as _, RequestConnection as _};
use zbus::blocking::Connection;

use super::check::{failed, passed};
use crate::tray::{bus, is_running, notifier, shortcut};

/// Extensions that the sensors use, and for what.
const EXTENSIONS: [(&str, &str); 4] = [
    ("MIT-SHM", "taking pictures"),
    ("RECORD", "counting keys, clicks and scrolls"),
    ("MIT-SCREEN-SAVER", "seeing that nobody is there"),
    ("RANDR", "telling monitors apart"),
];

pub(super) fn checks(client: &Client) -> Vec<Check> {
    let bus = bus::connect_session();
    let bus = bus.as_ref();
    vec![
        display(),
        bus.map_or_else(|_| no_bus("tray"), tray),
        bus.map_or_else(|_| no_bus("notifications"), notifications),
        bus.map_or_else(|_| key_file(), keyring),
        pause_shortcut(bus.ok(), is_running(client.data())),
    ]
}

fn no_bus(name: &str) -> Check {
    failed(
        name,
        "there is no session bus".to_owned(),
        "Sign in to a desktop, or start the program under `dbus-run-session`. On a server, use `candor start --no-sign`.",
    )
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn display() -> Check {
    const SESSION: &str =
        "Choose a session 'on Xorg' when you sign in. Until then your time shows as 'no evidence'.";
    let by_type = std::env::var("XDG_SESSION_TYPE").is_ok_and(|kind| kind == "wayland");
    let wayland = is_set("WAYLAND_DISPLAY") || by_type;
    if !is_set("DISPLAY") {
        return if wayland {
            failed(
                "display",
                "Wayland without X11: Candor cannot take pictures, see windows or count input",
                SESSION,
            )
        } else {
            failed("display", "there is none (DISPLAY is not set)", "Run this in a session on a desktop.")
        };
    }
    let (connection, screen) = match x11rb::connect(None) {
        Ok(connected) => connected,
        Err(error) => {
            return failed(
                "display",
                format!("the X display does not answer ({error})"),
                "Check DISPLAY and that this account may use the display.",
            );
        }
    };
    let has = |name: &'static str| matches!(connection.extension_information(name), Ok(Some(_)));
    // Before its extensions: whatever XWayland has, it sees no other window.
    if wayland || has("XWAYLAND") {
        return failed(
            "display",
            "Wayland, with X11 for some programs: Candor cannot take pictures, see windows or count input",
            SESSION,
        );
    }
    let missing: Vec<String> = EXTENSIONS
        .iter()
        .filter(|(name, _)| !has(name))
        .map(|(name, what)| format!("{name} ({what})"))
        .collect();
    if !missing.is_empty() {
        return failed(
            "display",
            format!("the X server lacks {}", missing.join(", ")),
            "Turn these extensions on in the X server's settings, or use another X server.",
        );
    }
    let size = connection.setup().roots.get(screen).map_or_else(String::new, |screen| {
        format!(", {} × {}", screen.width_in_pixels, screen.height_in_pixels)
    });
    passed("display", format!("X11{size}"))
}

fn tray(connection: &Connection) -> Check {
    match bus::is_running(connection, bus::TRAY_WATCHER) {
        Ok(true) => passed("tray", "this desktop shows tray icons"),
        Ok(false) => failed(
            "tray",
            "this desktop shows no tray icons (no StatusNotifierWatcher)",
            "GNOME: install the extension 'AppIndicator'. Xfce: add 'Status Tray' to the panel. Until then, a notification that stays shows that you are recorded.",
        ),
        Err(_) => no_bus("tray"),
    }
}

fn notifications(connection: &Connection) -> Check {
    match notifier::server_capabilities(connection) {
        Ok(can) if can.actions => passed("notifications", "shown, with buttons"),
        Ok(_) => failed(
            "notifications",
            "shown, but without buttons",
            "Delete a picture in the window or with `candor picture --remove`.",
        ),
        Err(error) => failed(
            "notifications",
            format!("nothing shows them ({error})"),
            "Install a notification service, such as xfce4-notifyd or dunst. `candor status` says the same things.",
        ),
    }
}

fn keyring(connection: &Connection) -> Check {
    match bus::is_available(connection, bus::SECRETS) {
        Ok(true) => passed("keyring", "this desktop has one"),
        _ => key_file(),
    }
}

/// No keyring is no fault: the key lies in a file of this account then.
fn key_file() -> Check {
    passed("keyring", "there is none; the journal's key is in a file that only this account can read")
}

fn pause_shortcut(connection: Option<&Connection>, tray_runs: bool) -> Check {
    const NAME: &str = "pause-shortcut";
    match shortcut::probe(connection) {
        Ok(_) if !tray_runs => {
            failed(NAME, "the tray does not run, so nothing listens for it", "Start it with `candor tray`.")
        }
        Ok(shortcut::ShortcutMethod::Portal) => passed(NAME, "by the desktop's own settings for shortcuts"),
        // Nobody holds it although the tray runs: it was started before the display was there, say.
        Ok(shortcut::ShortcutMethod::Grab) => failed(
            NAME,
            format!("the tray runs, but does not wait for {}", shortcut::NAME),
            "End the tray and start it again with `candor tray`.",
        ),
        Err(shortcut::GrabError::Taken) if tray_runs => {
            passed(NAME, format!("{} pauses, by the running tray", shortcut::NAME))
        }
        Err(why) => failed(
            NAME,
            why.to_string(),
            "Give the command `candor pause` a key in the desktop's keyboard settings.",
        ),
    }
}
