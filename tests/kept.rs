//! What was recorded stays what it is: whatever the worker changes later, however long nobody looks, whatever plugin
//! fails, and with a full disk (invariants 8 and 9).
//!
//! The agent runs under a fast clock, a painted screen and scripted input (a simulation of time and hardware); plugins,
//! journal, HTTP and back office are the real ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what failed by panicking"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use candor_protocol::{Client, NoticeAnswer, Preferences, Request, Segment, Status};
use candor_test_driver::agent::Agent;
use candor_test_driver::desk::{CONTRACT, Desk, now};
use candor_test_driver::fast::FastAgent;
use candor_test_driver::places;
use serde_json::{Value, json};

/// A segment of a minute takes three seconds.
const SPEED: u32 = 20;
const MINUTE: u64 = 60_000;

fn start() -> Request {
    Request::Start { memo: None, no_sign: true }
}

fn closed(desk: &Desk) -> Vec<Segment> {
    desk.segments().unwrap().into_iter().filter(|segment| segment.parcel.is_some()).collect()
}

fn collector(terms: &mut Value, settings: &str) {
    let hostile = json!({"plugin": "hostile-collector", "settings": settings});
    terms["collectors"].as_array_mut().unwrap().push(hostile);
}

/// The pictures' records of the segment of a minute that starts then, and whether each was erased.
fn pictures_of(desk: &Desk, start: u64) -> Vec<bool> {
    let records = desk.records().unwrap();
    let of =
        |r: &&Value| r["kind"] == "snapshot" && r["at"].as_u64().is_some_and(|at| at - at % MINUTE == start);
    records.iter().filter(of).map(|record| record["body"] == "erased").collect()
}

#[test]
fn invariant_09_activity_that_is_turned_on_or_off_later_changes_nothing_of_what_is_billed() {
    let desk = Desk::open(0, SPEED, |terms| terms["worker-chooses"] = json!({"activity": true})).unwrap();
    let counts = |activity| {
        let preferences = Preferences { activity, ..Preferences::default() };
        desk.tell(&Request::SetPreferences { preferences }).unwrap();
    };
    let edited = |segment: &Segment, memo: &str| {
        let edit = Request::EditSegment { start: segment.start, memo: memo.to_owned(), label: None };
        desk.tell(&edit).unwrap();
        desk.until("the revision", |d| {
            let found = closed(d).into_iter().find(|s| s.start == segment.start);
            Ok(found.filter(|s| s.memo.as_deref() == Some(memo)))
        })
        .unwrap()
    };
    // Nobody counts: it is no evidence of work, also once it need not be counted any more.
    desk.simulate(&json!({"frozen-counter": true})).unwrap();
    desk.tell(&start()).unwrap();
    let frozen = desk.until("a segment that nobody counted", |d| Ok(closed(d).into_iter().nth(1))).unwrap();
    assert_eq!(frozen.billed_ms, 0, "{frozen:#?}");
    desk.stop().unwrap();
    counts(false);
    let after = edited(&frozen, "frozen");
    assert_eq!(after.billed_ms, 0, "{after:#?}");
    // What was not to be counted stands for itself, also once it is to be.
    let off = desk.status().unwrap().now;
    desk.tell(&start()).unwrap();
    let bare = desk
        .until("a segment without counts", |d| Ok(closed(d).into_iter().find(|s| s.start > off + MINUTE)))
        .unwrap();
    assert_eq!(bare.billed_ms, MINUTE, "{bare:#?}");
    desk.stop().unwrap();
    desk.simulate_nothing().unwrap();
    counts(true);
    let after = edited(&bare, "bare");
    assert_eq!((after.billed_ms, &after.gaps), (MINUTE, &bare.gaps), "{after:#?}");
}

