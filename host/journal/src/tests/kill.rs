//! The journal's process is killed at random instants; nothing that it acknowledged is lost, and nothing happens twice.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::*;
use crate::{OutboxState, RecordFilter, crypt};

const ROUNDS: u32 = 30;

/// What the killed processes have acknowledged, over all rounds.
#[derive(Default)]
struct Acknowledged {
    /// Parcel → sequence and head.
    closed: BTreeMap<String, (u64, String)>,
    delivered: BTreeSet<String>,
    erased: BTreeSet<u64>,
    synced: u64,
}

impl Acknowledged {
    /// Takes a line of the child's; a line that was not finished counts for nothing.
    fn take(&mut self, line: &str) -> bool {
        let Some(words) = line.strip_suffix('\n') else { return false };
        match words.split(' ').collect::<Vec<_>>()[..] {
            ["closed", id, sequence, head] => {
                let place = (sequence.parse().unwrap(), head.to_owned());
                assert_eq!(self.closed.insert(id.to_owned(), place), None, "{id} was closed twice");
            }
            ["delivered", id] => drop(self.delivered.insert(id.to_owned())),
            ["erased", sequence] => drop(self.erased.insert(sequence.parse().unwrap())),
            ["synced", sequence] => self.synced = sequence.parse().unwrap(),
            // What the test runner says around it.
            _ => return false,
        }
        true
    }
}

fn spawn(dir: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::kill::until_it_is_killed", "--nocapture"])
        .env("CANDOR_TEST_KILL", dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

#[tokio::test]
async fn invariant_09_what_is_acknowledged_survives_a_kill_at_any_instant() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mut acknowledged = Acknowledged::default();
    for round in 0..ROUNDS {
        let (mut child, mut output) = spawn(dir);
        let [first, second] = crypt::random::<2>().unwrap();
        // Every third round goes by time alone, which hits the opening, too. The others wait for some work first, so
        // that there is some however busy the machine is.
        let mut line = String::new();
        let wanted = if round % 3 == 0 { 0 } else { 1 + first % 24 };
        let mut seen = 0;
        while seen < wanted && output.read_line(&mut line).unwrap() > 0 {
            seen += u8::from(acknowledged.take(&line));
            line.clear();
        }
        let micros = u64::from(second) * if round % 3 == 0 { 400 } else { 40 };
        std::thread::sleep(Duration::from_micros(micros));
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "it ended by itself");
        while output.read_line(&mut line).unwrap() > 0 {
            acknowledged.take(&line);
            line.clear();
        }
        assert_eq!(files_with(dir, MARKER.as_bytes()), Vec::<PathBuf>::new(), "readable after a kill");
        check(dir, &acknowledged).await;
    }
    assert!(acknowledged.closed.len() > 50 && acknowledged.delivered.len() > 30);
    assert!(!acknowledged.erased.is_empty() && acknowledged.synced > 0);
}

