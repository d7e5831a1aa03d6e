//! The screen that is recorded: the one that the person sits at, or one that is made for the purpose.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process::{Interrupt, ProcessGroup, START_LIMIT, Stdout};

/// The display that `DISPLAY` names, if something answers there.
pub(super) fn of_this_person() -> Option<String> {
    let display = std::env::var("DISPLAY").ok().filter(|display| !display.is_empty())?;
    answers(&display).then_some(display)
}

/// Whether a display server listens there.
fn answers(display: &str) -> bool {
    let Some((host, number)) = display.rsplit_once(':') else { return false };
    let Some(number) = number.split('.').next().and_then(|number| number.parse::<u16>().ok()) else {
        return false;
    };
    if host.is_empty() || host == "unix" {
        return UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).is_ok();
    }
    number.checked_add(6000).is_some_and(|port| TcpStream::connect((host, port)).is_ok())
}

/// Starts a display of 1920x1080 with a window manager, and answers its name. Its settings come from nowhere but here:
/// `config` stands for the person's own.
pub(super) fn start(household: &mut ProcessGroup, interrupt: &Interrupt, config: &Path) -> Result<String> {
    household.start(
        "xvfb",
        Command::new("Xvfb")
            // It takes the first free number and prints it.
            .args(["-displayfd", "1", "-screen", "0", "1920x1080x24", "-dpi", "96"])
            .args(["-nolisten", "tcp", "-noreset"]),
        Stdout::Piped,
    )?;
    let number = household.first_line("xvfb")?;
    let number = number.trim();
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        household.all_well()?;
        bail!("Xvfb does not say which display it serves; see {}", household.log("xvfb").display());
    }
    let display = format!(":{number}");

    std::fs::create_dir_all(config)?;
    household.start(
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
    wait_for(interrupt, household, "the window manager", || {
        let mut ask = Command::new("xprop");
        ask.args(["-root", "_NET_SUPPORTING_WM_CHECK"]).env("DISPLAY", &display);
        crate::process::output(&mut ask).is_ok_and(|said| said.contains("window id"))
    })?;
    Ok(display)
}

/// Waits until something is so; fails when a child ends meanwhile, or after half a minute.
pub(super) fn wait_for(
    interrupt: &Interrupt,
    household: &mut ProcessGroup,
    what: &str,
    mut is_so: impl FnMut() -> bool,
) -> Result<()> {
    let until = Instant::now() + START_LIMIT;
    while !is_so() {
        household.all_well()?;
        if Instant::now() > until {
            bail!("{what} is not there after {} s", START_LIMIT.as_secs());
        }
        interrupt.sleep_or_fail(Duration::from_millis(100))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_is_there_only_when_something_answers() {
        assert!(!answers(""));
        assert!(!answers("nonsense"));
        assert!(!answers(":65000"));
        assert!(!answers("unix:no number"));
    }
}