#[test]
fn invariant_09_no_collector_takes_time_away() {
    std::thread::scope(|scope| {
        for (what, change) in [
            (
                "reads the counts and notes none",
                Box::new(|terms: &mut Value| {
                    terms["collectors"] = json!([{"plugin": "windows", "settings": {}}]);
                    collector(terms, "");
                }) as Box<dyn FnOnce(&mut Value) + Send>,
            ),
            (
                "the counting one fails",
                Box::new(|terms: &mut Value| {
                    terms["collectors"] = json!([{"plugin": "activity", "settings": {}}]);
                    collector(terms, "slow again");
                }),
            ),
            (
                "none is left that counts",
                Box::new(|terms: &mut Value| {
                    terms["collectors"] = json!([{"plugin": "windows", "settings": {}}]);
                    collector(terms, "trap again");
                }),
            ),
        ] {
            scope.spawn(move || {
                let desk = Desk::open(0, SPEED, change).unwrap();
                desk.tell(&start()).unwrap();
                let segments =
                    desk.until("closed segments", |d| Ok(Some(closed(d)).filter(|s| s.len() >= 5))).unwrap();
                let whole = &segments[1..];
                assert!(whole.iter().all(|s| s.billed_ms == MINUTE), "{what}: {whole:#?}");
            });
        }
    });
}

#[test]
fn invariant_08_a_removed_picture_is_undone_or_destroyed_after_a_restart_as_before() {
    const HOLD: u64 = 10 * MINUTE;
    let mut desk = Desk::open(HOLD, SPEED, |_| {}).unwrap();
    let opened = now();
    desk.running = FastAgent::start_again(&desk.agent, opened, SPEED, &mut desk.running).unwrap();
    desk.tell(&start()).unwrap();
    let pictured =
        |d: &Desk| -> Vec<Segment> { closed(d).into_iter().filter(|s| s.picture.is_some()).collect() };
    let two = desk.until("two pictures", |d| Ok(Some(pictured(d)).filter(|s| s.len() >= 2))).unwrap();
    desk.stop().unwrap();
    for segment in &two[..2] {
        desk.tell(&Request::RemovePicture { start: segment.start }).unwrap();
    }
    desk.running = FastAgent::start_again(&desk.agent, opened, SPEED, &mut desk.running).unwrap();
    let offered = |d: &Desk, start| {
        d.segments().map(|all| all.into_iter().any(|s| s.start == start && s.undo_until.is_some()))
    };
    desk.until("the undo", |d| Ok(offered(d, two[0].start)?.then_some(()))).unwrap();
    desk.tell(&Request::Restore { start: two[0].start }).unwrap();
    desk.until("delivery", |d| Ok((d.status()?.outbox.waiting + d.status()?.outbox.held == 0).then_some(())))
        .unwrap();
    desk.until("the end of what was removed", |d| {
        let erased = pictures_of(d, two[1].start);
        Ok((!erased.is_empty() && erased.iter().all(|erased| *erased)).then_some(()))
    })
    .unwrap();
    assert_eq!(pictures_of(&desk, two[0].start), [false], "what was brought back is there");
}

#[test]
fn invariant_08_a_removed_picture_is_destroyed_however_late_the_agent_starts_again() {
    const HOLD: u64 = 7 * 24 * 60 * MINUTE;
    let mut desk = Desk::open(HOLD, SPEED, |_| {}).unwrap();
    desk.tell(&start()).unwrap();
    let pictured =
        desk.until("a picture", |d| Ok(closed(d).into_iter().find(|s| s.picture.is_some()))).unwrap();
    desk.stop().unwrap();
    desk.tell(&Request::RemovePicture { start: pictured.start }).unwrap();
    desk.tell(&Request::Quit).unwrap();
    desk.running.ended().unwrap();
    let later = now() + 42 * 24 * 60 * MINUTE;
    desk.running = FastAgent::start_as(&desk.agent, now(), SPEED, &places::guests(), |command| {
        command.args(["--shown", &later.to_string()]);
    })
    .unwrap();
    desk.until("the end of what was removed", |d| {
        let erased = pictures_of(d, pictured.start);
        Ok((!erased.is_empty() && erased.iter().all(|erased| *erased)).then_some(()))
    })
    .unwrap();
}

