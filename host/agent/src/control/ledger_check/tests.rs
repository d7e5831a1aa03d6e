use candor_diary::ledger::SegmentId;
use candor_diary::segment::SegmentLength;
use candor_diary::wire::FolderProof;
use candor_journal::{MasterKey, OutboxDraft, SegmentClose};
use serde_json::json;

use super::*;
use crate::delivery::ledger_copy::example::{Book, MONDAY, segment};

/// A ledger with the parcels that a device delivered, and what the device has of them.
struct Case {
    book: Book,
    delivered: Vec<Delivered>,
    /// What the device had from the back office.
    copy: LedgerCopy,
    _folder: tempfile::TempDir,
}

fn bytes_of(nth: u64) -> String {
    sha256_hex(format!("parcel {nth}").as_bytes())
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::of("work", 2);
        let mut delivered = Vec::new();
        for nth in 0..4 {
            let segment: SegmentId = segment(nth);
            book.write(Statement::Parcel {
                parcel: format!("{nth:032}"),
                digest: bytes_of(nth),
                segment,
                length: SegmentLength::default(),
                revision: 0,
                changed: Vec::new(),
            });
            delivered.push(Delivered {
                parcel: format!("{nth:032}"),
                segment_start: MONDAY + nth * 600_000,
                digest: Some(bytes_of(nth)),
                receipt: receipt(&book, nth, &book.head()),
            });
        }
        let copy = LedgerCopy::open(folder.path(), &book.key.public(), "work");
        copy.take(&book.answer(0, 500)).unwrap();
        Self { book, delivered, copy, _folder: folder }
    }

    /// Checks a file of these entries, beside a head of this ledger.
    fn check(&self, file: &Book, head: Option<&LedgerHead>) -> VerifiedLedger {
        self.check_lines(&lines(file), head.map(|head| self.book.sign(head).to_json()).as_deref())
    }

    fn check_lines(&self, lines: &[u8], head: Option<&[u8]>) -> VerifiedLedger {
        let server = self.book.key.public();
        let mut ledger = LedgerFile::read(lines, head, "work", &server, &self.copy);
        for delivered in &self.delivered {
            ledger.compare(delivered, &server);
        }
        ledger.found
    }
}

fn receipt(book: &Book, nth: u64, ledger: &LedgerHead) -> Vec<u8> {
    let receipt = Receipt {
        parcel: format!("{nth:032}"),
        digest: bytes_of(nth),
        contract: "work".into(),
        device: "d".repeat(32),
        sequence: nth,
        chain_head: "0".repeat(64),
        received_at: MONDAY,
        ledger: ledger.clone(),
    };
    Envelope::sign(RECEIPT_TYPE, serde_json::to_vec(&receipt).unwrap(), &book.key).to_json()
}

fn lines(book: &Book) -> Vec<u8> {
    book.entries.iter().flat_map(|e| [serde_json::to_vec(e).unwrap(), vec![b'\n']]).flatten().collect()
}

/// Segment start (its number), number of the entry, and words of each difference.
#[track_caller]
fn assert_differs(found: &VerifiedLedger, expected: &[(Option<u64>, Option<u64>, &str)]) {
    assert_eq!(found.differences.len(), expected.len(), "{found:#?}");
    for (found, (nth, entry, words)) in found.differences.iter().zip(expected) {
        assert_eq!(found.segment_start, nth.map(|nth| MONDAY + nth * 600_000), "{found:?}");
        assert_eq!(found.entry, *entry, "{found:?}");
        assert!(found.reason.contains(words), "{found:?}");
    }
    assert_eq!(found.is_good(), expected.is_empty());
}

#[test]
fn a_ledger_with_all_that_was_delivered_is_good_and_older_ones_are_too() {
    let mut case = Case::new();
    let found = case.check(&case.book, Some(&case.book.head()));
    assert_differs(&found, &[]);
    assert_eq!((found.entries, found.parcels, found.equal, found.later), (6, 4, 4, 0));
    assert_eq!((found.signed, found.erased), (Some(6), 0));
    assert_eq!(case.check(&case.book, None).signed, None);
    // From before the last two were delivered.
    let mut older = case.book.clone();
    older.entries.truncate(4);
    let found = case.check(&older, Some(&older.head()));
    assert_differs(&found, &[]);
    assert_eq!((found.entries, found.parcels, found.equal, found.later), (4, 4, 2, 2));
    // A parcel whose envelope is gone has its receipt; one that went into a folder is in no ledger.
    case.delivered[0].digest = None;
    let proof = FolderProof {
        kind: FolderProof::KIND.into(),
        parcel: "x".into(),
        envelope: "x".into(),
        attachments: Vec::new(),
    };
    case.delivered[1].receipt = serde_json::to_vec(&proof).unwrap();
    let found = case.check(&case.book, Some(&case.book.head()));
    assert_differs(&found, &[]);
    assert_eq!((found.parcels, found.equal), (3, 3));
    // The text of an entry was erased: the receipt's head covers it.
    let mut erased = case.book.clone();
    (erased.entries[3].body, erased.entries[3].salt) = (None, None);
    (erased.entries[5].body, erased.entries[5].salt) = (None, None);
    let found = case.check(&erased, Some(&erased.head()));
    assert_differs(&found, &[]);
    assert_eq!((found.erased, found.equal), (2, 3));
}

