//! The watch over windows against a real X server and a real window manager.

use std::sync::Arc;
use std::time::Duration;

use candor_sensors::{Area, Backend, Layout, SensorError, Sensors, WindowKind, WindowState};
use candor_test_display::display::Display;
use x11rb::protocol::xproto::{ConfigureWindowAux, StackMode};

use crate::backends::{for_each_backend, open};
use crate::layouts::{RED, position, shown, square, titled, unlisted_windows_are_stood_for, until, xterm};
use crate::x_client::XClient;

for_each_backend!("windows":
    invariant_02_a_windows_area_holds_its_title_bar,
    windows_that_were_there_before_the_watch_are_known_to_it,
    raising_moving_minimising_and_closing_are_seen,
    invariant_02_every_title_and_place_is_in_the_history_once_the_barrier_is_through,
    without_a_window_manager_windows_are_what_they_are,
    both_monitors_are_known_and_a_new_one_is_noticed,
    windows_that_come_and_go_in_a_storm_leave_the_truth_behind,
    a_lost_display_is_an_error_and_no_end,
    a_frozen_display_does_not_hold_up_who_asks,
);

/// Where a window is now, by its own account: its client area on the desktop.
fn client_area(display: &Display, window: u32) -> anyhow::Result<Area> {
    use x11rb::protocol::xproto::ConnectionExt as _;
    let (connection, root) = display.connect()?;
    let geometry = connection.get_geometry(window)?.reply()?;
    let corner = connection.translate_coordinates(window, root, 0, 0)?.reply()?;
    let (width, height) = (u32::from(geometry.width), u32::from(geometry.height));
    Ok(Area { x: i32::from(corner.dst_x), y: i32::from(corner.dst_y), width, height })
}

fn invariant_02_a_windows_area_holds_its_title_bar(backend: Backend) -> anyhow::Result<()> {
    let mut display = Display::start("1280x800x24")?;
    display.openbox()?;
    let watch = open(backend, &display)?;
    let window = xterm(backend, &mut display, "secret: payroll", "60x20+100+150")?;
    let state = shown(&watch, "secret: payroll")?;
    let client = client_area(&display, window)?;
    assert!(state.area.contains(client), "{state:?} {client:?}");
    assert!(state.area.y + 20 <= client.y, "the title bar is above the client area: {state:?} {client:?}");
    assert_eq!(state.app.as_deref(), Some("XTerm"));
    assert!(state.pid.is_some() && !state.shows_titles);
    // What sort of window it is, and whether it hides what is below, xcap does not tell.
    let told =
        if backend == Backend::X11 { (WindowKind::Normal, true) } else { (WindowKind::Unknown, false) };
    assert_eq!((state.kind, state.opaque), told);
    Ok(())
}

fn windows_that_were_there_before_the_watch_are_known_to_it(backend: Backend) -> anyhow::Result<()> {
    let mut display = Display::start("1280x800x24")?;
    display.openbox()?;
    for (title, place) in [("one", "40x10+20+60"), ("two", "40x10+60+100")] {
        xterm(backend, &mut display, title, place)?;
    }
    let watch = open(backend, &display)?;
    let layout = watch.current()?;
    assert_eq!((layout.generation, layout.monitors.len()), (1, 1));
    if backend == Backend::Portable {
        // A title told in the old way only is none, not a guess.
        display.xterm("old", "20x5+500+400", "")?;
        display.window_named("old")?;
        watch.barrier()?;
        let layout = watch.current()?;
        let untold = layout
            .windows
            .iter()
            .filter(|window| window.app.as_deref() == Some("XTerm") && window.title.is_none());
        assert_eq!((untold.count(), titled(&layout, "old")), (1, None), "{layout:#?}");
    }
    let (Some(one), Some(two)) = (titled(&layout, "one"), titled(&layout, "two")) else {
        anyhow::bail!("{layout:#?}");
    };
    assert!(one.area.intersection(two.area).is_some(), "they overlap");
    assert!(one.area.height > 20 && two.area.height > 20);
    Ok(())
}