#[test]
fn invariant_08_what_was_seen_before_a_removal_and_told_after_it_is_not_kept() {
    // A segment of an hour, in which windows change every seven seconds.
    let desk = Desk::open(0, SPEED, |terms| terms["segment"] = json!(60)).unwrap();
    desk.tell(&start()).unwrap();
    desk.until("worked time", |d| Ok((d.status()?.on_ms > MINUTE).then_some(()))).unwrap();
    for round in 0..12 {
        std::thread::sleep(Duration::from_millis(150 + 37 * round));
        let asked = desk.status().unwrap().now;
        desk.tell(&Request::Forget { from: asked - MINUTE, to: asked }).unwrap();
        let done = desk.status().unwrap().now;
        // What was seen before is judged one and a half seconds later, and written then.
        desk.until("half a minute", |d| Ok((d.status()?.now > done + MINUTE / 2).then_some(()))).unwrap();
        for record in desk.records().unwrap() {
            let body = &record["body"];
            let at = match record["kind"].as_str().unwrap() {
                "focus" | "custom" => body["at"].as_u64(),
                "snapshot" => body["facts"]["at"].as_u64(),
                _ => None,
            };
            assert!(at.is_none_or(|at| at >= asked), "asked at {asked}: {record:#}");
        }
    }
}

#[test]
fn invariant_08_a_kill_in_the_middle_of_a_removal_leaves_no_picture() {
    const HOLD: u64 = 24 * 60 * MINUTE;
    let mut desk = Desk::open(HOLD, SPEED, |_| {}).unwrap();
    let opened = now();
    desk.running = FastAgent::start_again(&desk.agent, opened, SPEED, &mut desk.running).unwrap();
    desk.tell(&start()).unwrap();
    let pictured =
        |d: &Desk| -> Vec<Segment> { closed(d).into_iter().filter(|s| s.picture.is_some()).collect() };
    let all = desk.until("pictures", |d| Ok(Some(pictured(d)).filter(|s| s.len() >= 6))).unwrap();
    desk.stop().unwrap();
    let files = |desk: &Desk| -> BTreeSet<String> {
        let folders = std::fs::read_dir(desk.agent.data().join("journal/blobs")).unwrap().flatten();
        let inside = folders.filter_map(|folder| std::fs::read_dir(folder.path()).ok());
        inside.flatten().flatten().map(|file| file.file_name().to_string_lossy().into_owned()).collect()
    };
    assert!(files(&desk).len() >= all.len());
    for (round, segment) in (1..).zip(&all) {
        let forget = Request::Forget { from: segment.start, to: segment.start + MINUTE };
        let client = Client::new(desk.agent.data());
        let asked = std::thread::spawn(move || client.ask(&forget, Duration::from_secs(10)).is_ok());
        std::thread::sleep(Duration::from_millis(2 * round));
        desk.running.end_at_once().unwrap();
        let _answered = asked.join().unwrap();
        desk.running = FastAgent::start(&desk.agent, opened, SPEED).unwrap();
        // Where the removal began it is finished; where it did not, all is as it was.
        desk.until("pictures that records name and no others", |d| {
            let records = d.records()?;
            let named = records.iter().filter(|r| r["kind"] == "snapshot" && r["body"] != "erased");
            let named: BTreeSet<String> =
                named.filter_map(|r| r["body"]["blob"].as_str().map(str::to_owned)).collect();
            Ok((files(d) == named).then_some(()))
        })
        .unwrap();
    }
}

