//! An example day of many kinds of segments, and a locked week: their pages are told without an error. People look at them with
//! `CANDOR_LOOK=1 cargo test -p candor-backoffice --test all look -- --nocapture`.

use std::time::Duration;

use crate::common::{CLIENT, Device, MIDNIGHT, PASSWORD, Picture, Server, WORKER, terms};
use candor_diary::parcel::{Counts, Custom, Gap, GapCause, MinuteFacts, NoSnapshot, Parcel, Removed};
use candor_diary::segment::MINUTE_MS;

/// How long it is served to people who asked for it.
const SERVED: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn an_example_day_to_look_at() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let limited = |sequence: u64, manual_time: &str| {
        let mut terms = many_terms("diary", sequence, 10);
        terms["manual-time"] = manual_time.into();
        terms["weekly-limit"] = 390.into();
        terms["labels"] = serde_json::json!(["Backend", "Review", "Meetings"]);
        server.office.contract(&terms, CLIENT, WORKER).unwrap();
    };
    limited(1, "ask");
    let device = server.enrol("diary").await;
    let ranges = [(43, 48), (48, 60), (66, 72), (72, 90), (91, 100)];
    for nth in ranges.into_iter().flat_map(|(from, to)| from..to) {
        let mut parcel = device.parcel(nth);
        vary(&device, &mut parcel, nth).await;
        device.deliver(&parcel).await;
    }
    changed_day(&device, limited).await;
    // One day each before, so that they do not share their time.
    for (day, length) in (1..).zip([1u8, 2, 5, 15, 20, 60]) {
        let contract = format!("every-{length}");
        server.office.contract(&many_terms(&contract, 1, length), CLIENT, WORKER).unwrap();
        let device = server.enrol(&contract).await;
        let step = u64::from(length);
        for nth in (0..150 / step + 1).filter(|nth| nth % 17 != 3) {
            let start = MIDNIGHT - day * 24 * 60 * MINUTE_MS + 8 * 60 * MINUTE_MS + nth * step * MINUTE_MS;
            let mut parcel = device.parcel_at(start, length, nth + 1);
            vary(&device, &mut parcel, nth).await;
            device.deliver(&parcel).await;
        }
    }
    let locked = locked_week(&server).await;
    let day = "/contracts/diary/diary/2026-11-27";
    let client = server.sign_in(CLIENT).await;
    for (page, says) in [(day, "Meetings"), (&locked, "locked"), ("/", "Invoice service")] {
        let text = server.page(page, &client).await;
        assert!(text.contains(says), "{page} does not say {says:?}");
    }
    if std::env::var_os("CANDOR_LOOK").is_some() {
        println!("{0}{day}\n{0}{locked}\n{WORKER} or {CLIENT}, {PASSWORD}", server.url);
        tokio::time::sleep(SERVED).await;
    }
}

/// Terms with one more collector.
fn many_terms(contract: &str, sequence: u64, segment: u8) -> serde_json::Value {
    let mut terms = terms(contract, sequence, segment);
    let collectors = terms["collectors"].as_array_mut().unwrap();
    collectors.push(serde_json::json!({ "plugin": "builds", "settings": {} }));
    terms
}

/// A week that is locked, with its limit used up; returns the address of its last day.
async fn locked_week(server: &Server) -> String {
    let mut limited = many_terms("locked", 1, 10);
    limited["weekly-limit"] = 930.into();
    server.office.contract(&limited, CLIENT, WORKER).unwrap();
    let device = server.enrol("locked").await;
    let monday = candor_diary::calendar::week_of(crate::common::locked()).0;
    for nth in (0..5 * 144_u64).filter(|nth| (51..51 + 20 + nth / 144 * 4).contains(&(nth % 144))) {
        let mut parcel = device.parcel_at(monday + nth * 10 * MINUTE_MS, 10, nth + 1);
        vary(&device, &mut parcel, nth).await;
        device.deliver(&parcel).await;
    }
    let friday = candor_diary::calendar::utc_date(monday + 4 * 24 * 60 * MINUTE_MS).unwrap();
    format!("/contracts/locked/diary/{friday}")
}

