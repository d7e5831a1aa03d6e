//! The journal's process is killed at random instants; nothing that it acknowledged is lost, and nothing happens twice.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::*;
use crate::{OutboxState, RecordFilter, random};

/// How often it is killed, where `CANDOR_TEST_KILLS` names no other number.
const ROUNDS: u32 = 30;

/// A journal is killed this often before the next one begins: each round reads all of it.
const ROUNDS_EACH: u32 = 50;

/// A small file system (`CANDOR_TEST_SMALL_DISK`, such as a tmpfs of some MiB) on which the disk is full at random
/// instants, too. Without it only the kills happen; `disk_full` has tests of its own.
fn small_disk() -> Option<PathBuf> {
    std::env::var_os("CANDOR_TEST_SMALL_DISK").map(PathBuf::from)
}

/// Fills the small disk but for a random rest, so that it is full some time later.
fn ballast(disk: &Path, random: u8) {
    let free = rustix::fs::statvfs(disk).unwrap();
    let free = usize::try_from(free.f_bavail * free.f_frsize).unwrap();
    let rest = 60_000 + usize::from(random) * 4_000;
    std::fs::write(disk.join("ballast"), vec![7; free.saturating_sub(rest)]).unwrap();
}

/// What the killed processes have acknowledged, over all rounds.
#[derive(Default)]
struct Acknowledged {
    /// Parcel → sequence and head.
    closed: BTreeMap<String, (u64, String)>,
    delivered: BTreeSet<String>,
    erased: BTreeSet<u64>,
    /// Names of details.
    purged: BTreeSet<String>,
    synced: u64,
    /// How often the disk was full.
    full: usize,
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
            ["purged", name] => drop(self.purged.insert(name.to_owned())),
            ["synced", sequence] => self.synced = sequence.parse().unwrap(),
            ["full"] => {
                self.full += 1;
                return false;
            }
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
    let rounds = std::env::var("CANDOR_TEST_KILLS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut full = 0;
    for first in (0..rounds).step_by(ROUNDS_EACH as usize) {
        full += kills((rounds - first).min(ROUNDS_EACH)).await;
    }
    if small_disk().is_some() {
        println!("{rounds} kills, the disk was full {full} times");
        assert!(full > rounds as usize / 4, "the disk was full {full} times only");
    }
}

/// Kills one journal so often; answers how often its disk was full.
async fn kills(rounds: u32) -> usize {
    let disk = small_disk();
    let folder = disk.as_ref().map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap();
    let dir = folder.path();
    let mut acknowledged = Acknowledged::default();
    for round in 0..rounds {
        let [first, second, third] = random::random::<3>().unwrap();
        if let Some(disk) = &disk {
            ballast(disk, third);
        }
        let (mut child, mut output) = spawn(dir);
        // Every third round goes by time alone, which hits the opening, too. The others wait for some work first, so
        // that there is some however busy the machine is.
        let mut line = String::new();
        let wanted = if round % 3 == 0 { 0 } else { 1 + first % 24 };
        let mut seen = 0;
        while seen < wanted && output.read_line(&mut line).unwrap() > 0 {
            // A full disk lets nothing more happen.
            seen += if line == "full\n" { wanted } else { u8::from(acknowledged.take(&line)) };
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
        if let Some(disk) = &disk {
            std::fs::remove_file(disk.join("ballast")).unwrap();
        }
        assert_eq!(files_with(dir, MARKER.as_bytes()), Vec::<PathBuf>::new(), "readable after a kill");
        check(dir, &acknowledged).await;
    }
    if rounds >= ROUNDS {
        assert!(acknowledged.closed.len() > 50 && acknowledged.delivered.len() > 30);
        assert!(!acknowledged.erased.is_empty() && !acknowledged.purged.is_empty());
        assert!(acknowledged.synced > 0);
    }
    acknowledged.full
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
        assert_eq!(entry.details.len(), 2, "a detail of {id} is lost");
        for detail in &entry.details {
            match journal.detail(id, &detail.name).await {
                Ok(bytes) => {
                    assert_eq!((bytes.len() as u64, detail.erased), (detail.length, false));
                    assert!(!acknowledged.purged.contains(&detail.name), "what was purged is back");
                    assert!(!acknowledged.erased.contains(sequence), "what was erased is back");
                }
                Err(JournalError::Erased { .. }) => assert!(detail.erased),
                Err(other) => panic!("a detail of {id}: {other}"),
            }
            if !acknowledged.purged.contains(&detail.name) && detail.kind == "minutes" {
                let erased = records[usize::try_from(*sequence).unwrap() - 1].body.is_none();
                assert_eq!(detail.erased, erased, "a detail of {id} went by itself");
            }
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
    let journal = loop {
        match Journal::open(&dir, &key()).await {
            Ok(journal) => break journal,
            Err(JournalError::DiskFull) => full().await,
            Err(other) => panic!("{other}"),
        }
    };
    let mut start = journal.last_closed("c1").await.unwrap().map_or(0, |last| last + MINUTE);
    let mut before: Option<OutboxEntry> = None;
    loop {
        match work(&journal, start, &mut before).await {
            Ok(()) => start += MINUTE,
            Err(JournalError::DiskFull) => {
                full().await;
                // It may have been closed before the disk was full.
                start = journal.last_closed("c1").await.unwrap().map_or(0, |last| last + MINUTE);
            }
            // Told as erased: only the emptying of the log was missing.
            Err(JournalError::Erased { .. }) => before = None,
            Err(other) => panic!("{other}"),
        }
    }
}

async fn full() {
    say("full");
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// A segment with everything that happens around one.
async fn work(journal: &Journal, start: u64, before: &mut Option<OutboxEntry>) -> Result<(), JournalError> {
    let picture = MARKER.repeat(3_000).into_bytes()[..70_000].to_vec();
    let blob = journal.put_blob("image/webp", picture).await?;
    for n in 0..4 {
        let body = format!("{MARKER} {n}").repeat(40).into_bytes();
        journal.append("focus", Some("c1"), start + n, body).await?;
    }
    journal.store_set("p", "state", format!("{MARKER} {start}").into_bytes()).await?;
    let id = random::random_id()?;
    let mut head_said = String::new();
    let closed = journal.close_segment(closing(start), |sequence, head| {
        head_said = head.to_string();
        let envelope = format!("{id} {sequence} {head} {MARKER}").into_bytes();
        let attachments = vec![blob.id.clone()];
        let details = vec![detail("minutes", 3_000), detail("focus", 20_000)];
        Ok::<_, JournalError>(OutboxDraft { envelope, attachments, details, ..draft(&id) })
    });
    let entry = closed.await?;
    say(&format!("closed {id} {} {head_said}", entry.sequence));
    for due in journal.due(start + MINUTE, 2).await? {
        journal.mark_delivered(&due.parcel_id, due.parcel_id.clone().into_bytes(), start).await?;
        say(&format!("delivered {}", due.parcel_id));
    }
    if (start / MINUTE).is_multiple_of(4) {
        if let Some(before) = before.take() {
            journal.erase_record(before.sequence, "erased", Vec::new(), start).await?;
            say(&format!("erased {}", before.sequence));
            journal.erase_blob(&before.attachments[0]).await?;
        }
        journal.purge_details("c1", start..start + 1, &["focus"]).await?;
        say(&format!("purged {}", entry.details[1].name));
        journal.append("memo", Some("c1"), start, MARKER.into()).await?;
        let (sequence, _) = journal.head().await?;
        journal.sync().await?;
        say(&format!("synced {sequence}"));
    }
    *before = Some(entry);
    Ok(())
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
