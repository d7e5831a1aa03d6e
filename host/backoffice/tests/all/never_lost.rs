//! Invariant 9 at the back office: what it has acknowledged is there, once, whatever happens.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{Device, Picture, Server, files, revised, this_week};
use candor_diary::parcel::Parcel;

/// Parcels by segment: many at once for the same ones, so that only one may ever be kept.
#[tokio::test]
async fn invariant_09_an_acknowledged_parcel_is_never_lost_nor_billed_twice() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let device = server.enrol("invoices").await;
    let mut parcel = device.parcel(0);
    device.add_picture(&mut parcel, &Picture::draw(64, 36, 1, false)).await;
    let body = device.sign(&parcel);

    let tries: Vec<_> = (0..16)
        .map(|_| {
            let (device, body, path) = (device.clone(), body.clone(), format!("parcels/{}", parcel.id));
            tokio::spawn(async move {
                let answer = device.put(&path, body).await;
                (answer.status().as_u16(), answer.bytes().await.unwrap())
            })
        })
        .collect();
    let mut answers = Vec::new();
    for answer in tries {
        answers.push(answer.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1, "taken once");
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 15, "and acknowledged to all");
    assert_eq!(answers.iter().map(|(_, proof)| proof).collect::<HashSet<_>>().len(), 1, "with one receipt");
    device.receipt(&answers[0].1, &parcel, &body);

    // The same segment under other ids, at once: none is taken, the time is billed once.
    let rivals: Vec<_> = (0..8u32)
        .map(|n| {
            let device = device.clone();
            let mut rival = device.parcel(1);
            (rival.id, rival.sequence) = (format!("{n:032x}"), 100 + u64::from(n));
            tokio::spawn(async move { device.put_parcel(&rival).await.status().as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for rival in rivals {
        statuses.push(rival.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(server.office.deliveries("invoices").len(), 2);

    let cookie = server.sign_in(crate::common::CLIENT).await;
    let page = server.page("/contracts/invoices/diary/2026-11-27?zone=utc", &cookie).await;
    assert!(page.contains("of 0:20 recorded"), "two segments, however often they were sent");
}

/// What the devices know to be delivered.
type Proofs = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// Delivers what is not acknowledged yet, as long as there is a server to deliver to.
async fn deliver(device: Device, parcels: Vec<(Parcel, Vec<u8>)>, proofs: Proofs) {
    for (parcel, picture) in parcels {
        if proofs.lock().unwrap().contains_key(&parcel.id) {
            continue;
        }
        let snapshot = parcel.snapshot.as_ref().unwrap();
        let place = format!("parcels/{}/attachments/{}", parcel.id, snapshot.sha256);
        match device.try_put(&place, picture).await {
            Ok(answer) => assert!(answer.status().is_success(), "{}", answer.status()),
            Err(_) => return,
        }
        let body = device.sign(&parcel);
        let Ok(answer) = device.try_put(&format!("parcels/{}", parcel.id), body.clone()).await else {
            return;
        };
        let status = answer.status();
        let Ok(proof) = answer.bytes().await else { return };
        assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&proof));
        device.receipt(&proof, &parcel, &body);
        proofs.lock().unwrap().insert(parcel.id.clone(), proof.to_vec());
    }
}

/// SIGKILL of the server at random instants while devices deliver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_09_what_was_acknowledged_outlives_the_server_being_killed_at_any_instant() {
    const KILLS: u32 = 12;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    let mut work = Vec::new();
    for seed in 0..3 {
        let device = server.enrol("invoices").await;
        let parcels: Vec<_> = (0..60)
            .map(|nth| {
                let mut parcel = device.parcel(nth);
                let picture = Picture::draw(48, 27, seed * 100 + nth as u32, false);
                (parcel.no_snapshot, parcel.snapshot) = (None, Some(picture.snapshot(parcel.start + 1)));
                (parcel, picture.bytes)
            })
            .collect();
        work.push((device, parcels));
    }
    let proofs = Proofs::default();
    let mut killed_at_work = 0;
    for round in 0..=KILLS {
        let tasks: Vec<_> = work
            .iter()
            .map(|(device, parcels)| {
                let device =
                    Device { url: server.url.clone(), http: crate::common::http(), ..device.clone() };
                tokio::spawn(deliver(device, parcels.clone(), proofs.clone()))
            })
            .collect();
        if round < KILLS {
            // Anything from before the first request to the middle of the work.
            let mut random = [0u8; 1];
            getrandom::fill(&mut random).unwrap();
            tokio::time::sleep(Duration::from_millis(u64::from(random[0]) / 2)).await;
            killed_at_work += u32::from(tasks.iter().any(|task| !task.is_finished()));
            server.kill();
        }
        for task in tasks {
            task.await.unwrap();
        }
        if round < KILLS {
            server = Server::restart(&data);
            // Every receipt that a device holds is true, and is given again word for word.
            let held = proofs.lock().unwrap().clone();
            for (device, parcels) in &work {
                let device =
                    Device { url: server.url.clone(), http: crate::common::http(), ..device.clone() };
                for (parcel, _) in parcels.iter().filter(|(p, _)| held.contains_key(&p.id)) {
                    let answer = device.put_parcel(parcel).await;
                    assert_eq!(answer.status().as_u16(), 200, "acknowledged and lost: {}", parcel.id);
                    assert_eq!(answer.bytes().await.unwrap(), held[&parcel.id]);
                }
            }
        }
    }
    assert!(killed_at_work > 0, "no kill fell into the work: the test shows nothing");

    let kept = server.office.deliveries("invoices");
    let ids: HashSet<&str> = kept.iter().map(|row| row["parcel"].as_str().unwrap()).collect();
    let sent: HashSet<&str> = work.iter().flat_map(|(_, p)| p).map(|(p, _)| p.id.as_str()).collect();
    assert_eq!(kept.len(), ids.len(), "each once");
    assert_eq!(ids, sent, "all of them");
    for row in &kept {
        let file = std::fs::read(row["snapshot"]["file"].as_str().unwrap()).unwrap();
        assert_eq!(candor_seal::sha256_hex(&file), row["snapshot"]["sha256"].as_str().unwrap());
    }
}

/// Revisions of one segment at once and in any order: the highest counts, once, and nothing of the others is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_09_of_many_revisions_at_once_the_highest_counts_once() {
    const REVISIONS: u32 = 12;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let first = device.parcel_at(this_week(3), 10, 1);
    let tries: Vec<_> = (0..REVISIONS)
        .map(|revision| {
            let (device, mut parcel) = (device.clone(), revised(&first, revision, 1 + u64::from(revision)));
            tokio::spawn(async move {
                // Each with a picture of its own; some wait a little, so that orders differ.
                tokio::time::sleep(Duration::from_millis(u64::from(revision * 7 % 5) * 3)).await;
                device.add_picture(&mut parcel, &Picture::draw(48, 27, revision, false)).await;
                let body = device.sign(&parcel);
                let answer = device.put(&format!("parcels/{}", parcel.id), body.clone()).await;
                assert_eq!(answer.status().as_u16(), 201, "late ones are receipted too");
                let proof = answer.bytes().await.unwrap();
                device.receipt(&proof, &parcel, &body);
                (parcel, proof)
            })
        })
        .collect();
    let mut sent = Vec::new();
    for one in tries {
        sent.push(one.await.unwrap());
    }
    for (parcel, proof) in &sent {
        let again = device.put_parcel(parcel).await;
        assert_eq!(again.status().as_u16(), 200);
        assert_eq!(&again.bytes().await.unwrap(), proof, "the very same receipt");
    }
    let kept = server.office.deliveries("invoices");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["revision"], REVISIONS - 1);
    let picture = kept[0]["snapshot"]["file"].as_str().unwrap();
    assert_eq!(files(&data.join("pictures")), [std::path::PathBuf::from(picture)]);
    assert_eq!(device.minutes().await, (10, 10));
}

