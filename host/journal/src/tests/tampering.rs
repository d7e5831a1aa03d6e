//! What was changed behind the journal's back is found.

use super::*;

/// Ten records and two closed segments with a blob; changes them by `sql`, and tells the first bad sequence.
async fn first_bad(sql: &str) -> Option<u64> {
    let (folder, journal) = fresh().await;
    for at in 1..=10 {
        journal.append("focus", Some("c1"), at, format!("title {at}").into_bytes()).await.unwrap();
    }
    journal.erase_record(2, "erased", Vec::new(), 11).await.unwrap();
    close_segment(&journal, 0, draft("p1")).await.unwrap();
    assert!(journal.verify().await.unwrap().is_good());
    journal.close().await.unwrap();
    behind_its_back(folder.path(), sql).await;
    let found = open(folder.path()).await.verify().await.unwrap();
    assert_eq!(found.is_good(), found.first_bad.is_none());
    found.first_bad.map(|bad| bad.sequence)
}

#[tokio::test]
async fn every_change_of_a_record_is_found_where_it_was_made() {
    for (sql, sequence) in [
        ("UPDATE record SET at = at + 1 WHERE sequence = 4", 4),
        ("UPDATE record SET kind = 'memo' WHERE sequence = 4", 4),
        ("UPDATE record SET contract = 'c2' WHERE sequence = 4", 4),
        ("UPDATE record SET contract = NULL WHERE sequence = 4", 4),
        ("UPDATE record SET commitment = zeroblob(32) WHERE sequence = 4", 4),
        ("UPDATE record SET commitment = zeroblob(3) WHERE sequence = 4", 4),
        ("UPDATE record SET head = zeroblob(32) WHERE sequence = 4", 4),
        ("UPDATE record SET body = zeroblob(60) WHERE sequence = 4", 4),
        ("UPDATE record SET body = (SELECT body FROM record WHERE sequence = 5) WHERE sequence = 4", 4),
        ("UPDATE record SET secret = 5 WHERE sequence = 4", 4),
        (
            "UPDATE record SET body = (SELECT body FROM record WHERE sequence = 5), secret = 5,
          commitment = (SELECT commitment FROM record WHERE sequence = 5) WHERE sequence = 4",
            4,
        ),
        ("DELETE FROM record WHERE sequence = 4", 4),
        ("DELETE FROM record WHERE sequence = 1", 1),
        ("UPDATE record SET sequence = 99 WHERE sequence = 4", 4),
        (
            "UPDATE record SET sequence = -sequence WHERE sequence IN (4, 5);
          UPDATE record SET sequence = 9 + sequence WHERE sequence < 0",
            4,
        ),
        // Erased without a tombstone, or told as erased with one that is not there.
        ("UPDATE record SET body = NULL WHERE sequence = 4", 4),
        ("UPDATE secret SET wrapped = zeroblob(104) WHERE id = 4", 4),
        (
            "UPDATE record SET body = NULL, erased_by = 50 WHERE sequence = 4;
          UPDATE secret SET wrapped = zeroblob(104) WHERE id = 4",
            4,
        ),
        ("UPDATE record SET erased_by = 11 WHERE sequence = 4", 4),
        // What was erased is bound in the chain by all that is left of it.
        ("UPDATE record SET at = at + 1 WHERE sequence = 2", 2),
        ("UPDATE record SET contract = 'c2' WHERE sequence = 2", 2),
        ("UPDATE record SET erased_by = NULL WHERE sequence = 2", 2),
        // Another journal's id is another chain; the key check belongs to the id, so this one is changed in the chain.
        ("UPDATE record SET head = (SELECT head FROM record WHERE sequence = 2) WHERE sequence = 1", 1),
        // Cut off at the end, where the outbox knows better.
        ("DELETE FROM record WHERE sequence = 12", 12),
    ] {
        assert_eq!(first_bad(sql).await, Some(sequence), "{sql}");
    }
}

