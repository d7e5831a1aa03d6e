//! The session bus: what desktop services there are.

use std::time::Duration;

use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, fdo::DBusProxy};
use zbus::names::BusName;
use zbus::zvariant::OwnedValue;

/// How long a service of the desktop may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// How long a service that has to answer at once may take.
const AT_ONCE: Duration = Duration::from_secs(2);

/// The bus name of the tray's host; not every desktop has one.
pub(crate) const TRAY_WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// The bus name of the notifications' server.
pub(crate) const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
/// The bus name of the keyring.
pub(crate) const SECRETS: &str = "org.freedesktop.secrets";

/// Connects to the session bus.
///
/// # Errors
/// If there is none.
pub(crate) fn connect_session() -> zbus::Result<Connection> {
    Builder::session()?.method_timeout(ANSWER).build()
}

/// Connects to the session bus, for questions that have to be answered at once.
///
/// # Errors
/// If there is none.
pub(crate) fn connect_impatient() -> zbus::Result<Connection> {
    Builder::session()?.method_timeout(AT_ONCE).build()
}

/// Reads a property of the tray's host.
///
/// # Errors
/// If it does not answer, or with something else.
pub(crate) fn read_watcher_property<T>(connection: &Connection, property: &str) -> zbus::Result<T>
where
    T: TryFrom<OwnedValue>,
    T::Error: Into<zbus::Error>,
{
    let properties = "org.freedesktop.DBus.Properties";
    let path = "/StatusNotifierWatcher";
    let reply = connection.call_method(
        Some(TRAY_WATCHER),
        path,
        Some(properties),
        "Get",
        &(TRAY_WATCHER, property),
    )?;
    let value: OwnedValue = reply.body().deserialize()?;
    value.try_into().map_err(Into::into)
}

/// Returns the connection that owns a name.
pub(crate) fn name_owner(connection: &Connection, name: &str) -> Option<String> {
    let name = BusName::try_from(name).ok()?;
    Some(DBusProxy::new(connection).ok()?.get_name_owner(name).ok()?.to_string())
}

/// Returns whether a service runs.
pub(crate) fn is_running(connection: &Connection, name: &str) -> zbus::Result<bool> {
    Ok(DBusProxy::new(connection)?.name_has_owner(BusName::try_from(name)?)?)
}

/// Returns whether a service runs, or the bus would start it.
pub(crate) fn is_available(connection: &Connection, name: &str) -> zbus::Result<bool> {
    let bus = DBusProxy::new(connection)?;
    Ok(bus.name_has_owner(BusName::try_from(name)?)?
        || bus.list_activatable_names()?.iter().any(|activatable| activatable.as_str() == name))
}
