//! A person at the real window, by keyboard alone, end to end: what they do is looked at on the far side, in the agent
//! and at the back office.
//!
//! The window starts the agent itself. That is the real one but for its clock, which is fast, and its screen and input,
//! which are a simulation. `CANDOR_PICTURES=folder` keeps pictures of the window on the way.

use std::time::{Duration, Instant, SystemTime};

use candor_protocol::{
    GetNotice, GetOutbox, GetPreferences, GetSegments, GetStatus, OnClose, OutboxAnswer, ParcelState,
    Preferences, Request, Segment, SegmentState, SetPreferences, Status,
};
use candor_test_display::person::{PATIENCE, Person};
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, set_clock, terms};
use candor_test_driver::fast::StandIn;
use candor_test_driver::places;
use serde_json::{Value, json};

const CONTRACT: &str = "work";
const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

/// A person at a window, whose agent delivers to a back office.
struct Desk {
    person: Person,
    agent: Agent,
    program: StandIn,
    backoffice: BackOffice,
    folder: tempfile::TempDir,
}

impl Desk {
    /// The window is open, and has started its agent. With `joined`, the contract's notice was accepted before.
    fn open(joined: bool, hold_ms: u64, speed: u32) -> Self {
        let mut desk = Self::prepare(joined, hold_ms, speed);
        desk.person.open(desk.agent.data(), desk.program.program()).unwrap();
        desk.until("answer", |d| d.asked(&GetStatus { after: None }));
        desk
    }

    /// The same before the window is opened.
    fn prepare(joined: bool, hold_ms: u64, speed: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let real =
            u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis())
                .unwrap();
        // The back office's clock shows the end of the day: what the agent's fast one shows is over then.
        let midnight = real - real % DAY;
        let office = folder.path().join("backoffice");
        set_clock(&office, midnight + DAY - 60 * 60_000).unwrap();
        let backoffice = BackOffice::start(&office, 0).unwrap();
        let terms = tens(CONTRACT, "A contract", &backoffice, hold_ms);
        backoffice.add_contract(&terms).unwrap();
        let data = folder.path().join("agent-data");
        let agent =
            if joined { Agent::enrol(&data, &backoffice, CONTRACT).unwrap() } else { Agent::fresh(&data) };
        // From noon on: hours of fast time pass within one day, which the window shows as today.
        let program = StandIn::new(folder.path(), real, midnight + DAY / 2, speed).unwrap();
        let person = Person::sit_down(places::program("candor")).unwrap();
        Self { person, agent, program, backoffice, folder }
    }

    /// Clicks once, counts it, and waits for what comes of it.
    fn click<T>(&self, clicks: &mut u32, name: &str, mut so: impl FnMut(&Self) -> Option<T>) -> T {
        *clicks += 1;
        self.person.click(name, || so(self)).unwrap_or_else(|error| self.fail(&format!("{error:#}")))
    }

    fn asked<R: Request>(&self, request: &R) -> Option<R::Answer> {
        self.agent.request(request).ok()
    }

    fn status(&self) -> Status {
        self.asked(&GetStatus { after: None }).expect("the agent answers")
    }

    fn segments(&self) -> Vec<Segment> {
        self.asked(&GetSegments { from: 0, to: 1 << 50 }).expect("the agent answers")
    }

    fn delivered(&self, contract: &str) -> Vec<Value> {
        self.backoffice.deliveries(contract).unwrap()
    }

    /// Waits for what `look` finds.
    fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            if began.elapsed() > PATIENCE {
                self.fail(&format!("no {what}; the window says {:#?}", self.person.hears()));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn fail(&self, why: &str) -> ! {
        panic!("{why}; the agent says {:#?}", self.agent.request(&GetStatus { after: None }));
    }

    /// Waits until the window says something.
    fn until_read(&self, text: &str) {
        self.until(text, |d| d.person.reads(text).then_some(()));
    }

    fn press<T>(&self, names: &[&str], mut so: impl FnMut(&Self) -> Option<T>) -> T {
        self.person.press(names, || so(self)).unwrap_or_else(|error| self.fail(&error.to_string()))
    }

    fn fill<T>(&self, label: &str, text: &str, mut so: impl FnMut(&Self) -> Option<T>) -> T {
        self.person.fill(label, text, || so(self)).unwrap_or_else(|error| self.fail(&error.to_string()))
    }

    fn start(&self) {
        self.press(&["Start", "Resume"], |d| d.status().tracking.then_some(()));
    }

    fn stop(&self) {
        self.press(&["Stop"], |d| (!d.status().tracking).then_some(()));
    }

    /// Opens the page with the contracts and all other pages, from the first page.
    fn menu(&self) {
        self.press(&["A contract, A client", "Another contract, A client"], |d| {
            d.person.reads("Quit Candor").then_some(())
        });
    }

    /// Joins a contract, reads its notice and accepts it by name. Nothing is recorded before.
    fn join(&self, contract: &str, name: &str) {
        let link = self.backoffice.invitation(contract).unwrap();
        self.fill("Link from the client", &link, |d| d.person.reads("Accept terms").then_some(()));
        self.until_read("This is what will be recorded");
        self.until_read("In full");
        assert!(!self.asked(&GetNotice { contract: Some(contract.into()) }).unwrap().accepted);
        assert!(self.delivered(contract).is_empty());
        self.person.picture(&format!("notice-{contract}")).unwrap();
        self.fill("Your name", name, |d| {
            d.status().contracts.iter().any(|c| c.id == contract && c.accepted).then_some(())
        });
    }
}

