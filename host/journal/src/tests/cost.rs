//! What writing costs, and how much of that is the disk's.

use std::time::{Duration, Instant};

use super::*;

#[tokio::test]
#[ignore = "a measurement and not a test: run it alone with --ignored --nocapture"]
async fn what_an_append_and_a_closed_segment_cost() {
    const APPENDS: u32 = 5_000;
    const SEGMENTS: u32 = 300;
    let folder = match std::env::var_os("CANDOR_TEST_COST") {
        Some(disk) => tempfile::tempdir_in(disk).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let journal = open(folder.path()).await;
    let report = |what: &str, count: u32, took: Duration, disk: Duration| {
        let share = 100.0 * disk.as_secs_f64() / took.as_secs_f64();
        println!("{what}: {:?} each, of which {share:.0} % waits for the disk", took / count);
    };

    let before = Instant::now();
    for at in 0..APPENDS {
        journal.append("focus", Some("c1"), u64::from(at), vec![1; 300]).await.unwrap();
    }
    journal.sync().await.unwrap();
    let stats = journal.stats().await.unwrap();
    report("append of 300 bytes", APPENDS, before.elapsed(), stats.batch_time + stats.synced_time);

    let before = Instant::now();
    for n in 0..SEGMENTS {
        let parcel = OutboxDraft { envelope: vec![1; 4_000], ..draft(&format!("p{n}")) };
        close_segment(&journal, u64::from(n) * MINUTE, parcel).await.unwrap();
    }
    let synced = journal.stats().await.unwrap().synced_time - stats.synced_time;
    report("closed segment with 4 kB", SEGMENTS, before.elapsed(), synced);

    let before = Instant::now();
    for _ in 0..SEGMENTS {
        journal.put_blob("image/webp", vec![1; 100_000]).await.unwrap();
    }
    let synced = journal.stats().await.unwrap().blob_sync_time - stats.blob_sync_time;
    report("blob of 100 kB", SEGMENTS, before.elapsed(), synced);
}
