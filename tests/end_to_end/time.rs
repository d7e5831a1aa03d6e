//! Only time that was worked is billed, and none that was worked is lost: sleep, a set clock, a counter that stands still,
//! a full disk, and whoever asks for something at just that moment (invariants 6 and 9).
//!
//! The agent runs under a fast clock, a painted screen and scripted input (a simulation of time and hardware); plugins,
//! journal, HTTP and back office are the real ones.

use std::time::{Duration, Instant};

use candor_protocol::{
    AnyRequest, PauseTracking, Preferences, QuitAgent, Segment, SetMemo, SetPreferences, StartTracking,
    StopTracking,
};
use candor_test_driver::desk::{Desk, now};
use candor_test_driver::fast::FastAgent;
use serde_json::{Value, json};

/// A segment of a minute takes three seconds.
const SPEED: u32 = 20;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn start() -> StartTracking {
    StartTracking { memo: None, no_sign: true }
}

fn has_gap(segment: &Segment, cause: &str) -> bool {
    segment.gaps.iter().any(|gap| serde_json::to_value(gap).unwrap() == cause)
}

/// The tracked time that was written down, first and last millisecond.
fn spans(desk: &Desk) -> Vec<(u64, u64)> {
    let records = desk.records().unwrap();
    let spans = records.iter().filter(|r| r["kind"] == "span");
    spans.map(|r| (r["body"]["from"].as_u64().unwrap(), r["body"]["to"].as_u64().unwrap())).collect()
}

/// Waits until something is tracked and counted.
fn worked(desk: &Desk) {
    desk.until("worked time", |d| Ok((d.status()?.week_ms > 0).then_some(()))).unwrap();
}

#[test]
fn invariant_09_sleep_is_not_billed_by_whatever_is_asked_right_after_it() {
    type Ask = fn(&Desk);
    let asked: [(&str, Ask); 4] = [
        ("stop", |d| d.tell(&StopTracking { at_segment_end: false }).unwrap()),
        ("pause", |d| d.tell(&PauseTracking).unwrap()),
        ("memo", |d| d.tell(&SetMemo { memo: "Awake".into() }).unwrap()),
        ("quit", |d| d.tell(&QuitAgent).unwrap()),
    ];
    std::thread::scope(|scope| {
        for (what, ask) in asked {
            scope.spawn(move || {
                let mut desk = Desk::open(0, SPEED, |_| {}).unwrap();
                let opened = now();
                desk.tell(&start()).unwrap();
                worked(&desk);
                let before = desk.status().unwrap();
                let real = Instant::now();
                desk.simulate(&json!({"asleep-ms": 3 * HOUR})).unwrap();
                desk.until("waking", |d| Ok((d.status()?.now > before.now + 3 * HOUR).then_some(())))
                    .unwrap();
                ask(&desk);
                if what == "quit" {
                    desk.running.ended().unwrap();
                    desk.running = FastAgent::start(&desk.agent, opened, SPEED).unwrap();
                }
                let awake = u64::try_from(real.elapsed().as_millis()).unwrap() * u64::from(SPEED) + 30_000;
                if matches!(what, "pause" | "memo") {
                    desk.tell(&StopTracking { at_segment_end: false }).unwrap();
                }
                desk.until("closed segments", |d| Ok((d.status()?.segments.open == 0).then_some(())))
                    .unwrap();
                let segments = desk.segments().unwrap();
                let later: Vec<_> = segments.iter().filter(|s| s.start + MINUTE > before.now).collect();
                let tracked: u64 = later.iter().map(|s| s.tracked_ms).sum();
                assert!(tracked <= awake + 10 * MINUTE, "{what}: {tracked} of {awake} ms: {later:#?}");
                let asleep = later.iter().filter(|s| s.tracked_ms == 0 && s.billed_ms == 0).count();
                assert!(asleep >= 170, "{what}: {asleep}");
                assert!(later.iter().any(|s| has_gap(s, "asleep") || has_gap(s, "paused")), "{what}");
            });
        }
    });
}

