//! Many callers at once, and callers that give up.

use super::*;
use crate::RecordFilter;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_make_one_chain() {
    let (folder, journal) = fresh().await;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..8_u64 {
        let journal = journal.clone();
        tasks.spawn(async move {
            for n in 0..25 {
                let at = writer * 1_000 + n;
                let appended = journal.append("focus", Some("c1"), at, vec![1; 100]).await.unwrap();
                let after = Some(appended.sequence - 1);
                let filter = RecordFilter { after_sequence: after, limit: 1, ..RecordFilter::default() };
                assert_eq!(journal.read(filter).await.unwrap()[0].at, at, "one's own record is read at once");
                if n % 10 == 0 {
                    let mut parcel = draft(&format!("p{at}"));
                    parcel.attachments.push(journal.put_blob("a/b", vec![2; 500]).await.unwrap().id);
                    close_segment(&journal, at * MINUTE, parcel).await.unwrap();
                    journal.store_set("p", &format!("k{writer}"), vec![3]).await.unwrap();
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let sequence = 8 * 25 + 8 * 3;
    assert_eq!(journal.head().await.unwrap().0, sequence);
    let found = journal.verify().await.unwrap();
    assert!(found.is_good());
    assert_eq!((found.equal, found.blobs.equal), (sequence, 24));
    journal.close().await.unwrap();
    assert!(open(folder.path()).await.verify().await.unwrap().is_good());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_gives_up_leaves_nothing_half_done() {
    let (_folder, journal) = fresh().await;
    for n in 0..60_u64 {
        let writing = journal.clone();
        let task = tokio::spawn(async move {
            writing.append("focus", None, n, vec![1; 2_000]).await.unwrap();
            close_segment(&writing, n * MINUTE, draft(&format!("p{n}"))).await.unwrap();
            writing.put_blob("a/b", vec![1; 2_000]).await.unwrap();
        });
        tokio::time::sleep(std::time::Duration::from_micros(n * 40)).await;
        task.abort();
        drop(task.await);
    }
    journal.append("focus", None, 99, Vec::new()).await.unwrap();
    let found = journal.verify().await.unwrap();
    assert!(found.is_good(), "{found:?}");
    assert_eq!(found.records, journal.head().await.unwrap().0);
}
