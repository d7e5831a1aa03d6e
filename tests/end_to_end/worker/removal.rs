//! What the worker removes and changes: pictures, segments, memos.

use base64::Engine as _;
use candor_protocol::{
    EditSegment, ExportData, ForgetSpan, Forgotten, GetPicture, Picture, RemovePicture, RestoreSegment,
    SendNow, SetLabel, SetMemo, StartTracking, StopTracking, WouldForgetSpan,
};
use serde_json::{Value, json};
use std::path::Path;

use super::desk::{Desk, SPEED, files, start, walk};

#[test]
fn invariant_07_time_and_pictures_are_separate() {
    let desk = Desk::open(0, SPEED, |_| {});
    desk.tell(StartTracking { memo: Some("Reading".into()), no_sign: true });
    let before = desk.pictured();
    let file = before["snapshot"]["file"].as_str().unwrap().to_owned();
    assert!(Path::new(&file).exists());
    desk.tell(StopTracking { at_segment_end: true });
    desk.until("stop", |d| (!d.status().tracking && d.status().segments.open == 0).then_some(()));
    let week = desk.status().week_ms;
    assert_eq!(desk.segments().iter().map(|s| s.billed_ms).sum::<u64>(), week, "the list adds up to the sum");

    desk.tell(RemovePicture { start: start(&before) });
    let after = desk.until("revision", |d| {
        d.delivered().into_iter().find(|s| s["start"] == before["start"] && s["revision"] == 1)
    });
    assert_eq!(after["snapshot"], Value::Null);
    assert_eq!(after["no_snapshot_because"], "Picture removed by worker, time kept");
    assert_eq!(after["minutes_active"], before["minutes_active"], "the time stays");
    assert_eq!(desk.status().week_ms, week, "the time stays");
    assert!(!Path::new(&file).exists(), "the client's copy is gone");
    assert!(desk.refused(RemovePicture { start: start(&before) }).contains("no picture"));
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

#[test]
fn a_picture_removed_in_its_hold_is_never_sent() {
    let desk = Desk::open(3_600_000, SPEED, |_| {});
    desk.tell(StartTracking { memo: None, no_sign: true });
    let held = desk.until("held picture", |d| {
        d.segments().into_iter().find(|s| s.picture.is_some() && s.parcel.is_some())
    });
    desk.tell(RemovePicture { start: held.start });
    desk.tell(StopTracking { at_segment_end: false });
    desk.tell(SendNow { start: held.start });
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
    desk.tell(StartTracking { memo: Some("Reading".into()), no_sign: true });
    let held = desk.until("held picture", |d| {
        d.segments().into_iter().find(|s| s.picture.is_some() && s.parcel.is_some())
    });
    desk.tell(StopTracking { at_segment_end: false });
    let picture: Picture = desk.get(GetPicture { start: held.start });
    let shown = |d: &Desk| d.segments().into_iter().find(|s| s.start == held.start).unwrap();
    let kept = |name: &str| {
        let folder = desk.folder.path().join(name);
        let _exported = desk.get(ExportData { to: folder.to_string_lossy().into_owned() });
        let bytes = base64::engine::general_purpose::STANDARD.decode(&picture.base64).unwrap();
        files(&folder.join("pictures")).iter().any(|file| std::fs::read(file).unwrap() == bytes)
    };

    desk.tell(RemovePicture { start: held.start });
    let removed = shown(&desk);
    assert!(
        removed.removed_at.is_some() && removed.tracked_ms == 0 && removed.memo.is_none(),
        "{removed:#?}"
    );
    assert!(removed.undo_until.is_some(), "{removed:#?}");
    assert!(desk.refused(GetPicture { start: held.start }).contains("removed"));
    assert!(kept("undoable"));
    desk.tell(RestoreSegment { start: held.start });
    let back = shown(&desk);
    assert_eq!(
        (back.tracked_ms, &back.memo, &back.picture, back.undo_until),
        (held.tracked_ms, &held.memo, &held.picture, None)
    );
    let again: Picture = desk.get(GetPicture { start: held.start });
    assert_eq!(again, picture);

    desk.tell(RemovePicture { start: held.start });
    desk.tell(SendNow { start: held.start });
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
    let late = desk.refused(RestoreSegment { start: held.start });
    assert!(late.contains("destroyed") || late.contains("too late"), "{late}");
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}

#[test]
fn what_forget_announces_is_what_it_removes() {
    let desk = Desk::open(3_600_000, SPEED, |_| {});
    // A memo that is set while nothing is tracked is no segment.
    desk.tell(SetMemo { memo: "Before".into() });
    let begun = desk.status().now;
    desk.until("another minute", |d| (d.status().now / 60_000 > begun / 60_000).then_some(()));
    desk.tell(StartTracking { memo: None, no_sign: true });
    desk.until("two segments", |d| (d.segments().len() >= 2).then_some(()));
    let asked = desk.status().now;
    let would: Forgotten = desk.get(WouldForgetSpan { from: begun, to: asked });
    // Those that are listed, and the one that runs if something was recorded in its first minute.
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
    let gone: Forgotten = desk.get(ForgetSpan { from: would.from, to: would.to });
    assert_eq!((gone.from, gone.to, gone.segments), (would.from, would.to, would.segments));
    desk.until("what came after the question, which stays", |d| {
        d.segments().into_iter().find(|s| s.start >= would.to && s.removed_at.is_none())
    });
}

#[test]
fn memos_are_changed_and_segments_removed_before_and_after_delivery() {
    let desk = Desk::open(0, SPEED, |terms| terms["labels"] = json!(["Design", "Calls"]));
    desk.tell(StartTracking { memo: Some("First".into()), no_sign: true });
    desk.tell(SetLabel { label: Some("Calls".into()) });
    assert!(desk.refused(SetLabel { label: Some("Nothing".into()) }).contains("no such label"));
    desk.until("two segments", |d| (d.delivered().len() >= 3).then_some(()));
    let (first, second) = (start(&desk.delivered()[1]), start(&desk.delivered()[2]));
    desk.tell(EditSegment { start: first, memo: "Second".into(), label: Some("Design".into()) });
    let edited = desk
        .until("edit", |d| d.delivered().into_iter().find(|s| start(s) == first && s["memo"] == "Second"));
    assert_eq!((&edited["label"], &edited["revision"]), (&json!("Design"), &json!(1)));
    assert!(desk.refused(EditSegment { start: 60_000, memo: String::new(), label: None }).contains("locked"));

    let gone: Forgotten = desk.get(ForgetSpan { from: second, to: second + 1 });
    assert_eq!((gone.segments, gone.from), (1, second));
    let removed = desk
        .until("removal", |d| d.delivered().into_iter().find(|s| start(s) == second && s["removed"] == true));
    assert_eq!(removed["minutes_active"], 0);
    let shown = desk.segments().into_iter().find(|s| s.start == second).unwrap();
    assert!(shown.removed_at.is_some() && shown.memo.is_none() && shown.picture.is_none(), "{shown:#?}");

    // The running segment: what was is gone, what follows counts, and it has its memo again.
    desk.tell(SetMemo { memo: "Third".into() });
    let at = desk.status().now;
    let _gone: Forgotten = desk.get(ForgetSpan { from: at - 1, to: at });
    let status = desk.status();
    assert!(status.tracking && status.memo.as_deref() == Some("Third"), "{status:#?}");
    assert_eq!(desk.agent.ask(&["verify"]).unwrap()["first_bad"], Value::Null);
}