#[test]
fn invariant_09_what_could_not_be_seen_is_not_tracked_once_it_can_be_seen_again() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    desk.tell(&start()).unwrap();
    worked(&desk);
    let mut unseen = Vec::new();
    for what in ["locked", "display-lost"] {
        let from = desk.status().unwrap().now;
        desk.simulate(&json!({ what: true, "idle-ms": 9_500 })).unwrap();
        desk.until("a gap", |d| Ok((d.status()?.now > from + MINUTE).then_some(()))).unwrap();
        // It is seen again, and the last press was a moment before.
        let to = desk.status().unwrap().now;
        desk.simulate(&json!({"idle-ms": 9_500})).unwrap();
        desk.until("tracked time", |d| Ok((d.status()?.now > to + 2 * MINUTE).then_some(()))).unwrap();
        desk.simulate_nothing().unwrap();
        // It was noticed with the next heartbeat, and a busy machine may be late.
        unseen.push((from + 25_000, to));
    }
    desk.stop().unwrap();
    let spans = spans(&desk);
    for (begin, end) in unseen {
        let inside = spans.iter().find(|(from, to)| *from < end && *to > begin);
        assert_eq!(inside, None, "{begin}..{end} was not seen");
        assert!(spans.iter().any(|(from, _)| *from >= end), "it goes on after {end}");
    }
}

#[test]
fn invariant_09_a_counter_that_stands_still_counts_as_nobody() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    desk.tell(&start()).unwrap();
    worked(&desk);
    desk.simulate(&json!({"frozen-counter": true})).unwrap();
    let frozen = desk.status().unwrap().now;
    // The minute in which it was frozen may have been counted, and so may the next of which nobody asked yet.
    let unseen = |s: &Segment| s.start > frozen + 2 * MINUTE && s.parcel.is_some();
    let segments = desk
        .until("segments that nobody counted", |d| {
            let segments: Vec<_> = d.segments()?.into_iter().filter(unseen).collect();
            Ok((segments.len() >= 3).then_some(segments))
        })
        .unwrap();
    for segment in &segments {
        assert_eq!(segment.billed_ms, 0, "{segment:#?}");
        assert!(has_gap(segment, "counter-lost"), "{segment:#?}");
    }
    // Both sides say so.
    let told =
        desk.until("delivery", |d| Ok(d.delivered()?.into_iter().find(|s| s["start"] == segments[0].start)));
    assert_eq!(told.unwrap()["minutes_active"], 0);
    desk.simulate_nothing().unwrap();
    let back = desk.status().unwrap().now;
    desk.until("counted time", |d| Ok(d.segments()?.into_iter().find(|s| s.start > back && s.billed_ms > 0)))
        .unwrap();
}

#[test]
fn invariant_09_an_absence_that_turns_into_another_is_no_work() {
    // Tracked time stands for itself: a moment of it would bill a whole segment.
    let desk = Desk::open(0, SPEED, |terms| {
        terms["collectors"] = json!([{ "plugin": "windows", "settings": {} }]);
    })
    .unwrap();
    let preferences = Preferences { idle_minutes: 3, ..Preferences::default() };
    desk.tell(&SetPreferences { preferences }).unwrap();
    desk.tell(&start()).unwrap();
    worked(&desk);
    desk.simulate(&json!({"idle-ms": 4 * MINUTE})).unwrap();
    desk.until("absence", |d| Ok(d.status()?.away_since)).unwrap();
    let from = desk.status().unwrap().now;
    for what in [
        json!({"locked": true, "idle-ms": 5 * MINUTE}),
        json!({"display-lost": true}),
        json!({"locked": true, "idle-ms": 0}),
        json!({"idle-ms": 4 * MINUTE}),
    ] {
        desk.simulate(&what).unwrap();
        let since = desk.status().unwrap().now;
        desk.until("a minute of it", |d| Ok((d.status()?.now > since + MINUTE).then_some(()))).unwrap();
    }
    let to = desk.status().unwrap().now;
    desk.simulate_nothing().unwrap();
    desk.until("tracked time", |d| Ok((d.status()?.now > to + 2 * MINUTE).then_some(()))).unwrap();
    desk.stop().unwrap();
    let inside: Vec<_> = spans(&desk).into_iter().filter(|span| span.0 < to && span.1 > from).collect();
    assert!(inside.is_empty(), "{inside:?} in {from}..{to}");
    let whole = |s: &&Segment| s.start >= from && s.start + MINUTE <= to;
    let billed: Vec<_> = desk.segments().unwrap();
    assert!(billed.iter().filter(whole).all(|s| s.billed_ms == 0), "{billed:#?}");
    assert!(billed.iter().any(|s| s.start >= to && s.billed_ms > 0), "it goes on: {billed:#?}");
}

