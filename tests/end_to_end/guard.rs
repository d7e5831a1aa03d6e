//! The guard before a real screen: real X server, real window manager, real windows, the real policy in the sandbox.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use candor_agent::clock::SystemClock;
use candor_agent::guard::desktop::{DesktopSource, SensorDesktop};
use candor_agent::guard::frame::MaskedFrame;
use candor_agent::guard::judgement::{Judge, Policies};
use candor_agent::guard::{Guard, NoPicture};
use candor_sandbox::host_traits::FrameView as _;
use candor_sandbox::model::{Denied, Scope};
use candor_sandbox::{Grants, Limits, Sandbox, SandboxConfig};
use candor_sensors::{Area, Layout, RawFrame, SensorError};
use candor_test_display::display::Display;
use candor_test_driver::places;
use tokio::sync::watch;
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, PropMode, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

const FILL: [u8; 3] = [0x0b, 0x0c, 0x0e];

const SECRET: &str = r#"{"rules": [{"match": {"title": {"contains": "secret"}}, "then": "fill"}]}"#;

async fn policy(cache: &Path, settings: &str) -> Box<dyn Judge> {
    let config = SandboxConfig {
        cache_dir: cache.join("artefacts"),
        compiler: places::program("candor-compile"),
        limits: Limits::default(),
    };
    let sandbox = Sandbox::new(config).unwrap();
    let prepared = sandbox.prepare(&places::guests().join("candor_policy_rules.wasm")).await.unwrap();
    Box::new(prepared.policy("rules", &Grants::default(), settings).await.unwrap())
}

async fn guard(display: &Display, settings: &str) -> Arc<Guard> {
    let cache = tempfile::tempdir().unwrap();
    let policies = Policies::new(Some(policy(cache.path(), settings).await), None);
    let eyes = Arc::new(SensorDesktop::open(Some(&display.name)).unwrap());
    // The guard judges 1.5 s back: let it have seen that much.
    tokio::time::sleep(Duration::from_millis(3_200)).await;
    Arc::new(Guard::new(eyes, policies, SystemClock::shared()))
}

fn pixel(frame: &MaskedFrame, x: i32, y: i32) -> [u8; 3] {
    let i = (usize::try_from(y).unwrap() * frame.width() as usize + usize::try_from(x).unwrap()) * 4;
    frame.rgba()[i..i + 3].try_into().unwrap()
}

/// A window's client area: x, y, width, height.
fn place(display: &Display, window: u32) -> (i32, i32, i32, i32) {
    let (client, root) = display.connect().unwrap();
    let size = client.get_geometry(window).unwrap().reply().unwrap();
    let at = client.translate_coordinates(window, root, 0, 0).unwrap().reply().unwrap();
    (at.dst_x.into(), at.dst_y.into(), size.width.into(), size.height.into())
}

/// A window of one colour; a popup is one that no window manager touches.
fn painted(
    client: &RustConnection,
    root: u32,
    (x, y, width, height): (i16, i16, u16, u16),
    colour: u32,
    popup: bool,
) -> u32 {
    let id = client.generate_id().unwrap();
    let set = CreateWindowAux::new().background_pixel(colour).override_redirect(u32::from(popup));
    let class = WindowClass::INPUT_OUTPUT;
    client.create_window(COPY_DEPTH_FROM_PARENT, id, root, x, y, width, height, 0, class, 0, &set).unwrap();
    id
}

fn xterm(display: &mut Display, title: &str, place: &str) -> u32 {
    display.xterm(title, place, "sleep 600").unwrap();
    display.window_named(title).unwrap()
}

fn rename(display: &Display, window: u32, title: &str) {
    display.run("xdotool", &["set_window", "--name", title, &window.to_string()]).unwrap();
    display.window_named(title).unwrap();
}