/// Terms with segments of ten minutes, and manual time.
fn tens(contract: &str, title: &str, backoffice: &BackOffice, hold_ms: u64) -> Value {
    let mut terms = terms(contract, backoffice.address(), hold_ms);
    terms["title"] = json!(title);
    terms["segment"] = json!(10);
    terms["manual-time"] = json!("yes");
    terms
}

fn start_of(segment: &Value) -> u64 {
    segment["start"].as_u64().unwrap()
}

/// That no segment came twice in the same revision.
fn assert_once(delivered: &[Value]) {
    let mut all: Vec<_> = delivered.iter().map(|s| (start_of(s), s["revision"].as_u64())).collect();
    all.sort_unstable();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count, "none twice: {delivered:#?}");
}

#[test]
fn a_person_joins_accepts_tracks_deletes_a_picture_in_its_hold_and_switches() {
    const REMOVED: &str = "Picture removed by worker, time kept";
    let desk = Desk::open(false, 3_600_000, 40);
    desk.until_read("Link from the client");
    desk.person.picture("join").unwrap();
    desk.join(CONTRACT, "Mara Oduya");
    let status = desk.status();
    assert!(!status.tracking && status.week_ms == 0 && desk.segments().is_empty(), "{status:#?}");
    desk.start();
    desk.until_read("Tracking since");
    desk.fill("What are you working on?", "Read the bank's guide", |d| {
        (d.status().memo.as_deref() == Some("Read the bank's guide")).then_some(())
    });
    desk.person.picture("tracking").unwrap();

    // A picture is taken, and deleted while it is held here: on the page that shows it, or on its segment's.
    desk.until("picture", |d| d.segments().into_iter().find(|s| s.picture.is_some()));
    let deleted = desk.press(&["Delete picture", "Picture at"], |d| {
        d.segments().into_iter().find(|s| s.no_picture_sentence.as_deref() == Some(REMOVED))
    });
    desk.person.picture("deleted").unwrap();
    desk.until("end of the segment", |d| {
        let held = |s: &Segment| matches!(s.state, SegmentState::Held { .. }) && s.start == deleted.start;
        d.segments().iter().any(held).then_some(())
    });
    assert!(desk.delivered(CONTRACT).is_empty(), "all is held for an hour");
    // Its hold is ended by hand: what is sent has the memo, and says that there was a picture.
    desk.press(&["Back", "Today"], |d| d.person.reads("The day before").then_some(()));
    desk.person.picture("segments").unwrap();
    let at = |ms: u64| format!("{:02}:{:02}", ms / (60 * MINUTE) % 24, ms / MINUTE % 60);
    let row = format!("{} – ", at(deleted.start));
    let sent = desk.press(&[&row, "Send now"], |d| {
        d.delivered(CONTRACT).into_iter().find(|s| start_of(s) == deleted.start)
    });
    assert_eq!((&sent["snapshot"], &sent["no_snapshot_because"]), (&Value::Null, &json!(REMOVED)));
    assert_eq!(sent["memo"], "Read the bank's guide", "{sent:#}");
    desk.person.picture("sent").unwrap();

    // Another contract, joined while tracking goes on. Accepting it starts nothing (invariant 6): tracking goes on for the
    // first, until the person switches. Then what follows goes there, and the memo stays where it belongs.
    let other = tens("other", "Another contract", &desk.backoffice, 0);
    desk.backoffice.add_contract(&other).unwrap();
    desk.press(&["Back", "A contract, A client"], |d| d.person.reads("Quit Candor").then_some(()));
    desk.person.picture("menu").unwrap();
    desk.press(&["Join another contract"], |d| d.person.reads("Link from the client").then_some(()));
    desk.join("other", "Mara Oduya");
    let status = desk.status();
    assert!(status.tracking && status.contract() == Some(CONTRACT), "{status:#?}");
    let until = status.now + 15 * MINUTE;
    desk.until("a segment more", |d| (d.status().now > until).then_some(()));
    assert!(desk.delivered("other").is_empty(), "nothing was recorded for the other");
    desk.menu();
    desk.press(&["Another contract"], |d| (d.status().contract() == Some("other")).then_some(()));
    assert_eq!(desk.status().memo, None);
    let first = desk.until("delivery to the other", |d| d.delivered("other").into_iter().next());
    assert_eq!(first["memo"], Value::Null, "{first:#}");
    desk.person.picture("other").unwrap();
    desk.menu();
    desk.press(&["A contract"], |d| (d.status().contract() == Some(CONTRACT)).then_some(()));
    desk.stop();
    desk.until_read("Stopped");
    desk.person.picture("stopped").unwrap();
    assert_once(&desk.delivered("other"));
    // The name that was typed stands under both acceptances.
    for contract in [CONTRACT, "other"] {
        let file = desk.agent.session(contract).unwrap().join("acceptance.json");
        assert!(std::fs::read_to_string(file).unwrap().contains("\"Mara Oduya\""), "{contract}");
    }
}

