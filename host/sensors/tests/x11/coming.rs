//! Displays that go, freeze and come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use candor_sensors::{Area, Backend, Layout, SensorError, Sensors};
use candor_test_display::display::{Display, eventually};

use crate::backends::{for_each_backend, open};
use crate::x_client::XClient;

for_each_backend!("coming":
    a_display_that_goes_and_comes_back_is_seen_again,
    a_display_that_comes_late_is_found,
);

const SIZE: &str = "640x480x24";
const PLACE: Area = Area { x: 20, y: 20, width: 100, height: 100 };

/// Waits until the display can be seen.
fn seen(sensors: &Sensors) -> anyhow::Result<()> {
    eventually("the display is seen", || Ok(sensors.barrier().ok().map(drop)))
}

/// All that is asked of sensors works.
fn works(sensors: &Sensors, display: &Display) -> anyhow::Result<()> {
    seen(sensors)?;
    let program = XClient::start(display)?;
    let window = program.window(PLACE, 0xC0_20_20, true)?;
    program.name(window, "here again")?;
    program.show(window)?;
    eventually("the window is in the picture", || {
        let frame = sensors.capture(PLACE)?;
        Ok(frame.rgba().starts_with(&[0xC0, 0x20, 0x20]).then_some(()))
    })?;
    sensors.barrier()?;
    assert!(!sensors.current()?.windows.is_empty());
    assert!(sensors.attendance_now()?.idle_ms.is_some());
    Ok(())
}

fn a_display_that_goes_and_comes_back_is_seen_again(backend: Backend) -> anyhow::Result<()> {
    let mut display = Display::start_apart(SIZE)?;
    let sensors = open(backend, &display)?;
    works(&sensors, &display)?;
    let before = sensors.current()?;
    let changes = sensors.changes();
    for _ in 0..2 {
        display.kill_server()?;
        eventually("the loss is told", || Ok(sensors.attendance().is_err().then_some(())))?;
        assert!(matches!(sensors.current(), Err(SensorError::DisplayLost)));
        assert!(matches!(sensors.capture(PLACE), Err(SensorError::DisplayLost)));
        display.start_server_again(SIZE)?;
        works(&sensors, &display)?;
    }
    assert!(changes.has_changed()?, "who waits for changes is told");
    let now = sensors.current()?;
    assert!(now.generation > before.generation);
    // Those that stand for what the portable backend does not list stand for it always.
    let ids =
        |layout: &Layout| layout.windows.iter().map(|w| w.id).filter(|id| *id < 1 << 63).collect::<Vec<_>>();
    assert!(
        ids(&now).iter().min() > ids(&before).iter().max() || ids(&now).is_empty(),
        "no id stands for two"
    );
    let asked = sensors.span(before.at, before.at);
    assert!(matches!(asked, Err(SensorError::NotKnown { .. })), "nothing is known of before: {asked:?}");
    Ok(())
}

fn a_display_that_comes_late_is_found(backend: Backend) -> anyhow::Result<()> {
    let mut display = Display::start_apart(SIZE)?;
    display.kill_server()?;
    if backend == Backend::Portable {
        crate::backends::show(&display);
    }
    let sensors = Sensors::start(backend, Some(&display.name))?;
    for told in [sensors.current().map(drop), sensors.attendance().map(drop), sensors.barrier().map(drop)] {
        assert!(matches!(told, Err(SensorError::NoDisplay { .. })), "{told:?}");
    }
    display.start_server_again(SIZE)?;
    works(&sensors, &display)
}

#[test]
fn a_display_that_is_looked_for_is_found_without_anybody_who_waits() -> anyhow::Result<()> {
    let mut display = Display::start_apart(SIZE)?;
    let sensors = open(Backend::X11, &display)?;
    display.kill_server()?;
    eventually("the loss is told", || Ok(sensors.attendance().is_err().then_some(())))?;
    display.start_server_again(SIZE)?;
    let begun = Instant::now();
    eventually("somebody may be there", || {
        let asked = Instant::now();
        let attendance = sensors.attendance();
        assert!(asked.elapsed() < Duration::from_millis(500), "it waits for nobody");
        Ok(attendance.ok())
    })?;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    Ok(())
}

#[test]
fn invariant_09_a_frozen_display_is_given_up_and_taken_up_again() -> anyhow::Result<()> {
    let display = Display::start_apart(SIZE)?;
    let sensors = Arc::new(open(Backend::X11, &display)?);
    works(&sensors, &display)?;
    display.freeze()?;
    let held_up = Arc::clone(&sensors);
    let capture = std::thread::spawn(move || held_up.capture(PLACE).map(drop));
    eventually("that nobody answers is told", || {
        let asked = Instant::now();
        let attendance = sensors.attendance();
        assert!(asked.elapsed() < Duration::from_millis(500), "it waits for nobody");
        Ok(matches!(attendance, Err(SensorError::TimedOut(_))).then_some(()))
    })?;
    assert!(sensors.current().is_err(), "what is known is not what is there");
    let captured = capture.join().map_err(|_| anyhow::anyhow!("it panicked"))?;
    assert!(captured.is_err(), "nobody waits for ever");
    display.thaw()?;
    works(&sensors, &display)
}

#[test]
fn a_held_key_is_told_from_the_pointer() -> anyhow::Result<()> {
    let display = Display::start_apart(SIZE)?;
    let sensors = open(Backend::X11, &display)?;
    display.run("xdotool", &["mousemove", "30", "30", "keydown", "a"])?;
    eventually("the key repeats and the pointer rests", || {
        let attendance = sensors.attendance_now()?;
        let (Some(idle), Some(pointer)) = (attendance.idle_ms, attendance.pointer_idle_ms) else {
            anyhow::bail!("it is not told");
        };
        Ok((pointer > 3_000 && idle < 1_000).then_some(()))
    })?;
    display.run("xdotool", &["mousemove", "60", "60"])?;
    eventually("the pointer moves", || {
        Ok(sensors.attendance_now()?.pointer_idle_ms.filter(|idle| *idle < 3_000))
    })?;
    display.run("xdotool", &["keyup", "a"]).map(drop)
}
