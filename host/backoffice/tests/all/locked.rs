//! A week that is locked: what became of it is frozen, and nothing that comes later changes it.

use candor_diary::billing::Outcome;
use candor_diary::calendar::week_of;
use candor_diary::ledger::{LEDGER_HEAD_TYPE, LedgerHead, Statement, fold, verify};
use candor_diary::parcel::{Counts, Field, MinuteFacts, Removed};
use candor_diary::wire::LedgerAnswer;
use serde_json::json;

use crate::common::{
    CLIENT, DAY_MS, Device, Server, WORKER, lock, outcome, page_of, revised, set_clock, terms, this_week,
};

/// The whole ledger of a device's contract, checked as a tracker checks it.
async fn ledger(device: &Device) -> LedgerAnswer {
    let mut all: Option<LedgerAnswer> = None;
    loop {
        let after = all.as_ref().and_then(|all| all.entries.last()).map_or(0, |entry| entry.number);
        let address = format!("{}/api/v1/ledger?after={after}", device.url);
        let answer = device.http.get(address).bearer_auth(&device.token).send().await.unwrap();
        let mut answer: LedgerAnswer = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        if answer.entries.is_empty() {
            let all = all.unwrap();
            let signed = answer.head.verify(LEDGER_HEAD_TYPE, &device.server_key).unwrap();
            let head: LedgerHead = serde_json::from_slice(signed).unwrap();
            assert_eq!(verify(&LedgerHead::first(&device.contract), &all.entries), Ok(head));
            return all;
        }
        match &mut all {
            None => all = Some(answer),
            Some(all) => all.entries.append(&mut answer.entries),
        }
    }
}

/// The latest frozen week of a device's contract that begins at `week`.
async fn frozen(device: &Device, week: u64) -> candor_diary::billing::lock::LockedWeek {
    let weeks: Vec<_> = ledger(device)
        .await
        .entries
        .iter()
        .filter_map(|entry| match entry.read()?.says {
            Statement::WeekLocked { week: locked } if locked.week_start() == week => Some(locked),
            _ => None,
        })
        .collect();
    assert_eq!(weeks.len(), 1, "a week is frozen once");
    weeks[0].clone()
}

#[tokio::test]
async fn a_week_is_frozen_at_its_lock_and_nothing_that_comes_later_changes_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let mut limited = terms("limited", 1, 10);
    limited["weekly-limit"] = json!(20);
    server.office.contract(&limited, CLIENT, WORKER).unwrap();
    server.office.contract(&terms("rival", 1, 10), CLIENT, WORKER).unwrap();
    let (device, rival) = (server.enrol("limited").await, server.enrol("rival").await);
    // Two segments that are billed, one beyond the limit.
    for nth in [20, 21, 22] {
        device.deliver(&device.parcel_at(this_week(nth), 10, nth)).await;
    }
    set_clock(&data, lock() - 60_000);
    device.deliver(&device.parcel_at(this_week(23), 10, 23)).await; // in the last minute
    set_clock(&data, lock());
    let (monday, _) = week_of(this_week(0));

    // An earlier one would push the billed ones over the limit; one of another contract has more active minutes, and would
    // take their time; one of another device would stand for the same time.
    device.deliver(&device.parcel_at(this_week(19), 10, 24)).await;
    let mut busy = rival.parcel_at(this_week(20), 10, 1);
    busy.gaps.clear();
    rival.deliver(&busy).await;
    let other = server.enrol("limited").await;
    other.deliver(&other.parcel_at(this_week(22), 10, 1)).await;

    let week = frozen(&device, monday).await;
    let expected = [
        (20, Some(Outcome::Billed)),
        (21, Some(Outcome::Billed)),
        (22, Some(Outcome::OverLimit)),
        (23, Some(Outcome::OverLimit)),
        (19, None),
    ];
    for (nth, outcome) in expected {
        assert_eq!(week.outcome(&device.id, this_week(nth)), outcome, "{nth}");
    }
    assert_eq!(week.outcome(&other.id, this_week(22)), None);
    assert_eq!((week.sum().billable, week.limit()), (20, Some(20)));
    assert_eq!(frozen(&rival, monday).await.sum().billable, 0);

    // Terms that come later, a later revision, another look years later: the same.
    let mut unlimited = terms("limited", 2, 10);
    unlimited["weekly-limit"] = json!(2_400);
    server.office.contract(&unlimited, CLIENT, WORKER).unwrap();
    let mut bare = revised(&device.parcel_at(this_week(20), 10, 20), 1, 25);
    (bare.focus, bare.memo, bare.label) = (Vec::new(), None, None);
    device.deliver(&bare).await;
    set_clock(&data, lock() + 3 * 365 * DAY_MS);
    assert_eq!(frozen(&device, monday).await, week);
    let cookie = server.sign_in(CLIENT).await;
    let page = server.page(&page_of(this_week(19)).replace("invoices", "limited"), &cookie).await;
    for text in ["arrived after the lock", "of 0:20 limit"] {
        assert!(page.contains(text), "{text}");
    }

    // Time of three years ago, which nobody has seen before.
    let early = device.parcel_at(this_week(40), 10, 26);
    device.deliver(&early).await;
    assert_eq!(frozen(&device, monday).await, week);
    let page = server.page(&page_of(early.start).replace("invoices", "limited"), &cookie).await;
    assert!(page.contains("arrived after the lock"));
    assert_eq!(
        outcome(device.put_parcel(&device.typed_in(this_week(41), 27)).await).await,
        (409, "week-locked".into())
    );

    // What the tracker folds of its copy: the same segments, those that came late among them.
    let entries = ledger(&device).await.entries;
    let diary = fold(&entries, |_| None);
    assert_eq!(diary.locked[&monday], week);
    let late: Vec<u64> = diary.segments.iter().filter(|(_, s)| s.late).map(|(id, _)| id.start).collect();
    assert_eq!(late, [this_week(19), this_week(22), this_week(40)]);
    assert!(diary.segments.values().all(|segment| segment.late || segment.counts()));
}

