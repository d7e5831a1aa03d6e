//! What becomes of a parcel.

use super::*;
use crate::OutboxState;

async fn due(journal: &Journal, now: u64) -> Vec<String> {
    journal.due(now, 100).await.unwrap().into_iter().map(|entry| entry.parcel_id).collect()
}

async fn state(journal: &Journal, parcel_id: &str) -> OutboxState {
    journal.outbox(100).await.unwrap().into_iter().find(|e| e.parcel_id == parcel_id).unwrap().state
}

#[tokio::test]
async fn a_segment_is_closed_once_with_the_place_that_its_parcel_was_told() {
    let (folder, journal) = fresh().await;
    journal.append("memo", Some("c1"), 1, Vec::new()).await.unwrap();
    let mut told = None;
    let entry = journal
        .close_segment(closing(0), |sequence, head| {
            told = Some((sequence, *head));
            Ok::<_, JournalError>(draft("p1"))
        })
        .await
        .unwrap();
    assert_eq!(told, Some(journal.head().await.unwrap()));
    assert_eq!((entry.sequence, entry.segment_start, entry.contract.as_str()), (2, 0, "c1"));
    assert_eq!((entry.state, entry.attempts), (OutboxState::Waiting, 0));
    let again = close_segment(&journal, 0, draft("p2")).await.unwrap_err();
    assert!(matches!(again, JournalError::SegmentClosed { start: 0, .. }), "{again}");
    let same_id = close_segment(&journal, MINUTE, draft("p1")).await.unwrap_err();
    assert!(matches!(same_id, JournalError::ParcelExists(_)), "{same_id}");
    close_segment(&journal, 2 * MINUTE, draft("p3")).await.unwrap();
    assert_eq!(journal.head().await.unwrap().0, 3);
    journal.close().await.unwrap();

    let journal = open(folder.path()).await;
    assert_eq!(journal.closed_segments("c1", 0, 2 * MINUTE).await.unwrap(), [0]);
    assert_eq!(journal.closed_segments("c1", 0, u64::MAX >> 1).await.unwrap(), [0, 2 * MINUTE]);
    assert_eq!(journal.last_closed("c1").await.unwrap(), Some(2 * MINUTE));
    assert_eq!(journal.last_closed("c2").await.unwrap(), None);
    assert_eq!(journal.envelope("p1").await.unwrap(), draft("p1").envelope);
    assert!(journal.verify().await.unwrap().is_good());
}

#[tokio::test]
async fn a_parcel_that_cannot_be_made_leaves_the_segment_open() {
    let (_folder, journal) = fresh().await;
    let error = journal.close_segment(closing(0), |_, _| Err("no device key")).await.unwrap_err();
    assert!(error.to_string().contains("no device key"), "{error}");
    let mut attached = draft("p1");
    attached.attachments.push("0123456789abcdef0123456789abcdef".to_owned());
    let error = close_segment(&journal, 0, attached).await.unwrap_err();
    assert!(matches!(error, JournalError::NotFound { what: "blob", .. }), "{error}");
    assert_eq!(journal.head().await.unwrap().0, 0);
    close_segment(&journal, 0, draft("p1")).await.unwrap();
    assert!(journal.verify().await.unwrap().is_good());
}

