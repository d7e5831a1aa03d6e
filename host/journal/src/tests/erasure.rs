//! What was erased is gone, and the chain still verifies.

use super::*;
use crate::RecordFilter;
use crate::crypt::{ItemSecret, JournalKeys};
use crate::writer::secret_context;

/// What the database holds of a record: its encrypted body and its wrapped secret.
async fn stored_record(journal: &Journal, sequence: i64) -> (Vec<u8>, Vec<u8>) {
    let sql = "SELECT body, wrapped FROM record JOIN secret ON secret.id = record.secret WHERE sequence = ?";
    journal.lock_writer().await.unwrap().database.one(sql, [sequence.into()]).await.unwrap()
}

/// Whether a part of `bytes` is in any file: 16 bytes in a row are enough.
pub(super) fn left(dir: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    bytes.chunks_exact(16).flat_map(|part| files_with(dir, part)).collect()
}

#[tokio::test]
async fn invariant_08_the_chain_survives_an_erasure() {
    let (folder, journal) = fresh().await;
    for at in 0..40_u64 {
        // Bodies of many sizes: in the row, and in overflow pages.
        let body = format!("{MARKER} {at} ").repeat(1 + usize::try_from(at).unwrap() * 7);
        journal.append("focus", Some("c1"), at, body.into_bytes()).await.unwrap();
    }
    close_segment(&journal, 0, draft("p1")).await.unwrap();
    for at in 50..60 {
        journal.append("focus", None, at, MARKER.into()).await.unwrap();
    }
    journal.sync().await.unwrap();
    let before = journal.verify().await.unwrap();
    assert_eq!((before.records, before.equal, before.sealed), (51, 51, 0));
    let heads = journal.head().await.unwrap();

    // One small, one large, the closing record, and one of the last.
    let chosen = [3_i64, 40, 41, 50];
    let mut gone = Vec::new();
    for sequence in chosen {
        gone.push((sequence, stored_record(&journal, sequence).await));
    }
    for (_, (body, wrapped)) in &gone {
        assert!(!left(folder.path(), wrapped).is_empty() && !left(folder.path(), body).is_empty());
    }
    for sequence in chosen {
        let reason = b"asked for by the worker".to_vec();
        journal.erase_record(u64::try_from(sequence).unwrap(), "erased", reason, 99).await.unwrap();
    }

    // The chain goes on from where it was, and says 'sealed' of what was erased.
    let after = journal.verify().await.unwrap();
    assert_eq!(after.first_bad, None);
    assert_eq!((after.records, after.equal, after.sealed), (55, 51, 4));
    assert_eq!(journal.head().await.unwrap().0, heads.0 + 4);

    // Nothing of key, salt and body is in any file, while the journal is open and after.
    for (sequence, (body, wrapped)) in &gone {
        assert_eq!(left(folder.path(), wrapped), Vec::<PathBuf>::new(), "the key of {sequence}");
        assert_eq!(left(folder.path(), body), Vec::<PathBuf>::new(), "the body of {sequence}");
    }
    let records = journal.read(RecordFilter::default()).await.unwrap();
    assert_eq!(
        records.iter().filter(|r| r.body.is_none()).map(|r| r.sequence).collect::<Vec<_>>(),
        [3, 40, 41, 50]
    );
    journal.close().await.unwrap();
    for (sequence, (body, wrapped)) in &gone {
        assert_eq!(left(folder.path(), wrapped), Vec::<PathBuf>::new(), "the key of {sequence}, closed");
        assert_eq!(left(folder.path(), body), Vec::<PathBuf>::new(), "the body of {sequence}, closed");
    }

    // Somebody who kept the encrypted bodies elsewhere and has the master key and the whole journal reads none.
    let journal = open(folder.path()).await;
    let keys = JournalKeys::derive(&key());
    let rows: Vec<(Vec<u8>,)> =
        journal.lock_writer().await.unwrap().database.rows("SELECT wrapped FROM secret", []).await.unwrap();
    let opens = |sequence: u64| {
        rows.iter().any(|(wrapped,)| ItemSecret::unwrap(&keys, &secret_context(sequence), wrapped).is_some())
    };
    assert!(opens(4));
    for sequence in chosen {
        assert!(!opens(u64::try_from(sequence).unwrap()), "the key of {sequence} can still be had");
    }
    assert!(journal.verify().await.unwrap().is_good());
}

#[tokio::test]
async fn no_page_keeps_a_copy_of_an_erased_key() {
    let (folder, journal) = fresh().await;
    for at in 0..150 {
        // Records, blobs and parcels in turn, in and out of what fits into a page.
        journal.append("focus", Some("c1"), at, vec![1; usize::try_from(at * 37).unwrap()]).await.unwrap();
        if at % 7 == 0 {
            journal.put_blob("a/b", vec![1; 10]).await.unwrap();
            close_segment(&journal, at * MINUTE, draft(&format!("p{at}"))).await.unwrap();
        }
    }
    let mut keys = Vec::new();
    for sequence in (1..=172).step_by(3) {
        let (_, wrapped) = stored_record(&journal, sequence).await;
        journal.erase_record(u64::try_from(sequence).unwrap(), "erased", Vec::new(), 200).await.unwrap();
        keys.push(wrapped);
    }
    for wrapped in &keys {
        assert_eq!(files_with(folder.path(), &wrapped[..16]), Vec::<PathBuf>::new());
        assert_eq!(files_with(folder.path(), &wrapped[88..]), Vec::<PathBuf>::new());
    }
    assert_eq!(journal.verify().await.unwrap().sealed, 58);
}

