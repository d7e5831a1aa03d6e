//! What was worked stays worked when terms, notice or collectors change (invariant 9).

use candor_protocol::{
    AcceptNotice, EditSegment, ForgetSpan, GetNotice, ImportInvitation, NoticeAnswer, Preferences, QuitAgent,
    RemovePicture, Segment, SetPreferences,
};
use candor_test_driver::desk::{CONTRACT, Desk, now};
use candor_test_driver::fast::FastAgent;
use candor_test_driver::places;
use serde_json::{Value, json};

use super::desk::{MINUTE, SPEED, closed, collector, start};

#[test]
fn invariant_09_activity_that_is_turned_on_or_off_later_changes_nothing_of_what_is_billed() {
    let desk = Desk::open(0, SPEED, |terms| terms["worker-chooses"] = json!({"activity": true})).unwrap();
    let counts = |activity| {
        let preferences = Preferences { activity, ..Preferences::default() };
        desk.tell(&SetPreferences { preferences }).unwrap();
    };
    let edited = |segment: &Segment, memo: &str| {
        let edit = EditSegment { start: segment.start, memo: memo.to_owned(), label: None };
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
    desk.tell(&QuitAgent).unwrap();
    desk.running.ended().unwrap();
    // All of it is over by the back office's clock, hours later too.
    let behind = now() - candor_test_driver::fast::BEHIND_MS;
    let hour = behind - behind % HOUR + HOUR;
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
    desk.tell(&QuitAgent).unwrap();
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
        desk.tell(&RemovePicture { start }).unwrap();
    }
    // However it is joined again.
    if after == 1 {
        let invitation = desk.backoffice.invitation(CONTRACT).unwrap();
        desk.agent.tell(&["join", &invitation]).unwrap();
    } else {
        let invitation = desk.backoffice.invitation(CONTRACT).unwrap();
        desk.tell(&ImportInvitation { invitation, device_name: None }).unwrap();
    }
    let notice: NoticeAnswer = desk.get(&GetNotice { contract: None }).unwrap();
    let accept =
        AcceptNotice { contract: CONTRACT.to_owned(), digest: notice.digest, by: "a test".to_owned() };
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
        let _before = desk.tell(&ForgetSpan { from, to: from + MINUTE });
    }
    let meant = |s: &Segment| gone.iter().any(|at| (s.start..end(s)).contains(at));
    let (removed, kept): (Vec<_>, Vec<_>) = segments.iter().partition(|s| meant(s));
    assert!(removed.len() >= 2, "{before}, {after}: {segments:#?}");
    desk.tell(&QuitAgent).unwrap();
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
fn invariant_09_a_notice_that_is_accepted_anew_goes_on_tracking() {
    let mut desk = Desk::open(0, SPEED, |_| {}).unwrap();
    desk.tell(&QuitAgent).unwrap();
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
        let notice: NoticeAnswer = desk.get(&GetNotice { contract: None }).unwrap();
        let accept = AcceptNotice {
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
