//! Times in which nobody worked, or nothing could be seen: each is a gap with its cause.

use candor_protocol::{
    AnswerIdle, GetOutbox, IdleAnswer, OutboxAnswer, PauseTracking, Preferences, Segment, SendNow,
    SetPreferences, StartTracking, UndoIdleAnswer,
};
use serde_json::{Value, json};
use std::time::Duration;

use super::desk::{Desk, SPEED, has_gap};

#[test]
fn idle_time_is_asked_about_and_never_silently_billed() {
    let desk = Desk::open(1_800_000, 60, |terms| terms["manual-time"] = json!("yes"));
    desk.tell(SetPreferences { preferences: Preferences { idle_minutes: 3, ..Preferences::default() } });
    desk.tell(StartTracking { memo: Some("Before".into()), no_sign: true });
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
    assert!(desk.refused(UndoIdleAnswer).contains("no answer"));
    desk.tell(AnswerIdle { answer: IdleAnswer::LeaveOut });
    assert_eq!(desk.status().question, None);
    desk.tell(UndoIdleAnswer);
    assert_eq!(desk.status().question, Some(question));
    assert!(desk.refused(UndoIdleAnswer).contains("no answer"));
    for _ in 0..2 {
        desk.tell(AnswerIdle { answer: IdleAnswer::Manual("A slip of the hand".into()) });
        assert!(within(&desk).iter().any(|s| s.manual), "{:#?}", within(&desk));
        // A moment, in which the answer is written into the segments.
        std::thread::sleep(Duration::from_secs(2));
        desk.tell(UndoIdleAnswer);
        assert_eq!(desk.status().question, Some(question));
        assert!(within(&desk).is_empty(), "{:#?}", within(&desk));
    }
    let outbox: OutboxAnswer = desk.get(GetOutbox);
    let whole = |start: u64| start >= question.from && start + 60_000 <= question.to;
    assert!(!outbox.entries.iter().any(|entry| whole(entry.segment_start)), "{:#?}", outbox.entries);
    desk.tell(AnswerIdle { answer: IdleAnswer::Manual("Read the format guide".into()) });
    assert_eq!(desk.status().question, None);
    for segment in within(&desk).iter().filter(|s| s.manual) {
        desk.tell(SendNow { start: segment.start });
    }
    let typed = desk.until("typed-in time", |d| {
        let typed: Vec<_> = d.delivered().into_iter().filter(|s| s["manual"] == true).collect();
        (typed.len() as u64 * 60_000 >= question.manual_ms).then_some(typed)
    });
    assert_eq!(typed[0]["memo"], "Read the format guide");
    assert_eq!(typed[0]["snapshot"], Value::Null);
    assert!(desk.refused(UndoIdleAnswer).contains("too late"));
    let delivered = desk.delivered();
    assert!(!delivered.iter().any(|s| s["memo"] == "A slip of the hand"), "{delivered:#?}");
    assert!(desk.refused(AnswerIdle { answer: IdleAnswer::LeaveOut }).contains("no question"));
}

#[test]
fn a_pause_and_a_locked_screen_are_gaps_with_their_cause() {
    let desk = Desk::open(0, 60, |_| {});
    desk.tell(StartTracking { memo: None, no_sign: true });
    desk.until("a segment", |d| (d.status().week_ms > 0).then_some(()));
    desk.tell(PauseTracking);
    assert!(desk.status().paused_since.is_some() && desk.status().tracking);
    assert!(desk.refused(PauseTracking).contains("paused already"));
    std::thread::sleep(Duration::from_secs(4));
    desk.tell(StartTracking { memo: None, no_sign: true });
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

#[test]
fn a_blank_screen_is_no_evidence_and_a_lost_display_a_gap_after_which_tracking_goes_on() {
    let desk = Desk::open(0, SPEED, |_| {});
    desk.presence(Some(json!({"blank": true})));
    desk.tell(StartTracking { memo: None, no_sign: true });
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
    desk.tell(StartTracking { memo: None, no_sign: true });
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
