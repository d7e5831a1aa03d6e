//! What a worker changes or removes: the new takes the place of the old, and both sides see that it did.

use std::path::Path;
use std::time::Duration;

use crate::common::{
    CLIENT, Picture, Server, WORKER, files, lock, outcome, page_of, revised, set_clock, this_week,
};
use candor_diary::parcel::{Counts, MinuteFacts, NoSnapshot, Parcel, Removed};

/// The same segment without its picture.
fn without_picture(parcel: &Parcel, revision: u32, sequence: u64) -> Parcel {
    let mut without = revised(parcel, revision, sequence);
    (without.snapshot, without.no_snapshot) = (None, Some(NoSnapshot::RemovedByWorker));
    without
}

fn tombstone(parcel: &Parcel, revision: u32, sequence: u64) -> Parcel {
    let mut tombstone = revised(parcel, revision, sequence);
    tombstone.minutes.clear();
    tombstone.focus.clear();
    (tombstone.memo, tombstone.label) = (None, None);
    (tombstone.snapshot, tombstone.no_snapshot) = (None, None);
    let at = candor_backoffice::clock::now();
    tombstone.removed = Some(Removed { at, time_ms: parcel.length.ms() });
    tombstone
}

#[tokio::test]
async fn invariant_07_removing_a_picture_keeps_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let sides = [server.sign_in(CLIENT).await, server.sign_in(WORKER).await];
    // In a week that can be edited, and in the same week once it is locked.
    for (start, sequence) in [(this_week(3), 1), (this_week(147), 3)] {
        let mut parcel = device.parcel_at(start, 10, sequence);
        device.add_picture(&mut parcel, &Picture::draw(96, 54, 1, true)).await;
        device.deliver(&parcel).await;
        let address = format!("/pictures/{}/{}", parcel.id, parcel.snapshot.as_ref().unwrap().sha256);
        let page = page_of(start);
        let recorded = "of 0:10 recorded";
        if sequence == 3 {
            set_clock(&data, lock());
        }
        let billed = device.minutes().await;
        let kept = server.office.deliveries("invoices");
        let row = kept.iter().find(|row| row["start"] == start).unwrap();
        let file = row["snapshot"]["file"].as_str().unwrap().to_owned();
        assert!(Path::new(&file).exists());
        for cookie in &sides {
            let shown = server.page(&page, cookie).await;
            assert!(shown.contains(&address) && shown.contains(recorded));
            assert!(!shown.contains("Picture removed by worker"));
            assert_eq!(server.get(&address, Some(cookie)).await.status(), 200);
        }

        device.deliver(&without_picture(&parcel, 1, sequence + 1)).await;

        assert_eq!(device.minutes().await, billed, "the time stays");
        assert!(!Path::new(&file).exists(), "the picture is gone from the disk");
        assert_eq!(files(&data.join("pictures")).len(), 0);
        for cookie in &sides {
            let shown = server.page(&page, cookie).await;
            for text in [
                recorded,
                "Tracked, billable",
                "Picture removed by worker, time kept",
                "Edited by worker, revision 1",
                "Activity in 10 of 10 minutes",
            ] {
                assert!(shown.contains(text), "{text}");
            }
            assert!(!shown.contains(&address) && !shown.contains("<img"));
            assert_eq!(server.get(&address, Some(cookie)).await.status(), 404);
        }
    }
}