#[test]
fn invariant_06_a_stop_at_a_segments_end_is_neither_slept_over_nor_passed_by_a_clock_that_is_set() {
    std::thread::scope(|scope| {
        for jump in ["asleep-ms", "set-ms"] {
            scope.spawn(move || {
                let desk = Desk::open(0, SPEED, |_| {}).unwrap();
                desk.tell(&start()).unwrap();
                worked(&desk);
                desk.until("the first half of a segment", |d| {
                    Ok((d.status()?.now % MINUTE < MINUTE / 2).then_some(()))
                })
                .unwrap();
                desk.tell(&StopTracking { at_segment_end: true }).unwrap();
                let asked = desk.status().unwrap();
                desk.simulate(&json!({ jump: 12 * HOUR })).unwrap();
                desk.until("the next morning", |d| {
                    Ok((d.status()?.now > asked.now + 12 * HOUR).then_some(()))
                })
                .unwrap();
                let after = desk.until("the end", |d| Ok(Some(d.status()?).filter(|s| !s.tracking))).unwrap();
                let spans = spans(&desk);
                let later = spans.iter().find(|(_, to)| *to > asked.now + 2 * MINUTE);
                assert_eq!(later, None, "{jump}: asked at {}, over at {}", asked.now, after.now);
            });
        }
    });
}

#[test]
fn invariant_09_idle_time_takes_no_work_that_a_clock_set_back_shows_again() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    let preferences = Preferences { idle_minutes: 1, ..Preferences::default() };
    desk.tell(&SetPreferences { preferences }).unwrap();
    desk.tell(&start()).unwrap();
    desk.until("four minutes", |d| Ok((d.status()?.on_ms > 4 * MINUTE).then_some(()))).unwrap();
    let before = desk.status().unwrap().now;
    desk.simulate(&json!({"idle-ms": 50_000, "set-ms": -2 * 60_000})).unwrap();
    let back = desk.until("the jump", |d| Ok(Some(d.status()?.now).filter(|now| *now < before))).unwrap();
    desk.simulate(&json!({"idle-ms": 75_000, "set-ms": -2 * 60_000})).unwrap();
    desk.until("absence", |d| Ok(d.status()?.away_since)).unwrap();
    desk.stop().unwrap();
    let segments = desk.segments().unwrap();
    let tracked = |at: u64| segments.iter().find(|s| s.start == at - at % MINUTE).map_or(0, |s| s.tracked_ms);
    // What was worked two minutes before is worked; the minute before the clock was set, nobody was there.
    assert_eq!(tracked(back - MINUTE), MINUTE, "{segments:#?}");
    let last = before - 30_000;
    assert!(tracked(last) < MINUTE - 10_000, "{} at {last} {segments:#?}", tracked(last));
}