/// SIGKILL of the server at random instants while devices deliver segments and their revisions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_09_changed_segments_outlive_kills_and_leave_nothing_behind() {
    const KILLS: u32 = 10;
    const REVISIONS: u32 = 3;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    let mut work = Vec::new();
    for seed in 0..2u32 {
        let device = server.enrol("invoices").await;
        let mut parcels = Vec::new();
        for nth in 0..20u32 {
            let first = device.parcel_at(this_week(3 + u64::from(nth)), 10, u64::from(nth * REVISIONS) + 1);
            for revision in 0..REVISIONS {
                let mut parcel = revised(&first, revision, first.sequence + u64::from(revision));
                let picture = Picture::draw(48, 27, seed * 100 + nth * 5 + revision, false);
                (parcel.no_snapshot, parcel.snapshot) = (None, Some(picture.snapshot(parcel.start + 1)));
                parcels.push((parcel, picture.bytes));
            }
        }
        work.push((device, parcels));
    }
    let proofs = Proofs::default();
    let mut killed_at_work = 0;
    for round in 0..=KILLS {
        let tasks: Vec<_> = work
            .iter()
            .map(|(device, parcels)| {
                let device =
                    Device { url: server.url.clone(), http: crate::common::http(), ..device.clone() };
                tokio::spawn(deliver(device, parcels.clone(), proofs.clone()))
            })
            .collect();
        if round < KILLS {
            let mut random = [0u8; 1];
            getrandom::fill(&mut random).unwrap();
            tokio::time::sleep(Duration::from_millis(u64::from(random[0]) / 2)).await;
            killed_at_work += u32::from(tasks.iter().any(|task| !task.is_finished()));
            server.kill();
        }
        for task in tasks {
            task.await.unwrap();
        }
        if round < KILLS {
            server = Server::restart(&data);
        }
    }
    assert!(killed_at_work > 0, "no kill fell into the work: the test shows nothing");

    for (device, parcels) in &work {
        let device = Device { url: server.url.clone(), http: crate::common::http(), ..device.clone() };
        for (parcel, _) in parcels {
            let answer = device.put_parcel(parcel).await;
            assert_eq!(answer.status().as_u16(), 200, "acknowledged and lost: {}", parcel.id);
            assert_eq!(answer.bytes().await.unwrap(), proofs.lock().unwrap()[&parcel.id]);
        }
    }
    let kept = server.office.deliveries("invoices");
    assert_eq!(kept.len(), 40, "each segment of each device once");
    assert!(kept.iter().all(|row| row["revision"] == REVISIONS - 1));
    let mut pictures: Vec<std::path::PathBuf> =
        kept.iter().map(|row| row["snapshot"]["file"].as_str().unwrap().into()).collect();
    pictures.sort();
    assert_eq!(files(&data.join("pictures")), pictures, "no picture of what was changed is left");
}

