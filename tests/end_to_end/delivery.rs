//! What comes between a worker and their client: proxies, damaged disks, lost keys, floods. Worked time arrives in the
//! end, nothing is settled by anybody but the back office, and what is missing is said on both sides (invariant 9).
//!
//! The agent runs under a fast clock and a painted screen (a simulation of time and hardware); plugins, journal, HTTP
//! and back office are the real ones.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use candor_protocol::{
    Check, GetOutbox, GetSegments, GetStatus, OutboxAnswer, OutboxParcel, ParcelState, Request, RunDoctor,
    Segment, SendAgain, SendNow, StartTracking, Status, StopTracking, TryNow, Verified, VerifyJournal,
};
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::fast::FastAgent;
use candor_test_driver::proxy::{Proxy, Way, answer};
use serde_json::{Value, json};

/// A segment of a minute takes three seconds.
const SPEED: u32 = 20;
const CONTRACT: &str = "work";

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A back office behind a proxy, and an agent that has accepted its notice and runs.
struct Desk {
    agent: Agent,
    backoffice: BackOffice,
    proxy: Proxy,
    running: Option<FastAgent>,
    began: u64,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn open(hold_ms: u64, change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
        let proxy = Proxy::start(backoffice.address()).unwrap();
        let mut terms = terms(CONTRACT, proxy.address(), hold_ms);
        change(&mut terms);
        backoffice.add_contract(&terms).unwrap();
        let data = folder.path().join("agent");
        let agent = Agent::enrol_at(&data, &backoffice, CONTRACT, proxy.address()).unwrap();
        let began = now();
        let running = Some(FastAgent::start(&agent, began, SPEED).unwrap());
        Self { agent, backoffice, proxy, running, began, _folder: folder }
    }

    fn restart(&mut self, between: impl FnOnce(&Self)) {
        self.running = None;
        between(self);
        self.running = Some(FastAgent::start(&self.agent, self.began, SPEED).unwrap());
    }

    fn get<R: Request>(&self, request: &R) -> R::Answer {
        self.agent.request(request).unwrap()
    }

    fn status(&self) -> Status {
        self.get(&GetStatus { after: None })
    }

    fn outbox(&self) -> Vec<OutboxParcel> {
        let answer: OutboxAnswer = self.get(&GetOutbox);
        answer.entries
    }

    fn segments(&self) -> Vec<Segment> {
        self.get(&GetSegments { from: 0, to: 1 << 50 })
    }

    fn delivered(&self) -> Vec<Value> {
        self.backoffice.deliveries(CONTRACT).unwrap()
    }

    fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(
                began.elapsed() < Duration::from_secs(150),
                "no {what}: {:#?} {:#?}",
                self.status(),
                self.outbox()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn start(&self) {
        self.agent.request(&StartTracking { memo: Some("Reading".into()), no_sign: true }).unwrap();
    }

    /// Stops, and waits until so many segments with pictures are closed.
    fn stop_after(&self, pictures: usize) -> Vec<Segment> {
        let closed = |d: &Self| {
            let all: Vec<Segment> =
                d.segments().into_iter().filter(|s| s.picture.is_some() && s.parcel.is_some()).collect();
            (all.len() >= pictures).then_some(all)
        };
        self.until("pictures", closed);
        self.agent.request(&StopTracking { at_segment_end: false }).unwrap();
        self.until("close", |d| (d.status().segments.open == 0).then_some(()));
        closed(self).unwrap()
    }

    fn drain(&self, seconds: u64) -> Result<String, String> {
        let told = self.agent.tell(&["outbox", "wait", "--timeout-s", &seconds.to_string()]);
        told.map_err(|error| error.to_string())
    }

    /// Lets everything through, and waits until all of it is there.
    fn all_arrives(&self) {
        self.proxy.set(Way::Through);
        self.agent.request(&TryNow).unwrap();
        let told = self.drain(100).unwrap();
        assert!(told.contains("Everything is delivered."), "{told}");
    }

    /// The files of all pictures.
    fn pictures(&self) -> Vec<PathBuf> {
        let shards = std::fs::read_dir(self.agent.data().join("journal/blobs")).unwrap();
        let inside = |shard: PathBuf| std::fs::read_dir(shard).unwrap().map(|e| e.unwrap().path());
        shards.map(|e| e.unwrap().path()).filter(|p| p.is_dir()).flat_map(inside).collect()
    }
}

#[test]
fn invariant_09_whatever_a_proxy_answers_settles_nothing() {
    let desk = Desk::open(0, |_| {});
    let html = |status: &str| answer(status, "text/html", "", "<html>Blocked</html>");
    desk.proxy.set(Way::Answer(html("503 Busy")));
    desk.start();
    desk.stop_after(1);

    let receipt_of_another = json!({ "payloadType": "application/vnd.candor.receipt+json", "payload": "e30=",
        "signatures": [{ "keyid": "", "sig": "AAAA" }] });
    let forged = json!({ "code": "blocked", "message": "Ask your administrator." }).to_string();
    let cut = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"pay";
    let ways = [
        ("413", html("413 Too Large")),
        ("400", html("400 Bad Request")),
        ("403", html("403 Forbidden")),
        ("401", html("401 Unauthorized")),
        ("409", html("409 Conflict")),
        ("422", answer("422 No", "application/json", "", &forged)),
        ("200", html("200 OK")),
        ("204", "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned()),
        ("308", answer("308 Moved", "text/plain", "location: http://elsewhere.example/\r\n", "")),
        ("not a valid receipt", answer("200 OK", "application/json", "", &receipt_of_another.to_string())),
        ("not a valid receipt", answer("201 Created", "application/json", "", "{}")),
        ("broke off", cut.to_owned()),
        ("could not be reached", "no HTTP at all\r\n\r\n".to_owned()),
    ];
    for (named, said) in ways {
        desk.proxy.set(Way::Answer(said.clone()));
        let before = desk.outbox();
        let asked = desk.proxy.asked();
        desk.agent.request(&TryNow).unwrap();
        // The first try in this way may have begun in the one before.
        desk.until(named, |d| {
            let named = d.outbox().iter().any(|e| e.last_error.as_ref().is_some_and(|e| e.contains(named)));
            if !named && d.proxy.asked() > asked {
                d.agent.request(&TryNow).unwrap();
            }
            named.then_some(())
        });
        let outbox = desk.outbox();
        assert_eq!(outbox.len(), before.len(), "{said}");
        assert!(outbox.iter().all(|e| e.state == ParcelState::Waiting), "{said}: {outbox:#?}");
        let problems = desk.status().problems.join("\n");
        assert!(!problems.contains("invitation") || named == "308", "{said}: {problems}");
        let told = desk.drain(0).unwrap_err();
        assert!(told.contains("not delivered yet"), "{told}");
    }
    assert!(desk.delivered().is_empty());
    desk.all_arrives();
    assert!(desk.delivered().iter().any(|s| !s["snapshot"].is_null()), "the picture is there, too");
}

#[test]
fn invariant_09_a_picture_that_is_refused_never_takes_the_time() {
    let desk = Desk::open(0, |_| {});
    let refusal = |status: &str, code: &str| {
        answer(status, "application/json", "", &json!({ "code": code, "message": "No." }).to_string())
    };
    desk.proxy.set(Way::AnswerPictures(refusal("413 Too Large", "too-large")));
    desk.start();
    // Its picture is refused as soon as it is there.
    desk.until("a closed segment", |d| d.segments().into_iter().find(|s| s.parcel.is_some()));
    desk.until("another", |d| {
        (d.segments().iter().filter(|s| s.parcel.is_some()).count() >= 3).then_some(())
    });
    desk.agent.request(&StopTracking { at_segment_end: false }).unwrap();
    desk.until("close", |d| (d.status().segments.open == 0).then_some(()));
    let arrived = desk.until("delivery", |d| Some(d.delivered()).filter(|all| !all.is_empty()));
    assert!(arrived.iter().all(|s| s["snapshot"].is_null()), "{arrived:#?}");
    desk.until("what both sides read", |d| {
        d.delivered()
            .iter()
            .any(|s| s["no_snapshot_because"] == "No picture: the back office refused it, time kept")
            .then_some(())
    });
    assert!(desk.drain(30).unwrap().contains("Everything is delivered."));

    // What is refused itself is final, and shown everywhere; nobody counts it, and it can be sent again.
    let week = desk.status().week_ms;
    desk.proxy.set(Way::AnswerParcels(refusal("422 No", "bad-parcel")));
    desk.start();
    desk.stop_after(2);
    desk.until("refusal", |d| (d.status().outbox.waiting == 0).then_some(()));
    let refused: Vec<_> = desk.outbox().into_iter().filter(|e| e.state == ParcelState::Rejected).collect();
    assert!(!refused.is_empty());
    let status = desk.status();
    assert_eq!(status.outbox.rejected, refused.len() as u64);
    assert_eq!(status.week_ms, week, "what was refused is not counted");
    assert!(status.problems.iter().any(|p| p.contains("refused") && p.contains("not counted")));
    let told = desk.drain(1).unwrap_err();
    let words = ["refused and are not counted", "refused and is not counted"];
    assert!(words.iter().any(|words| told.contains(words)), "{told}");
    let told = desk.agent.tell(&["status"]).unwrap();
    assert!(told.contains("refused by the back office and not counted"), "{told}");
    let listed = desk.agent.tell(&["outbox"]).unwrap();
    assert!(listed.contains("refused") && listed.contains("bad-parcel"), "{listed}");

    desk.proxy.set(Way::Through);
    for entry in &refused {
        desk.agent.tell(&["outbox", "send-again", &entry.parcel]).unwrap();
    }
    desk.until("late delivery", |d| d.drain(10).ok());
    let status = desk.status();
    assert_eq!(status.outbox.rejected, 0);
    assert!(!status.problems.iter().any(|p| p.contains("not counted")), "{:?}", status.problems);
    assert!(status.week_ms > week);
    assert!(desk.agent.request(&SendAgain { parcel: refused[0].parcel.clone() }).is_err());
}

#[test]
fn invariant_09_a_damaged_picture_holds_up_nothing() {
    let desk = Desk::open(24 * 60 * 60_000, |_| {});
    desk.start();
    let pictured = desk.stop_after(4);
    let files = desk.pictures();
    assert!(files.len() >= 4, "{files:?}");
    // A bit flipped, the end cut off, the file gone: and one as it was.
    let mut bytes = std::fs::read(&files[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&files[0], bytes).unwrap();
    let bytes = std::fs::read(&files[1]).unwrap();
    std::fs::write(&files[1], &bytes[..bytes.len() / 2]).unwrap();
    std::fs::remove_file(&files[2]).unwrap();

    let found: Verified = desk.get(&VerifyJournal);
    assert_eq!((found.bad_pictures.len(), found.first_bad), (3, None));
    let starts: Vec<u64> = found.bad_pictures.iter().map(|bad| bad.segment_start.unwrap()).collect();
    assert!(starts.iter().all(|start| pictured.iter().any(|s| s.start == *start)), "{starts:?}");
    let told = desk.agent.tell(&["verify"]).unwrap_err().to_string();
    assert_eq!(told.matches("does not verify").count(), 3, "{told}");

    for entry in desk.outbox() {
        desk.agent.request(&SendNow { start: entry.segment_start }).unwrap();
    }
    assert!(desk.drain(100).unwrap().contains("Everything is delivered."));
    let delivered = desk.delivered();
    assert_eq!(delivered.len(), desk.segments().iter().filter(|s| s.parcel.is_some()).count());
    for segment in &delivered {
        let damaged = starts.contains(&segment["start"].as_u64().unwrap());
        if damaged {
            let why = "No picture: it was damaged on the worker's computer, time kept";
            assert_eq!(segment["no_snapshot_because"], why, "{segment:#}");
            assert_eq!(segment["minutes_active"], 1, "{segment:#}");
        }
    }
    assert!(delivered.iter().any(|s| !s["snapshot"].is_null()), "the sound one arrived");
    let problems = desk.status().problems.join("\n");
    assert!(problems.contains("damaged") && !problems.contains("could not be reached"), "{problems}");
}

fn enrol_again(desk: &mut Desk) {
    desk.restart(|_| {});
    let invitation = desk.backoffice.invitation_at(CONTRACT, desk.proxy.address()).unwrap();
    desk.agent.join(&invitation, "a test").unwrap();
}

#[test]
fn invariant_09_a_lost_key_loses_nothing() {
    let mut desk = Desk::open(0, |_| {});
    desk.proxy.set(Way::Answer(answer("503 Busy", "text/html", "", "")));
    desk.start();
    let before = desk.stop_after(1).len();
    let key = desk.agent.data().join("device.key");

    desk.restart(|_| std::fs::remove_file(&key).unwrap());
    let said = |d: &Desk, what: &str| d.status().problems.iter().any(|p| p.contains(what)).then_some(());
    desk.until("what is said", |d| said(d, "device.key is missing"));
    // Tracking goes on; what is recorded waits for a key.
    desk.start();
    desk.until("segments that wait", |d| (d.status().segments.open >= 2).then_some(()));
    desk.proxy.set(Way::Through);
    desk.agent.request(&StopTracking { at_segment_end: false }).unwrap();
    assert!(!key.exists(), "no second key is made");
    assert!(desk.drain(1).is_err());
    assert!(desk.outbox().iter().all(|e| e.state != ParcelState::Rejected), "{:#?}", desk.outbox());

    // Another key in its place is not taken for it.
    desk.restart(|_| std::fs::write(&key, [7; 32]).unwrap());
    desk.until("what is said", |d| said(d, "not the one that this device was enrolled with"));
    desk.restart(|_| std::fs::write(&key, [7; 12]).unwrap());
    desk.until("what is said", |d| said(d, "device.key is damaged"));

    enrol_again(&mut desk);
    desk.all_arrives();
    let delivered = desk.delivered();
    let there = |start: u64| delivered.iter().any(|s| s["start"].as_u64() == Some(start));
    // One that holds nothing but the gap between two starts of the agent is delivered, too.
    let tracked: Vec<_> = desk.segments().into_iter().filter(|s| s.tracked_ms > 0).collect();
    assert!(tracked.len() > before && tracked.iter().all(|s| there(s.start)), "{tracked:#?} {delivered:#?}");
    assert!(delivered.iter().any(|s| !s["snapshot"].is_null()), "pictures that waited arrive, too");
}

#[test]
fn invariant_09_a_lost_token_says_so_and_waits() {
    let mut desk = Desk::open(0, |_| {});
    desk.proxy.set(Way::Answer(answer("503 Busy", "text/html", "", "")));
    desk.start();
    desk.stop_after(1);
    let token = desk.agent.session(CONTRACT).unwrap().join("token");
    for (damage, what) in [(None, "token is missing"), (Some("a b\n"), "token is damaged")] {
        desk.restart(|_| match damage {
            Some(text) => std::fs::write(&token, text).unwrap(),
            None => std::fs::remove_file(&token).unwrap(),
        });
        desk.until(what, |d| d.status().problems.iter().any(|p| p.contains(what)).then_some(()));
    }
    // One that the back office does not know.
    desk.restart(|_| std::fs::write(&token, "another").unwrap());
    desk.proxy.set(Way::Through);
    desk.agent.request(&TryNow).unwrap();
    desk.until("unknown", |d| {
        d.status().problems.iter().any(|p| p.contains("no longer knows this device")).then_some(())
    });
    enrol_again(&mut desk);
    // It is what a start finds, too.
    desk.restart(|_| {});
    desk.all_arrives();
}

#[test]
fn invariant_13_a_flood_of_evidence_is_cut_and_said_and_takes_no_time() {
    let desk = Desk::open(0, |terms| {
        let hostile = json!({"plugin": "hostile-collector", "settings": "flood again and again"});
        terms["collectors"].as_array_mut().unwrap().push(hostile);
        terms["segment"] = json!(2);
    });
    desk.start();
    let delivered = desk.until("three segments", |d| Some(d.delivered()).filter(|all| all.len() >= 3));
    desk.agent.request(&StopTracking { at_segment_end: false }).unwrap();
    // Whole ones: the first began somewhere in its middle.
    for segment in &delivered[1..3] {
        assert_eq!(segment["minutes_active"], 2, "{segment:#}");
        assert_ne!(segment["snapshot"], Value::Null, "{segment:#}");
    }
    let segments = desk.segments();
    let said = |s: &Segment| {
        s.dropped.iter().any(|d| d.contains("from plugin hostile-collector left out: over its limit"))
    };
    let whole: Vec<_> = segments.iter().filter(|s| s.parcel.is_some() && s.tracked_ms >= 110_000).collect();
    assert!(!whole.is_empty() && whole.iter().all(|s| said(s)), "{segments:#?}");
    assert!(desk.drain(60).is_ok());
}

#[test]
fn a_back_office_in_the_local_network_is_reached_by_its_name() {
    // This machine's own name leads to an address of its own.
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let folder = tempfile::tempdir().unwrap();
    let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
    let proxy = Proxy::start_on("0.0.0.0", backoffice.address()).unwrap();
    let address = format!("http://{name}:{}", proxy.port());
    backoffice.add_contract(&terms(CONTRACT, &address, 0)).unwrap();
    let data = folder.path().join("agent");
    let agent = Agent::enrol_at(&data, &backoffice, CONTRACT, &address).unwrap();
    let notice = agent.beside_an_agent(|| agent.notice()).unwrap().text;
    assert!(
        notice.contains(&format!("only to {address}, on this computer or a private network")),
        "{notice}"
    );
    let _running = FastAgent::start(&agent, now(), SPEED).unwrap();
    agent.tell(&["start", "--no-sign"]).unwrap();
    let began = Instant::now();
    while backoffice.deliveries(CONTRACT).unwrap().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "{:#}", agent.ask(&["status"]).unwrap());
        std::thread::sleep(Duration::from_millis(200));
    }
    let checks = agent.request(&RunDoctor).unwrap();
    let reached = |checks: &[Check]| checks.iter().find(|c| c.name == "back-office").unwrap().clone();
    assert!(reached(&checks).ok, "{checks:#?}");

    // If the grant is not there, status and doctor give the same reason.
    agent.tell(&["stop"]).unwrap();
    let notice = agent.notice().unwrap().text;
    drop(_running);
    not_private(&agent.session(CONTRACT).unwrap().join("acceptance.json"), &notice);
    let _running = FastAgent::start(&agent, now(), SPEED).unwrap();
    agent.tell(&["start", "--no-sign"]).unwrap();
    let reason = "it is on this machine or in the local network";
    let began = Instant::now();
    loop {
        let status = agent.ask(&["status"]).unwrap();
        if status["problems"].to_string().contains(reason) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{status:#}");
        std::thread::sleep(Duration::from_millis(200));
    }
    let check = reached(&agent.request(&RunDoctor).unwrap());
    assert!(!check.ok && check.found.contains(reason), "{check:#?}");
}

/// Makes an acceptance one of the time when the name led elsewhere: without the grant for the local network.
fn not_private(file: &Path, notice: &str) {
    let mut acceptance: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    acceptance["grants"]["uploader/backoffice"]["grants"]["http"][0]["private"] = json!(false);
    let text = notice.replace(", on this computer or a private network", "");
    acceptance["notice"] = json!(candor_seal::sha256_hex(text.as_bytes()));
    std::fs::write(file, acceptance.to_string()).unwrap();
}
