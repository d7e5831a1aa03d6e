use std::collections::HashMap;

use candor_seal::Hash;
use proptest::prelude::*;

use super::*;
use crate::example;
use crate::ledger::chain::{append, still_has, verify};
use crate::ledger::entry::Author;
use crate::ledger::{BadLedger, LedgerHead};
use crate::parcel::Removed;
use crate::segment::MINUTE_MS;

/// A Monday.
const MONDAY: u64 = 1_795_392_000_000;
const LOCK: u64 = MONDAY + 7 * 86_400_000 + 12 * 3_600_000;

/// A ledger under way, with its parcels.
struct Book {
    head: LedgerHead,
    entries: Vec<Entry>,
    parcels: HashMap<String, Parcel>,
}

impl Book {
    fn new() -> Self {
        Self { head: LedgerHead::first("work"), entries: Vec::new(), parcels: HashMap::new() }
    }

    fn write(&mut self, at: u64, role: AuthorRole, says: Statement) -> u64 {
        let at = at.max(self.entries.last().map_or(0, |entry| entry.at));
        let body = Body { author: Author { role, id: "someone".into() }, says };
        let salt = [u8::try_from(self.entries.len() % 251).unwrap(); 32];
        let entry = append(&self.head, at, &body, salt);
        (self.head.number, self.head.head) = (entry.number, entry.head);
        self.entries.push(entry);
        self.head.number
    }

    /// A revision of the segment at `start`, with these words.
    fn deliver(&mut self, at: u64, start: u64, revision: u32, memo: &str, changed: &[Field]) -> u64 {
        let mut parcel = example::parcel(start, SegmentLength::default());
        parcel.id = format!("{start:020}{revision:012}");
        parcel.revision = revision;
        parcel.changed = changed.to_vec();
        parcel.memo = (!memo.is_empty()).then(|| memo.to_owned());
        parcel.label = Some("Backend".to_owned());
        self.put(at, parcel)
    }

    fn put(&mut self, at: u64, parcel: Parcel) -> u64 {
        let says = Statement::Parcel {
            parcel: parcel.id.clone(),
            digest: "d".repeat(64),
            segment: SegmentId { start: parcel.start, device: parcel.device.clone() },
            length: parcel.length,
            revision: parcel.revision,
            changed: parcel.changed.clone(),
        };
        self.parcels.insert(parcel.id.clone(), parcel);
        self.write(at, AuthorRole::Device, says)
    }

    fn fold(&self) -> Diary {
        fold(&self.entries, |id| self.parcels.get(id))
    }

    fn segment(&self, start: u64) -> DiarySegment {
        self.fold().segments[&segment(start)].clone()
    }
}

fn segment(start: u64) -> SegmentId {
    SegmentId { start, device: "d".repeat(32) }
}

/// What somebody may do on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Memo,
    Label,
    TimeRemoved,
    PictureRemoved,
    ManualAnswered,
}

/// What a tracker may do by a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tracker {
    Memo,
    Label,
    Picture,
    Time,
}

fn page_edit(book: &mut Book, at: u64, edit: Page) -> u64 {
    let segment = segment(MONDAY);
    let (role, says) = match edit {
        Page::Memo => (AuthorRole::Worker, Statement::Memo { segment, memo: Some("page".into()) }),
        Page::Label => (AuthorRole::Worker, Statement::Label { segment, label: Some("Review".into()) }),
        Page::TimeRemoved => (AuthorRole::Worker, Statement::TimeRemoved { segment, reason: None }),
        Page::PictureRemoved => (AuthorRole::Client, Statement::PictureRemoved { segment, reason: None }),
        Page::ManualAnswered => {
            (AuthorRole::Client, Statement::ManualAnswered { segment, agreed: true, reason: None })
        }
    };
    book.write(at, role, says)
}

fn revision(book: &mut Book, at: u64, edit: Tracker) -> u64 {
    let changed = match edit {
        Tracker::Memo => Field::Memo,
        Tracker::Label => Field::Label,
        Tracker::Picture => Field::Picture,
        Tracker::Time => Field::Time,
    };
    book.deliver(at, MONDAY, 1, "tracker", &[changed])
}

