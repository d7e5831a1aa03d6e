//! Captures and idle time against a real X server.

use candor_sensors::{Area, Backend, LARGEST_SIDE, RawFrame, SensorError, Sensors, X11Screen, is_blank};
use candor_test_display::display::{Display, eventually};

use crate::backends::{for_each_backend, open};
use crate::x_client::XClient;

for_each_backend!("screen":
    a_capture_shows_each_pixel_as_it_is,
    each_of_two_monitors_is_captured_by_itself,
    an_area_that_is_not_on_the_screen_is_refused,
    a_lost_display_is_an_error,
    idle_time_grows_until_somebody_does_something,
    a_screen_of_one_colour_is_blank_and_one_window_makes_it_a_picture,
);

const ORANGE: u32 = 0xF0_80_10;

/// The colour of one pixel, as 0xRRGGBB; `None` when there is no such pixel or it is not opaque.
fn pixel(frame: &RawFrame, x: u32, y: u32) -> Option<u32> {
    let at = usize::try_from((y * frame.width + x) * 4).ok()?;
    match frame.rgba().get(at..)?.first_chunk()? {
        [red, green, blue, 0xFF] => Some(u32::from_be_bytes([0, *red, *green, *blue])),
        _ => None,
    }
}

/// A screen with an orange square at 200,100, 50 px wide.
fn orange_square(display: &Display) -> anyhow::Result<XClient> {
    let program = XClient::start(display)?;
    let window = program.window(Area { x: 200, y: 100, width: 50, height: 50 }, ORANGE, true)?;
    program.show(window)?;
    Ok(program)
}

/// Looks at the square and at what is around it, in the whole picture and in a part of it.
fn check_square(screen: &Sensors) -> anyhow::Result<()> {
    // Shown is not painted yet.
    eventually("the square is painted", || {
        let frame = screen.capture(Area { x: 200, y: 100, width: 1, height: 1 })?;
        Ok((pixel(&frame, 0, 0) == Some(ORANGE)).then_some(()))
    })?;
    let whole = screen.monitors()?[0].area;
    let frame = screen.capture(whole)?;
    assert_eq!((frame.width, frame.height, frame.area), (640, 480, whole));
    assert_eq!(frame.rgba().len(), 640 * 480 * 4);
    for (x, y, orange) in
        [(200, 100, true), (249, 149, true), (199, 100, false), (250, 149, false), (200, 99, false)]
    {
        assert_eq!(pixel(&frame, x, y) == Some(ORANGE), orange, "at {x},{y}");
    }
    let part = screen.capture(Area { x: 190, y: 95, width: 33, height: 7 })?;
    assert_eq!((part.width, part.height), (33, 7));
    assert_eq!(
        (pixel(&part, 9, 5), pixel(&part, 10, 4), pixel(&part, 10, 5)),
        (Some(0), Some(0), Some(ORANGE))
    );
    Ok(())
}

fn a_capture_shows_each_pixel_as_it_is(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let _program = orange_square(&display)?;
    assert!(X11Screen::open(Some(&display.name))?.shares_memory());
    check_square(&open(backend, &display)?)
}

#[test]
fn without_shared_memory_a_capture_shows_the_same() -> anyhow::Result<()> {
    let display = Display::start_without("640x480x24", "MIT-SHM")?;
    let _program = orange_square(&display)?;
    assert!(!X11Screen::open(Some(&display.name))?.shares_memory());
    check_square(&open(Backend::X11, &display)?)
}

fn each_of_two_monitors_is_captured_by_itself(backend: Backend) -> anyhow::Result<()> {
    let display = Display::two_monitors()?;
    let program = XClient::start(&display)?;
    let window = program.window(Area { x: 1930, y: 10, width: 20, height: 20 }, ORANGE, true)?;
    program.show(window)?;
    let screen = open(backend, &display)?;
    let monitors = screen.monitors()?;
    if backend == Backend::Portable {
        // The right one is made up: it has no output, and xcap knows none but outputs. What it does not know it does not
        // capture either.
        assert_eq!(monitors.iter().map(|monitor| monitor.area.width).collect::<Vec<_>>(), [1920]);
        let right = Area { x: 1920, y: 0, width: 10, height: 10 };
        assert!(matches!(screen.capture(right), Err(SensorError::BadArea { .. })));
        return Ok(());
    }
    assert_eq!(monitors.iter().map(|monitor| monitor.name.as_str()).collect::<Vec<_>>(), ["left", "right"]);
    eventually("the right one shows the square", || {
        Ok((pixel(&screen.capture(monitors[1].area)?, 10, 10) == Some(ORANGE)).then_some(()))
    })?;
    let left = screen.capture(monitors[0].area)?;
    assert_eq!((left.width, left.height), (1920, 1080));
    assert!(
        left.rgba().as_chunks::<4>().0.iter().all(|pixel| *pixel == [0, 0, 0, 0xFF]),
        "nothing of it on the left"
    );
    Ok(())
}

fn an_area_that_is_not_on_the_screen_is_refused(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let screen = open(backend, &display)?;
    for (x, y, width, height) in [
        (0, 0, 0, 10),
        (0, 0, 641, 480),
        (-1, 0, 10, 10),
        (639, 479, 2, 2),
        (i32::MAX, i32::MIN, u32::MAX, u32::MAX),
        (0, 0, LARGEST_SIDE + 1, 1),
    ] {
        let area = Area { x, y, width, height };
        assert!(matches!(screen.capture(area), Err(SensorError::BadArea { .. })), "{area:?}");
    }
    assert!(
        screen.capture(Area { x: 639, y: 479, width: 1, height: 1 }).is_ok(),
        "it goes on after a refusal"
    );
    Ok(())
}

fn a_lost_display_is_an_error(backend: Backend) -> anyhow::Result<()> {
    let mut display = Display::start_apart("640x480x24")?;
    let screen = open(backend, &display)?;
    display.kill_server()?;
    let area = Area { x: 0, y: 0, width: 10, height: 10 };
    assert!(matches!(screen.capture(area), Err(SensorError::DisplayLost)));
    assert!(matches!(screen.monitors(), Err(SensorError::DisplayLost)));
    assert!(screen.attendance_now().is_err());
    Ok(())
}

fn idle_time_grows_until_somebody_does_something(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let sensors = open(backend, &display)?;
    let idle = || Ok::<_, anyhow::Error>(sensors.attendance_now()?.idle_ms.unwrap_or_default());
    display.run("xdotool", &["key", "a"])?;
    let long = eventually("idle time grows", || Ok(Some(idle()?).filter(|idle| *idle > 600)))?;
    display.run("xdotool", &["key", "a"])?;
    eventually("idle time begins anew", || Ok((idle()? < long).then_some(())))?;
    Ok(())
}

fn a_screen_of_one_colour_is_blank_and_one_window_makes_it_a_picture(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let sensors = open(backend, &display)?;
    let whole = sensors.monitors()?[0].area;
    assert!(is_blank(&sensors.capture(whole)?));
    let _program = orange_square(&display)?;
    eventually("the square is seen", || Ok((!is_blank(&sensors.capture(whole)?)).then_some(())))
}

#[test]
fn without_the_screen_saver_extension_idle_time_is_not_told() -> anyhow::Result<()> {
    let display = Display::start_without("640x480x24", "MIT-SCREEN-SAVER")?;
    let sensors = open(Backend::X11, &display)?;
    assert_eq!(sensors.attendance_now()?.idle_ms, None);
    Ok(())
}