#[test]
fn invariant_09_a_pause_or_stop_right_after_the_clock_was_set_loses_no_work_and_adds_none() {
    std::thread::scope(|scope| {
        for set in [-(HOUR as i64), HOUR as i64] {
            let asks: [AnyRequest; 2] = [PauseTracking.into(), StopTracking { at_segment_end: false }.into()];
            for ask in asks {
                scope.spawn(move || {
                    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
                    desk.tell(&start()).unwrap();
                    // To just before a minute is written down.
                    let began = desk.status().unwrap().now;
                    let mark = began - began % MINUTE + MINUTE + 50_000;
                    desk.until("most of a minute", |d| Ok((d.status()?.now >= mark).then_some(()))).unwrap();
                    let worked = desk.status().unwrap().now - began;
                    desk.simulate(&json!({"set-ms": set})).unwrap();
                    desk.until("the clock that was set", |d| {
                        Ok((d.status()?.now.abs_diff(mark) > HOUR / 2).then_some(()))
                    })
                    .unwrap();
                    desk.tell(&ask).unwrap();
                    let asked = desk.status().unwrap().now;
                    let latest = asked.abs_diff(began).abs_diff(set.unsigned_abs());
                    if matches!(ask, AnyRequest::PauseTracking(_)) {
                        desk.tell(&StopTracking { at_segment_end: false }).unwrap();
                    }
                    desk.until("closed segments", |d| Ok((d.status()?.segments.open == 0).then_some(())))
                        .unwrap();
                    let tracked: u64 = desk.segments().unwrap().iter().map(|s| s.tracked_ms).sum();
                    // A look of the agent is a moment late.
                    assert!(tracked + 2_000 >= worked, "{set} {ask:?}: {tracked} of {worked} ms");
                    assert!(tracked <= latest + 2_000, "{set} {ask:?}: {tracked} of {latest} ms");
                });
            }
        }
    });
}

#[test]
fn invariant_09_nobody_is_asked_about_time_that_never_was() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    let preferences = Preferences { idle_minutes: 3, ..Preferences::default() };
    desk.tell(&SetPreferences { preferences }).unwrap();
    desk.tell(&start()).unwrap();
    worked(&desk);
    let began = Instant::now();
    desk.simulate(&json!({"idle-ms": 4 * MINUTE})).unwrap();
    let away = desk.until("absence", |d| Ok(d.status()?.away_since)).unwrap();
    // The clock is set a day ahead while nobody is there.
    desk.simulate(&json!({"idle-ms": 4 * MINUTE, "set-ms": 24 * HOUR})).unwrap();
    desk.until("the next day", |d| Ok((d.status()?.now > away + 24 * HOUR + 6 * MINUTE).then_some(())))
        .unwrap();
    desk.simulate(&json!({"set-ms": 24 * HOUR})).unwrap();
    let question = desk.until("a question", |d| Ok(d.status()?.question)).unwrap();
    let passed = u64::try_from(began.elapsed().as_millis()).unwrap() * u64::from(SPEED) + 4 * MINUTE;
    let asked = question.to - question.from;
    assert!((2 * MINUTE..=passed).contains(&asked), "{asked} of {passed} ms");
}

#[test]
fn a_hold_is_as_long_as_it_says_whatever_the_clock_is_set_to() {
    const HOLD: u64 = 15 * MINUTE;
    let desk = Desk::open(HOLD, SPEED, |_| {}).unwrap();
    desk.tell(&start()).unwrap();
    worked(&desk);
    desk.stop().unwrap();
    let held = desk.status().unwrap();
    assert!(held.outbox.held > 0, "{held:#?}");
    // Hours ahead: nothing is sent before the worker has had the time to look at it.
    desk.simulate(&json!({"set-ms": 6 * HOUR})).unwrap();
    desk.until("hours later", |d| Ok((d.status()?.now > held.now + 6 * HOUR + 3 * MINUTE).then_some(())))
        .unwrap();
    assert!(desk.delivered().unwrap().is_empty());
    // Closed under that clock, and right again: it is not held for hours.
    desk.tell(&start()).unwrap();
    desk.until("tracked time", |d| Ok((d.status()?.on_ms > 2 * MINUTE).then_some(()))).unwrap();
    desk.stop().unwrap();
    desk.simulate(&json!({"set-ms": 0})).unwrap();
    desk.until("hours before", |d| Ok((d.status()?.now < held.now + 3 * HOUR).then_some(()))).unwrap();
    let waits = desk.status().unwrap().outbox;
    assert!(waits.held + waits.waiting > held.outbox.held && waits.delivered == 0, "{waits:#?}");
    let back = desk.status().unwrap().now;
    desk.until("delivery", |d| Ok((d.status()?.outbox.held == 0).then_some(()))).unwrap();
    let took = desk.status().unwrap().now - back;
    assert!(took < HOLD + 5 * MINUTE, "{took} ms");
    desk.until("delivery", |d| Ok((d.status()?.outbox.waiting == 0).then_some(()))).unwrap();
}

