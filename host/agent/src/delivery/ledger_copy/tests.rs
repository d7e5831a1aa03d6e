use std::os::unix::fs::PermissionsExt as _;

use candor_diary::ledger::{BadLedger, Statement, fold};
use candor_diary::parcel::{DetailKind, Field, TermsRef};
use candor_diary::segment::SegmentLength;
use candor_seal::SecretKey;

use super::example::{Book, MONDAY, segment};
use super::*;

/// How many entries an answer has.
const PAGE: usize = 5;

fn open(folder: &tempfile::TempDir, book: &Book) -> LedgerCopy {
    LedgerCopy::open(folder.path(), &book.key.public(), &book.contract)
}

/// Takes all that a back office has.
fn follow(copy: &LedgerCopy, book: &Book) -> Result<(), NotTaken> {
    while copy.take(&book.answer(copy.end().number, PAGE))? == Reached::More {}
    Ok(())
}

/// What the back office answers is refused with this, and the copy stays byte by byte.
#[track_caller]
fn refused(copy: &LedgerCopy, folder: &tempfile::TempDir, answer: &LedgerAnswer, fault: &LedgerFault) {
    let before = fs::read(folder.path().join(ENTRIES)).unwrap_or_default();
    let (end, known) = (copy.end(), copy.known());
    match copy.take(answer) {
        Err(NotTaken::Fault(found)) => assert_eq!(found, *fault),
        other => panic!("{other:?}"),
    }
    assert_eq!((copy.end(), copy.known()), (end, known));
    assert_eq!(fs::read(folder.path().join(ENTRIES)).unwrap_or_default(), before);
}

#[test]
fn a_ledger_is_taken_page_by_page_and_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::of("work", 23);
    let copy = open(&folder, &book);
    assert_eq!(copy.export().unwrap(), None);
    assert_eq!(copy.take(&book.answer(0, PAGE)).unwrap(), Reached::More);
    assert_eq!((copy.end().number, copy.confirmed()), (5, 0));
    // Nothing of it is shown as the back office's word before its signature is reached.
    assert_eq!(copy.entries().unwrap(), Vec::new());
    let copy = open(&folder, &book);
    follow(&copy, &book).unwrap();
    for copy in [&copy, &open(&folder, &book)] {
        assert_eq!((copy.end(), copy.known(), copy.confirmed()), (book.head(), book.head(), 23));
        assert_eq!(copy.entries().unwrap(), book.entries);
        assert_eq!(copy.problem(), None);
    }
    let bytes = fs::read(folder.path().join(ENTRIES)).unwrap();
    book.fill(4);
    follow(&copy, &book).unwrap();
    assert!(fs::read(folder.path().join(ENTRIES)).unwrap().starts_with(&bytes), "it is only appended to");
    // Nothing is new: nothing is written.
    let state = fs::metadata(folder.path().join(STATE)).unwrap().modified().unwrap();
    follow(&copy, &book).unwrap();
    assert_eq!(fs::metadata(folder.path().join(STATE)).unwrap().modified().unwrap(), state);
    for file in [ENTRIES, STATE] {
        let mode = fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn invariant_09_every_way_to_change_a_ledger_is_told_apart_and_leaves_the_copy_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::of("work", 20);
    let copy = open(&folder, &book);
    follow(&copy, &book).unwrap();
    let refused = |answer: &LedgerAnswer, fault: LedgerFault| refused(&copy, &folder, answer, &fault);
    book.fill(6);
    let good = book.answer(20, 10);

    // Rewritten, with as many entries and with more.
    refused(&book.rewritten(17).answer(20, 10), LedgerFault::Bad(BadLedger::Chain(21)));
    let mut same = book.rewritten(17);
    same.entries.truncate(20);
    refused(&same.answer(20, 10), LedgerFault::OtherHead(20));
    // Shortened.
    let mut short = book.clone();
    short.entries.truncate(19);
    refused(&short.answer(20, 10), LedgerFault::Shortened { found: 19, known: 20 });
    // Of another contract, and by another key.
    let other = Book { key: book.key.clone(), ..Book::of("other", 26) };
    refused(&other.answer(20, 10), LedgerFault::OtherContract);
    let forged = Book { key: SecretKey::generate().unwrap().into(), ..book.clone() };
    refused(&forged.answer(20, 10), LedgerFault::WrongKey);
    // A signature for something else.
    let mut receipt = good.clone();
    receipt.head.payload_type = "application/vnd.candor.receipt+json".into();
    refused(&receipt, LedgerFault::WrongKey);
    // A changed body, with and without its salt; a changed kind, time, number and order; one that is missing.
    let changed = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut answer = good.clone();
        change(&mut answer.entries);
        answer
    };
    let body = changed(&|e| e[2].body = e[1].body.clone());
    refused(&body, LedgerFault::Bad(BadLedger::Body(23)));
    refused(&changed(&|e| e[2].salt = None), LedgerFault::Bad(BadLedger::Body(23)));
    refused(&changed(&|e| e[2].kind = "label".into()), LedgerFault::Bad(BadLedger::Kind(23)));
    refused(&changed(&|e| e[2].at += 1), LedgerFault::Bad(BadLedger::Chain(23)));
    refused(&changed(&|e| e[2].at = 0), LedgerFault::Bad(BadLedger::Time(23)));
    refused(&changed(&|e| e[0].at = 0), LedgerFault::Bad(BadLedger::Chain(21)));
    refused(&changed(&|e| e.swap(2, 3)), LedgerFault::Bad(BadLedger::Hole { expected: 23, found: 24 }));
    refused(&changed(&|e| drop(e.remove(0))), LedgerFault::Bad(BadLedger::Hole { expected: 21, found: 22 }));
    // More and less than is signed.
    let mut more = good.clone();
    more.head = book.sign(&book.head_at(24));
    refused(&more, LedgerFault::Unsigned(24));
    refused(&changed(&Vec::clear), LedgerFault::Withheld { signed: 26, missing: 21 });

    copy.take(&good).unwrap();
    assert_eq!((copy.end(), copy.problem()), (book.head(), None));
}

