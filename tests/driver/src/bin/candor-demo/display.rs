//! A screen that is made for the purpose.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use candor_test_driver::command;

use crate::children::{ProcessGroup, Stdout};
use crate::interrupt::Interrupt;

/// Starts a display of 1920x1080 with a window manager, and returns its name. Its settings come from nowhere but here:
/// `config` stands for the person's own.
pub(super) fn start_display(
    children: &mut ProcessGroup,
    interrupt: &Interrupt,
    config: &Path,
) -> Result<String> {
    children.start(
        "xvfb",
        Command::new("Xvfb")
            // It takes the first free number and prints it.
            .args(["-displayfd", "1", "-screen", "0", "1920x1080x24", "-dpi", "96"])
            .args(["-nolisten", "tcp", "-noreset"]),
        Stdout::Piped,
    )?;
    let number = children.first_line("xvfb")?;
    let number = number.trim();
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        children.all_well()?;
        bail!("Xvfb does not say which display it serves; see {}", children.log("xvfb").display());
    }
    let display = format!(":{number}");

    std::fs::create_dir_all(config)?;
    children.start(
        "openbox",
        Command::new("openbox")
            .arg("--sm-disable")
            .env("DISPLAY", &display)
            .env("XDG_CONFIG_HOME", config)
            .env("XDG_CACHE_HOME", config)
            .env("XDG_DATA_HOME", config)
            .env_remove("SESSION_MANAGER")
            .env_remove("DBUS_SESSION_BUS_ADDRESS"),
        Stdout::Log,
    )?;
    children.wait_until(interrupt, "the window manager", || {
        let mut ask = Command::new("xprop");
        ask.args(["-root", "_NET_SUPPORTING_WM_CHECK"]).env("DISPLAY", &display);
        command::output(&mut ask).is_ok_and(|said| said.contains("window id"))
    })?;
    Ok(display)
}
