//! What is appended can be read again, and nothing of it is readable on disk.

use super::*;
use crate::{JournalRecord, RecordFilter};

async fn read(journal: &Journal, filter: RecordFilter) -> Vec<u64> {
    journal.read(filter).await.unwrap().into_iter().map(|record| record.sequence).collect()
}

#[tokio::test]
async fn a_record_is_read_at_once_and_after_the_journal_was_closed() {
    let (folder, journal) = fresh().await;
    let appended = journal.append("memo", Some("c1"), 5, b"fixed the build".to_vec()).await.unwrap();
    assert_eq!(appended.sequence, 1);
    let expected = JournalRecord {
        sequence: 1,
        kind: "memo".to_owned(),
        contract: Some("c1".to_owned()),
        at: 5,
        damaged: false,
        body: Some(b"fixed the build".to_vec()),
    };
    assert_eq!(journal.read(RecordFilter::default()).await.unwrap(), std::slice::from_ref(&expected));
    let (id, head) = (journal.id().to_owned(), journal.head().await.unwrap());
    assert_eq!(head, (1, appended.head));
    journal.close().await.unwrap();

    let journal = open(folder.path()).await;
    assert_eq!(journal.id(), id);
    assert_eq!(journal.head().await.unwrap(), head);
    assert_eq!(journal.read(RecordFilter::default()).await.unwrap(), [expected]);
    assert_eq!(journal.append("memo", None, 6, Vec::new()).await.unwrap().sequence, 2);
}

#[tokio::test]
async fn a_dropped_journal_keeps_what_was_appended() {
    let (folder, journal) = fresh().await;
    journal.append("memo", None, 5, b"a".to_vec()).await.unwrap();
    drop(journal);
    let journal = loop {
        match Journal::open(folder.path(), &key()).await {
            Err(JournalError::InUse(_)) => tokio::task::yield_now().await,
            other => break other.unwrap(),
        }
    };
    assert_eq!(journal.head().await.unwrap().0, 1);
}

