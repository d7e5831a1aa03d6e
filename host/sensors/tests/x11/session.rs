//! Whether the screen is locked or covered, and what sort of display it is, as real X servers tell it.

use candor_sensors::{
    Area, Backend, DisplayKind, LockState, ScreenState, SensorError, Sensors, display_kind,
};
use candor_test_display::display::{Display, eventually};

use crate::backends::{for_each_backend, open};
use crate::x_client::XClient;

for_each_backend!("session":
    a_locker_locks_for_as_long_as_it_covers_the_screen,
    the_x_servers_own_screen_saver_is_told,
);

const WHOLE: Area = Area { x: 0, y: 0, width: 640, height: 480 };

/// Waits for the state of the screen.
fn until(sensors: &Sensors, locked: LockState, saver: bool) -> anyhow::Result<()> {
    let wanted = ScreenState { locked, saver };
    eventually(&format!("the screen is {wanted:?}"), || {
        sensors.barrier()?;
        Ok((sensors.attendance_now()?.session == wanted).then_some(()))
    })
}

/// What is told of a screen that nothing covers: the portable backend's list leaves out what passes the window manager
/// by, as lockers do, so it can never rule one out.
fn uncovered(backend: Backend) -> LockState {
    if backend == Backend::Portable { LockState::Unknown } else { LockState::No }
}

fn a_locker_locks_for_as_long_as_it_covers_the_screen(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let sensors = open(backend, &display)?;
    until(&sensors, uncovered(backend), false)?;
    let program = XClient::start(&display)?;
    for (class, area, locked, saver) in [
        ("i3lock", WHOLE, LockState::Yes, false),
        ("i3lock", Area { width: 600, ..WHOLE }, LockState::No, false),
        ("XScreenSaver", WHOLE, LockState::Unknown, true),
        ("Solitaire", WHOLE, LockState::Unknown, false),
    ] {
        let window = program.window(area, 0, true)?;
        program.class(window, class)?;
        program.show(window)?;
        let (locked, saver) =
            if backend == Backend::Portable { (LockState::Unknown, false) } else { (locked, saver) };
        until(&sensors, locked, saver)?;
        assert_eq!(
            sensors.attendance_now()?.session.is_covered(),
            saver || locked == LockState::Yes,
            "{class}"
        );
        program.destroy(window)?;
        until(&sensors, uncovered(backend), false)?;
    }
    Ok(())
}

fn the_x_servers_own_screen_saver_is_told(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let sensors = open(backend, &display)?;
    display.run("xset", &["s", "on", "s", "blank", "s", "activate"])?;
    eventually("the screen saver covers the screen", || {
        Ok(sensors.attendance_now()?.session.saver.then_some(()))
    })?;
    assert!(sensors.attendance_now()?.session.is_covered());
    display.run("xset", &["s", "reset"])?;
    until(&sensors, uncovered(backend), false)
}

#[test]
fn an_x_server_is_told_from_xwayland_and_from_none() -> anyhow::Result<()> {
    let mut display = Display::start_apart("640x480x24")?;
    assert_eq!(display_kind(Some(&display.name)), DisplayKind::X11);
    // As XWayland names its outputs.
    display.run("xrandr", &["--setmonitor", "XWAYLAND0", "640/160x480/120+0+0", "screen"])?;
    assert_eq!(display_kind(Some(&display.name)), DisplayKind::XWayland);
    let refused = Sensors::open(Backend::Auto, Some(&display.name));
    let Err(SensorError::Blind(DisplayKind::XWayland)) = refused else { anyhow::bail!("{refused:?}") };
    display.kill_server()?;
    assert_eq!(display_kind(Some(&display.name)), DisplayKind::None);
    Ok(())
}