#[tokio::test]
async fn records_cut_off_at_the_end_are_pinned_by_sequence_and_head_alone() {
    // The journal by itself cannot know; that is why receipts hold sequence and head.
    assert_eq!(first_bad("DELETE FROM outbox; DELETE FROM record WHERE sequence = 12").await, None);
}

#[tokio::test]
async fn a_flipped_bit_in_any_part_of_a_body_is_found() {
    let (folder, journal) = fresh().await;
    journal.append("memo", None, 1, b"eight hours".to_vec()).await.unwrap();
    journal.close().await.unwrap();
    for byte in 1..=24 + 11 + 16 {
        let flip = format!(
            "UPDATE record SET body = unhex(
                 hex(substr(body, 1, {byte} - 1)) || printf('%02x', 255 - ('0x' || hex(substr(body, {byte}, 1))))
                 || hex(substr(body, {byte} + 1)))"
        );
        // SQLite does not read hex in a string: go by a lookup instead.
        let flip = flip.replace(
            &format!("('0x' || hex(substr(body, {byte}, 1)))"),
            &format!(
                "((instr('0123456789ABCDEF', substr(hex(substr(body, {byte}, 1)), 1, 1)) - 1) * 16
                  + instr('0123456789ABCDEF', substr(hex(substr(body, {byte}, 1)), 2, 1)) - 1)"
            ),
        );
        behind_its_back(folder.path(), &flip).await;
        let changed = open(folder.path()).await;
        let found = changed.verify().await.unwrap();
        assert_eq!(found.first_bad.map(|bad| bad.sequence), Some(1), "byte {byte}");
        changed.close().await.unwrap();
        behind_its_back(folder.path(), &flip).await;
    }
    let journal = open(folder.path()).await;
    assert!(journal.verify().await.unwrap().is_good());
}

#[tokio::test]
async fn a_changed_or_missing_blob_is_found() {
    let (folder, journal) = fresh().await;
    let blob = journal.put_blob("image/webp", vec![5; 100_000]).await.unwrap();
    let path = folder.path().join("blobs").join(&blob.id[..2]).join(&blob.id);
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    bad[99_000] ^= 1;
    fs::write(&path, &bad).unwrap();
    let found = journal.verify().await.unwrap();
    assert_eq!(found.blobs.bad.first().map(|bad| bad.id.as_str()), Some(blob.id.as_str()));
    assert!(!found.is_good());
    fs::remove_file(&path).unwrap();
    assert!(!journal.verify().await.unwrap().is_good());
    fs::write(&path, &good).unwrap();
    assert!(journal.verify().await.unwrap().is_good());
}

#[tokio::test]
async fn invariant_09_a_damaged_row_of_the_outbox_holds_up_no_other() {
    for damage in ["'[\"a'", "CAST(x'5bff5d' AS TEXT)", "5"] {
        let (folder, journal) = fresh().await;
        close_segment(&journal, 0, draft("p1")).await.unwrap();
        close_segment(&journal, 600_000, draft("p2")).await.unwrap();
        journal.close().await.unwrap();
        let sql = format!("UPDATE outbox SET attachments = {damage} WHERE parcel = 'p1'");
        behind_its_back(folder.path(), &sql).await;
        let journal = open(folder.path()).await;
        let damaged = |entries: Vec<OutboxEntry>| -> Vec<(String, bool)> {
            entries.into_iter().map(|entry| (entry.parcel_id, entry.damaged)).collect()
        };
        let expected = [("p1".to_owned(), true), ("p2".to_owned(), false)];
        assert_eq!(damaged(journal.due_of(None, u64::MAX >> 1, 10).await.unwrap()), expected, "{damage}");
        assert_eq!(journal.outbox(10).await.unwrap().len(), 2);
        let found = journal.verify().await.unwrap();
        assert_eq!((found.bad_parcels, found.first_bad), (vec!["p1".to_owned()], None), "{damage}");
    }
}
