//! What the worker at the keyboard can do: change, remove, pause, answer, go offline; the client's side of each.
//!
//! The agent runs under a fast clock and a painted screen (a simulation of time and hardware); plugins, journal, HTTP
//! and back office are the real ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what failed by panicking"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use candor_protocol::{
    Forgotten, IdleAnswer, OutboxAnswer, OwnRule, Picture, Preferences, Request, Segment, Status,
};
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::fast::FastAgent;
use serde_json::{Value, json};

/// A segment of a minute takes three seconds.
const SPEED: u32 = 20;

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A back office with one contract, and an agent that has accepted its notice and runs.
struct Desk {
    agent: Agent,
    backoffice: BackOffice,
    _running: FastAgent,
    folder: tempfile::TempDir,
}

const CONTRACT: &str = "work";

#[path = "worker/undo.rs"]
mod undo;

impl Desk {
    fn open(hold_ms: u64, speed: u32, change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
        let mut terms = terms(CONTRACT, backoffice.address(), hold_ms);
        change(&mut terms);
        backoffice.add_contract(&terms).unwrap();
        let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, CONTRACT).unwrap();
        let running = FastAgent::start(&agent, now(), speed).unwrap();
        Self { agent, backoffice, _running: running, folder }
    }

    fn status(&self) -> Status {
        self.get(Request::Status { after: None })
    }

    fn get<T: serde::de::DeserializeOwned>(&self, request: Request) -> T {
        serde_json::from_value(self.agent.request(&request).unwrap()).unwrap()
    }

    fn tell(&self, request: Request) {
        self.agent.request(&request).unwrap();
    }

    fn refused(&self, request: Request) -> String {
        self.agent.request(&request).unwrap_err().to_string()
    }

    fn segments(&self) -> Vec<Segment> {
        self.get(Request::Segments { from: 0, to: 1 << 50 })
    }

    /// Waits for what `look` finds.
    fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(150), "no {what}: {:#?}", self.status());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn delivered(&self) -> Vec<Value> {
        self.backoffice.deliveries(CONTRACT).unwrap()
    }

    /// A delivered segment with a picture, as the back office lists it.
    fn pictured(&self) -> Value {
        self.until("picture", |d| d.delivered().into_iter().find(|s| !s["snapshot"].is_null()))
    }

    fn presence(&self, said: Option<Value>) {
        let path = self.agent.data().join("presence.json");
        match said {
            Some(said) => std::fs::write(path, said.to_string()).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
    }
}

fn start(of: &Value) -> u64 {
    of["start"].as_u64().unwrap()
}