#[tokio::test]
async fn what_was_changed_is_forgotten_but_for_its_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let mut parcel = device.parcel_at(this_week(3), 10, 1);
    parcel.memo = Some("a memo that was a mistake".to_owned());
    let picture = Picture::draw(96, 54, 1, false);
    device.add_picture(&mut parcel, &picture).await;
    let body = device.sign(&parcel);
    let path = format!("parcels/{}", parcel.id);
    let proof = device.put(&path, body.clone()).await.bytes().await.unwrap();

    let mut changed = revised(&parcel, 1, 2);
    (changed.memo, changed.label) = (Some("Invoice import".to_owned()), Some("Review".to_owned()));
    assert_eq!(
        outcome(device.put_parcel(&changed).await).await,
        (409, "attachment-missing".into()),
        "a revision brings its picture along: it could be the only parcel that ever arrives"
    );
    device.add_picture(&mut changed, &picture).await;
    device.deliver(&changed).await;

    // One segment, the new words, the old receipt.
    assert_eq!(device.minutes().await, (10, 10));
    let again = device.put(&path, body.clone()).await;
    assert_eq!((again.status().as_u16(), again.bytes().await.unwrap()), (200, proof.clone()));
    let worker = server.sign_in(WORKER).await;
    let page = server.page(&page_of(parcel.start), &worker).await;
    assert!(page.contains("Invoice import") && page.contains("Review") && !page.contains("a mistake"));
    assert!(page.contains("By worker, revision 1") && page.contains("Receipt of revision 0"));
    let receipt = format!("/receipts/{}", parcel.id);
    assert_eq!(server.get(&receipt, Some(&worker)).await.bytes().await.unwrap(), proof);
    assert_eq!(server.get(&receipt, None).await.status(), 404);

    // A picture that comes after its parcel was replaced is not kept.
    let snapshot = parcel.snapshot.as_ref().unwrap();
    let place = format!("parcels/{}/attachments/{}", parcel.id, snapshot.sha256);
    assert_eq!(device.put(&place, picture.bytes.clone()).await.status(), 200);
    let left = files(&data.join("pictures"));
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].to_str().unwrap().contains(&changed.id));

    // Nothing of the old envelope is in any file: not in the database, not in its log.
    let trace = body[body.len() / 3..][..60].to_vec();
    let here = || {
        files(&data).into_iter().find(|file| {
            std::fs::read(file).is_ok_and(|bytes| bytes.windows(trace.len()).any(|part| part == trace))
        })
    };
    for _ in 0..100 {
        if here().is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(here(), None);
}

#[tokio::test]
async fn an_older_revision_that_comes_late_is_receipted_and_nothing_of_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let mut parcel = device.parcel_at(this_week(3), 10, 1);
    device.deliver(&tombstone(&parcel, 2, 5)).await;
    assert_eq!(device.minutes().await, (0, 0));

    device.add_picture(&mut parcel, &Picture::draw(96, 54, 1, false)).await;
    assert_eq!(files(&data.join("pictures")).len(), 1, "waiting for its parcel");
    device.deliver(&parcel).await;
    assert_eq!(files(&data.join("pictures")).len(), 0);
    assert_eq!(device.put_parcel(&parcel).await.status(), 200, "receipted once and for all");
    // Without its picture too: nobody asks for what would be thrown away.
    let mut between = revised(&parcel, 1, 2);
    between.memo = Some("in between".to_owned());
    device.deliver(&between).await;

    assert_eq!(device.minutes().await, (0, 0));
    let kept = server.office.deliveries("invoices");
    assert_eq!((kept.len(), &kept[0]["removed"]), (1, &true.into()));
}

#[tokio::test]
async fn revisions_that_contradict_each_other_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let first = device.parcel_at(this_week(3), 10, 10);
    device.deliver(&first).await;
    device.deliver(&revised(&first, 2, 20)).await;
    let mut twin = revised(&first, 2, 21);
    twin.id = "0".repeat(32);
    let mut old_twin = revised(&first, 0, 22);
    old_twin.id = "1".repeat(32);
    let mut other = device.parcel_at(this_week(4), 10, 10);
    other.id = "2".repeat(32);
    let mut differs = first.clone();
    differs.memo = Some("other words".to_owned());
    for (what, parcel, code) in [
        ("another parcel of the same revision", &twin, "segment-taken"),
        ("another parcel of a revision of before", &old_twin, "segment-taken"),
        ("a number that a replaced parcel has", &other, "sequence-taken"),
        ("other content under the id of a replaced parcel", &differs, "parcel-differs"),
        ("a higher revision with a lower number", &revised(&first, 3, 15), "revision-order"),
        ("a lower revision with a higher number", &revised(&first, 1, 25), "revision-order"),
    ] {
        assert_eq!(outcome(device.put_parcel(parcel).await).await, (409, code.to_owned()), "{what}");
    }
    let mut bad = tombstone(&first, 3, 30);
    bad.memo = Some("words on a tombstone".to_owned());
    assert_eq!(outcome(device.put_parcel(&bad).await).await, (422, "bad-parcel".into()));
    device.deliver(&revised(&first, 1, 15)).await;
    let kept = server.office.deliveries("invoices");
    assert_eq!((kept.len(), &kept[0]["revision"]), (1, &2.into()));
}