#[test]
fn invariant_08_what_was_removed_is_not_sent_because_it_could_not_be_signed_anew() {
    const HOLD: u64 = 12 * MINUTE;
    let mut desk = Desk::open(HOLD, SPEED, |_| {}).unwrap();
    let opened = now();
    desk.running = FastAgent::start_again(&desk.agent, opened, SPEED, &mut desk.running).unwrap();
    desk.tell(&Request::Memo { memo: "private zebra".into() }).unwrap();
    desk.tell(&start()).unwrap();
    let pictured =
        |d: &Desk| -> Vec<Segment> { closed(d).into_iter().filter(|s| s.picture.is_some()).collect() };
    let three = desk.until("three pictures", |d| Ok(Some(pictured(d)).filter(|s| s.len() >= 3))).unwrap();
    desk.stop().unwrap();
    let key = desk.agent.data().join("device.key");
    let hidden = desk.agent.data().join("device.key.hidden");
    std::fs::rename(&key, &hidden).unwrap();
    desk.running = FastAgent::start_again(&desk.agent, opened, SPEED, &mut desk.running).unwrap();
    let (picture, segment) = (three[0].start, three[1].start);
    for removal in
        [Request::RemovePicture { start: picture }, Request::Forget { from: segment, to: segment + MINUTE }]
    {
        // Whether it is said to be kept or not: it does not go out.
        let _said = desk.tell(&removal);
    }
    let others = |d: &Desk| Ok(d.delivered()?.into_iter().find(|s| s["start"] == three[2].start));
    desk.until("delivery of the others", others).unwrap();
    let asked = desk.status().unwrap().now;
    desk.until("a while", |d| Ok((d.status()?.now > asked + 3 * MINUTE).then_some(()))).unwrap();
    let delivered = desk.delivered().unwrap();
    let of = |start: u64| delivered.iter().find(|s| s["start"] == start);
    assert!(of(picture).is_none_or(|s| s["snapshot"].is_null()), "{delivered:#?}");
    assert!(of(segment).is_none(), "{delivered:#?}");
    // Once it can be signed, what is left goes.
    std::fs::rename(&hidden, &key).unwrap();
    desk.running = FastAgent::start_again(&desk.agent, opened, SPEED, &mut desk.running).unwrap();
    desk.tell(&Request::TryNow).unwrap();
    desk.until("the rest", |d| {
        let delivered = d.delivered()?;
        let of = |start: u64| delivered.iter().find(|s| s["start"] == start).cloned();
        Ok(of(picture).zip(of(segment)).filter(|(kept, gone)| {
            kept["snapshot"].is_null() && kept["minutes_active"] == 1 && gone["removed"] == true
        }))
    })
    .unwrap();
}

/// Newer terms cut time otherwise in the middle of an hour. No moment is in two segments or in none, and what is removed
/// is removed, whichever terms it was recorded under.
#[test]
fn invariant_08_and_09_newer_terms_that_cut_time_otherwise_lose_no_work_and_send_nothing_that_was_removed() {
    std::thread::scope(|scope| {
        for (before, after) in [(1, 10), (10, 1), (6, 15)] {
            scope.spawn(move || cut_otherwise(before, after));
        }
    });
}