/// While the database takes nothing, a device is sent away in time or answered when it is kept; never in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_09_more_than_can_wait_are_sent_away_and_what_waits_is_answered_when_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let device = server.enrol("invoices").await;
    let mut other = Client::open(&data).await;
    other.run("BEGIN IMMEDIATE").await;
    let many = candor_backoffice::limits::WAITING_WRITES as u64 + 40;
    let parcel = |nth: u64| device.parcel_at(this_week(nth), 10, nth + 1);
    // One address has fewer connections than there are places to wait.
    let addresses: Vec<reqwest::Client> =
        (1..=8).map(|last| crate::common::http_from([127, 0, 0, last].into())).collect();
    let tries: Vec<_> = (0..many)
        .map(|nth| {
            let http = addresses[usize::try_from(nth).unwrap() % addresses.len()].clone();
            let (device, parcel) = (Device { http, ..device.clone() }, parcel(nth));
            tokio::spawn(async move {
                let answer = device.put_parcel(&parcel).await;
                let wait = answer.headers().get("retry-after").is_some();
                (nth, answer.status().as_u16(), wait)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let answered = tries.iter().filter(|one| one.is_finished()).count();
    assert_eq!(answered, 40, "those for whom there was no place, and nobody else");
    other.run("ROLLBACK").await;
    let mut kept = HashSet::new();
    for one in tries {
        let (nth, status, wait) = one.await.unwrap();
        assert!((status, wait) == (201, false) || (status, wait) == (503, true), "{status}");
        if status == 201 {
            kept.insert(parcel(nth).id);
        }
    }
    assert_eq!(kept.len() as u64, many - 40);
    let listed = server.office.deliveries("invoices");
    assert_eq!(
        listed.iter().map(|row| row["parcel"].as_str().unwrap().to_owned()).collect::<HashSet<_>>(),
        kept
    );
}

/// Somebody else at the database.
struct Client(sqlx::SqliteConnection);

impl Client {
    async fn open(data: &std::path::Path) -> Self {
        use sqlx::ConnectOptions as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("backoffice.db"));
        Self(options.connect().await.unwrap())
    }

    async fn run(&mut self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(&mut self.0).await.unwrap();
    }
}
