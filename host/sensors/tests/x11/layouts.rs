//! Layouts that the tests wait for, and windows that they look for in them.

use std::time::{Duration, Instant};

use candor_sensors::{Area, Backend, Layout, Sensors, WindowKind, WindowState};
use candor_test_display::display::{Display, PATIENCE};

use crate::x_client::XClient;

pub(crate) const RED: u32 = 0xC0_20_20;

pub(crate) fn square(x: i32, y: i32, side: u32) -> Area {
    Area { x, y, width: side, height: side }
}

/// Waits for a layout in which `find` finds something.
pub(crate) fn until<T>(
    watch: &Sensors,
    what: &str,
    find: impl Fn(&Layout) -> Option<T>,
) -> anyhow::Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        watch.barrier()?;
        let layout = watch.current()?;
        if let Some(found) = find(&layout) {
            return Ok(found);
        }
        if Instant::now() > end {
            anyhow::bail!("it did not come about that {what}: {layout:#?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Starts an xterm and waits until it shows; answers its X id. An xterm tells its title in the old way only (`WM_NAME`
/// of the type `STRING`), which xcap does not read: the window is 'unknown' then. For the portable backend it is told
/// in the new way too, as most programs do.
pub(crate) fn xterm(
    backend: Backend,
    display: &mut Display,
    title: &str,
    place: &str,
) -> anyhow::Result<u32> {
    display.xterm(title, place, "")?;
    let window = display.window_named(title)?;
    if backend == Backend::Portable {
        XClient::start(display)?.name(window, title)?;
    }
    Ok(window)
}

pub(crate) fn titled<'a>(layout: &'a Layout, title: &str) -> Option<&'a WindowState> {
    layout.windows.iter().find(|window| window.title.as_deref() == Some(title))
}

/// Waits until a window with this title is on the screen.
pub(crate) fn shown(watch: &Sensors, title: &str) -> anyhow::Result<WindowState> {
    until(watch, &format!("'{title}' shows"), |layout| {
        titled(layout, title).filter(|it| !it.area.is_empty()).cloned()
    })
}

pub(crate) fn position(layout: &Layout, id: u64) -> Option<usize> {
    layout.windows.iter().position(|window| window.id == id)
}

/// Where menus are not listed, something of which nothing is known stands for them: on each monitor, on top of all.
pub(crate) fn unlisted_windows_are_stood_for(watch: &Sensors, program: &XClient) -> anyhow::Result<()> {
    let menu = program.window(square(200, 200, 80), RED, true)?;
    program.show(menu)?;
    watch.barrier()?;
    let layout = watch.current()?;
    assert!(!layout.windows.iter().any(|window| window.area == square(200, 200, 80)), "xcap lists no menus");
    assert_eq!(layout.monitors.len(), 1);
    let Some(top) = layout.windows.last() else { anyhow::bail!("no windows") };
    assert_eq!((&top.title, &top.app, top.owner), (&None, &None, None), "nothing is guessed");
    assert_eq!((top.kind, top.area), (WindowKind::Unknown, layout.monitors[0].area));
    assert!(top.shows_titles && !top.opaque);
    Ok(())
}