#[tokio::test]
async fn an_erased_segment_takes_its_envelope_along() {
    let (folder, journal) = fresh().await;
    close_segment(&journal, 0, draft("p1")).await.unwrap();
    close_segment(&journal, MINUTE, draft("p2")).await.unwrap();
    journal.mark_delivered("p2", b"receipt".to_vec(), 5).await.unwrap();
    let sql = "SELECT wrapped FROM outbox JOIN secret ON secret.id = outbox.secret WHERE parcel = 'p1'";
    let (wrapped,): (Vec<u8>,) = journal.lock_writer().await.unwrap().database.one(sql, []).await.unwrap();
    journal.erase_record(1, "erased", Vec::new(), 9).await.unwrap();
    journal.erase_record(2, "erased", Vec::new(), 9).await.unwrap();
    for id in ["p1", "p2"] {
        assert!(matches!(journal.envelope(id).await, Err(JournalError::Erased { what: "parcel", .. })));
    }
    assert_eq!(left(folder.path(), &wrapped), Vec::<PathBuf>::new());
    let counts = journal.outbox_counts().await.unwrap();
    assert_eq!((counts.cancelled, counts.delivered), (1, 1));
    let receipt = journal.outbox(9).await.unwrap()[0].receipt.clone();
    assert_eq!(receipt.as_deref(), Some(&b"receipt"[..]), "the proof of a delivery stays");
    assert!(journal.due(u64::MAX >> 1, 9).await.unwrap().is_empty());
    assert_eq!(journal.last_closed("c1").await.unwrap(), Some(MINUTE), "an erased segment stays closed");
}

#[tokio::test]
async fn an_erased_blob_is_gone_and_counted() {
    let (folder, journal) = fresh().await;
    let kept = journal.put_blob("image/webp", vec![1; 1_000]).await.unwrap();
    let gone = journal.put_blob("image/webp", MARKER.repeat(9_000).into_bytes()).await.unwrap();
    let path = folder.path().join("blobs").join(&gone.id[..2]).join(&gone.id);
    let encrypted = fs::read(&path).unwrap();
    let sql = "SELECT wrapped FROM blob JOIN secret ON secret.id = blob.secret WHERE blob.id = ?";
    let id = gone.id.as_str();
    let (wrapped,): (Vec<u8>,) =
        journal.lock_writer().await.unwrap().database.one(sql, [id.into()]).await.unwrap();
    journal.erase_blob(id).await.unwrap();
    journal.erase_blob(id).await.unwrap();
    assert!(!path.exists());
    assert!(matches!(journal.read_blob(id, 0, 1).await, Err(JournalError::Erased { what: "blob", .. })));
    assert_eq!(left(folder.path(), &wrapped), Vec::<PathBuf>::new());
    let mut attached = draft("p1");
    attached.attachments.push(gone.id.clone());
    assert!(matches!(close_segment(&journal, 0, attached).await, Err(JournalError::Erased { .. })));
    let found = journal.verify().await.unwrap();
    assert!(found.is_good());
    assert_eq!((found.blobs.blobs, found.blobs.equal, found.blobs.erased), (2, 1, 1));
    journal.close().await.unwrap();
    // A crash between the erasure and the removal of the file leaves the file; the next open removes it.
    fs::write(&path, encrypted).unwrap();
    let journal = open(folder.path()).await;
    assert!(!path.exists());
    assert_eq!(journal.read_blob(&kept.id, 0, 5).await.unwrap(), [1; 5]);
}

#[tokio::test]
async fn a_record_is_erased_once() {
    let (_folder, journal) = fresh().await;
    journal.append("memo", Some("c1"), 1, b"a".to_vec()).await.unwrap();
    let tombstone = journal.erase_record(1, "erased", b"why".to_vec(), 2).await.unwrap();
    assert_eq!(tombstone.sequence, 2);
    assert!(matches!(
        journal.erase_record(1, "erased", Vec::new(), 3).await,
        Err(JournalError::Erased { .. })
    ));
    assert!(matches!(
        journal.erase_record(9, "erased", Vec::new(), 3).await,
        Err(JournalError::NotFound { .. })
    ));
    let records = journal.read(RecordFilter::default()).await.unwrap();
    assert_eq!((records[1].kind.as_str(), records[1].contract.as_deref()), ("erased", Some("c1")));
    assert_eq!(records[1].body.as_deref(), Some(&b"why"[..]));
}
