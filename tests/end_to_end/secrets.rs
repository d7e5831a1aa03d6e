//! Twenty windows with secrets, on two monitors, in motion: no byte of any secret in any place that tracking leaves.
//!
//! Everything is real: the display, the programs, the agent, the back office and the HTTP between them, which a proxy
//! writes down; the tray, and a session bus with its notifications, which is written down, too. Each window has a word of its own in title and text. Some are covered, half-covered, moved, closed and
//! opened again, or renamed to and fro while pictures are taken; one has a menu, and a panel lists all titles.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use candor_test_display::bus;
use candor_test_display::display::{Display, eventually};
use candor_test_display::picture::Picture;
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::{leaks, places};
use serde_json::Value;
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, PropMode,
    StackMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

const WORDS: [&str; 20] = [
    "QUOKKA",
    "ZEBRAFISH",
    "WOLVERINE",
    "AXOLOTL",
    "PANGOLIN",
    "NARWHAL",
    "CAPYBARA",
    "FLAMINGO",
    "ECHIDNA",
    "MONGOOSE",
    "TARSIER",
    "LEMMING",
    "ALBATROSS",
    "CHEETAH",
    "IGUANA",
    "OCELOT",
    "WALRUS",
    "GIRAFFE",
    "PELICAN",
    "BADGER",
];

/// A word that is no secret, so that a search which finds nothing is known to search.
const OPEN: &str = "HARBOUR";

/// How many segments of a minute are looked at.
const SEGMENTS: usize = 2;

/// Writes down all that goes between an agent and a back office.
struct Wire {
    address: String,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Wire {
    fn tap(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&seen);
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), TcpStream::connect(&to).unwrap());
                let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
                for (from, to) in [(near, far), back] {
                    let all = Arc::clone(&all);
                    std::thread::spawn(move || copy(from, to, &all));
                }
            }
        });
        Self { address, seen }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, all: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 65_536];
    while let Ok(count) = from.read(&mut buffer) {
        all.lock().unwrap().extend_from_slice(&buffer[..count]);
        if count == 0 || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _closed = to.shutdown(std::net::Shutdown::Write);
}

/// A session bus with a notification service, the tray on it, and all that is said there, written down.
struct Bus {
    programs: Vec<Running>,
    heard: PathBuf,
}

impl Bus {
    fn tap(folder: &Path, display: &str, data: &Path) -> Self {
        let mut daemon = Command::new("dbus-daemon");
        // It starts the notification service by itself, which shows its popups on that display.
        bus::serve(&mut daemon, folder, &[bus::NOTIFICATIONS, bus::SETTINGS]).unwrap();
        daemon
            .stdout(Stdio::piped())
            .env("DISPLAY", display)
            .env("HOME", folder)
            .env("XDG_RUNTIME_DIR", folder)
            .stderr(Stdio::null());
        let mut daemon = Running(daemon.spawn().unwrap());
        let mut address = String::new();
        BufReader::new(daemon.0.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        let mut all = Self { programs: vec![daemon], heard: folder.join("bus.txt") };
        let heard = std::fs::File::create(&all.heard).unwrap();
        let tray = places::program("candor");
        let data = data.to_str().unwrap();
        for (program, arguments, output) in [
            (Path::new("dbus-monitor"), &["--session"][..], Stdio::from(heard)),
            (&tray, &["--data", data, "tray"], Stdio::null()),
        ] {
            let mut command = Command::new(program);
            command.args(arguments).stdout(output).stderr(Stdio::null()).stdin(Stdio::null());
            command.env("DISPLAY", display).env("DBUS_SESSION_BUS_ADDRESS", address.trim());
            command.env("HOME", folder).env_remove("WAYLAND_DISPLAY").env_remove("XDG_CONFIG_HOME");
            all.programs.push(Running(command.spawn().unwrap()));
            if program.ends_with("dbus-monitor") {
                // It says so once it hears everything.
                eventually("the bus is heard", || Ok((!all.heard().is_empty()).then_some(()))).unwrap();
            }
        }
        all
    }

    fn heard(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.heard).unwrap()).into_owned()
    }
}

/// The windows, and what is done to them.
struct Stage {
    client: RustConnection,
    root: Window,
    windows: Vec<Window>,
    menu: Window,
}

