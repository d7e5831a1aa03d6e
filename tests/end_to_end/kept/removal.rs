//! What was removed is gone, whatever happened meanwhile (invariant 8).

use candor_protocol::{
    AnyRequest, Client, ForgetSpan, QuitAgent, RemovePicture, RestoreSegment, Segment, SetMemo, StopTracking,
    TryNow, WouldForgetSpan,
};
use candor_test_driver::desk::{Desk, now};
use candor_test_driver::fast::FastAgent;
use candor_test_driver::places;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

use super::desk::{MINUTE, SPEED, closed, pictures_of, start};

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
        desk.tell(&RemovePicture { start: segment.start }).unwrap();
    }
    desk.running = FastAgent::start_again(&desk.agent, opened, SPEED, &mut desk.running).unwrap();
    let offered = |d: &Desk, start| {
        d.segments().map(|all| all.into_iter().any(|s| s.start == start && s.undo_until.is_some()))
    };
    desk.until("the undo", |d| Ok(offered(d, two[0].start)?.then_some(()))).unwrap();
    desk.tell(&RestoreSegment { start: two[0].start }).unwrap();
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
    desk.tell(&RemovePicture { start: pictured.start }).unwrap();
    desk.tell(&QuitAgent).unwrap();
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
        desk.tell(&ForgetSpan { from: asked - MINUTE, to: asked }).unwrap();
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
        let forget = ForgetSpan { from: segment.start, to: segment.start + MINUTE };
        let client = Client::new(desk.agent.data());
        let asked = std::thread::spawn(move || client.ask(&forget, Duration::from_secs(10)).is_ok());
        std::thread::sleep(Duration::from_millis(2 * round));
        desk.running.end_at_once().unwrap();
        let _answered = asked.join().unwrap();
        desk.running = FastAgent::start(&desk.agent, opened, SPEED).unwrap();
        // If the removal began it is finished; if it did not, all is as it was.
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
    desk.tell(&SetMemo { memo: "private zebra".into() }).unwrap();
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
    // Whether they are said to be kept or not: they do not go out.
    let _said = desk.tell(&RemovePicture { start: picture });
    let _said = desk.tell(&ForgetSpan { from: segment, to: segment + MINUTE });
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
    desk.tell(&TryNow).unwrap();
    desk.until("the rest", |d| {
        let delivered = d.delivered()?;
        let of = |start: u64| delivered.iter().find(|s| s["start"] == start).cloned();
        Ok(of(picture).zip(of(segment)).filter(|(kept, gone)| {
            kept["snapshot"].is_null() && kept["minutes_active"] == 1 && gone["removed"] == true
        }))
    })
    .unwrap();
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
    desk.tell(&StopTracking { at_segment_end: false }).unwrap();
    let from = full + MINUTE - full % MINUTE;
    let forget = ForgetSpan { from, to: from + MINUTE };
    let would_forget = WouldForgetSpan { from, to: from + MINUTE };
    for refused in [AnyRequest::from(forget), would_forget.into()] {
        let why = desk.tell(&refused).unwrap_err().to_string();
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