#[tokio::test]
async fn a_parcel_is_due_after_its_hold_and_again_after_a_failure() {
    let (folder, journal) = fresh().await;
    close_segment(&journal, 0, OutboxDraft { hold_until: 2 * MINUTE, ..draft("p1") }).await.unwrap();
    close_segment(&journal, MINUTE, draft("p2")).await.unwrap();
    assert_eq!(state(&journal, "p1").await, OutboxState::Held);
    assert_eq!(due(&journal, 2 * MINUTE - 1).await, ["p2"]);
    assert_eq!(due(&journal, 2 * MINUTE).await, ["p1", "p2"]);
    assert_eq!(state(&journal, "p1").await, OutboxState::Waiting);
    assert_eq!(journal.due(2 * MINUTE, 1).await.unwrap().len(), 1);
    journal.mark_retry("p1", 3 * MINUTE, "the server is away").await.unwrap();
    assert_eq!(due(&journal, 3 * MINUTE - 1).await, ["p2"]);
    journal.close().await.unwrap();
    let journal = open(folder.path()).await;
    let entries = journal.due(3 * MINUTE, 9).await.unwrap();
    let order: Vec<_> = entries.iter().map(|entry| entry.parcel_id.as_str()).collect();
    assert_eq!(order, ["p2", "p1"], "what was tried least goes first: one that fails holds up no other");
    assert_eq!((entries[1].attempts, entries[1].last_error.as_deref()), (1, Some("the server is away")));
}