impl Stage {
    fn set(display: &mut Display) -> Self {
        for (n, word) in WORDS.iter().enumerate() {
            // Ten on each monitor, over one another in part.
            let (x, y) = (40 + (n % 5) * 330 + (n / 10) * 1_920, 60 + (n / 5 % 2) * 430);
            let script = format!("for i in 1 2 3 4 5 6 7 8; do echo {word} {word} {word}; done");
            display.xterm(&format!("secret: {word}"), &format!("50x20+{x}+{y}"), &script).unwrap();
        }
        let open = format!("for i in 1 2 3 4 5 6; do echo {OPEN} {OPEN}; done");
        for (title, place) in [(OPEN.to_owned(), "30x8+1400+740"), (format!("{OPEN} two"), "30x8+3300+740")] {
            let script = format!("{open}\nexec sleep 3600");
            let font = ["-fa", "DejaVu Sans Mono", "-fs", "16"];
            let arguments = ["-T", &title, "-geometry", place, "-e", "sh", "-c", &script];
            display.spawn("xterm", &[&font[..], &arguments[..]].concat()).unwrap();
        }
        let windows = WORDS.map(|word| display.window_named(&format!("secret: {word}")).unwrap()).to_vec();
        display.window_named(OPEN).unwrap();
        let (client, root) = display.connect().unwrap();
        let menu = written(&client, root, (300, 960, 200, 60), &["QUOKKA", "Save QUOKKA"]);
        let panel = written(&client, root, (0, 1_050, 1_400, 30), &[&WORDS.join(" ")]);
        let atom = |name: &str| client.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
        let (kind, dock) = (atom("_NET_WM_WINDOW_TYPE"), atom("_NET_WM_WINDOW_TYPE_DOCK"));
        client.change_property32(PropMode::REPLACE, panel, kind, AtomEnum::ATOM, &[dock]).unwrap();
        client
            .change_property32(
                PropMode::REPLACE,
                menu,
                AtomEnum::WM_TRANSIENT_FOR,
                AtomEnum::WINDOW,
                &[windows[0]],
            )
            .unwrap();
        client.map_window(panel).unwrap();
        client.sync().unwrap();
        let stage = Self { client, root, windows, menu };
        stage.paint(panel, &[&WORDS.join(" ")]);
        stage
    }

    fn paint(&self, window: Window, lines: &[&str]) {
        write_lines(&self.client, window, lines);
        let _screen = self.root;
    }