/// Places of client area and title bar that are not covered.
fn uncovered(frame: &MaskedFrame, (x, y, width, height): (i32, i32, i32, i32)) -> Vec<(i32, i32, [u8; 3])> {
    let left_to_right = [x + 4, x + width / 4, x + width / 2, x + width - 4];
    let top_to_bottom = [y - 18, y - 10, y - 2, y + 2, y + height / 2, y + height - 3];
    let points = top_to_bottom.iter().flat_map(|y| left_to_right.iter().map(|x| (*x, *y)));
    points.map(|(x, y)| (x, y, pixel(frame, x, y))).filter(|(_, _, colour)| *colour != FILL).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_05_own_rules_and_other_contracts_in_candors_own_window_are_in_no_picture() {
    let mut display = Display::start("1280x800x24").unwrap();
    display.openbox().unwrap();
    let data = tempfile::tempdir().unwrap();
    let program = places::program("candor");
    let mut window = display.command(&program.display().to_string(), &["--agent", "/nowhere", "--data"]);
    window
        .arg(data.path())
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
    let mut running = window.spawn().unwrap();
    let place = place(&display, display.window_named("Candor").unwrap());
    let open = guard(&display, SECRET).await;
    let Ok(seen) = open.picture(Scope::Desktop).await else { panic!("no picture") };
    assert!(!uncovered(&seen, place).is_empty(), "the window is on the screen");
    let closed = guard(&display, SECRET).await;
    closed.set_own_program(program);
    let Ok(covered) = closed.picture(Scope::Desktop).await else { panic!("no picture") };
    assert_eq!(uncovered(&covered, place), []);
    let told = closed.windows().await.unwrap();
    assert!(told.layout.windows.iter().all(|w| w.title.as_deref() != Some("Candor")), "{told:?}");
    let _gone = running.kill();
    let _status = running.wait();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_02_the_guard_judges_every_visible_window_on_every_monitor() {
    let mut display = Display::two_monitors().unwrap();
    display.openbox().unwrap();
    let notes = xterm(&mut display, "notes", "60x12+40+60");
    let left = xterm(&mut display, "secret: left", "60x12+700+60");
    let covered = xterm(&mut display, "secret: covered", "60x20+100+500");
    let above = xterm(&mut display, "above it", "30x8+200+600");
    let right = xterm(&mut display, "secret: right", "60x12+2400+300");
    let early = xterm(&mut display, "secret: early", "40x8+2400+700");
    let late = xterm(&mut display, "late", "40x8+3100+700");
    // The focused window is none of the secret ones.
    display.run("xdotool", &["windowfocus", "--sync", &notes.to_string()]).unwrap();
    let guard = guard(&display, SECRET).await;

    // One was secret until just before the picture, one becomes so just after.
    rename(&display, early, "early");
    let picture = tokio::spawn({
        let guard = Arc::clone(&guard);
        async move { guard.picture(Scope::Desktop).await }
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    rename(&display, late, "secret: late");
    let frame = picture.await.unwrap().unwrap();

    assert_eq!((frame.width(), frame.height()), (3840, 1080));
    for (name, window) in [("left", left), ("right", right), ("early", early), ("late", late)] {
        let place = place(&display, window);
        assert_eq!(uncovered(&frame, place), [], "{name} at {place:?}, title bar included");
    }
    let (x, y, _, height) = place(&display, covered);
    assert_eq!(pixel(&frame, x + 5, y + height - 5), FILL, "what can be seen of a covered window");
    for (name, window) in [("notes", notes), ("above it", above)] {
        let (x, y, width, height) = place(&display, window);
        assert_ne!(pixel(&frame, x + width / 2, y + height / 2), FILL, "{name} is covered too");
    }

    // The same holds for texts: no secret title is handed out, the others are.
    let layout = guard.windows().await.unwrap().layout;
    let titles: Vec<_> = layout.windows.iter().filter_map(|w| w.title.as_deref()).collect();
    assert!(titles.contains(&"notes") && titles.contains(&"above it"), "{titles:?}");
    assert!(!titles.iter().any(|t| t.contains("secret")), "{titles:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_02_a_menu_is_covered_with_the_window_it_belongs_to() {
    let mut display = Display::start("1280x900x24").unwrap();
    display.openbox().unwrap();
    let (client, root) = display.connect().unwrap();
    let set = |id, property: u32, text: &[u8]| {
        client.change_property8(PropMode::REPLACE, id, property, AtomEnum::STRING, text).unwrap();
    };
    let secret = painted(&client, root, (100, 100, 400, 300), 0x00_2244, false);
    set(secret, AtomEnum::WM_NAME.into(), b"secret: menu");
    set(secret, AtomEnum::WM_CLASS.into(), b"painted\0Painted\0");
    // Off the window it belongs to, so that only its own mask can cover it.
    let menu = painted(&client, root, (700, 500, 160, 120), 0x44_8800, true);
    for id in [secret, menu] {
        client.map_window(id).unwrap();
    }
    client.flush().unwrap();
    display.window_named("secret: menu").unwrap();
    let guard = guard(&display, SECRET).await;
    let frame = guard.picture(Scope::Desktop).await.unwrap();
    let (x, y, width, height) = place(&display, menu);
    for at in [(x + 5, y + 5), (x + width / 2, y + height / 2), (x + width - 5, y + height - 5)] {
        assert_eq!(pixel(&frame, at.0, at.1), FILL, "the menu at {at:?}");
    }
}

/// A screen on which a window moves during each capture.
struct Restless {
    eyes: SensorDesktop,
    client: RustConnection,
    window: u32,
    captures: AtomicU32,
}

#[async_trait]
impl DesktopSource for Restless {
    fn current(&self) -> Result<Arc<Layout>, SensorError> {
        self.eyes.current()
    }
    fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        self.eyes.span(from, to)
    }
    async fn barrier(&self) -> Result<(), SensorError> {
        self.eyes.barrier().await
    }
    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        let frame = self.eyes.capture(area).await;
        let x = 101 + i32::try_from(self.captures.fetch_add(1, Ordering::Relaxed)).unwrap();
        self.client.configure_window(self.window, &ConfigureWindowAux::new().x(x)).unwrap();
        self.client.sync().unwrap();
        frame
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.eyes.changes()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_02_windows_that_keep_moving_end_in_no_picture() {
    let display = Display::start("1280x900x24").unwrap();
    let (client, root) = display.connect().unwrap();
    let window = painted(&client, root, (100, 100, 200, 100), 0x44_8800, true);
    client.map_window(window).unwrap();
    client.sync().unwrap();
    let eyes = SensorDesktop::open(Some(&display.name)).unwrap();
    let restless = Arc::new(Restless { eyes, client, window, captures: AtomicU32::new(0) });
    let cache = tempfile::tempdir().unwrap();
    let policies = Policies::new(Some(policy(cache.path(), SECRET).await), None);
    let eyes = Arc::clone(&restless) as Arc<dyn DesktopSource>;
    let guard = Guard::new(eyes, policies, SystemClock::shared());
    assert_eq!(guard.picture(Scope::Desktop).await.map(|_| ()), Err(NoPicture::Denied(Denied::Unsettled)));
    assert!(restless.captures.load(Ordering::Relaxed) > 1, "it is tried again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_03_without_a_policy_there_is_neither_picture_nor_title() {
    let mut display = Display::start("800x600x24").unwrap();
    display.openbox().unwrap();
    xterm(&mut display, "anything", "40x10+100+100");
    let eyes = Arc::new(SensorDesktop::open(Some(&display.name)).unwrap());
    tokio::time::sleep(Duration::from_millis(3_200)).await;
    let guard = Guard::new(eyes, Policies::new(None, None), SystemClock::shared());
    assert_eq!(guard.picture(Scope::Desktop).await.map(|_| ()), Err(NoPicture::Denied(Denied::RuleFailed)));
    assert_eq!(guard.windows().await.map(|_| ()), Err(Denied::RuleFailed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_display_that_is_lost_is_said_and_nothing_panics() {
    let mut display = Display::start_apart("800x600x24").unwrap();
    display.openbox().unwrap();
    let guard = guard(&display, SECRET).await;
    display.kill_server().unwrap();
    let refused = guard.picture(Scope::Desktop).await.map(|_| ());
    assert!(matches!(refused, Err(NoPicture::Denied(Denied::Unavailable(_)))), "{refused:?}");
    assert!(guard.windows().await.is_err());
}