fn cut_otherwise(before: u64, after: u64) {
    const HOUR: u64 = 60 * MINUTE;
    let terms = |sequence: u64, length: u64| {
        move |terms: &mut Value| {
            terms["sequence"] = json!(sequence);
            terms["segment"] = json!(length);
        }
    };
    let mut desk = Desk::open(6 * HOUR, SPEED, terms(1, before)).unwrap();
    desk.tell(&Request::Quit).unwrap();
    desk.running.ended().unwrap();
    let hour = now() - now() % HOUR + HOUR;
    let at = |shown: u64| {
        FastAgent::start_as(&desk.agent, now(), SPEED, &places::guests(), |command| {
            command.args(["--shown", &shown.to_string()]);
        })
    };
    desk.running = at(hour - 22 * MINUTE).unwrap();
    desk.tell(&start()).unwrap();
    let worked = |d: &Desk, until: u64| {
        d.until("worked time", |d| Ok((d.status()?.now > until).then_some(()))).unwrap();
    };
    worked(&desk, hour - 18 * MINUTE);
    desk.stop().unwrap();
    desk.tell(&Request::Quit).unwrap();
    desk.running.ended().unwrap();
    let mut newer = candor_test_driver::backoffice::terms(CONTRACT, desk.backoffice.address(), 6 * HOUR);
    terms(2, after)(&mut newer);
    desk.backoffice.add_contract(&newer).unwrap();
    // Time passes quickly while plugins are loaded.
    desk.running = at(hour - 9 * MINUTE).unwrap();
    // A picture of before is removed, and can be brought back, while the terms change.
    let off = |start: u64| !start.is_multiple_of(after * MINUTE);
    let pictured = closed(&desk).into_iter().find(|s| s.picture.is_some() && (off(s.start) || after == 1));
    let pictured = pictured.map(|s| s.start);
    if let Some(start) = pictured {
        desk.tell(&Request::RemovePicture { start }).unwrap();
    }
    // However it is joined again.
    if after == 1 {
        let (code, key) = desk.backoffice.enrolment_code(CONTRACT).unwrap();
        let server = desk.backoffice.address();
        desk.agent.tell(&["enrol", "--server", server, "--code", &code, "--key", &key]).unwrap();
    } else {
        let invitation = desk.backoffice.invitation(CONTRACT).unwrap();
        desk.tell(&Request::Import { invitation }).unwrap();
    }
    let notice: NoticeAnswer = desk.get(&Request::Notice { contract: None }).unwrap();
    let accept =
        Request::Accept { contract: CONTRACT.to_owned(), digest: notice.digest, by: "a test".to_owned() };
    desk.tell(&accept).unwrap();
    let joined = desk.status().unwrap().now;
    desk.tell(&start()).unwrap();
    worked(&desk, hour + after * MINUTE + MINUTE);
    let ended = desk.status().unwrap().now;
    desk.stop().unwrap();

    let segments = closed(&desk);
    let end = |s: &Segment| s.start + u64::from(s.length) * MINUTE;
    for two in segments.windows(2) {
        assert!(end(&two[0]) <= two[1].start, "{before}, {after}: {segments:#?}");
    }
    for segment in &segments {
        let length = if segment.start < hour { before } else { after };
        assert_eq!(u64::from(segment.length), length, "{before}, {after}: {segments:#?}");
    }
    let tracked: u64 = segments.iter().map(|s| s.tracked_ms).sum();
    let least = (ended - joined) + 2 * MINUTE;
    assert!(tracked >= least, "{before}, {after}: {tracked} of {least} {segments:#?}");

    // A minute that was worked under either terms, and one of each cut.
    let gone = [hour - 20 * MINUTE, hour - 2 * MINUTE, hour + MINUTE];
    for from in gone {
        // An earlier removal may have taken it already.
        let _before = desk.tell(&Request::Forget { from, to: from + MINUTE });
    }
    let meant = |s: &Segment| gone.iter().any(|at| (s.start..end(s)).contains(at));
    let (removed, kept): (Vec<_>, Vec<_>) = segments.iter().partition(|s| meant(s));
    assert!(removed.len() >= 2, "{before}, {after}: {segments:#?}");
    desk.tell(&Request::Quit).unwrap();
    desk.running.ended().unwrap();
    desk.running = at(hour + 9 * HOUR).unwrap();
    desk.until("delivery", |d| Ok((d.status()?.outbox.waiting + d.status()?.outbox.held == 0).then_some(())))
        .unwrap();
    if let Some(start) = pictured {
        desk.until("the end of the picture", |d| {
            let of = |r: &&Value| {
                r["kind"] == "snapshot"
                    && r["at"].as_u64().is_some_and(|at| at >= start && at < start + before * MINUTE)
            };
            let records = d.records()?;
            let mut pictures = records.iter().filter(of).peekable();
            Ok((pictures.peek().is_some() && pictures.all(|r| r["body"] == "erased")).then_some(()))
        })
        .unwrap();
    }
    let delivered = desk.delivered().unwrap();
    let of = |start: u64| delivered.iter().find(|s| s["start"] == start);
    for segment in removed {
        let gone = of(segment.start).is_none_or(|s| s["removed"] == true && s["minutes_active"] == 0);
        assert!(gone, "{before}, {after}: {segment:#?} {delivered:#?}");
    }
    for segment in kept {
        let there = of(segment.start).is_some_and(|s| s["removed"] != true);
        assert!(there, "{before}, {after}: {segment:#?} {delivered:#?} {:#?}", desk.status());
    }
}