    /// One burst of everything that can happen to a window.
    fn churn(&self, display: &Display, round: usize) {
        let pick = |n: usize| self.windows[(round * 7 + n) % self.windows.len()];
        for step in 0..12 {
            let x = 60 + i32::try_from((round * 131 + step * 57) % 3_300).unwrap();
            let y = 40 + i32::try_from((round * 71 + step * 23) % 500).unwrap();
            self.client.configure_window(pick(0), &ConfigureWindowAux::new().x(x).y(y)).unwrap();
            self.client
                .configure_window(pick(step), &ConfigureWindowAux::new().stack_mode(StackMode::ABOVE))
                .unwrap();
            self.client.sync().unwrap();
            std::thread::sleep(Duration::from_millis(40));
        }
        self.client.map_window(self.menu).unwrap();
        self.paint(self.menu, &["QUOKKA", "Save QUOKKA"]);
        // To and fro: the text stays while the title says something else.
        let (renamed, word) = (pick(3), WORDS[(round * 7 + 3) % WORDS.len()]);
        for title in ["a harmless title", &format!("secret: {word}")] {
            display.run("xdotool", &["set_window", "--name", title, &renamed.to_string()]).unwrap();
            std::thread::sleep(Duration::from_millis(300));
        }
        self.client.unmap_window(self.menu).unwrap();
        for change in [true, false] {
            let gone = pick(5);
            if change { self.client.unmap_window(gone) } else { self.client.map_window(gone) }.unwrap();
            self.client.sync().unwrap();
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// A popup that no window manager touches, with lines of text.
fn written(
    client: &RustConnection,
    root: Window,
    (x, y, width, height): (i16, i16, u16, u16),
    lines: &[&str],
) -> Window {
    let id = client.generate_id().unwrap();
    let set = CreateWindowAux::new()
        .background_pixel(0xee_eeee)
        .override_redirect(1)
        .event_mask(EventMask::EXPOSURE);
    let class = WindowClass::INPUT_OUTPUT;
    client.create_window(COPY_DEPTH_FROM_PARENT, id, root, x, y, width, height, 0, class, 0, &set).unwrap();
    let title = lines.join(" ");
    client
        .change_property8(PropMode::REPLACE, id, AtomEnum::WM_NAME, AtomEnum::STRING, title.as_bytes())
        .unwrap();
    id
}

fn write_lines(client: &RustConnection, window: Window, lines: &[&str]) {
    let (font, context) = (client.generate_id().unwrap(), client.generate_id().unwrap());
    client.open_font(font, b"fixed").unwrap();
    let set = CreateGCAux::new().font(font).foreground(0x11_1111).background(0xee_eeee);
    client.create_gc(context, window, &set).unwrap();
    for (n, line) in lines.iter().enumerate() {
        let y = 18 + 16 * i16::try_from(n).unwrap();
        client.image_text8(window, context, 8, y, line.as_bytes()).unwrap();
    }
    client.free_gc(context).unwrap();
    client.close_font(font).unwrap();
    client.sync().unwrap();
}

/// A program that runs; killed with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

#[test]
fn invariant_01_secrets_of_twenty_windows_on_two_monitors_are_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
    let wire = Wire::tap(backoffice.address().trim_start_matches("http://").to_owned());
    backoffice.add_contract(&terms("secrets", &wire.address, 0)).unwrap();
    let agent = Agent::enrol_at(&folder.path().join("agent"), &backoffice, "secrets", &wire.address).unwrap();

    let mut display = Display::two_monitors().unwrap();
    display.openbox().unwrap();
    let stage = Stage::set(&mut display);
    let log = folder.path().join("agent.log");
    let log = std::fs::File::create(log).unwrap();
    let _running = agent
        .run(|run| {
            run.args(["--display", &display.name]).env("CANDOR_LOG", "trace").stderr(log);
        })
        .unwrap();
    let bus = Bus::tap(folder.path(), &display.name, agent.data());
    agent.tell(&["start", "--no-sign", "--memo", OPEN]).unwrap();

    let began = Instant::now();
    let go_on = AtomicBool::new(true);
    let delivered = std::thread::scope(|scope| {
        let churning = scope.spawn(|| {
            let mut round = 0;
            while go_on.load(Ordering::Relaxed) {
                stage.churn(&display, round);
                round += 1;
                // Quiet for a while, or there would never be a picture.
                std::thread::sleep(Duration::from_millis(2_500));
            }
            round
        });
        let delivered = loop {
            let delivered = backoffice.deliveries("secrets").unwrap();
            let pictures = delivered.iter().filter(|s| !s["snapshot"].is_null()).count();
            let late = began.elapsed() > Duration::from_secs(420);
            if (delivered.len() > SEGMENTS && pictures > 0) || late {
                break delivered;
            }
            std::thread::sleep(Duration::from_secs(1));
        };
        go_on.store(false, Ordering::Relaxed);
        assert!(churning.join().unwrap() > 10, "too little happened");
        delivered
    });
    agent.tell(&["stop"]).unwrap();

    let pictures: Vec<PathBuf> =
        delivered.iter().filter_map(|s| s["snapshot"]["file"].as_str().map(PathBuf::from)).collect();
    assert!(!pictures.is_empty(), "no picture was taken: {delivered:#?}");
    let mut open_read = false;
    for file in &pictures {
        let picture = Picture::read(file).unwrap();
        assert_eq!(picture.width(), 3_840);
        let words = picture.words().unwrap().to_uppercase();
        open_read |= words.contains(OPEN);
        for word in WORDS {
            assert!(!words.contains(word), "{word} can be read in {}", file.display());
        }
    }
    assert!(open_read, "not even {OPEN} can be read: this would prove nothing");

    // What the tray said lies in the folder, too.
    eventually("the tray told of a picture", || Ok(bus.heard().contains("Picture taken at").then_some(())))
        .unwrap();
    assert!(leaks::count(folder.path()) > 10);
    let wire = wire.seen.lock().unwrap();
    let text = String::from_utf8_lossy(&wire).to_uppercase();
    assert!(text.contains("/API/V1/"), "nothing went over the wire");
    for word in WORDS {
        assert_eq!(leaks::files_with(folder.path(), word), Vec::<PathBuf>::new(), "{word} is on the disk");
        assert!(!text.contains(word), "{word} went over the wire");
    }
    let focus = |s: &Value| !s["snapshot"].is_null();
    assert!(delivered.iter().any(focus));
}

/// Tracks one window with a secret and one without by the second backend, with these rules, until a segment of a minute has a
/// picture; answers what the back office has of it, and the picture.
#[cfg(feature = "portable")]
fn tracked_by_the_portable_backend(folder: &std::path::Path, rules: Value) -> (Value, Picture) {
    let backoffice = BackOffice::start(&folder.join("backoffice"), 0).unwrap();
    let mut terms = terms("portable", backoffice.address(), 0);
    terms["policy"]["settings"]["rules"] = rules;
    backoffice.add_contract(&terms).unwrap();
    let agent = Agent::enrol(&folder.join("agent"), &backoffice, "portable").unwrap();

    let mut display = Display::start("1280x800x24").unwrap();
    display.openbox().unwrap();
    for (title, word, place) in
        [(format!("secret: {}", WORDS[0]), WORDS[0], "30x8+100+100"), (OPEN.to_owned(), OPEN, "30x8+100+460")]
    {
        let script = format!("for i in 1 2 3 4 5 6; do echo {word} {word}; done; exec sleep 3600");
        let font = ["-fa", "DejaVu Sans Mono", "-fs", "16"];
        let arguments = ["-T", &title, "-geometry", place, "-e", "sh", "-c", &script];
        display.spawn("xterm", &[&font[..], &arguments[..]].concat()).unwrap();
        let window = display.window_named(&title).unwrap();
        // In the new way too: the old one is not read by this backend, and a title that cannot be told is covered anyway.
        let (client, _) = display.connect().unwrap();
        let atom = |name: &str| client.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
        let (name, utf8) = (atom("_NET_WM_NAME"), atom("UTF8_STRING"));
        client.change_property8(PropMode::REPLACE, window, name, utf8, title.as_bytes()).unwrap();
        client.sync().unwrap();
    }
    let log = std::fs::File::create(folder.join("agent.log")).unwrap();
    let _running = agent
        .run(|run| {
            // The only display that this backend looks at.
            run.args(["--backend", "portable"]).env("DISPLAY", &display.name);
            run.env("CANDOR_LOG", "trace").stderr(log);
        })
        .unwrap();
    agent.tell(&["start", "--no-sign", "--memo", "by the second backend"]).unwrap();

    // Above a window: a wheel that turns over the desktop brings another one.
    display.run("xdotool", &["mousemove", "300", "600"]).unwrap();
    let began = Instant::now();
    let segment = loop {
        display.run("xdotool", &["key", "a", "click", "1", "click", "5"]).unwrap();
        let mut delivered = backoffice.deliveries("portable").unwrap().into_iter();
        if let Some(segment) =
            delivered.find(|s| !s["snapshot"].is_null() && s["counts"]["keys"].as_u64() > Some(0))
        {
            break segment;
        }
        let status = agent.ask(&["status"]).unwrap();
        assert!(began.elapsed() < Duration::from_secs(240), "no picture: {status:#}");
        std::thread::sleep(Duration::from_secs(2));
    };
    agent.tell(&["stop"]).unwrap();
    let picture = Picture::read(&PathBuf::from(segment["snapshot"]["file"].as_str().unwrap())).unwrap();
    assert_eq!((picture.width(), picture.height()), (1280, 800));
    (segment, picture)
}

/// What its list of windows leaves out may show any title: so if a rule hides one, all is covered.
#[cfg(feature = "portable")]
#[test]
fn invariant_01_by_the_portable_backend_a_secret_covers_the_picture_and_without_rules_it_can_be_read() {
    let (covered, seen) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let secret = serde_json::json!([{ "match": { "title": { "contains": "secret" } }, "then": "fill" }]);
    let (covered_by, seen_by) = std::thread::scope(|scope| {
        let with = scope.spawn(|| tracked_by_the_portable_backend(covered.path(), secret));
        let without = scope.spawn(|| tracked_by_the_portable_backend(seen.path(), Value::Array(Vec::new())));
        (with.join().unwrap(), without.join().unwrap())
    });
    for segment in [&covered_by.0, &seen_by.0] {
        for count in ["keys", "clicks", "scrolls"] {
            assert!(segment["counts"][count].as_u64() > Some(0), "{segment:#}");
        }
    }

    let (segment, picture) = seen_by;
    let words = picture.words().unwrap().to_uppercase();
    assert!(words.contains(WORDS[0]) && words.contains(OPEN), "{words}");
    assert_eq!(segment["snapshot"]["redactions"], Value::Array(Vec::new()));

    let (segment, picture) = covered_by;
    // Inside of the hairline that marks it; not quite flat, for it was compressed with loss.
    assert!(picture.spread(6, 6, 1268, 788) <= 12, "{segment:#}");
    assert!(!segment["snapshot"]["redactions"].as_array().unwrap().is_empty(), "{segment:#}");
    assert!(leaks::count(covered.path()) > 10);
    assert_eq!(leaks::files_with(covered.path(), WORDS[0]), Vec::<PathBuf>::new());
}
