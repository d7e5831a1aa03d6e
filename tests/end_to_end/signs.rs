//! Whoever is recorded can see it, whatever becomes of the program that shows it; and pause, stop and resume are meant.
//!
//! The agent is the real one but for its clock, screen and input. The tray is the real program, on a session bus of the
//! test's own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use candor_protocol::{
    Client, Face, GetSegments, GetStatus, PauseTracking, QuitAgent, Segment, Sign, Status,
};
use candor_test_display::bus;
use candor_test_display::display::Display;
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::fast::FastAgent;
use candor_test_driver::places;
use serde_json::{Value, json};

/// A segment of a minute takes six seconds.
const SPEED: u32 = 10;
/// How long anything may take: machines under test are busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A worker's agent with its back office.
struct Desk {
    agent: Agent,
    backoffice: BackOffice,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
        backoffice.add_contract(&terms("shown", backoffice.address(), 0)).unwrap();
        let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, "shown").unwrap();
        Self { agent, backoffice, folder }
    }

    fn run(&self, change: impl FnOnce(&mut Command)) -> FastAgent {
        FastAgent::start_as(&self.agent, now(), SPEED, &places::guests(), change).unwrap()
    }

    fn status(&self) -> Status {
        self.agent.request(&GetStatus { after: None }).unwrap()
    }

    fn records(&self) -> Value {
        self.agent.ask(&["verify"]).unwrap()["records"].clone()
    }

    fn segments(&self) -> Vec<Segment> {
        let all = GetSegments { from: 0, to: 1 << 50 };
        self.agent.request(&all).unwrap()
    }

    #[track_caller]
    fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "no {what}: {:#?}", self.status());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A session bus on which notifications are shown and nothing has a tray.
struct Session {
    address: String,
    bus: Child,
    display: Display,
}

impl Session {
    fn begin(folder: &Path) -> Self {
        let display = Display::start("800x600x24").unwrap();
        let mut daemon = display.command("dbus-daemon", &[]);
        bus::serve(&mut daemon, folder, &[bus::NOTIFICATIONS, bus::SETTINGS]).unwrap();
        daemon.env("HOME", folder).env("XDG_RUNTIME_DIR", folder).env_remove("XDG_CONFIG_HOME");
        let mut bus = daemon.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        Self { address: address.trim().to_owned(), bus, display }
    }

    /// An agent's environment, with the tray's program beside it.
    fn on(&self, command: &mut Command) {
        command.arg("--tray").arg(places::program("candor"));
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address).env("DISPLAY", &self.display.name);
        command.env_remove("WAYLAND_DISPLAY");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _gone = self.bus.kill();
        let _status = self.bus.wait();
    }
}

/// A program that is ended with this value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// The running trays of a data folder.
fn trays(data: &Path) -> Vec<u32> {
    let data = data.to_string_lossy().into_owned();
    let of = |entry: std::fs::DirEntry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let mut words = line.split(|b| *b == 0);
        let ours = words.clone().any(|w| w == data.as_bytes()) && words.any(|w| w == b"tray");
        ours.then_some(process)
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter_map(of).collect()
}

fn kill(process: u32) {
    let _gone = Command::new("kill").args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status();
}

#[test]
fn invariant_06_what_is_recorded_shows_itself_and_where_it_cannot_nothing_is_recorded() {
    let desk = Desk::new();
    let session = Session::begin(desk.folder.path());
    let agent = desk.run(|command| session.on(command));
    assert_eq!(trays(desk.agent.data()), [0; 0], "before anything is recorded nothing has to be shown");
    desk.agent.tell(&["start", "--memo", "in sight"]).unwrap();
    let status = desk.status();
    assert!(status.tracking && status.sign.shown.contains(&Sign::Notification), "{status:#?}");

    // It is put back when it ends.
    let first = desk.until("tray", |d| trays(d.agent.data()).first().copied());
    kill(first);
    desk.until("other tray", |d| trays(d.agent.data()).into_iter().find(|tray| *tray != first));
    desk.until("sign", |d| {
        let sign = d.status().sign;
        (sign.shown.contains(&Sign::Notification) && sign.missing_since.is_none()).then_some(())
    });

    // Whoever ends it again and again is recorded no longer.
    desk.until("pause", |d| {
        for tray in trays(d.agent.data()) {
            kill(tray);
        }
        d.status().sign.missing_since
    });
    let status = desk.status();
    assert!(status.tracking && status.problems.iter().any(|p| p.contains("on hold")), "{status:#?}");
    // And is again once it stands.
    desk.until("sign that stands", |d| d.status().sign.missing_since.is_none().then_some(()));
    desk.agent.tell(&["stop"]).unwrap();
    desk.until("gap that says so", |d| {
        let told = |s: &Segment| format!("{:?}", s.gaps).contains("NoSign");
        d.segments().iter().any(told).then_some(())
    });

    // If the agent ends as it should, so does what it started.
    desk.agent.request(&QuitAgent).unwrap();
    desk.until("end of the tray", |d| trays(d.agent.data()).is_empty().then_some(()));
    drop(agent);
}