async fn check(dir: &Path, acknowledged: &Acknowledged) {
    let journal = open(dir).await;
    let found = journal.verify().await.unwrap();
    assert!(found.is_good(), "{found:?}");
    assert!(found.records >= acknowledged.synced, "synced records are missing");

    let mut records = Vec::new();
    loop {
        let after_sequence = Some(records.len() as u64);
        let filter = RecordFilter { after_sequence, limit: 10_000, ..RecordFilter::default() };
        let page = journal.read(filter).await.unwrap();
        if page.is_empty() {
            break;
        }
        records.extend(page);
    }
    let places = records.iter().map(|r| r.sequence).collect::<Vec<_>>();
    assert_eq!(places, (1..=found.records).collect::<Vec<_>>(), "a hole in the chain");
    for sequence in &acknowledged.erased {
        let record = &records[usize::try_from(*sequence).unwrap() - 1];
        assert_eq!(record.body, None, "what was erased is back");
    }

    let entries = journal.outbox(10_000).await.unwrap();
    let segments = entries.iter().map(|e| e.segment_start).collect::<HashSet<_>>();
    assert_eq!(segments.len(), entries.len(), "a segment was closed twice");
    let entries = entries.into_iter().map(|e| (e.parcel_id.clone(), e)).collect::<BTreeMap<_, _>>();
    for (id, (sequence, head)) in &acknowledged.closed {
        let entry = entries.get(id).unwrap_or_else(|| panic!("the acknowledged parcel {id} is lost"));
        assert_eq!(entry.sequence, *sequence);
        if acknowledged.delivered.contains(id) {
            assert_eq!(entry.state, OutboxState::Delivered, "the delivery of {id} is lost");
            assert_eq!(entry.receipt.as_deref(), Some(id.as_bytes()));
        }
        if !acknowledged.erased.contains(sequence)
            && records[usize::try_from(*sequence).unwrap() - 1].body.is_some()
        {
            let envelope = String::from_utf8(journal.envelope(id).await.unwrap()).unwrap();
            assert_eq!(envelope, format!("{id} {sequence} {head} {MARKER}"));
        }
        for blob in &entry.attachments {
            match journal.blob_info(blob).await {
                Ok(info) => assert_eq!(info.length, 70_000),
                Err(JournalError::Erased { .. }) => {}
                Err(other) => panic!("the attachment of {id}: {other}"),
            }
        }
    }
    journal.close().await.unwrap();
}

/// Says what is acknowledged: straight to the pipe, so that a kill loses nothing that was said.
fn say(line: &str) {
    std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()).unwrap();
    std::io::stdout().lock().flush().unwrap();
}

/// The child of the test above: works until it is killed. Does nothing by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_it_is_killed() {
    let Some(dir) = std::env::var_os("CANDOR_TEST_KILL").map(PathBuf::from) else { return };
    let journal = open(&dir).await;
    let mut start = journal.last_closed("c1").await.unwrap().map_or(0, |last| last + MINUTE);
    let mut before: Option<OutboxEntry> = None;
    loop {
        let blob = journal
            .put_blob("image/webp", MARKER.repeat(3_000).into_bytes()[..70_000].to_vec())
            .await
            .unwrap();
        for n in 0..4 {
            let body = format!("{MARKER} {n}").repeat(40).into_bytes();
            journal.append("focus", Some("c1"), start + n, body).await.unwrap();
        }
        journal.store_set("p", "state", format!("{MARKER} {start}").into_bytes()).await.unwrap();
        let id = crypt::random_id().unwrap();
        let mut head_said = String::new();
        let closed = journal.close_segment(closing(start), |sequence, head| {
            head_said = head.to_string();
            let envelope = format!("{id} {sequence} {head} {MARKER}").into_bytes();
            Ok::<_, JournalError>(OutboxDraft { envelope, attachments: vec![blob.id.clone()], ..draft(&id) })
        });
        let entry = closed.await.unwrap();
        say(&format!("closed {id} {} {head_said}", entry.sequence));
        for due in journal.due(start + MINUTE, 2).await.unwrap() {
            journal.mark_delivered(&due.parcel_id, due.parcel_id.clone().into_bytes(), start).await.unwrap();
            say(&format!("delivered {}", due.parcel_id));
        }
        if (start / MINUTE).is_multiple_of(4) {
            if let Some(before) = before.take() {
                journal.erase_record(before.sequence, "erased", Vec::new(), start).await.unwrap();
                say(&format!("erased {}", before.sequence));
                journal.erase_blob(&before.attachments[0]).await.unwrap();
            }
            journal.append("memo", Some("c1"), start, MARKER.into()).await.unwrap();
            let (sequence, _) = journal.head().await.unwrap();
            journal.sync().await.unwrap();
            say(&format!("synced {sequence}"));
        }
        before = Some(entry);
        start += MINUTE;
    }
}

#[tokio::test]
async fn a_journal_that_is_open_in_another_process_is_refused_until_that_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, mut output) = spawn(folder.path());
    let mut line = String::new();
    while !Acknowledged::default().take(&line) {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "it ended by itself");
    }
    let refused = Journal::open(folder.path(), &key()).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(refused, Err(JournalError::InUse(_))));
    open(folder.path()).await;
}
