//! Session buses of a test's own: they start the services that the test names and nothing else, whatever is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

/// Where Debian's packages put what a session bus may start.
const INSTALLED: &str = "/usr/share/dbus-1/services";

/// The service that shows notifications: `xfce4-notifyd`.
pub const NOTIFICATIONS: &str = "org.xfce.xfce4-notifyd.Notifications";
/// Keeps the settings of the panel and of what shows notifications.
pub const SETTINGS: &str = "org.xfce.Xfconf";
/// Keeps secrets: a keyring.
pub const SECRETS: &str = "org.freedesktop.secrets";
/// Speaks to screen readers.
pub const ACCESSIBILITY: &str = "org.a11y.Bus";

/// Has a command of `dbus-daemon` start such a bus, which listens in a folder and writes its address to standard output.
///
/// # Errors
/// If a service is not installed, or nothing can be written.
pub fn serve(daemon: &mut Command, folder: &Path, services: &[&str]) -> Result<()> {
    daemon.args(["--nofork", "--print-address=1", "--config-file"]).arg(config(folder, services)?);
    // If dconf is installed, the services would ask for its own, which is not on this bus, and forget their settings.
    daemon.env("GSETTINGS_BACKEND", "memory");
    Ok(())
}

/// Writes a bus's configuration into a folder.
fn config(folder: &Path, services: &[&str]) -> Result<PathBuf> {
    let installed = Path::new(INSTALLED);
    let own = folder.join("bus-services");
    std::fs::create_dir_all(&own)?;
    for name in services {
        let name = format!("{name}.service");
        std::fs::copy(installed.join(&name), own.join(&name))
            .with_context(|| format!("{name} is not installed: `cargo xtask test` installs it"))?;
    }
    let config = folder.join("bus.conf");
    let text = format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={}</listen>
  <servicedir>{}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        folder.display(),
        own.display()
    );
    std::fs::write(&config, text)?;
    Ok(config)
}