#[test]
fn invariant_06_without_any_sign_a_start_is_refused_or_meant_and_both_sides_read_it() {
    let desk = Desk::new();
    let _agent = desk.run(|command| {
        command.arg("--tray").arg(places::program("candor"));
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere").env_remove("DISPLAY");
    });
    let refused = desk.agent.tell(&["start"]).unwrap_err().to_string();
    assert!(refused.contains("no session bus") && refused.contains("--no-sign"), "{refused}");
    assert!(!desk.status().tracking);
    assert_eq!(desk.records(), 0, "nothing was recorded");

    // A window shows it, as long as it is there.
    let mut window = Client::new(desk.agent.data()).sign_connection().unwrap();
    window.report(Face::Window, &[Sign::Window]).unwrap();
    desk.agent.tell(&["start"]).unwrap();
    assert!(desk.status().tracking);
    drop(window);
    desk.until("pause", |d| d.status().sign.missing_since);
    let held_up = desk.records();
    std::thread::sleep(Duration::from_secs(2));
    let gaps_only = desk.records().as_u64().unwrap() - held_up.as_u64().unwrap();
    assert!(gaps_only <= 4, "{gaps_only} records while nothing shows it");
    desk.agent.tell(&["stop"]).unwrap();

    desk.agent.tell(&["start", "--no-sign"]).unwrap();
    assert!(desk.status().sign.without);
    let delivered = desk.until("segment", |d| {
        d.backoffice.deliveries("shown").unwrap().into_iter().find(|s| s["no_sign"] == json!(true))
    });
    let start = delivered["start"].as_u64().unwrap();
    assert!(desk.segments().iter().any(|s| s.start == start && s.no_sign), "the worker reads the same");
}

#[test]
fn invariant_06_what_is_only_said_to_be_shown_is_no_sign() {
    let desk = Desk::new();
    let (seen, elsewhere) = (Display::start("800x600x24").unwrap(), Display::start("800x600x24").unwrap());
    let nowhere = "unix:path=/nowhere";
    let _agent = desk
        .agent
        .run(|run| {
            run.env("DISPLAY", &seen.name).env("DBUS_SESSION_BUS_ADDRESS", nowhere);
        })
        .unwrap();
    // Any program of the account can say it.
    for (by, sign) in
        [(Face::Window, Sign::Window), (Face::Tray, Sign::Tray), (Face::Tray, Sign::Notification)]
    {
        let mut liar = Client::new(desk.agent.data()).sign_connection().unwrap();
        liar.report(by, &[sign]).unwrap_err();
        assert_eq!(desk.status().sign.shown, [], "{by:?} {sign:?}");
        let refused = desk.agent.tell(&["start"]).unwrap_err().to_string();
        assert!(refused.contains("to show that you are recorded"), "{refused}");
    }
    // So can the window itself, on another screen.
    let window = |display: &Display| {
        let program = places::program("candor").display().to_string();
        let mut window = display.command(&program, &["--data"]);
        window
            .arg(desk.agent.data())
            .env("DBUS_SESSION_BUS_ADDRESS", nowhere)
            .env("LIBGL_ALWAYS_SOFTWARE", "1");
        Ended(window.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    };
    let hidden = window(&elsewhere);
    let refused = desk.agent.tell(&["start"]).unwrap_err().to_string();
    assert!(refused.contains("to show that you are recorded"), "{refused}");
    drop(hidden);
    let shown = window(&seen);
    desk.until("window", |d| d.status().sign.shown.contains(&Sign::Window).then_some(()));
    desk.agent.tell(&["start"]).unwrap();
    assert!(desk.status().tracking);
    drop(shown);
    desk.until("pause", |d| d.status().sign.missing_since);
}

#[test]
fn invariant_06_pause_stop_and_resume_mean_what_they_say_with_nobody_at_the_tray() {
    let desk = Desk::new();
    let _agent = desk.run(|_| {});
    // A tray that goes on saying what it shows, and does nothing else.
    let client = Client::new(desk.agent.data());
    let (ended, end) = std::sync::mpsc::sync_channel::<()>(1);
    let mut tray = client.sign_connection().unwrap();
    tray.report(Face::Tray, &[Sign::Tray]).unwrap();
    let showing = std::thread::spawn(move || {
        while end.recv_timeout(Duration::from_secs(2)).is_err() {
            tray.report(Face::Tray, &[Sign::Tray]).unwrap();
        }
    });
    let told = |d: &Desk, words: &str| d.agent.tell(&["status"]).unwrap().contains(words);
    desk.agent.tell(&["start"]).unwrap();
    assert!(told(&desk, "Tracking since"));
    desk.until("record", |d| (d.records().as_u64() > Some(3)).then_some(()));
    for quiet in ["pause", "stop"] {
        match quiet {
            "pause" => desk.agent.request(&PauseTracking).unwrap(),
            _ => drop(desk.agent.tell(&["stop"]).unwrap()),
        }
        let asked = desk.status().now;
        // Two minutes of its clock, in which a picture would be taken and windows noted.
        std::thread::sleep(Duration::from_secs(12));
        for segment in desk.segments().iter().filter(|s| s.start >= asked) {
            assert_eq!((segment.tracked_ms, &segment.picture), (0, &None), "{quiet}: {segment:#?}");
        }
        let status = desk.status();
        assert!(!status.tracking || status.paused_since.is_some(), "{quiet}: {status:#?}");
        desk.agent.tell(&["start"]).unwrap();
        let status = desk.status();
        assert!(status.tracking && status.paused_since.is_none(), "{quiet}: {status:#?}");
    }
    ended.send(()).unwrap();
    showing.join().unwrap();
}