#[test]
fn invariant_09_every_difference_is_found_and_told_apart() {
    let mut case = Case::new();
    let head = case.book.head();
    // Rewritten as a whole, so that it follows from itself: the copy, the signature and the receipts tell.
    let other = case.book.rewritten(4);
    let found = case.check(&other, Some(&head));
    assert_differs(
        &found,
        &[
            (None, Some(6), "entry 6 is not the one that the back office signed"),
            (None, Some(4), "entry 4 is not the one that this device had"),
            (Some(1), Some(4), "entry 4 is not the one that its receipt confirmed"),
            (Some(2), Some(5), "entry 5 is not the one that its receipt confirmed"),
            (Some(3), Some(6), "entry 6 is not the one that its receipt confirmed"),
        ],
    );
    assert_eq!((found.signed, found.equal), (None, 1));
    // A changed text: what comes after is not believed.
    let mut changed = case.book.clone();
    changed.entries[3].body = changed.entries[2].body.clone();
    let found = case.check(&changed, Some(&head));
    assert_differs(
        &found,
        &[
            (None, Some(4), "the text of entry 4 was changed"),
            (None, Some(4), "it ends with entry 3, and the back office signed up to 6"),
        ],
    );
    // A hole, and a torn line.
    let mut hole = case.book.clone();
    hole.entries.remove(2);
    assert_differs(&case.check(&hole, None), &[(None, Some(3), "entry 3 is missing")]);
    let line = serde_json::to_vec(&case.book.entries[0]).unwrap();
    assert_differs(&case.check_lines(&line, None), &[(None, Some(1), "torn")]);
    assert_differs(&case.check_lines(b"{}\n", None), &[(None, Some(1), "no entry")]);
    // Shorter and longer than is signed, and signed by somebody else.
    let mut short = case.book.clone();
    short.entries.pop();
    assert_differs(&case.check(&short, Some(&head)), &[(None, Some(6), "it ends with entry 5")]);
    let early = case.book.head_at(5);
    assert_differs(&case.check(&case.book, Some(&early)), &[(None, Some(6), "signed up to 5")]);
    let lines = lines(&case.book);
    let forged = Book::new("work").sign(&head).to_json();
    for head in [forged.as_slice(), b"{}"] {
        assert_differs(&case.check_lines(&lines, Some(head)), &[(None, None, "not signed")]);
    }
    // What was delivered differs from what is written down.
    case.delivered[0].digest = Some(bytes_of(9));
    case.delivered[1].receipt = json!({}).to_string().into_bytes();
    case.delivered[2].receipt = receipt(&Book::new("work"), 2, &case.book.head_at(5));
    case.delivered[3].receipt = receipt(&case.book, 3, &Book::of("other", 3).head());
    assert_differs(
        &case.check(&case.book, Some(&head)),
        &[
            (Some(0), None, "other bytes"),
            (Some(1), None, "not signed by the back office"),
            (Some(2), None, "not signed by the back office"),
            (Some(3), None, "another contract"),
        ],
    );
}

#[test]
fn invariant_09_a_parcel_without_its_entry_or_with_another_digest_is_found() {
    let mut case = Case::new();
    // The back office took it, and never wrote it down: its receipt names an entry that is of something else.
    let lost = Delivered {
        parcel: format!("{:032}", 7),
        segment_start: MONDAY + 7 * 600_000,
        digest: Some(bytes_of(7)),
        receipt: receipt(&case.book, 7, &case.book.head_at(2)),
    };
    case.delivered.push(lost);
    case.book.write(Statement::Parcel {
        parcel: format!("{:032}", 8),
        digest: bytes_of(1),
        segment: segment(8),
        length: SegmentLength::default(),
        revision: 0,
        changed: Vec::new(),
    });
    let other = Delivered {
        parcel: format!("{:032}", 8),
        segment_start: MONDAY + 8 * 600_000,
        digest: Some(bytes_of(8)),
        receipt: receipt(&case.book, 8, &case.book.head()),
    };
    case.delivered.push(other);
    let found = case.check(&case.book, Some(&case.book.head()));
    assert_differs(
        &found,
        &[
            (Some(7), Some(2), "it has no entry, although its receipt confirms entry 2"),
            (Some(8), Some(7), "entry 7 has another digest than what was sent"),
        ],
    );
    assert_eq!((found.parcels, found.equal), (6, 4));
}

