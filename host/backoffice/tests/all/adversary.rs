//! Somebody who holds a device's key and signs whatever could be billed. Nothing is that should not be.

use candor_diary::parcel::{
    Activity, Counts, Custom, Gap, GapCause, MinuteActivity, MinuteFacts, Parcel, Removed,
};
use candor_diary::segment::{MINUTE_MS, SegmentLength};
use serde_json::json;

use crate::common::{CLIENT, Device, Picture, STARTED, Server, WORKER, outcome, page_of, terms, this_week};

/// What a row changes of an honest parcel.
type Lie = Box<dyn Fn(&mut Parcel)>;

fn refused(code: &str) -> (u16, String) {
    (422, code.to_owned())
}

#[tokio::test]
async fn what_the_terms_do_not_have_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let one_key =
        |start: u64| MinuteFacts::new(start, 60_000, Some(Counts { keys: 1, clicks: 0, scrolls: 0 }));
    let start = this_week(24);
    let rows: Vec<(&str, Lie, (u16, String))> = vec![
        (
            "an hour for one key press",
            Box::new(move |p| {
                p.length = SegmentLength::new(60).unwrap();
                p.minutes = vec![one_key(p.start)];
            }),
            refused("other-segments"),
        ),
        ("a label of one's own", Box::new(|p| p.label = Some("Bonus".into())), refused("unknown-label")),
        (
            "notes of a collector that the terms do not name",
            Box::new(|p| {
                let (plugin, kind, body) = ("spy".into(), "note".into(), "{}".into());
                p.custom = vec![Custom { at: p.start, plugin, kind, body }];
            }),
            refused("unknown-collector"),
        ),
        (
            "other terms under the same number",
            Box::new(|p| p.terms.digest = "0".repeat(64)),
            refused("other-terms"),
        ),
        ("a number beyond the database", Box::new(|p| p.sequence = 1 << 63), refused("bad-parcel")),
        ("focus of another time", Box::new(|p| p.focus[0].at = p.start - 1), refused("bad-parcel")),
        ("focus after the end", Box::new(|p| p.focus[0].at = p.end()), refused("bad-parcel")),
        (
            "a gap outside",
            Box::new(|p| {
                let (from, to) = (p.start - MINUTE_MS, p.start);
                p.gaps = vec![Gap { from, to, cause: GapCause::Paused }];
            }),
            refused("bad-parcel"),
        ),
        (
            "counts that the core does not have",
            Box::new(|p| p.minutes[0].activity = MinuteActivity::CountedNone),
            refused("bad-parcel"),
        ),
        (
            "no counts where the core has some",
            Box::new(|p| p.minutes[0].counts = None),
            refused("bad-parcel"),
        ),
        ("a title with a null", Box::new(|p| p.focus[0].title = Some("a\0b".into())), refused("bad-parcel")),
        (
            "a title that turns the text round",
            Box::new(|p| p.focus[0].title = Some("invoice\u{202e}fdp".into())),
            refused("bad-parcel"),
        ),
        (
            "an address with an escape",
            Box::new(|p| p.focus[0].url = Some("https://a\u{1b}[2J".into())),
            refused("bad-parcel"),
        ),
        (
            "a memo of unseen characters",
            Box::new(|p| p.memo = Some("\u{200b}\u{feff}".into())),
            refused("bad-parcel"),
        ),
        ("a memo with a line break", Box::new(|p| p.memo = Some("a\nb".into())), refused("bad-parcel")),
        (
            "a rule that hides itself",
            Box::new(|p| p.policy.rules = vec!["a\u{2066}b".into()]),
            refused("bad-parcel"),
        ),
        (
            "removed more than there was",
            Box::new(|p| {
                *p = Parcel {
                    removed: Some(Removed { at: p.start, time_ms: 700_000 }),
                    revision: 1,
                    ..bare(p)
                };
            }),
            refused("bad-parcel"),
        ),
    ];
    for (what, lie, expected) in rows {
        let mut parcel = device.parcel_at(start, 10, 1);
        lie(&mut parcel);
        assert_eq!(outcome(device.put_parcel(&parcel).await).await, expected, "{what}");
    }
    assert_eq!(device.minutes().await, (0, 0));
    device.deliver(&device.parcel_at(start, 10, 1)).await;
    assert_eq!(device.minutes().await, (10, 10), "the honest one");
}