#[test]
fn each_pair_of_a_revision_and_a_page_edit_in_both_orders_early_and_late() {
    const PAGE: [Page; 5] =
        [Page::Memo, Page::Label, Page::TimeRemoved, Page::PictureRemoved, Page::ManualAnswered];
    const TRACKER: [Tracker; 4] = [Tracker::Memo, Tracker::Label, Tracker::Picture, Tracker::Time];
    let mut rows = 0;
    for page in PAGE {
        for tracker in TRACKER {
            for page_first in [true, false] {
                for (page_late, tracker_late) in [(false, false), (true, false), (false, true), (true, true)]
                {
                    // What comes late comes after what comes early.
                    if page_first && page_late && !tracker_late || !page_first && tracker_late && !page_late {
                        continue;
                    }
                    rows += 1;
                    let what = format!("{page:?} {tracker:?} {page_first} {page_late} {tracker_late}");
                    let mut book = Book::new();
                    book.deliver(MONDAY + 11 * MINUTE_MS, MONDAY, 0, "recorded", &[]);
                    let at = |late: bool| if late { LOCK } else { LOCK - 1 };
                    let (page_number, tracker_number) = if page_first {
                        let page = page_edit(&mut book, at(page_late), page);
                        (page, revision(&mut book, at(tracker_late), tracker))
                    } else {
                        let tracker = revision(&mut book, at(tracker_late), tracker);
                        (page_edit(&mut book, at(page_late), page), tracker)
                    };
                    let found = book.segment(MONDAY);

                    // Only an early edit changes words and time; the later one of two early ones has its field.
                    let page_memo = page == Page::Memo && !page_late;
                    let removed = page == Page::TimeRemoved && !page_late;
                    let tracker_memo = tracker == Tracker::Memo && !tracker_late;
                    let memo = match (removed, page_memo, tracker_memo) {
                        (true, ..) => None,
                        (_, true, true) if page_number > tracker_number => Some("page"),
                        (_, true, false) if tracker != Tracker::Memo => Some("page"),
                        (_, _, true) => Some("tracker"),
                        // The tracker's words come after the lock: the memo can go, and no other can come.
                        _ if tracker == Tracker::Memo => None,
                        _ => Some("recorded"),
                    };
                    assert_eq!(found.memo.as_deref(), memo, "{what}");
                    assert_eq!(found.removed.is_some(), removed, "{what}");
                    assert_eq!(found.picture_removed.is_some(), page == Page::PictureRemoved, "{what}");
                    let answered = page == Page::ManualAnswered && !page_late;
                    assert_eq!(found.manual, answered.then_some(ManualAnswer::Agreed), "{what}");
                    let label = page == Page::Label && !page_late;
                    if removed {
                        assert_eq!(found.label, None, "{what}");
                    } else if label && tracker != Tracker::Label {
                        assert_eq!(found.label.as_deref(), Some("Review"), "{what}");
                    }
                    assert_eq!(
                        found.counts(),
                        !removed,
                        "{what}: neither page nor tracker adds or takes time late"
                    );
                }
            }
        }
    }
    assert_eq!(rows, 5 * 4 * 2 * 3);
}

#[test]
fn invariant_07_a_picture_that_is_removed_never_takes_the_time() {
    for at in [MONDAY + 3_600_000, LOCK, LOCK + 90 * 86_400_000] {
        let mut book = Book::new();
        book.deliver(MONDAY + 11 * MINUTE_MS, MONDAY, 0, "recorded", &[]);
        page_edit(&mut book, at, Page::PictureRemoved);
        let found = book.segment(MONDAY);
        assert!(found.picture_removed.is_some() && found.counts() && found.memo.is_some());
    }
}

