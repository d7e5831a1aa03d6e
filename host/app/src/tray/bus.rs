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

/// Connects to the session bus, for questions that have to be answered at once.
///
/// # Errors
/// Where there is none.
pub(crate) fn impatient() -> zbus::Result<Connection> {
    Builder::session()?.method_timeout(AT_ONCE).build()
}

/// What the tray's host says of itself.
///
/// # Errors
/// Where it does not answer, or with something else.
pub(crate) fn watcher_says<T>(connection: &Connection, property: &str) -> zbus::Result<T>
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

/// The connection that has a name.
pub(crate) fn owner(connection: &Connection, name: &str) -> Option<String> {
    let name = BusName::try_from(name).ok()?;
    Some(DBusProxy::new(connection).ok()?.get_name_owner(name).ok()?.to_string())
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