fn raising_moving_minimising_and_closing_are_seen(backend: Backend) -> anyhow::Result<()> {
    let mut display = Display::start("1280x800x24")?;
    display.openbox()?;
    let watch = open(backend, &display)?;
    for (title, place) in [("lower", "40x10+20+60"), ("upper", "40x10+60+100")] {
        xterm(backend, &mut display, title, place)?;
        shown(&watch, title)?;
    }
    let lower = shown(&watch, "lower")?;
    let upper = shown(&watch, "upper")?;
    let id = display.window_named("lower")?.to_string();

    display.run("xdotool", &["windowactivate", "--sync", &id])?;
    until(&watch, "the lower one is raised and has the focus", |layout| {
        let focused = titled(layout, "lower")?.focused && !titled(layout, "upper")?.focused;
        (focused && position(layout, lower.id)? > position(layout, upper.id)?).then_some(())
    })?;

    display.run("xdotool", &["windowmove", &id, "400", "300"])?;
    let moved = until(&watch, "it is moved", |layout| {
        titled(layout, "lower").filter(|window| window.area.x >= 370 && window.area.y >= 200).cloned()
    })?;
    assert_eq!(moved.id, lower.id, "it is the same window");
    assert_eq!(
        (moved.area.width, moved.area.height),
        (lower.area.width, lower.area.height),
        "title bar and all"
    );

    display.run("xdotool", &["windowminimize", &id])?;
    let minimised = until(&watch, "it is minimised", |layout| {
        titled(layout, "lower").filter(|window| window.area.is_empty()).cloned()
    })?;
    assert_eq!(minimised.id, lower.id, "minimised, it is still listed: a panel may show its title");

    display.run("xdotool", &["windowkill", &id])?;
    until(&watch, "it is gone", |layout| titled(layout, "lower").is_none().then_some(()))?;
    Ok(())
}

fn invariant_02_every_title_and_place_is_in_the_history_once_the_barrier_is_through(
    backend: Backend,
) -> anyhow::Result<()> {
    let mut display = Display::start("1280x800x24")?;
    display.openbox()?;
    let watch = open(backend, &display)?;
    let program = XClient::start(&display)?;
    let window = program.window(square(100, 100, 200), RED, false)?;
    program.name(window, "title 0")?;
    program.show(window)?;
    let id = shown(&watch, "title 0")?.id;
    for round in 1..=50 {
        let before = watch.current()?;
        let title = format!("title {round}");
        // `name` returns when the X server has the title: from then on nothing may be missed.
        program.name(window, &title)?;
        let generation = watch.barrier()?;
        let span = watch.span(before.at, u64::MAX)?;
        assert!(generation > before.generation);
        let titles: Vec<_> = span
            .iter()
            .filter_map(|layout| layout.windows.iter().find(|window| window.id == id)?.title.clone())
            .collect();
        assert!(titles.contains(&format!("title {}", round - 1)), "{titles:?}");
        assert_eq!(titles.last(), Some(&title), "{titles:?}");
    }
    Ok(())
}

fn without_a_window_manager_windows_are_what_they_are(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let watch = open(backend, &display)?;
    let program = XClient::start(&display)?;
    if backend == Backend::Portable {
        // Nobody lists the windows then: all there is is unknown.
        return unlisted_windows_are_stood_for(&watch, &program);
    }
    let mut ids = Vec::new();
    for (title, x) in [("a", 10), ("b", 50)] {
        let window = program.window(square(x, 10, 100), RED, false)?;
        program.name(window, title)?;
        program.show(window)?;
        ids.push((shown(&watch, title)?.id, window));
    }
    let [(a, window), (b, _)] = ids[..] else { anyhow::bail!("two windows") };
    program.configure(window, &ConfigureWindowAux::new().stack_mode(StackMode::ABOVE).x(30))?;
    watch.barrier()?;
    let layout = watch.current()?;
    assert!(position(&layout, a) > position(&layout, b), "{layout:?}");
    assert_eq!(titled(&layout, "a").map(|window| window.area), Some(square(30, 10, 100)));
    program.destroy(window)?;
    watch.barrier()?;
    assert!(titled(&*watch.current()?, "a").is_none());
    Ok(())
}