#[test]
fn invariant_09_a_clock_that_was_ahead_and_is_set_right_loses_no_work() {
    const DAY: i64 = 24 * HOUR as i64;
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    desk.tell(&start()).unwrap();
    worked(&desk);
    let before = desk.status().unwrap().now;
    desk.simulate(&json!({"set-ms": DAY})).unwrap();
    desk.until("three segments ahead", |d| {
        let ahead = d.segments()?.into_iter().filter(|s| s.start > before + HOUR && s.billed_ms > 0);
        Ok((ahead.count() >= 3).then_some(()))
    })
    .unwrap();
    desk.simulate_nothing().unwrap();
    desk.until("the clock set right", |d| Ok((d.status()?.now < before + 12 * HOUR).then_some(()))).unwrap();
    let right = desk.status().unwrap();
    assert!(right.on_ms > 3 * MINUTE, "it tracks as long as it did: {right:#?}");
    // It goes on at once, with counts and pictures, and after a stop and start as well.
    for round in ["at once", "after a stop and start"] {
        let since = desk.status().unwrap().now;
        let complete = |s: &Segment| {
            s.start >= since && s.start < before + 12 * HOUR && s.billed_ms > 0 && s.picture.is_some()
        };
        let found = desk.until(round, |d| Ok(d.segments()?.into_iter().find(complete))).unwrap();
        assert!(!has_gap(&found, "collector-failed") && !has_gap(&found, "counter-lost"), "{found:#?}");
        desk.tell(&StopTracking { at_segment_end: false }).unwrap();
        desk.tell(&start()).unwrap();
    }
    desk.stop().unwrap();
    let segments = desk.segments().unwrap();
    assert!(segments.iter().any(|s| has_gap(s, "clock-jump")), "{segments:#?}");
    assert!(segments.iter().all(|s| s.tracked_ms <= MINUTE), "{segments:#?}");
    let problems = desk.status().unwrap().problems;
    assert!(!problems.iter().any(|p| p.contains("collector failed")), "{problems:?}");
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

#[test]
fn invariant_09_a_clock_set_back_into_closed_segments_counts_no_minute_twice_and_loses_none() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    desk.tell(&start()).unwrap();
    desk.until("two segments", |d| {
        Ok((d.delivered()?.iter().filter(|s| s["minutes_active"] == 1).count() >= 2).then_some(()))
    })
    .unwrap();
    let before = desk.status().unwrap().now;
    desk.simulate(&json!({"set-ms": -2 * 60_000})).unwrap();
    desk.until("what the clock showed again", |d| Ok((d.status()?.now > before + 2 * MINUTE).then_some(())))
        .unwrap();
    desk.stop().unwrap();
    let segments = desk.segments().unwrap();
    assert!(segments.iter().all(|s| s.tracked_ms <= MINUTE && s.billed_ms <= MINUTE), "{segments:#?}");
    let billed: Vec<u64> = segments.iter().filter(|s| s.billed_ms > 0).map(|s| s.start).collect();
    // From the first to the last none is missing: what was worked twice under one time is there once.
    let whole: Vec<_> = billed.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(whole.iter().all(|step| *step == MINUTE), "{billed:?}");
    let delivered = desk.until("revisions", |d| {
        let all = d.delivered()?;
        Ok((all.len() >= segments.len()).then_some(all))
    });
    let mut starts: Vec<_> = delivered.unwrap().iter().map(|s| s["start"].as_u64()).collect();
    let count = starts.len();
    starts.dedup();
    assert_eq!(starts.len(), count, "none twice");
}