/// Adds what a worker types in, changes and removes, under a weekly limit that is used up before the day ends.
async fn changed_day(device: &Device, issue: impl Fn(u64, &str)) {
    for nth in [100, 101, 104] {
        let mut parcel = device.typed_in(device.parcel(nth).start, nth + 1);
        parcel.label = Some("Meetings".to_owned());
        device.deliver(&parcel).await;
    }
    issue(2, "yes");
    for nth in 60..63 {
        let mut parcel = device.typed_in(device.parcel(nth).start, nth + 1);
        parcel.label = Some("Meetings".to_owned());
        device.deliver(&parcel).await;
    }
    let at = candor_backoffice::clock::now();
    for (sequence, nth) in (1_000..).zip([51, 74, 75, 80]) {
        let mut parcel = crate::common::revised(&device.parcel(nth), 1, sequence);
        parcel.minutes.clear();
        parcel.focus.clear();
        (parcel.memo, parcel.label, parcel.no_snapshot) = (None, None, None);
        parcel.removed = Some(Removed { at, time_ms: 10 * MINUTE_MS });
        device.deliver(&parcel).await;
    }
    for (sequence, nth) in (1_100..).zip([43, 45, 66, 70]) {
        let mut parcel = crate::common::revised(&device.parcel(nth), 2, sequence);
        parcel.memo = Some("Invoice import: read CAMT.053 files, second try".to_owned());
        parcel.no_snapshot = Some(match nth {
            43 => NoSnapshot::ScreenLocked,
            45 => NoSnapshot::ScreenBlank,
            66 => NoSnapshot::TurnedOff,
            _ => NoSnapshot::RemovedByWorker,
        });
        device.deliver(&parcel).await;
    }
    for (nth, cause) in [(64, GapCause::Locked), (65, GapCause::Paused), (63, GapCause::LeftOut)] {
        let mut parcel = device.parcel(nth);
        (parcel.memo, parcel.label, parcel.no_snapshot) = (None, None, None);
        parcel.minutes.clear();
        parcel.gaps = vec![Gap { from: parcel.start, to: parcel.start + parcel.length.ms(), cause }];
        device.deliver(&parcel).await;
    }
}

/// Makes a day of many kinds of segments.
async fn vary(device: &Device, parcel: &mut Parcel, nth: u64) {
    let memos = [
        ("Invoice import: read CAMT.053 files", Some("Backend")),
        ("Review payment retries", Some("Review")),
        ("Bank rules: match by reference, then by amount and date", Some("Backend")),
        ("Fix rounding in totals", None),
    ];
    let (memo, label) = memos[(nth / 7 % 4) as usize];
    (parcel.memo, parcel.label) = (Some(memo.to_owned()), label.map(str::to_owned));
    for (at, minute) in parcel.minutes.iter_mut().enumerate() {
        let noise = (nth * 31 + at as u64 * 17) % 23;
        let quiet = noise.is_multiple_of(5);
        let counts =
            Counts { keys: noise as u32 * 9, clicks: (noise % 4) as u32, scrolls: (noise % 7) as u32 };
        let counts = Some(if quiet { Counts::default() } else { counts });
        *minute = MinuteFacts::new(minute.start, minute.tracked_ms, counts);
    }
    match nth % 12 {
        2 => parcel.no_snapshot = Some(NoSnapshot::SkippedByRule { rules: vec![0] }),
        5 => parcel.no_snapshot = Some(NoSnapshot::RuleFailed),
        7 => {
            (parcel.memo, parcel.no_snapshot) = (None, None);
            parcel.minutes.clear();
            parcel.gaps = vec![Gap {
                from: parcel.start,
                to: parcel.start + parcel.length.ms(),
                cause: GapCause::Crash,
            }];
        }
        9 => {
            for minute in &mut parcel.minutes {
                *minute = MinuteFacts::new(minute.start, minute.tracked_ms, Some(Counts::default()));
            }
            parcel.no_snapshot = Some(NoSnapshot::MomentMissed);
        }
        10 => parcel.no_snapshot = Some(NoSnapshot::RemovedByWorker),
        _ => {
            let (width, height) = if nth % 12 == 4 { (1920, 540) } else { (960, 540) };
            device
                .add_picture(parcel, &Picture::draw(width, height, nth as u32, nth.is_multiple_of(3)))
                .await;
        }
    }
    if nth % 12 == 3 {
        let at = parcel.start + 20_000;
        parcel.custom =
            vec![Custom { at, plugin: "builds".into(), kind: "build".into(), body: "{\"ok\":true}".into() }];
        let mut hidden = parcel.focus[0].clone();
        (hidden.at, hidden.title, hidden.hidden_by) = (at, None, vec![0]);
        parcel.focus.push(hidden);
    }
}