#[test]
fn invariant_09_what_was_not_closed_is_closed_however_long_nobody_looked() {
    let mut desk = Desk::open(0, SPEED, |terms| terms["segment"] = json!(10)).unwrap();
    desk.tell(&start()).unwrap();
    desk.until("three minutes", |d| Ok((d.status()?.on_ms > 3 * MINUTE).then_some(()))).unwrap();
    desk.tell(&Request::Quit).unwrap();
    desk.running.ended().unwrap();
    // Six weeks later.
    let later = now() + 42 * 24 * 60 * MINUTE;
    desk.running = FastAgent::start_as(&desk.agent, now(), SPEED, &places::guests(), |command| {
        command.args(["--shown", &later.to_string()]);
    })
    .unwrap();
    let found = desk.until("the segment", |d| Ok(closed(d).into_iter().find(|s| s.tracked_ms > 2 * MINUTE)));
    let start = found.unwrap().start;
    desk.until("its delivery", |d| Ok(d.delivered()?.into_iter().find(|s| s["start"] == start))).unwrap();
}

#[test]
fn invariant_08_what_waits_in_memory_for_room_on_the_disk_is_removed_like_all_else() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    desk.tell(&start()).unwrap();
    desk.until("worked time", |d| Ok((d.status()?.week_ms > 0).then_some(()))).unwrap();
    desk.running.disk(false).unwrap();
    let full = desk.status().unwrap().now;
    desk.until("time in memory", |d| {
        Ok(d.status()?.problems.into_iter().find(|p| p.contains("Time is kept in memory")))
    })
    .unwrap();
    desk.until("two minutes of it", |d| Ok((d.status()?.now > full + 3 * MINUTE).then_some(()))).unwrap();
    desk.tell(&Request::Stop { at_segment_end: false }).unwrap();
    let from = full + MINUTE - full % MINUTE;
    let forget = Request::Forget { from, to: from + MINUTE };
    for refused in [&forget, &Request::WouldForget { from, to: from + MINUTE }] {
        let why = desk.tell(refused).unwrap_err().to_string();
        assert!(why.contains("free some disk space"), "{why}");
    }
    desk.running.disk(true).unwrap();
    desk.tell(&forget).unwrap();
    desk.until("closed segments", |d| Ok((d.status()?.segments.open == 0).then_some(()))).unwrap();
    desk.until("delivery", |d| Ok((d.status()?.outbox.waiting == 0).then_some(()))).unwrap();
    let delivered = desk.delivered().unwrap();
    for segment in delivered.iter().filter(|s| s["start"] == from) {
        assert!(segment["removed"] == true && segment["minutes_active"] == 0, "{segment:#}");
    }
    let gone = desk.segments().unwrap().into_iter().find(|s| s.start == from).unwrap();
    assert!(gone.removed_at.is_some() && gone.tracked_ms == 0, "{gone:#?}");
}

#[test]
fn invariant_09_a_notice_that_is_accepted_anew_goes_on_tracking() {
    let mut desk = Desk::open(0, SPEED, |_| {}).unwrap();
    desk.tell(&Request::Quit).unwrap();
    desk.running.ended().unwrap();
    let plugins = desk.folder.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    for plugin in std::fs::read_dir(places::guests()).unwrap() {
        let plugin = plugin.unwrap();
        if plugin.path().is_file() {
            std::fs::copy(plugin.path(), plugins.join(plugin.file_name())).unwrap();
        }
    }
    desk.running = FastAgent::start_with(&desk.agent, now(), SPEED, &plugins).unwrap();
    desk.tell(&start()).unwrap();
    desk.until("worked time", |d| Ok((d.status()?.week_ms > 0).then_some(()))).unwrap();
    // A newer version of a collector: other bytes, the same words.
    let file = plugins.join("candor_collector_windows.wasm");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend([0, 3, 1, b'x', b'y']);
    std::fs::write(&file, bytes).unwrap();
    for round in 0..2 {
        let notice: NoticeAnswer = desk.get(&Request::Notice { contract: None }).unwrap();
        let accept = Request::Accept {
            contract: CONTRACT.to_owned(),
            digest: notice.digest,
            by: format!("Mara {round}"),
        };
        desk.tell(&accept).unwrap();
        let status = desk.status().unwrap();
        assert!(status.tracking, "{status:#?}");
        let since = status.now;
        desk.until("a segment after it", |d| {
            Ok(closed(d).into_iter().find(|s| s.start > since && s.billed_ms == MINUTE))
        })
        .unwrap();
    }
}

