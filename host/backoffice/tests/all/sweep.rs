//! What the daily sweep takes out keeps nobody waiting.

use std::time::{Duration, Instant};

use crate::common::{Server, WORKER};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// Attachments that wait for parcels that never came; more than a sweep removes while somebody signs in.
const ORPHANS: i64 = 100_000;

async fn count_attachments(database: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM attachments").fetch_one(database).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_in_during_a_sweep_of_many_attachments_is_answered_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    let device = server.enrol("invoices").await;
    server.kill();
    let options = SqliteConnectOptions::new().filename(data.join("backoffice.db"));
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?)
         INSERT INTO attachments (parcel, sha256, device, bytes, file, received_at)
         SELECT lower(hex(randomblob(16))), lower(hex(randomblob(32))), ?, 1, 'pictures/00/' || n, 1 FROM n",
    )
    .bind(ORPHANS)
    .bind(&device.id)
    .execute(&mut database)
    .await
    .unwrap();

    // The sweep begins with the server.
    let server = Server::restart(&data);
    let mut during = 0;
    let mut longest = Duration::ZERO;
    loop {
        let began = Instant::now();
        server.sign_in(WORKER).await;
        longest = longest.max(began.elapsed());
        let left = count_attachments(&mut database).await;
        if left == 0 || during == 10 {
            break;
        }
        during += u32::from(left < ORPHANS);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(during >= 3, "the sweep held the database until it was done, or was over too soon");
    assert!(longest < Duration::from_secs(3), "somebody waited {longest:?} to sign in");
}