#[tokio::test]
async fn what_was_appended_is_committed_by_itself() {
    let (_folder, journal) = fresh().await;
    journal.append("memo", None, 5, b"a".to_vec()).await.unwrap();
    assert_eq!(journal.stats().await.unwrap().batches, 0);
    while journal.stats().await.unwrap().batches == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn records_are_found_by_contract_time_kind_and_sequence() {
    let (_folder, journal) = fresh().await;
    for at in 1..=10 {
        let contract = ["c1", "c2"][usize::from(at % 2 == 0)];
        let kind = if at > 5 { "late" } else { "early" };
        journal.append(kind, Some(contract), at, vec![1]).await.unwrap();
    }
    journal.append("bare", None, 3, vec![1]).await.unwrap();
    let all = RecordFilter::default;
    assert_eq!(read(&journal, all()).await, (1..=11).collect::<Vec<_>>());
    assert_eq!(read(&journal, RecordFilter { contract: Some("c1".into()), ..all() }).await, [1, 3, 5, 7, 9]);
    let span = RecordFilter { from_at: Some(3), to_at: Some(5), ..all() };
    assert_eq!(read(&journal, span.clone()).await, [3, 4, 11]);
    assert_eq!(read(&journal, RecordFilter { after_sequence: Some(3), ..span }).await, [4, 11]);
    assert_eq!(read(&journal, RecordFilter { from_at: Some(9), ..all() }).await, [9, 10]);
    assert_eq!(read(&journal, RecordFilter { to_at: Some(2), ..all() }).await, [1]);
    let kinds = vec!["late".to_owned(), "bare".to_owned()];
    assert_eq!(read(&journal, RecordFilter { kinds, ..all() }).await, [6, 7, 8, 9, 10, 11]);
    assert_eq!(read(&journal, RecordFilter { after_sequence: Some(4), limit: 2, ..all() }).await, [5, 6]);
    for limit in [0, 10_001] {
        assert!(journal.read(RecordFilter { limit, ..all() }).await.is_err());
    }
}

#[tokio::test]
async fn values_out_of_bounds_are_refused_and_leave_no_hole() {
    let (_folder, journal) = fresh().await;
    let long = "k".repeat(65);
    for (kind, contract, at, body) in [
        ("", None, 1, 1),
        ("a\nb", None, 1, 1),
        (long.as_str(), None, 1, 1),
        ("a", Some(""), 1, 1),
        ("a", Some("b\nc"), 1, 1),
        ("a", None, u64::MAX, 1),
        ("a", None, 1, candor_diary::limits::RECORD_BYTES + 1),
    ] {
        let refused = journal.append(kind, contract, at, vec![0; body]).await;
        assert!(matches!(refused, Err(JournalError::Unusable { .. })), "{kind:?} {contract:?} {at}");
    }
    assert_eq!(journal.append("a", None, 1, Vec::new()).await.unwrap().sequence, 1);
    assert!(journal.verify().await.unwrap().is_good());
}

#[tokio::test]
async fn a_blob_is_read_in_parts() {
    let (folder, journal) = fresh().await;
    let bytes = [vec![1; 70_000], vec![2; 70_000]].concat();
    let info = journal.put_blob("image/webp", bytes.clone()).await.unwrap();
    assert_eq!((info.length, info.media_type.as_str()), (140_000, "image/webp"));
    assert_eq!(info.sha256, candor_seal::sha256_hex(&bytes));
    assert_eq!(journal.read_blob(&info.id, 69_999, 2).await.unwrap(), [1, 2]);
    journal.close().await.unwrap();
    let journal = open(folder.path()).await;
    assert_eq!(journal.blob_info(&info.id).await.unwrap(), info);
    assert_eq!(journal.read_blob(&info.id, 0, u32::MAX).await.unwrap(), bytes);
    assert!(matches!(journal.blob_info("0").await, Err(JournalError::NotFound { .. })));
}

#[tokio::test]
async fn a_plugins_store_is_its_own() {
    let (folder, journal) = fresh().await;
    journal.store_set("p", "b", vec![1, 2]).await.unwrap();
    journal.store_set("p", "a", MARKER.into()).await.unwrap();
    journal.store_set("p", "b", vec![3]).await.unwrap();
    journal.store_set("q", "b", vec![4]).await.unwrap();
    assert_eq!(journal.store_get("p", "b").await.unwrap(), Some(vec![3]));
    journal.close().await.unwrap();
    let journal = open(folder.path()).await;
    assert_eq!(journal.store_get("q", "b").await.unwrap(), Some(vec![4]));
    assert_eq!(journal.store_get("q", "a").await.unwrap(), None);
    let list = journal.store_list("p").await.unwrap();
    assert_eq!(list, [("a".to_owned(), MARKER.len() as u64), ("b".to_owned(), 1)]);
    assert!(journal.store_delete("p", "b").await.unwrap());
    assert!(!journal.store_delete("p", "b").await.unwrap());
    assert_eq!(journal.store_list("p").await.unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_that_was_recorded_is_readable_on_disk() {
    let (folder, journal) = fresh().await;
    for at in 0..50 {
        journal.append("focus", Some("c1"), at, format!("{MARKER} {at}").into_bytes()).await.unwrap();
    }
    let blob = journal.put_blob("image/webp", MARKER.repeat(5_000).into_bytes()).await.unwrap();
    journal.store_set("p", MARKER, MARKER.into()).await.unwrap();
    let mut parcel = draft("p1");
    parcel.attachments.push(blob.id);
    close_segment(&journal, 0, parcel).await.unwrap();
    journal.mark_retry("p1", 5, &format!("refused: {MARKER}")).await.unwrap();
    close_segment(&journal, MINUTE, draft("p2")).await.unwrap();
    journal.mark_delivered("p2", format!("receipt {MARKER}").into_bytes(), 9).await.unwrap();
    assert_eq!(files_with(folder.path(), MARKER.as_bytes()), Vec::<PathBuf>::new(), "while it is open");
    assert_eq!(
        files_with(folder.path(), blob.sha256.as_bytes()),
        Vec::<PathBuf>::new(),
        "the picture's hash"
    );
    journal.close().await.unwrap();
    assert_eq!(files_with(folder.path(), MARKER.as_bytes()), Vec::<PathBuf>::new(), "when it is closed");
    assert!(!files_with(folder.path(), b"focus").is_empty(), "the search finds what is not encrypted");
}