#[test]
fn what_is_done_every_day_takes_few_clicks() {
    let mut desk = Desk::prepare(false, 3_600_000, 40);
    let link = desk.backoffice.invitation(CONTRACT).unwrap();
    // The link in the client's mail is the first click; the desktop opens the window with it.
    let mut clicks = 1;
    let (data, program) = (desk.agent.data().to_owned(), desk.program.program().to_owned());
    desk.person.open_for(&data, &program, &["window", &link]).unwrap();
    desk.until("answer", |d| d.asked(&GetStatus { after: None }));
    desk.click(&mut clicks, "Next", |d| d.person.reads("Accept terms").then_some(()));
    desk.click(&mut clicks, "Accept terms", |d| d.status().notice_accepted.then_some(()));
    desk.click(&mut clicks, "Start", |d| d.status().tracking.then_some(()));
    assert!(clicks <= 4, "{clicks} clicks until the first tracking");

    let mut clicks = 0;
    desk.click(&mut clicks, "What are you working on?", |_| Some(()));
    desk.person.types("Bank rules").unwrap();
    desk.until("memo", |d| (d.status().memo.as_deref() == Some("Bank rules")).then_some(()));
    assert_eq!(clicks, 1, "to change the memo");

    // A picture in its hold, on the card that shows it; a minute of fast time is soon over.
    let removed = |d: &Desk, at: u64| {
        let gone = |s: &Segment| s.start == at && s.picture.is_none() && s.no_picture_sentence.is_some();
        d.segments().iter().any(gone).then_some(())
    };
    let pictured = desk.until("picture", |d| d.status().last_picture);
    let mut clicks = 0;
    if desk.person.reads("Picture taken") {
        desk.person.click("Back to the clock", || desk.person.reads("Picture at").then_some(())).unwrap();
    }
    desk.click(&mut clicks, "Picture at", |d| d.person.reads("Remove this segment").then_some(()));
    desk.click(&mut clicks, "Delete picture", |d| removed(d, pictured.start));
    assert_eq!(clicks, 2, "to delete a picture later");
    desk.person.picture("deleted-later").unwrap();
    // It can be undone where it is said.
    desk.click(&mut clicks, "Undo", |d| removed(d, pictured.start).is_none().then_some(()));
    desk.click(&mut clicks, "Back", |d| d.person.reads("Tracking since").then_some(()));

    let mut clicks = 0;
    desk.click(&mut clicks, "This week", |d| d.person.reads("The week before").then_some(()));
    assert_eq!(clicks, 1, "to see the week");
    desk.person.picture("week").unwrap();
    desk.click(&mut clicks, "Back", |d| d.person.reads("Tracking since").then_some(()));

    // Time that was not tracked: typed in, removed, and back.
    desk.click(&mut clicks, "Today", |d| d.person.reads("Add manual time").then_some(()));
    desk.click(&mut clicks, "Add manual time", |d| d.person.reads("What you did").then_some(()));
    let begun = desk.segments().first().map(|s| s.start).unwrap();
    let at = |ms: u64| format!("{:02}:{:02}", ms / (60 * MINUTE) % 24, ms / MINUTE % 60);
    for (field, text) in [
        ("From", at(begun - 30 * MINUTE)),
        ("To", at(begun - 10 * MINUTE)),
        ("What you did", "A call".into()),
    ] {
        desk.click(&mut clicks, field, |_| Some(()));
        desk.person.types(&text).unwrap();
    }
    let typed = |d: &Desk| -> Vec<Segment> { d.segments().into_iter().filter(|s| s.manual).collect() };
    desk.until("manual time", |d| (typed(d).len() == 2).then_some(()));
    desk.until_read("0:20 added as manual time.");
    let first = typed(&desk).remove(0).start;
    let row = format!("{} – ", at(first));
    desk.click(&mut clicks, &row, |d| d.person.reads("Remove this segment").then_some(()));
    desk.click(&mut clicks, "Remove this segment", |d| d.person.reads("Keep it").then_some(()));
    let shown = |d: &Desk| d.segments().into_iter().find(|s| s.start == first).unwrap();
    desk.click(&mut clicks, "Remove 0:10", |d| shown(d).removed_at.map(drop));
    desk.person.picture("removed").unwrap();
    desk.click(&mut clicks, "Undo", |d| shown(d).removed_at.is_none().then_some(()));
    assert!(shown(&desk).manual);
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

#[test]
fn an_hour_offline_and_the_idle_question_in_the_window() {
    let mut desk = Desk::open(true, 0, 120);
    desk.start();
    desk.until("delivery", |d| d.delivered(CONTRACT).into_iter().next());
    let data = desk.folder.path().join("backoffice");
    let port = desk.backoffice.address().rsplit(':').next().unwrap().parse().unwrap();
    desk.backoffice.stop();
    let until = desk.until("offline", |d| d.status().offline_since) + 60 * MINUTE;
    desk.until_read("No connection since");
    desk.person.picture("offline").unwrap();
    // Start and Stop are there as ever.
    desk.stop();
    desk.start();
    desk.until("an hour", |d| (d.status().now > until).then_some(()));
    assert!(desk.person.sees_a_window() && desk.status().tracking);
    // Titles change here more often than can be told: that is no failure.
    assert!(!desk.status().problems.iter().any(|p| p.contains("failed")), "{:#?}", desk.status());
    desk.until_read("No connection since");
    desk.person.picture("offline-an-hour").unwrap();
    let waiting: OutboxAnswer = desk.asked(&GetOutbox).unwrap();
    let waiting: Vec<_> = waiting
        .entries
        .into_iter()
        .filter(|e| e.state == ParcelState::Waiting)
        .map(|e| e.segment_start)
        .collect();
    assert!(waiting.len() >= 5, "{waiting:?}");
    desk.backoffice = BackOffice::start(&data, port).unwrap();
    desk.press(&["Try now"], |d| d.status().offline_since.is_none().then_some(()));
    desk.until("everything", |d| {
        let there: Vec<_> = d.delivered(CONTRACT).iter().map(start_of).collect();
        waiting.iter().all(|start| there.contains(start)).then_some(())
    });
    assert_once(&desk.delivered(CONTRACT));

    // Nobody is there for some minutes, and then somebody is.
    let idle = SetPreferences { preferences: Preferences { idle_minutes: 3, ..Preferences::default() } };
    desk.agent.request(&idle).unwrap();
    let presence = desk.agent.data().join("presence.json");
    std::fs::write(&presence, json!({ "idle-ms": 180_000 }).to_string()).unwrap();
    let away = desk.until("absence", |d| d.status().away_since);
    desk.until("ten minutes", |d| (d.status().now > away + 12 * MINUTE).then_some(()));
    std::fs::remove_file(&presence).unwrap();
    let question = desk.until("question", |d| d.status().question);
    desk.until_read("Were you working from");
    desk.person.picture("question").unwrap();
    desk.press(&["Leave these", "Leave this"], |d| d.status().question.is_none().then_some(()));
    let counted = |d: &Desk| -> u64 {
        let lies_in = |s: &Segment| s.start >= question.from && s.start + 10 * MINUTE <= question.to;
        d.segments().iter().filter(|s| lies_in(s)).map(|s| s.tracked_ms).sum()
    };
    assert_eq!(counted(&desk), 0);
    desk.until("gap", |d| {
        let left_out = |s: &Segment| s.gaps.iter().any(|g| serde_json::to_value(g).unwrap() == "left-out");
        d.segments().iter().any(left_out).then_some(())
    });
    desk.stop();
    desk.until("all delivered", |d| {
        let status = d.status();
        (status.outbox.waiting + status.outbox.held == 0 && status.segments.open == 0).then_some(())
    });
    assert_once(&desk.delivered(CONTRACT));
}

#[test]
fn the_window_closes_quits_and_comes_back_and_so_does_its_agent() {
    let mut desk = Desk::open(true, 0, 40);
    let data = desk.agent.data().to_owned();
    desk.start();
    // Another window is not opened: the one that is shows what was asked for.
    desk.person.raises(&data, &["window", "--page", "outbox"]).unwrap();
    desk.until_read("used on this computer");
    assert!(desk.person.sees_a_window());
    desk.person.raises(&data, &[]).unwrap();
    desk.until_read("Tracking since");
    // Closing the window asks once. The agent goes on then, with nobody to read what it says.
    desk.person.ask_to_close().unwrap();
    desk.until_read("Stop, or keep tracking in the background?");
    desk.person.picture("closing").unwrap();
    let remembered = |d: &Desk| {
        let preferences: Preferences = d.asked(&GetPreferences)?;
        (preferences.on_close == OnClose::KeepTracking).then_some(())
    };
    desk.press(&["Keep tracking in the background"], remembered);
    desk.person.closed().unwrap();
    let before = desk.status();
    assert!(before.tracking);
    let delivered = desk.until("delivery", |d| d.delivered(CONTRACT).into_iter().next());
    assert!(start_of(&delivered) > 0 && desk.status().tracking);
    // Opened again it shows that, and stops it.
    desk.person.open(&data, desk.program.program()).unwrap();
    desk.until_read("Tracking since");
    desk.person.picture("opened-again").unwrap();
    assert_eq!(desk.status().since, before.since, "the same session");
    // It is not asked again; whoever wants it to stop says so.
    desk.person.close().unwrap();
    assert!(desk.status().tracking);
    let preferences = Preferences { on_close: OnClose::Stop, ..Preferences::default() };
    desk.agent.request(&SetPreferences { preferences }).unwrap();
    desk.person.open(&data, desk.program.program()).unwrap();
    desk.until_read("Tracking since");
    desk.person.close().unwrap();
    assert!(!desk.status().tracking);
    let preferences = Preferences { on_close: OnClose::KeepTracking, ..Preferences::default() };
    desk.agent.request(&SetPreferences { preferences }).unwrap();
    desk.person.open(&data, desk.program.program()).unwrap();
    desk.until_read("Nothing is being recorded");

    // The agent is killed while it tracks. This window has started none yet: it does so by itself, once. It says that
    // tracking has ended.
    let crashes = |d: &Desk| {
        let crash = |s: &&Segment| s.gaps.iter().any(|g| serde_json::to_value(g).unwrap() == "crash");
        d.segments().iter().filter(crash).count()
    };
    desk.start();
    let began = desk.status().since.unwrap();
    desk.until("tracked time", |d| (d.status().now > began + 12 * MINUTE).then_some(()));
    desk.program.kill().unwrap();
    desk.until_read("Tracking has ended.");
    assert_eq!((desk.status().tracking, crashes(&desk)), (false, 1));
    desk.person.picture("agent-back").unwrap();
    // Killed again it is started only when a person wants it.
    desk.start();
    let began = desk.status().since.unwrap();
    desk.until("tracked time", |d| (d.status().now > began + 12 * MINUTE).then_some(()));
    desk.program.kill().unwrap();
    desk.until_read("The agent does not answer");
    desk.person.picture("agent-gone").unwrap();
    desk.press(&["Start the agent"], |d| d.asked(&GetStatus { after: None }));
    desk.until_read("Tracking has ended.");
    assert_eq!((desk.status().tracking, crashes(&desk)), (false, 2));
    desk.start();

    // Quit ends the agent, and the window with it; both come back, and do not track by themselves.
    desk.menu();
    desk.person.press(&["Quit Candor"], || desk.agent.request(&GetStatus { after: None }).err()).unwrap();
    desk.person.closed().unwrap();
    desk.person.open(&data, desk.program.program()).unwrap();
    desk.until("answer", |d| d.asked(&GetStatus { after: None }));
    assert!(!desk.status().tracking);
    desk.start();
    desk.stop();
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
    assert_once(&desk.delivered(CONTRACT));
}