#[test]
fn invariant_07_time_and_pictures_are_separate() {
    let desk = Desk::open(0, SPEED, |_| {});
    desk.tell(Request::Start { memo: Some("Reading".into()), no_sign: true });
    let before = desk.pictured();
    let file = before["snapshot"]["file"].as_str().unwrap().to_owned();
    assert!(Path::new(&file).exists());
    desk.tell(Request::Stop { at_segment_end: true });
    desk.until("stop", |d| (!d.status().tracking && d.status().segments.open == 0).then_some(()));
    let week = desk.status().week_ms;
    assert_eq!(desk.segments().iter().map(|s| s.billed_ms).sum::<u64>(), week, "the list adds up to the sum");

    desk.tell(Request::RemovePicture { start: start(&before) });
    let after = desk.until("revision", |d| {
        d.delivered().into_iter().find(|s| s["start"] == before["start"] && s["revision"] == 1)
    });
    assert_eq!(after["snapshot"], Value::Null);
    assert_eq!(after["no_snapshot_because"], "Picture removed by worker, time kept");
    assert_eq!(after["minutes_active"], before["minutes_active"], "the time stays");
    assert_eq!(desk.status().week_ms, week, "the time stays");
    assert!(!Path::new(&file).exists(), "the client's copy is gone");
    assert!(desk.refused(Request::RemovePicture { start: start(&before) }).contains("no picture"));
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

#[test]
fn a_picture_removed_in_its_hold_is_never_sent() {
    let desk = Desk::open(3_600_000, SPEED, |_| {});
    desk.tell(Request::Start { memo: None, no_sign: true });
    let held = desk.until("held picture", |d| {
        d.segments().into_iter().find(|s| s.picture.is_some() && s.parcel.is_some())
    });
    desk.tell(Request::RemovePicture { start: held.start });
    desk.tell(Request::Stop { at_segment_end: false });
    desk.tell(Request::SendNow { start: held.start });
    let delivered = desk.until("delivery", |d| d.delivered().into_iter().find(|s| start(s) == held.start));
    assert_eq!(delivered["snapshot"], Value::Null);
    assert_eq!(delivered["no_snapshot_because"], "Picture removed by worker, time kept");
    // No picture ever came to the back office.
    let pictures = desk.folder.path().join("backoffice/pictures");
    assert!(!pictures.exists() || walk(&pictures) == 0, "{pictures:?}");
}

#[test]
fn invariant_08_a_removed_picture_comes_back_until_its_segment_is_sent_and_is_gone_then() {
    let desk = Desk::open(3_600_000, SPEED, |terms| terms["picture-removal"] = json!("removes-time"));
    desk.tell(Request::Start { memo: Some("Reading".into()), no_sign: true });
    let held = desk.until("held picture", |d| {
        d.segments().into_iter().find(|s| s.picture.is_some() && s.parcel.is_some())
    });
    desk.tell(Request::Stop { at_segment_end: false });
    let picture: Picture = desk.get(Request::Picture { start: held.start });
    let shown = |d: &Desk| d.segments().into_iter().find(|s| s.start == held.start).unwrap();
    let kept = |name: &str| {
        let folder = desk.folder.path().join(name);
        let _exported: Value = desk.get(Request::Export { to: folder.to_string_lossy().into_owned() });
        let bytes = base64::engine::general_purpose::STANDARD.decode(&picture.base64).unwrap();
        files(&folder.join("pictures")).iter().any(|file| std::fs::read(file).unwrap() == bytes)
    };

    desk.tell(Request::RemovePicture { start: held.start });
    let removed = shown(&desk);
    assert!(
        removed.removed_at.is_some() && removed.tracked_ms == 0 && removed.memo.is_none(),
        "{removed:#?}"
    );
    assert!(removed.undo_until.is_some(), "{removed:#?}");
    assert!(desk.refused(Request::Picture { start: held.start }).contains("removed"));
    assert!(kept("undoable"));
    desk.tell(Request::Restore { start: held.start });
    let back = shown(&desk);
    assert_eq!(
        (back.tracked_ms, &back.memo, &back.picture, back.undo_until),
        (held.tracked_ms, &held.memo, &held.picture, None)
    );
    let again: Picture = desk.get(Request::Picture { start: held.start });
    assert_eq!(again, picture);

    desk.tell(Request::RemovePicture { start: held.start });
    desk.tell(Request::SendNow { start: held.start });
    let sent = desk.until("delivery", |d| d.delivered().into_iter().find(|s| start(s) == held.start));
    assert_eq!(
        (&sent["removed"], &sent["snapshot"], &sent["memo"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let mut looks = 0;
    desk.until("end of its bytes", |_| {
        looks += 1;
        (!kept(&format!("sent-{looks}"))).then_some(())
    });
    let late = desk.refused(Request::Restore { start: held.start });
    assert!(late.contains("destroyed") || late.contains("too late"), "{late}");
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

#[test]
fn what_forget_announces_is_what_it_removes() {
    let desk = Desk::open(3_600_000, SPEED, |_| {});
    // A memo that is set while nothing is tracked is no segment.
    desk.tell(Request::Memo { memo: "Before".into() });
    let begun = desk.status().now;
    desk.until("another minute", |d| (d.status().now / 60_000 > begun / 60_000).then_some(()));
    desk.tell(Request::Start { memo: None, no_sign: true });
    desk.until("two segments", |d| (d.segments().len() >= 2).then_some(()));
    let asked = desk.status().now;
    let would: Forgotten = desk.get(Request::WouldForget { from: begun, to: asked });
    // Those that are listed, and the one that runs where something was recorded in its first minute.
    let shown: Vec<u64> = desk.segments().iter().map(|s| s.start).filter(|start| *start < asked).collect();
    let named = would.segments as usize;
    assert!((shown.len()..=shown.len() + 1).contains(&named), "{would:#?} {shown:?}");
    assert_eq!(
        desk.segments().iter().filter(|s| s.removed_at.is_some()).count(),
        0,
        "asking removes nothing"
    );
    // The person thinks; another segment begins meanwhile.
    desk.until("another segment", |d| (d.status().now > would.to + 30_000).then_some(()));
    let gone: Forgotten = desk.get(Request::Forget { from: would.from, to: would.to });
    assert_eq!((gone.from, gone.to, gone.segments), (would.from, would.to, would.segments));
    desk.until("what came after the question, which stays", |d| {
        d.segments().into_iter().find(|s| s.start >= would.to && s.removed_at.is_none())
    });
}

fn walk(folder: &Path) -> usize {
    files(folder).len()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn memos_are_changed_and_segments_removed_before_and_after_delivery() {
    let desk = Desk::open(0, SPEED, |terms| terms["labels"] = json!(["Design", "Calls"]));
    desk.tell(Request::Start { memo: Some("First".into()), no_sign: true });
    desk.tell(Request::Label { label: Some("Calls".into()) });
    assert!(desk.refused(Request::Label { label: Some("Nothing".into()) }).contains("no such label"));
    desk.until("two segments", |d| (d.delivered().len() >= 3).then_some(()));
    let (first, second) = (start(&desk.delivered()[1]), start(&desk.delivered()[2]));
    desk.tell(Request::EditSegment { start: first, memo: "Second".into(), label: Some("Design".into()) });
    let edited = desk
        .until("edit", |d| d.delivered().into_iter().find(|s| start(s) == first && s["memo"] == "Second"));
    assert_eq!((&edited["label"], &edited["revision"]), (&json!("Design"), &json!(1)));
    assert!(
        desk.refused(Request::EditSegment { start: 60_000, memo: String::new(), label: None })
            .contains("locked")
    );

    let gone: Forgotten = desk.get(Request::Forget { from: second, to: second + 1 });
    assert_eq!((gone.segments, gone.from), (1, second));
    let removed = desk
        .until("removal", |d| d.delivered().into_iter().find(|s| start(s) == second && s["removed"] == true));
    assert_eq!(removed["minutes_active"], 0);
    let shown = desk.segments().into_iter().find(|s| s.start == second).unwrap();
    assert!(shown.removed_at.is_some() && shown.memo.is_none() && shown.picture.is_none(), "{shown:#?}");

    // The running segment: what was is gone, what follows counts, and it has its memo again.
    desk.tell(Request::Memo { memo: "Third".into() });
    let at = desk.status().now;
    let _gone: Forgotten = desk.get(Request::Forget { from: at - 1, to: at });
    let status = desk.status();
    assert!(status.tracking && status.memo.as_deref() == Some("Third"), "{status:#?}");
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

#[test]
fn idle_time_is_asked_about_and_never_silently_billed() {
    let desk = Desk::open(1_800_000, 60, |terms| terms["manual-time"] = json!("yes"));
    desk.tell(Request::SetPreferences {
        preferences: Preferences { idle_minutes: 3, ..Preferences::default() },
    });
    desk.tell(Request::Start { memo: Some("Before".into()), no_sign: true });
    desk.until("tracked time", |d| (d.status().week_ms >= 4 * 60_000).then_some(()));
    desk.presence(Some(json!({"idle-ms": 180_000})));
    desk.until("absence", |d| d.status().away_since);
    // Ten minutes of nobody, in fake time.
    std::thread::sleep(Duration::from_secs(10));
    desk.presence(None);
    let question = desk.until("question", |d| d.status().question);
    assert!(question.to - question.from >= 10 * 60_000, "{question:?}");
    assert!(question.manual_ms >= 8 * 60_000, "{question:?}");
    // Left out until it is answered: no segment that lies wholly in it has time.
    let within = |d: &Desk| -> Vec<Segment> {
        let segments = d.segments().into_iter();
        segments.filter(|s| s.start >= question.from && s.start + 60_000 <= question.to).collect()
    };
    for segment in within(&desk) {
        assert_eq!(segment.tracked_ms, 0, "{segment:#?}");
    }
    // An answer can be taken back, either way, and leaves nothing for the client to see.
    assert!(desk.refused(Request::UndoIdle).contains("no answer"));
    desk.tell(Request::Idle { answer: IdleAnswer::LeaveOut });
    assert_eq!(desk.status().question, None);
    desk.tell(Request::UndoIdle);
    assert_eq!(desk.status().question, Some(question));
    assert!(desk.refused(Request::UndoIdle).contains("no answer"));
    for _ in 0..2 {
        desk.tell(Request::Idle { answer: IdleAnswer::Manual("A slip of the hand".into()) });
        assert!(within(&desk).iter().any(|s| s.manual), "{:#?}", within(&desk));
        // A moment, in which the answer is written into the segments.
        std::thread::sleep(Duration::from_secs(2));
        desk.tell(Request::UndoIdle);
        assert_eq!(desk.status().question, Some(question));
        assert!(within(&desk).is_empty(), "{:#?}", within(&desk));
    }
    let outbox: OutboxAnswer = desk.get(Request::Outbox);
    let whole = |start: u64| start >= question.from && start + 60_000 <= question.to;
    assert!(!outbox.entries.iter().any(|entry| whole(entry.segment_start)), "{:#?}", outbox.entries);
    desk.tell(Request::Idle { answer: IdleAnswer::Manual("Read the format guide".into()) });
    assert_eq!(desk.status().question, None);
    for segment in within(&desk).iter().filter(|s| s.manual) {
        desk.tell(Request::SendNow { start: segment.start });
    }
    let typed = desk.until("typed-in time", |d| {
        let typed: Vec<_> = d.delivered().into_iter().filter(|s| s["manual"] == true).collect();
        (typed.len() as u64 * 60_000 >= question.manual_ms).then_some(typed)
    });
    assert_eq!(typed[0]["memo"], "Read the format guide");
    assert_eq!(typed[0]["snapshot"], Value::Null);
    assert!(desk.refused(Request::UndoIdle).contains("too late"));
    let delivered = desk.delivered();
    assert!(!delivered.iter().any(|s| s["memo"] == "A slip of the hand"), "{delivered:#?}");
    assert!(desk.refused(Request::Idle { answer: IdleAnswer::LeaveOut }).contains("no question"));
}

#[test]
fn a_pause_and_a_locked_screen_are_gaps_with_their_cause() {
    let desk = Desk::open(0, 60, |_| {});
    desk.tell(Request::Start { memo: None, no_sign: true });
    desk.until("a segment", |d| (d.status().week_ms > 0).then_some(()));
    desk.tell(Request::Pause);
    assert!(desk.status().paused_since.is_some() && desk.status().tracking);
    assert!(desk.refused(Request::Pause).contains("paused already"));
    std::thread::sleep(Duration::from_secs(4));
    desk.tell(Request::Start { memo: None, no_sign: true });
    assert_eq!(desk.status().paused_since, None);
    desk.presence(Some(json!({"locked": true})));
    desk.until("lock", |d| d.status().away_since);
    std::thread::sleep(Duration::from_secs(4));
    desk.presence(None);
    desk.until("unlock", |d| d.status().away_since.is_none().then_some(()));
    let segments = desk.segments();
    for cause in ["paused", "locked"] {
        assert!(segments.iter().any(|s| has_gap(s, cause) && s.tracked_ms == 0), "{cause}: {segments:#?}");
    }
}

/// Whether a segment has a gap of this cause.
fn has_gap(segment: &Segment, cause: &str) -> bool {
    segment.gaps.iter().any(|gap| serde_json::to_value(gap).unwrap() == cause)
}

#[test]
fn a_blank_screen_is_no_evidence_and_a_lost_display_a_gap_after_which_tracking_goes_on() {
    let desk = Desk::open(0, SPEED, |_| {});
    desk.presence(Some(json!({"blank": true})));
    desk.tell(Request::Start { memo: None, no_sign: true });
    let blank = desk.until("segment of a blank screen", |d| {
        let said = |s: &Value| s["no_snapshot_because"] == "No evidence: the screen was blank";
        d.delivered().into_iter().find(said)
    });
    assert_eq!(blank["snapshot"], Value::Null);
    desk.presence(None);
    desk.pictured();

    desk.presence(Some(json!({"display-lost": true})));
    let lost = desk.until("loss of the display", |d| d.status().away_since.map(|_| d.status().now));
    assert!(desk.status().tracking);
    desk.until("a minute without", |d| (d.status().now > lost + 2 * 60_000).then_some(()));
    desk.presence(None);
    desk.until("display", |d| d.status().away_since.is_none().then_some(()));
    let back = desk.status().now;
    desk.until("tracked time", |d| {
        d.segments().into_iter().find(|s| s.start > back && s.tracked_ms > 0 && s.gaps.is_empty())
    });
    let segments = desk.segments();
    assert!(segments.iter().any(|s| has_gap(s, "display-lost") && s.tracked_ms == 0), "{segments:#?}");
}

#[test]
fn a_computer_that_slept_leaves_a_gap_that_is_no_time() {
    let desk = Desk::open(0, SPEED, |_| {});
    desk.tell(Request::Start { memo: None, no_sign: true });
    desk.until("tracked time", |d| (d.status().week_ms > 0).then_some(()));
    let before = desk.status().now;
    desk.presence(Some(json!({"asleep-ms": 30 * 60_000})));
    let woken = desk.until("waking", |d| Some(d.status().now).filter(|now| *now > before + 30 * 60_000));
    desk.until("tracked time", |d| d.segments().into_iter().find(|s| s.start > woken && s.tracked_ms > 0));
    assert!(desk.status().tracking && desk.status().question.is_none(), "{:#?}", desk.status());
    let asleep: Vec<_> = desk.segments().into_iter().filter(|s| has_gap(s, "asleep")).collect();
    assert!(asleep.len() >= 29, "{asleep:#?}");
    assert!(asleep.iter().filter(|s| s.tracked_ms == 0).count() >= 28, "{asleep:#?}");
}

#[test]
fn a_disk_that_is_used_up_costs_pictures_never_time_and_says_what_to_do() {
    let desk = Desk::open(0, SPEED, |_| {});
    let limit = |disk_limit: u64| Request::SetPreferences {
        preferences: Preferences { disk_limit, ..Preferences::default() },
    };
    assert!(desk.refused(limit(1)).contains("64 MB at least"));
    desk.tell(limit(64 << 20));
    // Takes no room, and counts as if it did.
    let filler = std::fs::File::create(desk.agent.data().join("journal/filler")).unwrap();
    filler.set_len(65 << 20).unwrap();
    desk.tell(Request::Start { memo: None, no_sign: true });
    let said = |d: &Desk| d.status().problems.into_iter().find(|p| p.contains("disk space"));
    let problem = desk.until("word of the disk", said);
    assert!(problem.contains("Remove what you do not need, or allow more in Preferences"), "{problem}");
    let segment = desk.until("segment without", |d| {
        let used_up =
            |s: &Value| s["no_snapshot_because"] == "No picture: the disk space set for pictures is used up";
        d.delivered().into_iter().find(used_up)
    });
    assert!(segment["minutes_active"].as_u64() > Some(0), "{segment:#}");
    desk.tell(limit(1 << 30));
    assert_eq!(said(&desk), None);
    desk.pictured();
}

#[test]
fn an_hour_offline_is_delivered_afterwards_once() {
    let mut desk = Desk::open(0, 120, |_| {});
    desk.tell(Request::Start { memo: Some("On a train".into()), no_sign: true });
    desk.pictured();
    let (data, port) = (
        desk.folder.path().join("backoffice"),
        desk.backoffice.address().rsplit(':').next().unwrap().parse().unwrap(),
    );
    desk.backoffice.stop();
    let status = desk.until("offline", |d| Some(d.status()).filter(|s| s.offline_since.is_some()));
    assert!(status.tracking && status.next_try_at.is_some(), "{status:#?}");
    let until = status.now + 3_600_000;
    desk.until("an hour", |d| (d.status().now > until).then_some(()));
    let OutboxAnswer { entries, .. } = desk.get(Request::Outbox);
    let waiting = entries.iter().filter(|e| e.state == "waiting").count();
    assert!(waiting >= 55, "{waiting}");
    // One that is taken back is not sent, and one that is taken back and undone is.
    let chosen: Vec<_> = entries.iter().filter(|e| e.state == "waiting").take(2).collect();
    for entry in &chosen {
        desk.tell(Request::Cancel { parcel: entry.parcel.clone() });
    }
    desk.tell(Request::Uncancel { parcel: chosen[1].parcel.clone() });
    // What is changed of one that was taken back is not sent either.
    let at = chosen[0].segment_start;
    let _gone: Forgotten = desk.get(Request::Forget { from: at, to: at + 1 });
    desk.backoffice = BackOffice::start(&data, port).unwrap();
    desk.tell(Request::Stop { at_segment_end: false });
    desk.tell(Request::TryNow);
    desk.until("delivery", |d| {
        let s = d.status();
        (s.outbox.waiting + s.outbox.held == 0 && s.segments.open == 0).then_some(())
    });
    let delivered = desk.delivered();
    let mut starts: Vec<_> = delivered.iter().map(start).collect();
    starts.dedup();
    assert_eq!(starts.len(), delivered.len(), "none twice");
    assert!(starts.len() >= 58, "{}", starts.len());
    assert!(!starts.contains(&chosen[0].segment_start) && starts.contains(&chosen[1].segment_start));
    assert_eq!(desk.status().offline_since, None);
}

#[test]
fn contracts_are_joined_by_link_and_switched_while_tracking() {
    let desk = Desk::open(0, SPEED, |_| {});
    let mut other = terms("other", desk.backoffice.address(), 0);
    other["title"] = json!("Another contract");
    desk.backoffice.add_contract(&other).unwrap();
    let link = desk.backoffice.invitation("other").unwrap();
    assert!(desk.refused(Request::Import { invitation: "hello".into() }).contains("not an invitation"));
    desk.tell(Request::Switch { contract: CONTRACT.into() });
    desk.tell(Request::Start { memo: Some("Both".into()), no_sign: true });
    desk.tell(Request::Import { invitation: link });
    // Tracking goes on under the first, in sight; under the other nothing is recorded before its notice is accepted.
    let status = desk.status();
    assert_eq!((status.contract.as_str(), status.tracking, status.contracts.len()), (CONTRACT, true, 2));
    assert!(desk.refused(Request::Switch { contract: "other".into() }).contains("not accepted"));
    assert!(desk.status().tracking);
    let notice: Value = desk.get(Request::Notice { contract: Some("other".into()) });
    assert_eq!(notice["accepted"], false);
    let accept = |digest: &str| Request::Accept {
        contract: "other".into(),
        digest: digest.into(),
        by: "A worker".into(),
    };
    assert!(desk.refused(accept("0")).contains("has changed"));
    desk.tell(accept(notice["digest"].as_str().unwrap()));
    assert_eq!(desk.status().contract, CONTRACT);
    desk.tell(Request::Switch { contract: "other".into() });
    let status = desk.status();
    assert_eq!((status.title.as_str(), status.tracking), ("Another contract", true));
    assert_eq!(status.memo, None, "what is done for one client is not told to another");
    desk.until("both delivered", |d| {
        let both = [CONTRACT, "other"].map(|c| d.backoffice.deliveries(c).unwrap().len());
        both.iter().all(|count| *count > 0).then_some(())
    });
}

#[test]
fn own_rules_only_tighten_and_a_preview_shows_them() {
    let desk = Desk::open(0, SPEED, |_| {});
    let preview: Value = desk.get(Request::Preview { contract: None, own_rules: None, max_width: 200 });
    assert_eq!(preview["redactions"].as_array().unwrap().len(), 1, "the client's rule: {preview:#}");
    let rule = |pattern: &str, action: &str| OwnRule {
        field: "title".into(),
        by: "contains".into(),
        pattern: pattern.into(),
        action: action.into(),
    };
    let own = vec![rule("notes", "fill")];
    let preview: Value =
        desk.get(Request::Preview { contract: None, own_rules: Some(own.clone()), max_width: 200 });
    assert_eq!(preview["redactions"].as_array().unwrap().len(), 2, "{preview:#}");
    assert_eq!(desk.get::<Vec<OwnRule>>(Request::OwnRules), [], "a preview sets nothing");

    let bad = OwnRule { by: "regex".into(), ..rule("(", "fill") };
    assert!(!desk.refused(Request::SetOwnRules { rules: vec![bad] }).is_empty());
    desk.tell(Request::SetOwnRules { rules: own.clone() });
    assert_eq!(desk.get::<Vec<OwnRule>>(Request::OwnRules), own);
    desk.tell(Request::Start { memo: None, no_sign: true });
    let covered = |segment: &Value| segment["snapshot"]["redactions"].as_array().map_or(0, Vec::len);
    let found = desk.until("picture", |d| d.delivered().into_iter().find(|s| covered(s) > 0));
    assert_eq!(covered(&found), 2, "{found:#}");
    // No notice changed: the worker's own rules ask nothing of the worker.
    assert!(desk.status().notice_accepted);
    desk.tell(Request::SetOwnRules { rules: vec![] });
    let at = desk.status().now;
    let found = desk.until("later picture", |d| {
        d.delivered().into_iter().find(|s| start(s) > at && !s["snapshot"].is_null())
    });
    assert_eq!(covered(&found), 1, "{found:#}");
}

#[test]
fn everything_of_ones_own_can_be_exported() {
    let desk = Desk::open(0, SPEED, |_| {});
    desk.tell(Request::Start { memo: Some("For myself".into()), no_sign: true });
    desk.pictured();
    let to = desk.folder.path().join("mine");
    let exported: Value = desk.get(Request::Export { to: to.display().to_string() });
    assert!(exported["records"].as_u64().unwrap() > 5 && exported["pictures"].as_u64().unwrap() >= 1);
    let records = std::fs::read_to_string(to.join("records.jsonl")).unwrap();
    assert!(records.lines().any(|l| l.contains("For myself")));
    // A person reads it, too: a table, an index of days, and pictures by day and time.
    let table = std::fs::read_to_string(to.join("segments.csv")).unwrap();
    let pictured = table.lines().find(|line| line.contains("For myself") && line.contains(".webp")).unwrap();
    let picture = pictured.split(',').find(|field| field.ends_with(".webp")).unwrap();
    assert!(std::fs::read(to.join(picture)).unwrap().starts_with(b"RIFF"), "{picture}");
    let known: Vec<Value> =
        serde_json::from_slice(&std::fs::read(to.join("segments.json")).unwrap()).unwrap();
    assert!(known.iter().any(|segment| segment["picture-file"] == picture), "{known:#?}");
    let index = std::fs::read_to_string(to.join("index.html")).unwrap();
    let (_, rest) = index.split_once("href=\"days/").unwrap();
    let (day, _) = rest.split_once('"').unwrap();
    let day = std::fs::read_to_string(to.join("days").join(day)).unwrap();
    assert!(day.contains("For myself") && day.contains(&format!("../{picture}")), "{day}");
    assert!(
        walk(&to.join("pictures")) >= 1 && walk(&to.join("parcels")) >= 2 && walk(&to.join("terms")) == 1
    );
    assert!(desk.refused(Request::Export { to: to.display().to_string() }).contains("there already"));
    let checks: Vec<Value> = desk.get(Request::Doctor);
    for name in ["display", "counting", "disk", "memory", "load", "back-office", "clock"] {
        assert!(checks.iter().any(|c| c["name"] == name), "{name}: {checks:#?}");
    }
}