#[tokio::test]
async fn when_the_next_parcel_is_due_is_known() {
    let (_folder, journal) = fresh().await;
    let next = async || journal.next_due("c1").await.unwrap();
    assert_eq!(next().await, None);
    close_segment(&journal, 0, OutboxDraft { hold_until: 2 * MINUTE, ..draft("p1") }).await.unwrap();
    assert_eq!(next().await, Some(2 * MINUTE), "the end of the hold");
    close_segment(&journal, MINUTE, draft("p2")).await.unwrap();
    assert_eq!(next().await, Some(0));
    assert_eq!(journal.next_due("c2").await.unwrap(), None);
    journal.mark_retry("p2", 4 * MINUTE, "the server is away").await.unwrap();
    journal.release("p1").await.unwrap();
    assert_eq!(next().await, Some(0));
    journal.mark_delivered("p1", Vec::new(), MINUTE).await.unwrap();
    assert_eq!(next().await, Some(4 * MINUTE), "the next try");
    journal.try_now().await.unwrap();
    assert_eq!(next().await, Some(0));
    journal.cancel("p2", MINUTE).await.unwrap();
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_settled_parcel_is_not_due() {
    let (folder, journal) = fresh().await;
    for (at, id) in ["p1", "p2", "p3", "p4"].into_iter().enumerate() {
        close_segment(&journal, at as u64 * MINUTE, draft(id)).await.unwrap();
    }
    journal.mark_delivered("p1", b"receipt".to_vec(), 77).await.unwrap();
    journal.mark_rejected("p2", "unknown-device", 78).await.unwrap();
    journal.cancel("p3", 79).await.unwrap();
    journal.cancel("p3", 80).await.unwrap();
    assert_eq!(due(&journal, u64::MAX >> 1).await, ["p4"]);
    let error = journal.cancel("p1", 81).await.unwrap_err();
    assert!(error.to_string().contains("delivered already"), "{error}");
    // What comes too late changes nothing.
    journal.mark_retry("p1", 5, "late").await.unwrap();
    journal.mark_rejected("p3", "late", 5).await.unwrap();
    journal.mark_delivered("p1", b"another".to_vec(), 99).await.unwrap();
    assert!(journal.mark_delivered("p9", Vec::new(), 1).await.is_err());
    journal.close().await.unwrap();
    let journal = open(folder.path()).await;
    let counts = journal.outbox_counts().await.unwrap();
    assert_eq!((counts.delivered, counts.rejected, counts.cancelled), (1, 1, 1));
    assert_eq!((counts.waiting, counts.held), (1, 0));
    let entries = journal.outbox(10).await.unwrap();
    assert_eq!(entries.iter().map(|e| e.sequence).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert_eq!(entries[3].receipt.as_deref(), Some(&b"receipt"[..]));
    assert_eq!((entries[3].delivered_at, entries[3].last_error.clone()), (Some(77), None));
    assert_eq!((entries[2].delivered_at, entries[2].last_error.as_deref()), (None, Some("unknown-device")));
}

#[tokio::test]
async fn what_waits_or_was_refused_is_listed_before_any_number_of_delivered_ones() {
    let (_folder, journal) = fresh().await;
    for at in 0..6 {
        close_segment(&journal, at * MINUTE, draft(&format!("p{at}"))).await.unwrap();
    }
    journal.mark_rejected("p0", "unknown-device", 78).await.unwrap();
    for id in ["p2", "p3", "p4", "p5"] {
        journal.mark_delivered(id, b"receipt".to_vec(), 77).await.unwrap();
    }
    let listed: Vec<_> = journal.outbox(3).await.unwrap().into_iter().map(|e| e.parcel_id).collect();
    assert_eq!(listed, ["p5", "p1", "p0"]);
}

#[tokio::test]
async fn a_receipt_is_the_truth_for_a_cancelled_parcel_too() {
    let (_folder, journal) = fresh().await;
    close_segment(&journal, 0, draft("p1")).await.unwrap();
    journal.cancel("p1", 5).await.unwrap();
    journal.mark_delivered("p1", b"receipt".to_vec(), 6).await.unwrap();
    assert_eq!(state(&journal, "p1").await, OutboxState::Delivered);
}

#[tokio::test]
async fn what_is_acknowledged_is_synced_before() {
    let (_folder, journal) = fresh().await;
    let mut synced = journal.stats().await.unwrap().synced;
    let mut grew = async |what: &str| {
        let now = journal.stats().await.unwrap().synced;
        assert!(now > synced, "{what} was not synced");
        synced = now;
    };
    journal.append("memo", Some("c1"), 1, Vec::new()).await.unwrap();
    close_segment(&journal, 0, draft("p1")).await.unwrap();
    grew("a closed segment").await;
    journal.mark_delivered("p1", Vec::new(), 2).await.unwrap();
    grew("a delivery").await;
    close_segment(&journal, MINUTE, draft("p2")).await.unwrap();
    grew("a closed segment").await;
    journal.cancel("p2", 3).await.unwrap();
    grew("a cancel").await;
    journal.erase_record(1, "erased", Vec::new(), 4).await.unwrap();
    grew("an erasure").await;
    journal.append("memo", Some("c1"), 5, Vec::new()).await.unwrap();
    journal.sync().await.unwrap();
    grew("a sync").await;
    journal.sync().await.unwrap();
    assert_eq!(journal.stats().await.unwrap().synced, synced, "a sync of nothing");
}

#[tokio::test]
async fn waits_move_with_a_clock_that_is_set_and_none_is_longer_than_it_may_be() {
    const HOUR: u64 = 60 * MINUTE;
    let (_folder, journal) = fresh().await;
    let holds = [("p0", 10 * HOUR), ("p1", 0), ("p2", crate::HELD_FOR_GOOD + 5)];
    for (at, (id, hold_until)) in holds.into_iter().enumerate() {
        let draft = crate::OutboxDraft { hold_until, ..draft(id) };
        close_segment(&journal, at as u64 * MINUTE, draft).await.unwrap();
    }
    let contract = journal.outbox(1).await.unwrap()[0].contract.clone();
    let waits = async || -> Vec<u64> {
        journal.outbox(9).await.unwrap().into_iter().rev().map(|e| e.hold_until).collect()
    };
    let for_good = crate::HELD_FOR_GOOD + 5;
    for (by, expected) in [(24, 34), (-24, 10), (-8, 2)] {
        journal.shift_waits(&contract, by * HOUR.cast_signed()).await.unwrap();
        assert_eq!(waits().await, [expected * HOUR, 0, for_good]);
    }
    journal.shift_waits("another", 24 * HOUR.cast_signed()).await.unwrap();
    journal.bound_waits(&contract, HOUR, 2 * HOUR).await.unwrap();
    assert_eq!(waits().await, [HOUR, 0, for_good]);
    assert_eq!(due(&journal, HOUR).await, ["p0", "p1"]);
}
