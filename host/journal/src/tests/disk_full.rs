//! A full disk at any instant damages nothing, is told, and is over when there is room again (invariant 9).

use std::process::Command;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::*;
use crate::RecordFilter;

async fn bodies(journal: &Journal) -> Vec<Vec<u8>> {
    let all = RecordFilter { limit: 10_000, ..RecordFilter::default() };
    journal.read(all).await.unwrap().into_iter().map(|record| record.body.unwrap()).collect()
}

/// A parcel that does not fit into what is left of some page.
fn large_draft() -> OutboxDraft {
    OutboxDraft { envelope: vec![1; 20_000], ..draft("p") }
}

/// A parcel whose detail does not fit into what is left of some page.
fn draft_with_large_detail() -> OutboxDraft {
    OutboxDraft { details: vec![detail("minutes", 20_000)], ..draft("p") }
}

/// Appends until the disk is full; answers what was taken.
async fn fill(journal: &Journal) -> Vec<Vec<u8>> {
    let mut taken = bodies(journal).await;
    loop {
        let body = vec![u8::try_from(taken.len() % 251).unwrap(); 3_000];
        match journal.append("focus", Some("c1"), 1, body.clone()).await {
            Ok(_) => taken.push(body),
            Err(JournalError::DiskFull) => return taken,
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn invariant_09_a_full_database_loses_nothing_that_was_taken() {
    let (folder, journal) = fresh().await;
    let pages = |n| {
        let journal = journal.clone();
        async move { journal.lock_writer().await.unwrap().database.limit_pages(n).await.unwrap() }
    };
    let mut taken = Vec::new();
    for limit in [60, 90, 130] {
        pages(limit).await;
        taken = fill(&journal).await;
        assert!(matches!(close_segment(&journal, 0, large_draft()).await, Err(JournalError::DiskFull)));
        let refused = close_segment(&journal, 0, draft_with_large_detail()).await;
        assert!(matches!(refused, Err(JournalError::DiskFull)));
        assert!(matches!(journal.outbox_entry("p").await, Err(JournalError::NotFound { .. })));
        assert_eq!(bodies(&journal).await, taken, "what was taken is still read");
        assert_eq!(journal.head().await.unwrap().0, taken.len() as u64);
    }
    pages(1_000_000).await;
    let entry = close_segment(&journal, 0, draft_with_large_detail()).await.unwrap();
    taken.push(closing(0).body);
    journal.close().await.unwrap();
    let journal = open(folder.path()).await;
    assert_eq!(journal.outbox_entry("p").await.unwrap().details, entry.details);
    journal.detail("p", &entry.details[0].name).await.unwrap();
    assert_eq!(bodies(&journal).await, taken);
    assert!(journal.verify().await.unwrap().is_good());
}

#[test]
fn invariant_09_a_full_disk_loses_nothing_that_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    // A limit of the size of files stands for the full disk. Writing beyond it raises a signal, which sh ignores for its
    // child; the child lifts the limit by itself, so only the soft one is set.
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -S -f 4000; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "tests::disk_full::in_a_process_of_its_own", "--nocapture"])
        .env("CANDOR_TEST_DISK_FULL", folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    assert!(folder.path().join("passed").exists(), "the child did nothing");
}

/// The child of the test above; does nothing by itself.
#[tokio::test]
async fn in_a_process_of_its_own() {
    let Some(dir) = std::env::var_os("CANDOR_TEST_DISK_FULL").map(PathBuf::from) else { return };
    let journal = open(&dir.join("journal")).await;
    close_segment(&journal, 0, draft("p0")).await.unwrap();
    let mut taken = fill_synced(&journal).await;
    assert!(taken.len() > 5, "the limit came too early to tell anything");
    for _ in 0..3 {
        // The record whose sync failed stays in memory; while the disk is full, no more are taken.
        taken = fill_batched(&journal, taken).await;
        assert!(matches!(close_segment(&journal, MINUTE, draft("p1")).await, Err(JournalError::DiskFull)));
        assert!(matches!(journal.sync().await, Err(JournalError::DiskFull)));
        assert_eq!(bodies(&journal).await, taken);
    }
    let large = journal.put_blob("image/webp", vec![1; 2_000_000]).await;
    assert!(matches!(large, Err(JournalError::DiskFull)));
    assert_eq!(files(&dir.join("journal/blobs")), Vec::<PathBuf>::new(), "a half blob was left");

    setrlimit(Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
    close_segment(&journal, MINUTE, draft("p1")).await.unwrap();
    taken.push(closing(MINUTE).body);
    journal.put_blob("image/webp", vec![1; 2_000_000]).await.unwrap();
    assert_eq!(bodies(&journal).await, taken);
    journal.close().await.unwrap();
    let journal = open(&dir.join("journal")).await;
    assert_eq!(bodies(&journal).await, taken);
    assert!(journal.verify().await.unwrap().is_good());
    fs::write(dir.join("passed"), "").unwrap();
}

/// Appends and syncs until that fails; answers all that was taken.
async fn fill_synced(journal: &Journal) -> Vec<Vec<u8>> {
    let mut taken = bodies(journal).await;
    loop {
        let body = vec![u8::try_from(taken.len() % 251).unwrap(); 10_000];
        journal.append("focus", Some("c1"), 1, body.clone()).await.unwrap();
        taken.push(body);
        match journal.sync().await {
            Ok(()) => {}
            Err(JournalError::DiskFull) => return taken,
            Err(other) => panic!("{other}"),
        }
    }
}

async fn fill_batched(journal: &Journal, mut taken: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    for n in 0..5_u8 {
        match journal.append("focus", Some("c1"), 1, vec![n; 10_000]).await {
            Ok(_) => taken.push(vec![n; 10_000]),
            Err(JournalError::DiskFull) => {}
            Err(other) => panic!("{other}"),
        }
    }
    taken
}
