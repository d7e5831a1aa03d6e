//! A parcel's details are kept as they were given, and each can go alone.

use super::erasure::left;
use super::*;
use crate::{DetailInfo, OutboxState};

/// What the database holds of a detail: its encrypted bytes and its wrapped secret.
async fn stored_detail(journal: &Journal, name: &str) -> (Vec<u8>, Vec<u8>) {
    let sql = "SELECT sealed, wrapped FROM detail JOIN secret ON secret.id = detail.secret WHERE name = ?";
    journal.lock_writer().await.unwrap().database.one(sql, [name.into()]).await.unwrap()
}

fn with_details(parcel_id: &str, details: &[DetailDraft]) -> OutboxDraft {
    OutboxDraft { details: details.to_vec(), ..draft(parcel_id) }
}

fn info(detail: &DetailDraft, erased: bool) -> DetailInfo {
    let length = detail.bytes.len() as u64;
    DetailInfo { name: detail.name.clone(), kind: detail.kind.clone(), length, erased }
}

fn is_erased<T>(read: &Result<T, JournalError>) -> bool {
    matches!(read, Err(JournalError::Erased { what: "detail", .. }))
}

#[tokio::test]
async fn details_are_kept_byte_for_byte_in_the_order_given_and_are_readable_in_no_file() {
    let (folder, journal) = fresh().await;
    let details =
        [detail("minutes", 2_000), detail("notes", 10), detail("notes", 1_000_000), detail("focus", 0)];
    let entry = close_segment(&journal, 0, with_details("p1", &details)).await.unwrap();
    let listed: Vec<_> = details.iter().map(|detail| info(detail, false)).collect();
    assert_eq!((&entry.details, entry.damaged), (&listed, false));
    close_segment(&journal, MINUTE, draft("p2")).await.unwrap();
    let bytes: usize = details.iter().map(|detail| detail.bytes.len()).sum();
    let envelopes = draft("p1").envelope.len() + draft("p2").envelope.len();
    assert_eq!(journal.outbox_bytes().await.unwrap(), (bytes + envelopes) as u64);
    journal.close().await.unwrap();

    let journal = open(folder.path()).await;
    assert_eq!(journal.outbox(9).await.unwrap()[1].details, listed);
    assert_eq!(journal.due(0, 9).await.unwrap()[0].details, listed);
    assert_eq!(journal.closed_parcels("c1", 0, 1).await.unwrap()[0].details, listed);
    for detail in &details {
        assert_eq!(journal.detail("p1", &detail.name).await.unwrap(), detail.bytes);
        let other = journal.detail("p2", &detail.name).await;
        assert!(matches!(other, Err(JournalError::NotFound { what: "detail", .. })));
    }
    let found = journal.verify().await.unwrap();
    assert!(found.is_good());
    assert_eq!((found.details.details, found.details.equal, found.details.sealed), (4, 4, 0));
    assert_eq!(files_with(folder.path(), MARKER.as_bytes()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn invariant_08_purged_details_are_gone_and_all_else_stays() {
    let (folder, journal) = fresh().await;
    let mut kept = Vec::new();
    let mut gone = Vec::new();
    for n in 0..12_u64 {
        let id = format!("p{n}");
        // In the row, and in overflow pages.
        let size = usize::try_from(n * n * 100).unwrap();
        let [minutes, focus] = [detail("minutes", 300), detail("focus", size)];
        close_segment(&journal, n * MINUTE, with_details(&id, &[minutes.clone(), focus.clone()]))
            .await
            .unwrap();
        let purged = (4..9).contains(&n);
        (if purged { &mut gone } else { &mut kept }).push((id.clone(), focus));
        kept.push((id, minutes));
    }
    journal.mark_delivered("p6", b"receipt".to_vec(), 5).await.unwrap();
    let mut stored = Vec::new();
    for (_, detail) in &gone {
        stored.push(stored_detail(&journal, &detail.name).await);
    }
    journal.sync().await.unwrap();
    for (sealed, wrapped) in &stored {
        assert!(!left(folder.path(), wrapped).is_empty() && !left(folder.path(), sealed).is_empty());
    }
    let (head, bytes) = (journal.head().await.unwrap(), journal.outbox_bytes().await.unwrap());
    let synced = journal.stats().await.unwrap().synced;

    for (contract, kinds) in [("c2", &["focus"][..]), ("c1", &[]), ("c1", &["memo"])] {
        let purged = journal.purge_details(contract, 4 * MINUTE..9 * MINUTE, kinds).await.unwrap();
        assert_eq!(purged, 0, "{contract} {kinds:?}");
    }
    let kinds = ["focus", "memo"];
    assert_eq!(journal.purge_details("c1", 4 * MINUTE..9 * MINUTE, &kinds).await.unwrap(), 5);
    assert!(journal.stats().await.unwrap().synced > synced, "it is on the disk");
    assert_eq!(journal.purge_details("c1", 0..0, &kinds).await.unwrap(), 0);
    assert_eq!(journal.purge_details("c1", 4 * MINUTE..9 * MINUTE, &kinds).await.unwrap(), 0, "once");

    // Nothing of key and bytes is in any file, while the journal is open and after.
    for (nth, (sealed, wrapped)) in stored.iter().enumerate() {
        assert_eq!(left(folder.path(), wrapped), Vec::<PathBuf>::new(), "the key of {nth}");
        assert_eq!(left(folder.path(), sealed), Vec::<PathBuf>::new(), "the bytes of {nth}");
    }
    assert_eq!(journal.head().await.unwrap(), head, "the chain says nothing new");
    let purged: usize = gone.iter().filter(|(id, _)| id != "p6").map(|(_, d)| d.bytes.len()).sum();
    assert_eq!(journal.outbox_bytes().await.unwrap(), bytes - purged as u64);
    journal.close().await.unwrap();
    for (nth, (sealed, wrapped)) in stored.iter().enumerate() {
        assert_eq!(left(folder.path(), wrapped), Vec::<PathBuf>::new(), "the key of {nth}, closed");
        assert_eq!(left(folder.path(), sealed), Vec::<PathBuf>::new(), "the bytes of {nth}, closed");
    }

    let journal = open(folder.path()).await;
    for (id, detail) in &kept {
        assert_eq!(journal.detail(id, &detail.name).await.unwrap(), detail.bytes, "{id} {}", detail.kind);
    }
    for (id, detail) in &gone {
        assert!(is_erased(&journal.detail(id, &detail.name).await));
        let entry = journal.outbox_entry(id).await.unwrap();
        assert_eq!((&entry.details[1], entry.damaged), (&info(detail, true), false));
        assert!(!entry.details[0].erased);
        assert_eq!(journal.envelope(id).await.unwrap(), draft(id).envelope);
    }
    let delivered = journal.outbox_entry("p6").await.unwrap();
    assert_eq!(
        (delivered.state, delivered.receipt.as_deref()),
        (OutboxState::Delivered, Some(&b"receipt"[..]))
    );
    let found = journal.verify().await.unwrap();
    assert!(found.is_good(), "{found:?}");
    assert_eq!((found.details.details, found.details.equal, found.details.sealed), (24, 19, 5));
}

#[tokio::test]
async fn more_details_than_go_at_once_are_all_purged() {
    let (_folder, journal) = fresh().await;
    for n in 0..10_u64 {
        // Beyond the number of details, and with the large ones beyond the bytes, that one transaction purges.
        let mut details: Vec<_> = (0..60).map(|_| detail("notes", 0)).collect();
        details.extend((0..3).map(|_| detail("notes", 900_000)));
        close_segment(&journal, n * MINUTE, with_details(&format!("p{n}"), &details)).await.unwrap();
    }
    assert_eq!(journal.purge_details("c1", 0..u64::MAX, &["notes"]).await.unwrap(), 630);
    let found = journal.verify().await.unwrap();
    assert!(found.is_good());
    assert_eq!((found.details.equal, found.details.sealed), (0, 630));
}

#[tokio::test]
async fn one_detail_is_purged_alone() {
    let (folder, journal) = fresh().await;
    let [memo, notes] = [detail("memo", 100), detail("notes", 9_000)];
    close_segment(&journal, 0, with_details("p1", &[memo.clone(), notes.clone()])).await.unwrap();
    let (sealed, wrapped) = stored_detail(&journal, &memo.name).await;
    journal.purge_detail("p1", &memo.name).await.unwrap();
    journal.purge_detail("p1", &memo.name).await.unwrap();
    assert_eq!(left(folder.path(), &wrapped), Vec::<PathBuf>::new());
    assert_eq!(left(folder.path(), &sealed), Vec::<PathBuf>::new());
    assert!(is_erased(&journal.detail("p1", &memo.name).await));
    assert_eq!(journal.detail("p1", &notes.name).await.unwrap(), notes.bytes);
    for (parcel, name) in [("p1", draft("p1").parcel_id), ("p2", notes.name.clone())] {
        let missing = journal.purge_detail(parcel, &name).await;
        assert!(matches!(missing, Err(JournalError::NotFound { what: "detail", .. })));
    }
    assert!(journal.verify().await.unwrap().is_good());
}

#[tokio::test]
async fn a_revision_destroys_the_details_of_all_earlier_ones_and_none_of_its_own() {
    let (folder, journal) = fresh().await;
    let close = async |revision: u32, details: &[DetailDraft]| {
        let id = format!("p{revision}");
        let close = SegmentClose { revision, at: MINUTE + u64::from(revision), ..closing(0) };
        let draft = with_details(&id, details);
        journal.close_segment(close, |_, _| Ok::<_, JournalError>(draft)).await.unwrap()
    };
    let other = detail("minutes", 50);
    close_segment(&journal, MINUTE, with_details("other", std::slice::from_ref(&other))).await.unwrap();
    // The picture's facts stay word for word the same in each revision.
    let same = detail("picture", 5_000);
    let mut gone: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for revision in 0..3 {
        let own = detail("minutes", 3_000);
        let entry = close(revision, &[same.clone(), own.clone()]).await;
        assert!(entry.details.iter().all(|detail| !detail.erased));
        assert_eq!(journal.detail(&entry.parcel_id, &same.name).await.unwrap(), same.bytes);
        for (sealed, wrapped) in gone.drain(..) {
            assert_eq!(left(folder.path(), &wrapped), Vec::<PathBuf>::new());
            assert_eq!(left(folder.path(), &sealed), Vec::<PathBuf>::new());
        }
        gone.push(stored_detail(&journal, &own.name).await);
    }
    for id in ["p0", "p1"] {
        let entry = journal.outbox_entry(id).await.unwrap();
        assert!(entry.details.iter().all(|detail| detail.erased) && !entry.damaged, "{id}");
        assert!(is_erased(&journal.detail(id, &same.name).await));
    }
    assert_eq!(journal.detail("other", &other.name).await.unwrap(), other.bytes);
    let found = journal.verify().await.unwrap();
    assert!(found.is_good());
    assert_eq!((found.details.equal, found.details.sealed), (3, 4));
}

#[tokio::test]
async fn an_erased_closing_record_takes_the_details_along() {
    let (folder, journal) = fresh().await;
    let [first, second] = [detail("minutes", 400), detail("minutes", 40_000)];
    close_segment(&journal, 0, with_details("p1", std::slice::from_ref(&first))).await.unwrap();
    close_segment(&journal, MINUTE, with_details("p2", std::slice::from_ref(&second))).await.unwrap();
    let (sealed, wrapped) = stored_detail(&journal, &second.name).await;
    journal.erase_record(2, "erased", Vec::new(), 9).await.unwrap();
    assert!(is_erased(&journal.detail("p2", &second.name).await));
    assert!(journal.outbox_entry("p2").await.unwrap().details[0].erased);
    assert_eq!(left(folder.path(), &wrapped), Vec::<PathBuf>::new());
    assert_eq!(left(folder.path(), &sealed), Vec::<PathBuf>::new());
    assert_eq!(journal.detail("p1", &first.name).await.unwrap(), first.bytes);
    assert!(journal.verify().await.unwrap().is_good());
}

#[tokio::test]
async fn a_detail_that_was_changed_is_never_handed_out_and_is_told() {
    // The second detail of each: another parcel's, of the same kind and place, is the best there is to put in its place.
    for (sql, bad) in [
        (
            "UPDATE detail SET sealed = unhex(hex(substr(sealed, 1, 40))
             || CASE substr(sealed, 41, 1) WHEN x'00' THEN '01' ELSE '00' END || hex(substr(sealed, 42))) WHERE it",
            1,
        ),
        ("UPDATE detail SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE it", 1),
        ("UPDATE detail SET sealed = zeroblob(length(sealed)) WHERE it", 1),
        ("UPDATE detail SET sealed = x'' WHERE it", 1),
        ("UPDATE detail SET kind = 'focus' WHERE it", 1),
        ("UPDATE detail SET kind = CAST(x'ff' AS TEXT) WHERE it", 1),
        ("UPDATE detail SET name = (SELECT name FROM detail WHERE parcel = 'p2' AND place = 1) WHERE it", 1),
        ("UPDATE detail SET name = CAST(x'ff' AS TEXT) WHERE it", 1),
        ("UPDATE detail SET length = length - 1 WHERE it", 1),
        ("UPDATE detail SET length = -1 WHERE it", 1),
        ("UPDATE detail SET place = 7 WHERE it", 1),
        (
            "UPDATE detail SET (name, secret, sealed, length) =
             (SELECT name, secret, sealed, length FROM detail WHERE parcel = 'p2' AND place = 1) WHERE it",
            1,
        ),
        ("UPDATE detail SET secret = (SELECT secret FROM detail WHERE parcel = 'p2' AND place = 1) WHERE it", 1),
        ("UPDATE secret SET wrapped = zeroblob(104) WHERE id = (SELECT secret FROM detail WHERE it)", 1),
        ("DELETE FROM secret WHERE id = (SELECT secret FROM detail WHERE it)", 1),
        // Told as purged, while the key is there still.
        ("UPDATE detail SET sealed = NULL WHERE it", 1),
        // In two parcels at once, one of which there is not.
        ("UPDATE detail SET parcel = 'p9' WHERE it", 1),
        ("DELETE FROM detail WHERE it", 0),
    ] {
        let (folder, journal) = fresh().await;
        for (at, id) in [(0, "p1"), (MINUTE, "p2")] {
            let details = [detail("minutes", 100), detail("notes", 6_000), detail("memo", 10)];
            close_segment(&journal, at, with_details(id, &details)).await.unwrap();
        }
        let names: Vec<_> =
            journal.outbox_entry("p1").await.unwrap().details.into_iter().map(|detail| detail.name).collect();
        assert!(journal.verify().await.unwrap().is_good());
        journal.close().await.unwrap();
        behind_its_back(folder.path(), &sql.replace("WHERE it", "WHERE parcel = 'p1' AND place = 1")).await;

        let journal = open(folder.path()).await;
        let read = journal.detail("p1", &names[1]).await;
        assert!(matches!(&read, Err(error) if error.is_damage()), "{sql}: {read:?}");
        let found = journal.verify().await.unwrap();
        assert!(!found.is_good(), "{sql}");
        assert_eq!((found.first_bad, found.details.bad.len()), (None, bad), "{sql}");
        // It holds up nothing else.
        assert_eq!(journal.due(u64::MAX >> 1, 9).await.unwrap().len(), 2, "{sql}");
        for name in [&names[0], &names[2]] {
            journal.detail("p1", name).await.unwrap();
        }
        let second = journal.outbox_entry("p2").await.unwrap();
        assert!(!second.damaged && second.details.len() == 3);
    }
}

#[tokio::test]
async fn a_detail_that_is_missing_is_told() {
    let (folder, journal) = fresh().await;
    let details = [detail("minutes", 100), detail("notes", 6_000)];
    close_segment(&journal, 0, with_details("p1", &details)).await.unwrap();
    journal.close().await.unwrap();
    behind_its_back(folder.path(), "DELETE FROM detail WHERE place = 1").await;
    let journal = open(folder.path()).await;
    let entry = journal.outbox_entry("p1").await.unwrap();
    assert_eq!((entry.details.len(), entry.damaged), (1, true));
    assert_eq!(journal.verify().await.unwrap().bad_parcels, ["p1"]);
}
