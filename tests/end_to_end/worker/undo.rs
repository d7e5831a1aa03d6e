//! What the worker takes back: removed segments and answers come back, or go for good, whatever is done in between.

use candor_protocol::{
    AddManualTime, AnswerIdle, CancelParcel, EditSegment, ExportData, ForgetSpan, Forgotten, GetParcel,
    IdleAnswer, Preferences, RemovePicture, RemoveSegment, RestoreSegment, Segment, SendNow, SetPreferences,
    StartTracking, StopTracking, TryNow, UncancelParcel, UndoIdleAnswer,
};
use candor_test_driver::backoffice::BackOffice;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

use super::desk::{Desk, SPEED, start};

#[test]
fn invariant_08_a_removed_segment_comes_back_until_it_is_sent_and_is_gone_then() {
    let desk = Desk::open(3_600_000, SPEED, |terms| terms["manual-time"] = json!("ask"));
    desk.tell(StartTracking { memo: Some("Reading".into()), no_sign: true });
    let held = desk.until("held picture", |d| {
        d.segments().into_iter().find(|s| s.picture.is_some() && s.parcel.is_some())
    });
    desk.tell(StopTracking { at_segment_end: false });
    let shown = |start: u64| desk.segments().into_iter().find(|s| s.start == start).unwrap();

    // Its picture first, then the rest, and back in two steps.
    desk.tell(RemovePicture { start: held.start });
    let gone: Forgotten = desk.get(RemoveSegment { start: held.start });
    assert_eq!((gone.segments, gone.time_ms, gone.pictures), (1, held.tracked_ms, 0));
    let removed = shown(held.start);
    assert!(removed.removed_at.is_some() && removed.tracked_ms == 0 && removed.memo.is_none());
    assert!(removed.undo_until.is_some(), "{removed:#?}");
    assert!(desk.refused(RemoveSegment { start: held.start }).contains("nothing was recorded"));
    desk.tell(RestoreSegment { start: held.start });
    let without = shown(held.start);
    assert_eq!((without.tracked_ms, &without.memo, &without.picture), (held.tracked_ms, &held.memo, &None));
    assert!(without.undo_until.is_some(), "its picture can still come back");
    desk.tell(RestoreSegment { start: held.start });
    let back = shown(held.start);
    assert_eq!((back.tracked_ms, &back.picture, back.undo_until), (held.tracked_ms, &held.picture, None));
    assert!(desk.refused(RestoreSegment { start: held.start }).contains("no removal"));

    // Taken back from the outbox it is not sent, so it can come back all the same; and it stays taken back.
    let _gone: Forgotten = desk.get(RemoveSegment { start: held.start });
    let taken_back = shown(held.start).parcel.unwrap();
    desk.tell(CancelParcel { parcel: taken_back.clone() });
    std::thread::sleep(Duration::from_secs(1));
    desk.tell(RestoreSegment { start: held.start });
    let back = shown(held.start);
    assert_eq!((back.tracked_ms, &back.picture), (held.tracked_ms, &held.picture));
    assert_eq!(back.state, candor_protocol::SegmentState::Cancelled);
    // By the name that it had when it was taken back, too.
    desk.tell(UncancelParcel { parcel: taken_back });
    assert_ne!(shown(held.start).state, candor_protocol::SegmentState::Cancelled);

    // What is sent is destroyed, and both sides see that it was removed, and how much.
    let gone: Forgotten = desk.get(RemoveSegment { start: held.start });
    assert_eq!(gone.pictures, 1);
    desk.tell(SendNow { start: held.start });
    let sent = desk.until("delivery", |d| d.delivered().into_iter().find(|s| start(s) == held.start));
    assert_eq!((&sent["removed"], &sent["memo"]), (&json!(true), &Value::Null));
    let told = |start: u64| -> u64 {
        let parcel = shown(start).parcel.unwrap();
        let parcel: candor_protocol::ParcelBytes = desk.get(GetParcel { parcel });
        parcel.document["removed"]["time-ms"].as_u64().unwrap()
    };
    assert_eq!(told(held.start), held.tracked_ms);
    desk.until("its end", |d| {
        let late = d.refused(RestoreSegment { start: held.start });
        late.contains("destroyed").then_some(())
    });
    let to = desk.folder.path().join("after");
    let _exported = desk.get(ExportData { to: to.display().to_string() });
    let lines = std::fs::read_to_string(to.join("records.jsonl")).unwrap();
    let of_segment = |line: &&str| {
        let record: Value = serde_json::from_str(line).unwrap();
        let at = record["at"].as_u64().unwrap();
        (held.start..held.start + 60_000).contains(&at) && record["kind"] == "span"
    };
    let spans: Vec<&str> = lines.lines().filter(of_segment).collect();
    assert!(!spans.is_empty() && spans.iter().all(|line| line.contains("erased")), "{spans:#?}");
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);

    // Typed-in time goes and comes back the same way; a client who is asked is told why it was not tracked.
    let (from, to) = (held.start - 3_600_000, held.start - 3_600_000 + 60_000);
    let typed = |reason: Option<&str>| AddManualTime {
        from,
        to,
        memo: "A call".into(),
        reason: reason.map(str::to_owned),
    };
    assert!(desk.refused(typed(None)).contains("why it was not tracked"));
    assert!(desk.refused(typed(Some("  "))).contains("why it was not tracked"));
    let added: Forgotten = desk.get(typed(Some("On the phone")));
    assert_eq!((added.segments, added.time_ms), (1, 60_000));
    let _gone: Forgotten = desk.get(RemoveSegment { start: added.from });
    assert!(shown(added.from).removed_at.is_some());
    desk.tell(RestoreSegment { start: added.from });
    let back = shown(added.from);
    assert!(back.manual && back.memo.as_deref() == Some("A call") && back.removed_at.is_none());
    let parcel: candor_protocol::ParcelBytes = desk.get(GetParcel { parcel: back.parcel.unwrap() });
    let memo = parcel.details.iter().find(|detail| detail.kind == "memo").unwrap();
    let memo: Value = serde_json::from_str(memo.text.as_ref().unwrap()).unwrap();
    assert_eq!(memo["detail"]["reason"], "On the phone");
    assert!(desk.refused(typed(Some("\u{200b}"))).contains("why it was not tracked"), "nobody sees that");
    // Removed for good after it was removed for now: the mark says no less.
    let _gone: Forgotten = desk.get(RemoveSegment { start: added.from });
    let gone: Forgotten = desk.get(ForgetSpan { from: added.from, to: added.from + 1 });
    assert_eq!((gone.time_ms, told(added.from)), (60_000, 60_000));
}