#[tokio::test]
async fn after_the_lock_time_and_memo_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let start = this_week(3);
    let mut parcel = device.parcel_at(start, 10, 1);
    device.add_picture(&mut parcel, &Picture::draw(96, 54, 1, false)).await;
    device.deliver(&parcel).await;
    set_clock(&data, lock());

    let change = |apply: &dyn Fn(&mut Parcel)| {
        let mut changed = without_picture(&parcel, 1, 2);
        apply(&mut changed);
        changed
    };
    for (what, changed) in [
        ("memo", change(&|p| p.memo = Some("better words".to_owned()))),
        ("label", change(&|p| p.label = Some("Review".to_owned()))),
        ("title", change(&|p| p.focus[0].title = Some("Another title".to_owned()))),
        ("rules", change(&|p| p.policy.rules = vec!["Nothing is covered".to_owned()])),
        ("policy", change(&|p| p.policy.sha256 = "9".repeat(64))),
        (
            "counts",
            change(&|p| {
                p.minutes[0] =
                    MinuteFacts::new(p.start, 60_000, Some(Counts { keys: 999, ..Counts::default() }))
            }),
        ),
        ("less time", change(&|p| p.minutes.truncate(9))),
        ("removed", tombstone(&parcel, 1, 2)),
        ("typed in later", device.typed_in(start + 600_000, 2)),
    ] {
        let answer = device.put_parcel(&changed).await;
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        assert!(
            status == 409 && text.contains("\"week-locked\"") && text.contains("12:00 UTC"),
            "{what}: {text}"
        );
    }
    let worker = server.sign_in(WORKER).await;
    let page = server.page(&page_of(start), &worker).await;
    assert!(
        page.contains("Locked since Mon ")
            && page.contains(", 12:00 UTC")
            && page.contains("of 0:10 recorded")
    );
    device.deliver(&without_picture(&parcel, 1, 2)).await;
}

#[tokio::test]
async fn removed_time_is_not_billed_and_both_sides_see_the_tombstone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let mut parcel = device.parcel_at(this_week(3), 10, 1);
    parcel.memo = Some("private after all".to_owned());
    device.add_picture(&mut parcel, &Picture::draw(96, 54, 1, false)).await;
    device.deliver(&parcel).await;
    assert_eq!(device.minutes().await, (10, 10));
    let mut gone = tombstone(&parcel, 1, 2);
    gone.removed = Some(Removed { at: 1_795_428_720_000, time_ms: 600_000 }); // Mon 2026-11-23, 10:12 UTC
    device.deliver(&gone).await;
    assert_eq!(device.minutes().await, (0, 0));
    assert_eq!(files(&data.join("pictures")).len(), 0);
    for email in [CLIENT, WORKER] {
        let cookie = server.sign_in(email).await;
        let page = server.page(&page_of(parcel.start), &cookie).await;
        for text in [
            "Time removed by worker, Mon 10:12",
            "Removed, not counted",
            "0:10 was removed, with its picture, activity, memo and label.",
            "Removed by worker</span>",
            "of 0:00 recorded",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("private after all"));
    }
}