#[test]
fn time_does_not_go_back_where_a_page_begins() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::of("work", 3);
    let copy = open(&folder, &book);
    follow(&copy, &book).unwrap();
    let body = book.entries[0].read().unwrap();
    let early = candor_diary::ledger::chain::append(&book.head(), MONDAY, &body, [1; 32]);
    book.entries.push(early);
    refused(&copy, &folder, &book.answer(3, PAGE), &LedgerFault::Bad(BadLedger::Time(4)));
}

#[test]
fn invariant_09_a_ledger_without_what_a_receipt_confirmed_is_found_out_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::of("work", 4);
    let copy = open(&folder, &book);
    follow(&copy, &book).unwrap();
    let before = book.clone();
    book.fill(5);
    assert_eq!(copy.note_receipt(&book.head_at(8)).unwrap(), None);
    // An older receipt takes nothing back.
    assert_eq!(copy.note_receipt(&book.head_at(6)).unwrap(), None);
    drop(copy);
    let copy = open(&folder, &book);
    assert_eq!(copy.known(), book.head_at(8));
    let short = LedgerFault::Shortened { found: 4, known: 8 };
    refused(&copy, &folder, &before.answer(4, PAGE), &short);
    refused(&copy, &folder, &book.rewritten(7).answer(4, PAGE), &LedgerFault::NotAsConfirmed(8));
    copy.note_fault(&LedgerFault::NotAsConfirmed(8)).unwrap();
    let told = open(&folder, &book).problem().unwrap();
    for words in ["entry 8", "Nothing is lost here; tell the client, and keep your export"] {
        assert!(told.contains(words), "{told}");
    }
    follow(&copy, &book).unwrap();
    assert_eq!((copy.problem(), open(&folder, &book).problem()), (None, None), "it verifies again");
    assert_eq!(copy.end(), book.head());
}

#[test]
fn invariant_09_two_signatures_that_contradict_each_other_are_never_forgotten() {
    // The receipt of an entry that the copy has already, and the second of two for the same number.
    for followed in [9, 0] {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::of("work", 9);
        let copy = open(&folder, &book);
        if followed > 0 {
            follow(&copy, &book).unwrap();
        }
        assert_eq!(copy.note_receipt(&book.head_at(9)).unwrap(), None);
        let other = book.rewritten(5).head_at(9);
        assert_eq!(copy.note_receipt(&other).unwrap(), Some(LedgerFault::NotAsConfirmed(9)));
        book.fill(3);
        follow(&copy, &book).unwrap();
        for copy in [&copy, &open(&folder, &book)] {
            assert_eq!(copy.end(), book.head(), "it goes on all the same");
            assert!(copy.problem().unwrap().contains("entry 9"), "{:?}", copy.problem());
        }
    }
}