#[tokio::test]
async fn a_clock_that_is_set_back_opens_no_frozen_week() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    server.office.contract(&terms("rival", 1, 10), CLIENT, WORKER).unwrap();
    let (device, rival) = (server.enrol("invoices").await, server.enrol("rival").await);
    let mut quiet = device.parcel_at(this_week(20), 10, 1);
    for minute in &mut quiet.minutes[1..] {
        *minute = MinuteFacts::new(minute.start, minute.tracked_ms, Some(Counts::default()));
    }
    device.deliver(&quiet).await;
    set_clock(&data, lock());
    device.deliver(&device.parcel_at(this_week(40), 10, 2)).await; // late, so the week is frozen
    let monday = week_of(this_week(0)).0;
    let before = frozen(&device, monday).await;
    set_clock(&data, lock() - 3_600_000);

    let mut removal = revised(&quiet, 1, 3);
    removal.minutes.clear();
    removal.focus.clear();
    (removal.memo, removal.label, removal.no_snapshot) = (None, None, None);
    removal.changed = vec![Field::Time];
    removal.removed = Some(Removed { at: lock() - 3_600_000, time_ms: 600_000 });
    assert_eq!(outcome(device.put_parcel(&removal).await).await, (409, "week-locked".to_owned()));

    // More active minutes: what is not frozen would take the time.
    rival.deliver(&rival.parcel_at(this_week(20), 10, 1)).await;
    set_clock(&data, lock() + 60_000);
    let taken = frozen(&rival, monday).await;
    assert_eq!((taken.outcome(&rival.id, this_week(20)), taken.sum().billable), (None, 0));
    assert_eq!((frozen(&device, monday).await.sum(), before.sum().billable), (before.sum(), 10));
    server.office.run("verify", &[], "").unwrap();
}

#[tokio::test]
async fn a_week_is_frozen_without_anybody_who_comes_late() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    let device = server.enrol("invoices").await;
    device.deliver(&device.parcel_at(this_week(20), 10, 1)).await;
    server.kill();
    // The server stands still over the lock, and two weeks more.
    set_clock(&data, lock() + 15 * DAY_MS);
    let server = Server::restart(&data);
    let device = Device { url: server.url.clone(), ..device };
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let kinds: Vec<String> = ledger(&device).await.entries.into_iter().map(|entry| entry.kind).collect();
        if kinds == ["terms-issued", "parcel", "week-locked"] {
            break;
        }
        assert!(std::time::Instant::now() < until, "{kinds:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(frozen(&device, week_of(this_week(0)).0).await.sum().billable, 10);
}

#[tokio::test]
async fn a_receipt_says_how_far_the_ledger_goes_and_the_ledger_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let mut heads = Vec::new();
    for nth in 0..3 {
        heads.push(device.deliver(&device.parcel(nth)).await.ledger);
    }
    let entries = ledger(&device).await.entries;
    for head in &heads {
        let entry = entries.iter().find(|entry| entry.number == head.number).unwrap();
        assert_eq!((entry.kind.as_str(), entry.head), ("parcel", head.head));
    }
    // Of another contract it says nothing.
    server.office.contract(&terms("support", 1, 10), CLIENT, WORKER).unwrap();
    let stranger = server.enrol("support").await;
    let kinds: Vec<String> = ledger(&stranger).await.entries.into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["terms-issued"]);
    for bad in ["?after=x", "?other=1", "?after=-1", "?after=%ff"] {
        let address = format!("{}/api/v1/ledger{bad}", device.url);
        let answer = device.http.get(address).bearer_auth(&device.token).send().await.unwrap();
        assert_eq!(outcome(answer).await, (400, "bad-request".into()), "{bad}");
    }
    assert_eq!(server.http.get(format!("{}/api/v1/ledger", device.url)).send().await.unwrap().status(), 401);
}