#[test]
fn invariant_13_differences_are_bounded_in_number_and_all_are_counted() {
    let mut case = Case::new();
    for nth in 0..VerifiedLedger::MOST as u64 + 20 {
        let start = MONDAY + nth;
        let parcel = nth.to_string();
        case.delivered.push(Delivered { parcel, segment_start: start, digest: None, receipt: b"x".to_vec() });
    }
    let found = case.check(&case.book, None);
    assert_eq!((found.differences.len(), found.more), (VerifiedLedger::MOST, 20));
    assert!(!found.is_good());
}

#[test]
fn the_contract_is_found_by_the_first_entry_and_by_who_signed() {
    let folder = tempfile::tempdir().unwrap();
    let books = [Book::of("other", 3), Book::of("work", 3), Book::of("work", 3)];
    let candidates: Vec<Candidate> = books
        .iter()
        .map(|book| {
            let copies = folder.path().join(book.key.public().fingerprint());
            std::fs::create_dir(&copies).unwrap();
            let (contract, server) = (book.contract.clone(), book.key.public());
            let copy = Arc::new(LedgerCopy::open(&copies, &server, &contract));
            Candidate { contract, server, copy }
        })
        .collect();
    let (file, head) = (folder.path().join("mine.jsonl"), folder.path().join("ledger-head.json"));
    assert!(read_file(&file, &candidates).is_err(), "there is none");
    for (nth, book) in books.iter().enumerate() {
        std::fs::write(&file, lines(book)).unwrap();
        std::fs::write(&head, book.sign(&book.head()).to_json()).unwrap();
        let (found, ledger) = read_file(&file, &candidates).unwrap().unwrap();
        assert_eq!(found, nth);
        assert_eq!((ledger.found.entries, ledger.found.signed), (3, Some(3)));
        assert!(ledger.found.is_good(), "{:?}", ledger.found);
    }
    // Without a signature beside it, the one that the copy is of.
    std::fs::remove_file(&head).unwrap();
    candidates[1].copy.take(&books[1].answer(0, 500)).unwrap();
    std::fs::write(&file, lines(&books[1])).unwrap();
    assert_eq!(read_file(&file, &candidates).unwrap().unwrap().0, 1);
    // Of a contract that this device has not, or no ledger at all.
    for bytes in [lines(&Book::of("third", 3)), b"{}\n".to_vec(), Vec::new(), vec![b'x'; 100_000]] {
        std::fs::write(&file, bytes).unwrap();
        assert!(read_file(&file, &candidates).unwrap().is_none());
    }
}

#[tokio::test]
async fn what_was_delivered_is_read_from_the_journal_of_this_contract_alone() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), &MasterKey::from_bytes([7; 32])).await.unwrap();
    for (parcel, session, start) in [("p1", "mine", 0), ("p2", "mine", 600_000), ("p3", "theirs", 0)] {
        let draft = OutboxDraft {
            parcel_id: parcel.into(),
            envelope: parcel.into(),
            attachments: Vec::new(),
            details: Vec::new(),
            target: "t".into(),
            hold_until: 0,
        };
        let close = SegmentClose {
            contract: session.into(),
            start,
            kind: "segment".into(),
            at: start + 600_000,
            body: Vec::new(),
            revision: 0,
        };
        journal.close_segment(close, |_, _| Ok::<_, JournalError>(draft)).await.unwrap();
    }
    assert!(delivered(&journal, "mine", 2_000_000).await.unwrap().is_empty(), "nothing has a receipt");
    for parcel in ["p2", "p3"] {
        journal.mark_delivered(parcel, b"receipt".to_vec(), 2_000_000).await.unwrap();
    }
    let all = delivered(&journal, "mine", 2_000_000).await.unwrap();
    let all: Vec<_> = all
        .iter()
        .map(|d| (d.parcel.as_str(), d.segment_start, d.digest.as_deref(), d.receipt.as_slice()))
        .collect();
    let digest = sha256_hex(b"p2");
    assert_eq!(all, [("p2", 600_000, Some(digest.as_str()), b"receipt".as_slice())]);
}