fn both_monitors_are_known_and_a_new_one_is_noticed(backend: Backend) -> anyhow::Result<()> {
    let display = Display::two_monitors()?;
    let watch = open(backend, &display)?;
    let monitors = |layout: Arc<Layout>| -> Vec<(String, Area)> {
        layout.monitors.iter().map(|monitor| (monitor.name.clone(), monitor.area)).collect()
    };
    let half = |x| Area { x, y: 0, width: 1920, height: 1080 };
    if backend == Backend::Portable {
        // xcap knows monitors by their outputs, and the right one has none.
        let left = [("screen".to_owned(), half(0))];
        assert_eq!(monitors(watch.current()?), left);
        display.run("xrandr", &["--delmonitor", "left"])?;
        watch.barrier()?;
        let whole = Area { width: 3840, ..half(0) };
        assert_eq!(monitors(watch.current()?), [("screen".to_owned(), whole)]);
        return Ok(());
    }
    let both = [("left".to_owned(), half(0)), ("right".to_owned(), half(1920))];
    assert_eq!(monitors(watch.current()?), both);
    display.run("xrandr", &["--delmonitor", "right"])?;
    watch.barrier()?;
    assert_eq!(monitors(watch.current()?), both[..1]);
    display.run("xrandr", &["--setmonitor", "right", "1920/508x1080/286+1920+0", "none"])?;
    watch.barrier()?;
    assert_eq!(monitors(watch.current()?), both);
    Ok(())
}

fn windows_that_come_and_go_in_a_storm_leave_the_truth_behind(backend: Backend) -> anyhow::Result<()> {
    let mut display = Display::start("1280x800x24")?;
    display.openbox()?;
    let watch = open(backend, &display)?;
    let program = XClient::start(&display)?;
    let mut last = Vec::new();
    for round in 0..40 {
        for window in last.drain(..) {
            // Some go before they were ever looked at.
            program.destroy(window)?;
        }
        for column in 0..5 {
            let window = program.window(square(40 * column, 10 * round, 30), RED, column % 2 == 0)?;
            program.name(window, &format!("storm {round} {column}"))?;
            program.show(window)?;
            last.push(window);
        }
    }
    until(&watch, "the last five show, and only they", |layout| {
        let storm = |window: &&WindowState| {
            !window.area.is_empty() && window.title.as_ref().is_some_and(|title| title.starts_with("storm"))
        };
        let titles: Vec<_> =
            layout.windows.iter().filter(storm).filter_map(|window| window.title.clone()).collect();
        // xcap leaves out the two that pass the window manager by.
        let listed = if backend == Backend::X11 { 5 } else { 2 };
        (titles.len() == listed && titles.iter().all(|title| title.starts_with("storm 39"))).then_some(())
    })?;
    let layout = watch.current()?;
    let mut ids: Vec<u64> = layout.windows.iter().map(|window| window.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), layout.windows.len(), "no id stands for two windows");
    Ok(())
}

fn a_lost_display_is_an_error_and_no_end(backend: Backend) -> anyhow::Result<()> {
    let mut display = Display::start_apart("640x480x24")?;
    let watch = open(backend, &display)?;
    let mut changes = watch.changes();
    display.kill_server()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    // A look that was under way may have seen its windows go first: that is a change of its own.
    let told = runtime.block_on(async {
        let lost = async { while changes.changed().await.is_ok() && watch.current().is_ok() {} };
        tokio::time::timeout(Duration::from_secs(10), lost).await
    });
    assert!(told.is_ok(), "whoever waits for changes is told");
    assert!(matches!(watch.current(), Err(SensorError::DisplayLost)));
    assert!(matches!(watch.span(0, u64::MAX), Err(SensorError::DisplayLost)));
    let barrier = watch.barrier();
    assert!(matches!(barrier, Err(SensorError::DisplayLost)), "{barrier:?}");
    assert!(matches!(Sensors::open(backend, Some(&display.name)), Err(SensorError::NoDisplay { .. })));
    Ok(())
}

fn a_frozen_display_does_not_hold_up_who_asks(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let watch = open(backend, &display)?;
    display.freeze()?;
    assert!(matches!(watch.barrier(), Err(SensorError::TimedOut(_))));
    assert!(watch.current().is_ok(), "what is known is still known");
    // Ends at once all the same.
    drop(watch);
    Ok(())
}