#[test]
fn what_does_not_lead_to_the_signed_head_is_dropped_and_nothing_that_did() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::of("work", 3);
    let copy = open(&folder, &book);
    follow(&copy, &book).unwrap();
    let confirmed = fs::read(folder.path().join(ENTRIES)).unwrap();
    book.fill(9);
    let mut answer = book.rewritten(5).answer(3, PAGE);
    // As if signed for something else: it fits the copy, and leads elsewhere.
    answer.head = book.sign(&book.head());
    assert_eq!(copy.take(&answer).unwrap(), Reached::More);
    let fault = copy.take(&book.answer(8, PAGE)).unwrap_err();
    let NotTaken::Fault(fault) = fault else { panic!("{fault}") };
    copy.note_fault(&fault).unwrap();
    assert_eq!(fs::read(folder.path().join(ENTRIES)).unwrap(), confirmed);
    assert_eq!(copy.export().unwrap().unwrap().1, confirmed);
    follow(&copy, &book).unwrap();
    assert_eq!((copy.entries().unwrap(), copy.problem()), (book.entries.clone(), None));
}

#[test]
fn a_torn_last_line_is_cut_off_wherever_it_was_torn() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::of("work", 3);
    let copy = open(&folder, &book);
    follow(&copy, &book).unwrap();
    let whole = fs::read(folder.path().join(ENTRIES)).unwrap();
    book.fill(1);
    follow(&copy, &book).unwrap();
    let longer = fs::read(folder.path().join(ENTRIES)).unwrap();
    for torn in [whole.len() + 1, whole.len() + 40, longer.len() - 1] {
        fs::write(folder.path().join(ENTRIES), &longer[..torn]).unwrap();
        let copy = open(&folder, &book);
        assert_eq!(copy.end(), book.head_at(3), "{torn}");
        assert_eq!(fs::read(folder.path().join(ENTRIES)).unwrap(), whole, "{torn}");
        assert_eq!(copy.known(), book.head(), "how far it went is known all the same");
        let mut short = book.clone();
        short.entries.truncate(3);
        let fault = LedgerFault::Shortened { found: 3, known: 4 };
        refused(&copy, &folder, &short.answer(3, PAGE), &fault);
        follow(&copy, &book).unwrap();
        assert_eq!(fs::read(folder.path().join(ENTRIES)).unwrap(), longer, "{torn}");
        assert!(!folder.path().join(DAMAGED).exists());
    }
}

#[test]
fn what_was_damaged_on_this_computer_is_put_aside_and_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let book = Book::of("work", 6);
    follow(&open(&folder, &book), &book).unwrap();
    let whole = fs::read(folder.path().join(ENTRIES)).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 4;
    fs::write(folder.path().join(ENTRIES), &damaged).unwrap();
    let copy = open(&folder, &book);
    assert!(copy.end().number < 6);
    assert_eq!(fs::read(folder.path().join(DAMAGED)).unwrap(), damaged);
    // Another ledger is not taken for it.
    let other = book.rewritten(2);
    assert!(matches!(follow(&copy, &other), Err(NotTaken::Fault(_))));
    follow(&copy, &book).unwrap();
    assert_eq!(fs::read(folder.path().join(ENTRIES)).unwrap(), whole);
    // A whole other ledger in its place is not what was signed.
    let place = tempfile::tempdir().unwrap();
    follow(&open(&place, &other), &other).unwrap();
    fs::copy(place.path().join(ENTRIES), folder.path().join(ENTRIES)).unwrap();
    let copy = open(&folder, &book);
    assert_eq!(copy.end().number, 0);
    follow(&copy, &book).unwrap();
    assert_eq!(copy.entries().unwrap(), book.entries);
    // How far it went cannot be read: that is shown, and begun anew.
    for damaged in ["", "{", "[]"] {
        fs::write(folder.path().join(STATE), damaged).unwrap();
        let copy = open(&folder, &book);
        assert!(copy.problem().unwrap().contains(STATE), "{:?}", copy.problem());
        follow(&copy, &book).unwrap();
        assert_eq!((copy.known(), copy.problem()), (book.head(), None));
    }
}