#[test]
fn invariant_07_a_removal_reaches_the_client_whatever_was_taken_back_before() {
    let mut desk = Desk::open(0, SPEED, |_| {});
    desk.tell(StartTracking { memo: Some("Reading".into()), no_sign: true });
    let pictured = |d: &Desk| -> Vec<Value> {
        d.delivered().into_iter().filter(|s| !s["snapshot"].is_null()).take(3).collect()
    };
    let three = desk.until("three pictures", |d| Some(pictured(d)).filter(|three| three.len() == 3));
    desk.tell(StopTracking { at_segment_end: false });
    desk.until("the last of it", |d| {
        let s = d.status();
        (s.outbox.waiting + s.outbox.held == 0 && s.segments.open == 0).then_some(())
    });
    let port = desk.backoffice.address().rsplit(':').next().unwrap().parse().unwrap();
    let data = desk.folder.path().join("backoffice");
    desk.backoffice.stop();
    let parcel = |start: u64| desk.segments().into_iter().find(|s| s.start == start).unwrap().parcel.unwrap();
    for segment in &three {
        let start = start(segment);
        let before = parcel(start);
        desk.tell(EditSegment { start, memo: "Another".into(), label: None });
        // By the name that it had before it was changed, too.
        desk.tell(CancelParcel { parcel: before });
        let state = desk.segments().into_iter().find(|s| s.start == start).unwrap().state;
        assert_eq!(state, candor_protocol::SegmentState::Cancelled, "it says so only where it is so");
    }
    let _gone: Forgotten = desk.get(RemoveSegment { start: start(&three[0]) });
    desk.tell(RemovePicture { start: start(&three[1]) });
    let at = start(&three[2]);
    let _gone: Forgotten = desk.get(ForgetSpan { from: at, to: at + 1 });
    desk.backoffice = BackOffice::start(&data, port).unwrap();
    desk.tell(TryNow);
    let now = |nth: usize| {
        let at = start(&three[nth]);
        desk.delivered().into_iter().find(|s| start(s) == at).unwrap()
    };
    desk.until("three removals", |_| {
        (now(0)["removed"] == true && now(1)["snapshot"].is_null() && now(2)["removed"] == true).then_some(())
    });
    for segment in &three {
        assert!(!Path::new(segment["snapshot"]["file"].as_str().unwrap()).exists(), "{segment:#}");
    }
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

/// A desk with a question about ten minutes or more, tracking stopped.
fn asked() -> (Desk, candor_protocol::IdleQuestion) {
    let desk = Desk::open(7_200_000, 60, |terms| terms["manual-time"] = json!("yes"));
    desk.tell(SetPreferences { preferences: Preferences { idle_minutes: 3, ..Preferences::default() } });
    desk.tell(StartTracking { memo: None, no_sign: true });
    desk.until("tracked time", |d| (d.status().week_ms >= 3 * 60_000).then_some(()));
    desk.presence(Some(json!({"idle-ms": 180_000})));
    desk.until("absence", |d| d.status().away_since);
    std::thread::sleep(Duration::from_secs(10));
    desk.presence(None);
    let question = desk.until("question", |d| d.status().question);
    desk.tell(StopTracking { at_segment_end: false });
    (desk, question)
}

#[test]
fn invariant_09_an_answer_that_is_undone_leaves_nothing_that_is_billed() {
    let (desk, question) = asked();
    let whole = |start: u64| start >= question.from && start + 60_000 <= question.to;
    let typed =
        || -> Vec<Segment> { desk.segments().into_iter().filter(|s| whole(s.start) && s.manual).collect() };
    let slip = || AnswerIdle { answer: IdleAnswer::Manual("A slip".into()) };
    // Given twice at once: one of them counts, and all of it can be undone.
    std::thread::scope(|scope| {
        for answer in [slip(), AnswerIdle { answer: IdleAnswer::LeaveOut }, slip()] {
            let agent = &desk.agent;
            scope.spawn(move || agent.request(&answer));
        }
    });
    assert_eq!(desk.status().question, None);
    desk.tell(UndoIdleAnswer);
    assert!(typed().is_empty(), "{:#?}", typed());
    // One of its segments was removed before it was undone: not even that is told.
    desk.tell(slip());
    let removed: Vec<u64> = typed().iter().map(|s| s.start).collect();
    for start in [removed[0], removed[1]] {
        let _gone: Forgotten = desk.get(RemoveSegment { start });
    }
    desk.tell(UndoIdleAnswer);
    let left: Vec<Segment> = desk.segments().into_iter().filter(|s| whole(s.start)).collect();
    assert!(left.is_empty(), "{left:#?}");

    // Changed before it is undone; and what was typed in before it, by the worker's own hand, stays.
    let own = typed_before(&desk, &question);
    desk.tell(slip());
    let changed: Vec<u64> = typed().iter().map(|s| s.start).filter(|start| *start != own).take(2).collect();
    for start in &changed {
        desk.tell(EditSegment { start: *start, memo: "Changed".into(), label: None });
    }
    let taken_back = typed().into_iter().map(|s| s.parcel.unwrap()).next_back().unwrap();
    desk.tell(CancelParcel { parcel: taken_back });
    desk.tell(UndoIdleAnswer);
    let left: Vec<u64> = typed().iter().map(|s| s.start).collect();
    assert_eq!(left, [own]);
    assert_eq!(desk.status().question, Some(question));
    desk.tell(AnswerIdle { answer: IdleAnswer::LeaveOut });
    let billed: u64 = desk.segments().iter().filter(|s| whole(s.start)).map(|s| s.billed_ms).sum();
    assert_eq!(billed, 60_000, "the worker's own minute");
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

fn typed_before(desk: &Desk, question: &candor_protocol::IdleQuestion) -> u64 {
    let start = question.from.div_ceil(60_000) * 60_000 + 60_000;
    let own = AddManualTime { from: start, to: start + 60_000, memo: "My own".into(), reason: None };
    let added: Forgotten = desk.get(own);
    assert_eq!(added.from, start);
    start
}

#[test]
fn invariant_08_what_was_removed_stays_removed_whatever_is_changed_and_the_running_minute_goes_too() {
    let desk = Desk::open(3_600_000, 5, |terms| terms["manual-time"] = json!("yes"));
    let typed =
        |start: u64| AddManualTime { from: start, to: start + 60_000, memo: "A call".into(), reason: None };
    let start = desk.status().now / 60_000 * 60_000 - 600_000;
    let _added: Forgotten = desk.get(typed(start));
    let _gone: Forgotten = desk.get(RemoveSegment { start });
    let edit = EditSegment { start, memo: "Back again".into(), label: None };
    assert!(desk.refused(edit).contains("removed"));
    assert!(desk.refused(typed(start)).contains("undo it"), "both could not come back");
    let shown = |start: u64| desk.segments().into_iter().find(|s| s.start == start).unwrap();
    assert!(shown(start).removed_at.is_some());
    desk.tell(RestoreSegment { start });
    assert!(shown(start).manual);

    // Half a minute into the running segment: what was, goes, its counts with it.
    desk.tell(StartTracking { memo: Some("Reading".into()), no_sign: true });
    let early = |d: &Desk| d.status().now % 60_000 < 10_000;
    desk.until("the begin of a minute", |d| early(d).then_some(()));
    let running = desk.status().now / 60_000 * 60_000;
    desk.until("half of it", |d| (d.status().now >= running + 30_000).then_some(()));
    let before = desk.status().now;
    let gone: Forgotten = desk.get(RemoveSegment { start: running });
    assert!(gone.time_ms > 15_000, "{gone:?}");
    let closed = desk
        .until("its end", |d| d.segments().into_iter().find(|s| s.start == running && s.parcel.is_some()));
    let rest = running + 60_000 - before;
    assert!(closed.tracked_ms <= rest, "{} of {rest}", closed.tracked_ms);
    desk.tell(RestoreSegment { start: running });
    let back = shown(running);
    assert!(back.tracked_ms > closed.tracked_ms + 15_000, "{back:#?}");
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}