fn bare(parcel: &Parcel) -> Parcel {
    let mut bare = parcel.clone();
    bare.minutes.clear();
    bare.focus.clear();
    (bare.memo, bare.label) = (None, None);
    bare
}

#[tokio::test]
async fn minutes_without_counts_are_no_evidence_and_never_billed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    for (nth, activity) in [(1, Activity::Counted), (2, Activity::Off)] {
        let mut parcel = device.parcel_at(this_week(24 + nth), 10, nth);
        parcel.activity = activity;
        for minute in &mut parcel.minutes {
            *minute = MinuteFacts::new(minute.start, 60_000, None);
        }
        device.deliver(&parcel).await;
        let cookie = server.sign_in(CLIENT).await;
        let page = server.page(&page_of(parcel.start), &cookie).await;
        assert!(page.contains("No evidence"), "{activity:?}");
    }
    assert_eq!(device.minutes().await.0, 0);
}

#[tokio::test]
async fn in_a_contract_of_typed_in_time_nothing_is_tracked() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let mut only = terms("only", 1, 10);
    only["manual-time"] = json!("only");
    server.office.contract(&only, CLIENT, WORKER).unwrap();
    let device = server.enrol("only").await;
    let tracked = device.parcel_at(this_week(24), 10, 1);
    assert_eq!(outcome(device.put_parcel(&tracked).await).await, refused("nothing-is-tracked"));
    device.deliver(&device.typed_in(this_week(24), 1)).await;
    assert_eq!(device.minutes().await, (10, 10));
}

#[tokio::test]
async fn time_that_is_still_to_come_waits_until_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let mut yes = terms("yes", 1, 10);
    yes["manual-time"] = json!("yes");
    server.office.contract(&yes, CLIENT, WORKER).unwrap();
    let device = server.enrol("yes").await;
    let later = STARTED + 60 * MINUTE_MS;
    let mut removed = bare(&device.parcel_at(this_week(24), 10, 1));
    removed.removed = Some(Removed { at: later, time_ms: 600_000 });
    removed.revision = 1;
    let mut typed = device.typed_in(later, 1);
    typed.manual.as_mut().unwrap().at = STARTED;
    for (what, parcel) in [
        ("tracked in an hour", device.parcel_at(later, 10, 1)),
        ("minutes of it are still to come", device.parcel_at(STARTED, 10, 1)),
        ("typed in for in an hour", typed),
        ("removed in an hour", removed),
    ] {
        let answer = device.put_parcel(&parcel).await;
        let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=3_600).contains(&wait), "{what}: {wait}");
        assert_eq!(outcome(answer).await, (503, "clock-ahead".to_owned()), "{what}");
    }
    assert_eq!(device.minutes().await, (0, 0));
    crate::common::set_clock(&data, later + 10 * MINUTE_MS);
    device.deliver(&device.parcel_at(later, 10, 1)).await;
    assert_eq!(device.minutes().await, (10, 10));
}

/// Two honest segments may show the very same screen, so the time stays; whoever looks is told.
#[tokio::test]
async fn one_picture_in_two_segments_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let picture = Picture::draw(96, 54, 1, false);
    for nth in [1, 2] {
        let mut parcel = device.parcel_at(this_week(24 + nth), 10, nth);
        device.add_picture(&mut parcel, &picture).await;
        device.deliver(&parcel).await;
    }
    let cookie = server.sign_in(CLIENT).await;
    let shown = async |nth: u64| server.page(&page_of(this_week(24 + nth)), &cookie).await;
    assert!(!shown(1).await.contains("The very same picture"));
    assert!(shown(2).await.contains("The very same picture as at"));
    assert_eq!(device.minutes().await, (20, 20));
}

/// The device of another contract, or one that was enrolled anew, names no terms that it has no longer.
#[tokio::test]
async fn kinder_terms_of_before_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let kind = terms("changed", 1, 60);
    server.office.contract(&kind, CLIENT, WORKER).unwrap();
    server.office.contract(&terms("changed", 2, 10), CLIENT, WORKER).unwrap();
    let device = server.enrol("changed").await;
    crate::common::set_clock(&data, STARTED + 8 * 60 * MINUTE_MS);
    let old: Device = device.under(&kind);
    let mut hour = old.parcel_at(STARTED + 4 * 60 * MINUTE_MS, 60, 1);
    hour.minutes.truncate(1);
    assert_eq!(outcome(device.put_parcel(&hour).await).await, refused("older-terms"));
}