#[test]
fn a_tracker_undoes_its_own_removal_and_nobody_elses() {
    let mut book = Book::new();
    book.deliver(MONDAY + 11 * MINUTE_MS, MONDAY, 0, "recorded", &[]);
    let mut gone = example::parcel(MONDAY, SegmentLength::default());
    (gone.id, gone.revision) = ("gone".into(), 1);
    gone.removed = Some(Removed { at: MONDAY + 12 * MINUTE_MS, time_ms: 1 });
    gone.changed = vec![Field::Time];
    book.put(MONDAY + 12 * MINUTE_MS, gone);
    assert!(!book.segment(MONDAY).counts());
    book.deliver(MONDAY + 13 * MINUTE_MS, MONDAY, 2, "recorded", &[Field::Time]);
    assert!(book.segment(MONDAY).counts());
    page_edit(&mut book, MONDAY + 14 * MINUTE_MS, Page::TimeRemoved);
    book.deliver(MONDAY + 15 * MINUTE_MS, MONDAY, 3, "recorded", &[Field::Time]);
    assert!(!book.segment(MONDAY).counts(), "it did not know of the removal");
}

#[test]
fn what_arrives_after_the_lock_waits_for_the_client() {
    let mut book = Book::new();
    book.deliver(LOCK - 1, MONDAY, 0, "in time", &[]);
    book.deliver(LOCK, MONDAY + 10 * MINUTE_MS, 0, "late", &[]);
    let late = MONDAY + 10 * MINUTE_MS;
    assert!(book.segment(MONDAY).counts() && !book.segment(late).counts());
    book.write(LOCK + 1, AuthorRole::Client, Statement::LateAccepted { segment: segment(MONDAY) });
    book.write(LOCK + 1, AuthorRole::Client, Statement::LateAccepted { segment: segment(late) });
    assert!(book.segment(late).counts() && !book.segment(MONDAY).accepted_late, "nothing is accepted twice");
}

#[test]
fn a_copy_that_was_changed_is_found_out() {
    let mut book = Book::new();
    for nth in 0..5 {
        book.deliver(MONDAY + (nth + 1) * 11 * MINUTE_MS, MONDAY + nth * 10 * MINUTE_MS, 0, "recorded", &[]);
    }
    let start = Book::new().head;
    assert_eq!(verify(&start, &book.entries), Ok(book.head.clone()));
    let with = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut entries = book.entries.clone();
        change(&mut entries);
        verify(&start, &entries)
    };
    assert_eq!(with(&|e| drop(e.remove(2))), Err(BadLedger::Hole { expected: 3, found: 4 }));
    assert_eq!(with(&|e| e.swap(1, 2)), Err(BadLedger::Hole { expected: 2, found: 3 }));
    assert_eq!(with(&|e| e[1].body = e[2].body.clone()), Err(BadLedger::Body(2)));
    assert_eq!(with(&|e| e[1].at += 1), Err(BadLedger::Chain(2)));
    assert_eq!(with(&|e| e[3].at = 0), Err(BadLedger::Time(4)));
    assert_eq!(with(&|e| e[1].kind = "memo".into()), Err(BadLedger::Kind(2)));
    assert_eq!(with(&|e| e[4].head = Hash([0; 32])), Err(BadLedger::Chain(5)));
    // What is erased is sealed: all else still verifies.
    let erased = |e: &mut Vec<Entry>| (e[1].body, e[1].salt) = (None, None);
    assert_eq!(with(&erased), Ok(book.head.clone()));

    // A ledger that was written anew has a chain of its own, and is not the one that was seen.
    let mut other = Book::new();
    for nth in 0..6 {
        other.deliver(MONDAY + (nth + 1) * 11 * MINUTE_MS, MONDAY + nth * 20 * MINUTE_MS, 0, "recorded", &[]);
    }
    assert_eq!(still_has(&book.head, &other.entries), Err(BadLedger::Rewritten(5)));
    assert_eq!(still_has(&book.head, &book.entries[..3]), Err(BadLedger::Shortened { found: 3, known: 5 }));
    assert_eq!(still_has(&book.head, &book.entries), Ok(()));
}

/// One thing that happens to one of a few segments.
#[derive(Clone, Debug)]
enum Event {
    Deliver { segment: u64, revision: u32, changed: Vec<Field>, minutes_later: u64 },
    Edit { edit: u8, segment: u64, minutes_later: u64 },
}