#[test]
fn a_copy_that_cannot_be_written_stays_and_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::of("work", 3);
    let copy = open(&folder, &book);
    follow(&copy, &book).unwrap();
    // A folder stands where the state is written.
    let temporary = folder.path().join(format!("{STATE}.tmp"));
    fs::create_dir(&temporary).unwrap();
    book.fill(2);
    assert!(copy.note_receipt(&book.head()).is_err(), "it is not on the disk");
    assert_eq!(copy.known(), book.head_at(3));
    assert!(matches!(follow(&copy, &book), Err(NotTaken::File(_))));
    fs::remove_dir(temporary).unwrap();
    follow(&copy, &book).unwrap();
    assert_eq!(open(&folder, &book).end(), book.head());
    // Another session of the same contract wrote meanwhile.
    let other = open(&folder, &book);
    book.fill(2);
    follow(&other, &book).unwrap();
    assert!(matches!(copy.take(&book.answer(5, PAGE)), Err(NotTaken::File(_))));
    follow(&copy, &book).unwrap();
    assert_eq!((copy.end(), open(&folder, &book).entries().unwrap()), (book.head(), book.entries.clone()));
    // And had a receipt that this one knows nothing of.
    book.fill(2);
    other.note_receipt(&book.head()).unwrap();
    copy.note_receipt(&book.head_at(8)).unwrap();
    assert_eq!(open(&folder, &book).known(), book.head());
}

#[test]
fn the_copy_comes_to_the_same_diary_as_the_back_offices_ledger() {
    let mut book = Book::new("work");
    let terms = |sequence| TermsRef { sequence, digest: "7".repeat(64) };
    let parcel = |nth: u64, revision, changed: &[Field]| Statement::Parcel {
        parcel: format!("{nth:016}{revision:016}"),
        digest: "d".repeat(64),
        segment: segment(nth),
        length: SegmentLength::default(),
        revision,
        changed: changed.to_vec(),
    };
    let reason = || Some("why".to_owned());
    let all = [
        Statement::TermsIssued { terms: terms(1) },
        Statement::TermsAccepted { terms: terms(1) },
        Statement::TermsIssued { terms: terms(2) },
        Statement::TermsRevoked { terms: terms(2) },
        parcel(0, 0, &[]),
        parcel(1, 0, &[]),
        parcel(2, 0, &[]),
        Statement::Memo { segment: segment(0), memo: Some("read it".into()) },
        Statement::Label { segment: segment(1), label: Some("Backend".into()) },
        parcel(0, 1, &[Field::Picture]),
        parcel(1, 1, &[Field::Memo]),
        Statement::PictureRemoved { segment: segment(0), reason: reason() },
        Statement::TimeRemoved { segment: segment(2), reason: reason() },
        Statement::ManualAsked { segment: segment(1) },
        Statement::ManualAnswered { segment: segment(1), agreed: true, reason: None },
        Statement::DisputeOpened { from: MONDAY, to: MONDAY + 1, reason: reason() },
        Statement::DisputeOpened { from: MONDAY, to: MONDAY + 2, reason: None },
        Statement::DisputeAnswered { dispute: 16, answer: reason(), settled: true },
        Statement::Taken { from: MONDAY, to: MONDAY + 600_000 },
        Statement::Purged { kinds: vec![DetailKind::Memo], before: MONDAY + 600_000 },
        Statement::InvoiceIssued { invoice: "2026-1".into(), week_start: MONDAY, minutes: 10 },
        Statement::LateAccepted { segment: segment(1) },
        Statement::ContractClosed { reason: reason() },
    ];
    for says in all {
        book.write(says);
        // After each entry, whatever the page, and with a body that was erased before it was handed out.
        for erased in [None, Some(book.entries.len() / 2)] {
            let mut handed_out = book.clone();
            if let Some(erased) = erased {
                (handed_out.entries[erased].body, handed_out.entries[erased].salt) = (None, None);
            }
            let folder = tempfile::tempdir().unwrap();
            follow(&open(&folder, &book), &handed_out).unwrap();
            let entries = open(&folder, &book).entries().unwrap();
            assert_eq!(fold(&entries, |_| None), fold(&handed_out.entries, |_| None));
            assert_eq!(fold(&entries, |_| None).number, book.entries.len() as u64);
        }
    }
    let diary = fold(&book.entries, |_| None);
    assert_eq!((diary.segments.len(), diary.disputes.len(), diary.closed_at.is_some()), (3, 1, true));
}
