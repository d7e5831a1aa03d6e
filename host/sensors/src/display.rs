//! Opens connections to the X server, in one way for every sensor.

use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::area::{Area, Monitor};
use crate::error::SensorError;

/// Connects. Returns the connection and the default screen's root window.
pub(crate) fn open(display: Option<&str>) -> Result<(RustConnection, u32), SensorError> {
    let (connection, screen) =
        RustConnection::connect(display).map_err(|error| SensorError::no_display(display, &error))?;
    let root = connection.setup().roots.get(screen).map(|screen| screen.root);
    let root = root.ok_or_else(|| SensorError::Refused("it has no such screen".to_owned()))?;
    Ok((connection, root))
}

/// Returns the monitors as the desktop names them; without RandR 1.5 the whole desktop is one.
pub(crate) fn monitors(connection: &RustConnection, root: u32) -> Result<Vec<Monitor>, SensorError> {
    let mut monitors = Vec::new();
    if connection.extension_information(randr::X11_EXTENSION_NAME)?.is_some() {
        let version = connection.randr_query_version(1, 5)?.reply()?;
        if (version.major_version, version.minor_version) >= (1, 5) {
            for monitor in connection.randr_get_monitors(root, true)?.reply()?.monitors {
                let name = connection.get_atom_name(monitor.name)?.reply()?.name;
                let area = Area {
                    x: i32::from(monitor.x),
                    y: i32::from(monitor.y),
                    width: u32::from(monitor.width),
                    height: u32::from(monitor.height),
                };
                monitors.push(Monitor { name: String::from_utf8_lossy(&name).into_owned(), area });
            }
        }
    }
    if monitors.is_empty() {
        let whole = connection.get_geometry(root)?.reply()?;
        let area = Area { x: 0, y: 0, width: u32::from(whole.width), height: u32::from(whole.height) };
        monitors.push(Monitor { name: "screen".to_owned(), area });
    }
    Ok(monitors)
}

/// The name of XWayland's extension, and the beginning of its outputs' names if they have no others.
const XWAYLAND: &str = "XWAYLAND";

/// Whether the X server says that it is XWayland; `None` if there is no X server.
pub(crate) fn is_xwayland(display: Option<&str>) -> Option<bool> {
    let (connection, root) = open(display).ok()?;
    let by_extension = connection.extension_information(XWAYLAND).is_ok_and(|extension| extension.is_some());
    let by_output = || {
        monitors(&connection, root)
            .is_ok_and(|all| all.iter().any(|monitor| monitor.name.starts_with(XWAYLAND)))
    };
    Some(by_extension || by_output())
}
