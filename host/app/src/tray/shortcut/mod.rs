//! The shortcut that pauses, wherever the focus is: by the desktop's portal if it has one, otherwise by an X11 grab.
//!
//! It only ever pauses. Beginning to record is never one press of a key away.

mod portal;
mod x11;

use crate::terminal;
use std::sync::mpsc::SyncSender;
use std::thread;

use zbus::blocking::Connection;

use super::event::TrayEvent;

pub(crate) use x11::{GrabError, NAME};

/// How the shortcut can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShortcutMethod {
    /// By the desktop's portal: the person chooses the keys there.
    Portal,
    /// By a grab of [`NAME`] on X11.
    Grab,
}

/// How the shortcut could be had now; tries the grab and lets go of it.
///
/// # Errors
/// If neither works: why the grab does not.
pub(crate) fn probe(connection: Option<&Connection>) -> Result<ShortcutMethod, GrabError> {
    if connection.is_some_and(portal::is_there) {
        return Ok(ShortcutMethod::Portal);
    }
    x11::Grab::take().map(|_| ShortcutMethod::Grab)
}

/// Waits for the shortcut in a thread of its own. If it cannot be had, says so once.
///
/// # Errors
/// If no thread can be started.
pub(crate) fn spawn_listener(connection: Connection, events: SyncSender<TrayEvent>) -> std::io::Result<()> {
    thread::Builder::new().name("shortcut".into()).spawn(move || {
        if portal::is_there(&connection) && portal::serve(&connection, &events).is_ok() {
            return;
        }
        match x11::Grab::take() {
            Ok(grab) => grab.serve(&events),
            Err(why) => terminal::print_aside(&format!(
                "candor: there is no shortcut to pause: {why}. `candor doctor` says more."
            )),
        }
    })?;
    Ok(())
}