#[test]
fn the_week_is_that_of_the_diary_whatever_device_it_was_worked_on() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    let second = Agent::enrol(&desk.folder.path().join("second"), &desk.backoffice, CONTRACT).unwrap();
    let week = |agent: &Agent| -> Status {
        serde_json::from_value(agent.request(&Request::Status { after: None }).unwrap()).unwrap()
    };
    desk.tell(&start()).unwrap();
    desk.until("three segments", |d| Ok((d.delivered()?.len() >= 3).then_some(()))).unwrap();
    desk.stop().unwrap();
    desk.until("delivery", |d| Ok((d.status()?.outbox.waiting == 0).then_some(()))).unwrap();
    // The other computer was never worked on. It learns what there is when it begins to look.
    let _running = FastAgent::start(&second, now(), SPEED).unwrap();
    let here = desk.status().unwrap().week_ms;
    desk.until("the same week there", |_| Ok((week(&second).week_ms == here).then_some(()))).unwrap();
    second.tell(&["start", "--no-sign"]).unwrap();
    desk.until("time there", |_| Ok((week(&second).week_ms > here + MINUTE).then_some(()))).unwrap();
    second.tell(&["stop"]).unwrap();
    let settled = |status: &Status| status.segments.open == 0 && status.outbox.waiting == 0;
    desk.until("delivery there", |_| Ok(settled(&week(&second)).then_some(()))).unwrap();
    let minutes = |d: &Desk| -> u64 {
        // A minute that both were worked on counts once.
        let segments = d.delivered().unwrap();
        let active = segments.iter().filter(|s| s["minutes_active"].as_u64() > Some(0));
        let starts: BTreeSet<u64> = active.map(|s| s["start"].as_u64().unwrap()).collect();
        starts.len() as u64 * MINUTE
    };
    // What this one works next tells it of what the other did.
    desk.tell(&start()).unwrap();
    let before = desk.delivered().unwrap().len();
    desk.until("more", |d| Ok((d.delivered()?.len() > before).then_some(()))).unwrap();
    desk.stop().unwrap();
    desk.until("the same week as in the diary", |d| {
        let status = d.status()?;
        Ok((settled(&status) && status.week_ms == minutes(d)).then_some(()))
    })
    .unwrap();
}

#[test]
fn a_file_that_is_damaged_is_named_when_the_agent_does_not_start() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    let session = desk.agent.session(CONTRACT).unwrap();
    let mut desk = desk;
    desk.tell(&Request::Quit).unwrap();
    desk.running.ended().unwrap();
    for file in [desk.agent.data().join("preferences.json"), session.join("enrolment.json")] {
        let before = std::fs::read(&file).ok();
        std::fs::write(&file, "{\"x").unwrap();
        let said = started(&desk.agent);
        assert!(said.contains(&file.display().to_string()) && !said.contains("panicked"), "{said}");
        match before {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
    }
}

/// What the agent's program says when it does not start.
fn started(agent: &Agent) -> String {
    let mut command = agent.command(&["run"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    let runs = Client::new(agent.data()).ask(&Request::Status { after: None }, Duration::from_secs(1));
    assert!(runs.is_err(), "{}", Path::new(agent.data()).display());
    String::from_utf8_lossy(&output.stderr).into_owned()
}
