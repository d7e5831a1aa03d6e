//! The session bus: what desktop services there are.

use std::time::Duration;

use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, fdo::DBusProxy};
use zbus::names::BusName;

/// How long a service of the desktop may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The tray's host, where a desktop has one.
pub(crate) const TRAY_WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// The notifications' server.
pub(crate) const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
/// The keyring.
pub(crate) const SECRETS: &str = "org.freedesktop.secrets";

/// Connects to the session bus.
///
/// # Errors
/// Where there is none.
pub(crate) fn session() -> zbus::Result<Connection> {
    Builder::session()?.method_timeout(ANSWER).build()
}

/// Whether a service runs.
pub(crate) fn runs(connection: &Connection, name: &str) -> zbus::Result<bool> {
    Ok(DBusProxy::new(connection)?.name_has_owner(BusName::try_from(name)?)?)
}

/// Whether a service runs, or the bus would start it.
pub(crate) fn is_there(connection: &Connection, name: &str) -> zbus::Result<bool> {
    let bus = DBusProxy::new(connection)?;
    Ok(bus.name_has_owner(BusName::try_from(name)?)?
        || bus.list_activatable_names()?.iter().any(|activatable| activatable.as_str() == name))
}