#[test]
fn invariant_09_a_full_disk_takes_no_minute_and_says_so_only_while_it_is_full() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    desk.tell(&start()).unwrap();
    worked(&desk);
    let full = desk.status().unwrap().now;
    desk.running.disk(false).unwrap();
    let said = |d: &Desk| d.status().map(|s| s.problems.into_iter().find(|p| p.contains("the disk is full")));
    desk.until("word of what becomes of the time", |d| {
        Ok(d.status()?.problems.into_iter().find(|p| p.contains("Time is kept in memory")))
    })
    .unwrap();
    desk.until("three minutes of it", |d| Ok((d.status()?.now > full + 3 * MINUTE).then_some(()))).unwrap();
    desk.running.disk(true).unwrap();
    let room = desk.status().unwrap().now;
    desk.until("silence about the disk", |d| Ok(said(d)?.is_none().then_some(()))).unwrap();
    desk.until("a minute after", |d| Ok((d.status()?.now > room + 2 * MINUTE).then_some(()))).unwrap();
    desk.stop().unwrap();
    let segments = desk.segments().unwrap();
    let whole = |s: &&Segment| s.start >= full && s.start + MINUTE <= room;
    let during: Vec<_> = segments.iter().filter(whole).collect();
    assert!(during.len() >= 2, "{segments:#?}");
    for segment in during {
        assert!(segment.tracked_ms == MINUTE && segment.billed_ms == MINUTE, "{segment:#?}");
    }
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

#[test]
fn invariant_06_pause_and_stop_take_effect_at_once_whatever_a_plugin_does() {
    let desk = Desk::open(0, SPEED, |terms| {
        let slow = json!({"plugin": "hostile-collector", "settings": "slow"});
        terms["collectors"].as_array_mut().unwrap().push(slow);
    })
    .unwrap();
    desk.tell(&start()).unwrap();
    worked(&desk);
    let mut unseen = Vec::new();
    for round in 0..4 {
        // At another moment of the segment each time: while one closes, too.
        std::thread::sleep(Duration::from_millis(400 + 700 * round));
        let asked = Instant::now();
        let stops = round % 2 == 1;
        let ask: AnyRequest =
            if stops { StopTracking { at_segment_end: false }.into() } else { PauseTracking.into() };
        desk.tell(&ask).unwrap();
        let took = asked.elapsed();
        let status = desk.status().unwrap();
        assert!(took < Duration::from_secs(3), "it took {took:?}");
        assert_eq!((status.tracking, status.paused_since.is_some()), (!stops, !stops), "{status:#?}");
        let from = status.now;
        desk.until("half a minute", |d| Ok((d.status()?.now > from + MINUTE / 2).then_some(()))).unwrap();
        unseen.push((from, desk.status().unwrap().now));
        desk.tell(&start()).unwrap();
        let resumed = desk.status().unwrap().now;
        desk.until("a minute", |d| Ok((d.status()?.now > resumed + MINUTE).then_some(()))).unwrap();
    }
    desk.stop().unwrap();
    for record in desk.records().unwrap() {
        let body = &record["body"];
        let at = match record["kind"].as_str().unwrap() {
            "focus" | "custom" => body["at"].as_u64(),
            "snapshot" => body["facts"]["at"].as_u64(),
            "span" => {
                let (from, to) = (body["from"].as_u64().unwrap(), body["to"].as_u64().unwrap());
                let inside = unseen.iter().any(|(begin, end)| from < *end && to > *begin);
                assert!(!inside, "{record:#} in {unseen:?}");
                None
            }
            _ => None,
        };
        let inside = at.is_some_and(|at| unseen.iter().any(|(from, to)| (*from..*to).contains(&at)));
        assert!(!inside, "{record:#} in {unseen:?}");
    }
}

#[test]
fn a_collector_that_does_not_begin_is_tried_again_and_told_as_the_cause() {
    let desk = Desk::open(0, SPEED, |terms| {
        terms["collectors"][0] = json!({"plugin": "hostile-collector", "settings": "error"});
    })
    .unwrap();
    desk.tell(&start()).unwrap();
    worked(&desk);
    let told = desk.until("its gap", |d| {
        Ok(d.segments()?.into_iter().find(|s| s.parcel.is_some() && has_gap(s, "collector-failed")))
    });
    let told = told.unwrap();
    let sentence = told.no_picture_sentence.as_deref();
    assert!(sentence.is_some_and(|s| s.contains("the collector failed")), "{told:#?}");
    assert!(told.billed_ms > 0, "the time stays: {told:#?}");
}