fn event() -> impl Strategy<Value = Event> {
    let field = prop::sample::subsequence(Field::ALL.to_vec(), 0..=8);
    let deliver =
        (0..4u64, 0..4u32, field, 0..4_000u64).prop_map(|(segment, revision, changed, minutes_later)| {
            let changed = if revision == 0 { Vec::new() } else { changed };
            Event::Deliver { segment, revision, changed, minutes_later }
        });
    let edit = (0..7u8, 0..4u64, 0..4_000u64).prop_map(|(edit, segment, minutes_later)| Event::Edit {
        edit,
        segment,
        minutes_later,
    });
    prop_oneof![deliver, edit]
}

fn play(events: &[Event]) -> Book {
    let mut book = Book::new();
    let mut at = MONDAY + 6 * 86_400_000;
    for event in events {
        match event {
            Event::Deliver { segment, revision, changed, minutes_later } => {
                at += minutes_later * MINUTE_MS;
                let start = MONDAY + segment * 10 * MINUTE_MS;
                book.deliver(at, start, *revision, &format!("memo {revision}"), changed);
            }
            Event::Edit { edit, segment: nth, minutes_later } => {
                at += minutes_later * MINUTE_MS;
                let id = segment(MONDAY + nth * 10 * MINUTE_MS);
                let (role, says) = match edit {
                    0 => (AuthorRole::Worker, Statement::Memo { segment: id, memo: Some(at.to_string()) }),
                    1 => (AuthorRole::Worker, Statement::Label { segment: id, label: None }),
                    2 => (AuthorRole::Worker, Statement::TimeRemoved { segment: id, reason: None }),
                    3 => (AuthorRole::Client, Statement::PictureRemoved { segment: id, reason: None }),
                    4 => (AuthorRole::Client, Statement::LateAccepted { segment: id }),
                    5 => {
                        let agreed = nth % 2 == 0;
                        (AuthorRole::Client, Statement::ManualAnswered { segment: id, agreed, reason: None })
                    }
                    _ => (
                        AuthorRole::BackOffice,
                        Statement::Purged { kinds: vec![DetailKind::Memo], before: id.start + 1 },
                    ),
                };
                book.write(at, role, says);
            }
        }
    }
    book
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whichever order entries and parcels come in, and however often, both sides fold the same diary.
    #[test]
    fn any_interleaving_folds_to_the_same_diary(
        events in prop::collection::vec(event(), 1..40),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let book = play(&events);
        let expected = book.fold();
        // In another order, and some of them twice.
        let mut entries = book.entries.clone();
        for index in &order {
            let moved = entries.remove(index.index(entries.len()));
            entries.push(moved);
        }
        entries.extend(order.iter().map(|index| book.entries[index.index(book.entries.len())].clone()));
        prop_assert_eq!(&fold(&entries, |id| book.parcels.get(id)), &expected);
        prop_assert_eq!(verify(&Book::new().head, &book.entries), Ok(book.head.clone()));
    }

    /// After the lock of a week nothing makes time count that did not, but the client; and nothing takes time away.
    #[test]
    fn a_frozen_week_never_changes(events in prop::collection::vec(event(), 1..60)) {
        let book = play(&events);
        let at_lock: Vec<Entry> = book.entries.iter().filter(|entry| entry.at < LOCK).cloned().collect();
        let frozen = fold(&at_lock, |id| book.parcels.get(id));
        let now = book.fold();
        for (id, before) in &frozen.segments {
            let after = &now.segments[id];
            prop_assert_eq!(before.counts(), after.counts());
            prop_assert_eq!(before.length, after.length);
            prop_assert_eq!(&before.removed, &after.removed);
            prop_assert_eq!(before.manual, after.manual);
            prop_assert!(after.memo.is_none() || after.memo == before.memo, "words may go, and none may come");
        }
        for (id, after) in now.segments.iter().filter(|(id, _)| !frozen.segments.contains_key(*id)) {
            prop_assert!(after.late && after.counts() == after.accepted_late, "{id:?}");
        }
    }
}
