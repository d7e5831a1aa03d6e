//! No room on the disk, and no network: time is kept.

use candor_protocol::{
    CancelParcel, ForgetSpan, Forgotten, GetOutbox, OutboxAnswer, ParcelState, Preferences, SetPreferences,
    StartTracking, StopTracking, TryNow, UncancelParcel,
};
use candor_test_driver::backoffice::BackOffice;
use serde_json::Value;

use super::desk::{Desk, SPEED, start};

#[test]
fn a_disk_that_is_used_up_costs_pictures_never_time_and_says_what_to_do() {
    let desk = Desk::open(0, SPEED, |_| {});
    let limit = |disk_limit: u64| SetPreferences {
        preferences: Preferences { disk_limit, ..Preferences::default() },
    };
    assert!(desk.refused(limit(1)).contains("64 MB at least"));
    desk.tell(limit(64 << 20));
    // Takes no room, and counts as if it did.
    let filler = std::fs::File::create(desk.agent.data().join("journal/filler")).unwrap();
    filler.set_len(65 << 20).unwrap();
    desk.tell(StartTracking { memo: None, no_sign: true });
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
    desk.tell(StartTracking { memo: Some("On a train".into()), no_sign: true });
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
    let OutboxAnswer { entries, .. } = desk.get(GetOutbox);
    let waiting = entries.iter().filter(|e| e.state == ParcelState::Waiting).count();
    assert!(waiting >= 55, "{waiting}");
    // One that is taken back is not sent, and one that is taken back and undone is.
    let chosen: Vec<_> = entries.iter().filter(|e| e.state == ParcelState::Waiting).take(2).collect();
    for entry in &chosen {
        desk.tell(CancelParcel { parcel: entry.parcel.clone() });
    }
    desk.tell(UncancelParcel { parcel: chosen[1].parcel.clone() });
    // What is changed of one that was taken back is not sent either.
    let at = chosen[0].segment_start;
    let _gone: Forgotten = desk.get(ForgetSpan { from: at, to: at + 1 });
    desk.backoffice = BackOffice::start(&data, port).unwrap();
    desk.tell(StopTracking { at_segment_end: false });
    desk.tell(TryNow);
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
