//! Computes the diary from the ledger: the same call in the back office, in the tracker and for whoever checks a copy.
//!
//! A field belongs to the entry that touched it last. A revision names the fields that it changed, so that removing a
//! picture in the tracker does not undo a memo that was written on the page. What was removed on a page stays removed: no
//! revision brings it back, for a tracker may not have heard of the removal when it made it. From the lock of its week on a
//! segment's time stays as it is, whatever an entry says.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{AuthorRole, Body, Entry, SegmentId, Statement};
use crate::billing::lock::LockedWeek;
use crate::calendar::lock_of;
use crate::parcel::{DetailKind, Field, Parcel, TermsRef};
use crate::segment::SegmentLength;

/// Everything that a ledger comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diary {
    /// The segments of all devices, in order of start.
    pub segments: BTreeMap<SegmentId, DiarySegment>,
    /// The frozen weeks, by their first millisecond.
    pub locked: BTreeMap<u64, LockedWeek>,
    /// Disputes that are not settled, by the number of the entry that opened them: first millisecond, and first after.
    pub disputes: BTreeMap<u64, (u64, u64)>,
    /// The newest terms that were issued and not taken back.
    pub issued: Option<TermsRef>,
    /// The newest terms that the worker accepted.
    pub accepted: Option<TermsRef>,
    /// Time that another contract of the worker has: first millisecond, and first after.
    pub taken: BTreeSet<(u64, u64)>,
    /// The invoice of each week that has one, by the week's first millisecond.
    pub invoices: BTreeMap<u64, String>,
    /// When the contract was closed, milliseconds since the Unix epoch.
    pub closed_at: Option<u64>,
    /// The number of the last entry.
    pub number: u64,
}

/// A segment as both sides see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiarySegment {
    /// The parcel that stands for it: the highest revision that counts.
    pub parcel: String,
    /// Its revision.
    pub revision: u32,
    /// The length of the segment.
    pub length: SegmentLength,
    /// When the first parcel of it was received, milliseconds since the Unix epoch.
    pub arrived_at: u64,
    /// Whether that was after the lock of its week: it is not billed, unless the client accepts it.
    pub late: bool,
    /// Whether the client has accepted it onto the next invoice although it is late.
    pub accepted_late: bool,
    /// The memo.
    pub memo: Option<String>,
    /// The label.
    pub label: Option<String>,
    /// Who removed the time, if somebody did.
    pub removed: Option<Removal>,
    /// Who removed the picture, if somebody did on a page.
    pub picture_removed: Option<Removal>,
    /// What the client says of typed-in time, if they were asked.
    pub manual: Option<ManualAnswer>,
    /// Details that were purged.
    pub purged: BTreeSet<DetailKind>,
    /// The number of the entry to which each field belongs.
    pub touched: BTreeMap<Field, u64>,
}

/// Who removed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// As whom they acted.
    pub by: AuthorRole,
    /// When, milliseconds since the Unix epoch.
    pub at: u64,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// What the client says of typed-in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManualAnswer {
    /// Nothing yet.
    Asked,
    /// It is billed.
    Agreed,
    /// It is not.
    Refused,
}

impl DiarySegment {
    /// Whether its time counts for billing: it is not removed, and it came in time or was accepted.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.removed.is_none() && (!self.late || self.accepted_late)
    }
}

/// Folds entries, in any order and however often each is given, into the diary. `parcel` returns what is there of a
/// parcel; none if it is not there yet, or gone: its words are missing then, and nothing else.
#[must_use]
pub fn fold<'a, 'p>(
    entries: impl IntoIterator<Item = &'a Entry>,
    parcel: impl Fn(&str) -> Option<&'p Parcel>,
) -> Diary {
    let by_number: BTreeMap<u64, &Entry> = entries.into_iter().map(|entry| (entry.number, entry)).collect();
    let mut diary = Diary::default();
    for entry in by_number.into_values() {
        diary.extend(entry, &parcel);
    }
    diary
}

impl Diary {
    /// Adds the next entry, as [`fold`] does; one that is in the diary already changes nothing.
    pub fn extend<'p>(&mut self, entry: &Entry, parcel: &impl Fn(&str) -> Option<&'p Parcel>) {
        if entry.number <= self.number {
            return;
        }
        self.number = entry.number;
        if let Some(body) = entry.read() {
            self.apply(entry.number, entry.at, body, parcel);
        }
    }

    fn apply<'p>(
        &mut self,
        number: u64,
        at: u64,
        Body { author, says }: Body,
        parcel: &impl Fn(&str) -> Option<&'p Parcel>,
    ) {
        match says {
            Statement::TermsIssued { terms } => self.issued = Some(terms),
            Statement::TermsRevoked { terms } => {
                if self.issued.as_ref() == Some(&terms) && self.accepted.as_ref() != Some(&terms) {
                    self.issued.clone_from(&self.accepted);
                }
            }
            Statement::TermsAccepted { terms } => {
                let newer = self.accepted.as_ref().is_none_or(|before| before.sequence < terms.sequence);
                if newer {
                    self.accepted = Some(terms);
                }
            }
            Statement::Parcel { parcel: id, segment, length, revision, changed, .. } => {
                let there = parcel(&id);
                self.add_parcel(number, at, NewParcel { id, segment, length, revision, changed }, there);
            }
            Statement::Memo { segment, memo } => {
                self.edit(at, &segment, |found| {
                    found.memo = memo;
                    found.touched.insert(Field::Memo, number);
                });
            }
            Statement::Label { segment, label } => {
                self.edit(at, &segment, |found| {
                    found.label = label;
                    found.touched.insert(Field::Label, number);
                });
            }
            Statement::TimeRemoved { segment, reason } => {
                let removal = Removal { by: author.role, at, reason };
                self.edit(at, &segment, |found| {
                    found.removed.get_or_insert(removal);
                    (found.memo, found.label) = (None, None);
                    found.touched.insert(Field::Time, number);
                });
            }
            // Also after the lock, and it never takes time.
            Statement::PictureRemoved { segment, reason } => {
                let removal = Removal { by: author.role, at, reason };
                if let Some(found) = self.segments.get_mut(&segment) {
                    found.picture_removed.get_or_insert(removal);
                    found.touched.insert(Field::Picture, number);
                }
            }
            Statement::ManualAsked { segment } => {
                self.edit(at, &segment, |found| {
                    found.manual.get_or_insert(ManualAnswer::Asked);
                });
            }
            Statement::ManualAnswered { segment, agreed, .. } => {
                let answer = if agreed { ManualAnswer::Agreed } else { ManualAnswer::Refused };
                self.edit(at, &segment, |found| found.manual = Some(answer));
            }
            Statement::LateAccepted { segment } => {
                if let Some(found) = self.segments.get_mut(&segment)
                    && found.late
                {
                    found.accepted_late = true;
                }
            }
            // A week freezes once.
            Statement::WeekLocked { week } => {
                self.locked.entry(week.week_start()).or_insert(week);
            }
            Statement::DisputeOpened { from, to, .. } => {
                self.disputes.insert(number, (from, to));
            }
            Statement::DisputeAnswered { dispute, settled, .. } => {
                if settled {
                    self.disputes.remove(&dispute);
                }
            }
            Statement::Taken { from, to } => {
                self.taken.insert((from, to));
            }
            Statement::InvoiceIssued { invoice, week_start, .. } => {
                self.invoices.entry(week_start).or_insert(invoice);
            }
            Statement::ContractClosed { .. } => self.closed_at = self.closed_at.or(Some(at)),
            Statement::Purged { kinds, before } => {
                for (segment, found) in &mut self.segments {
                    if segment.start < before {
                        found.purge(&kinds);
                    }
                }
            }
            Statement::TermsRefused { .. }
            | Statement::Hold { .. }
            | Statement::Request { .. }
            | Statement::RequestAnswered { .. } => {}
        }
    }

    /// Changes a segment whose week is open and that was not removed.
    fn edit(&mut self, at: u64, segment: &SegmentId, change: impl FnOnce(&mut DiarySegment)) {
        if at >= lock_of(segment.start) {
            return;
        }
        if let Some(found) = self.segments.get_mut(segment)
            && found.removed.is_none()
        {
            change(found);
        }
    }

    fn add_parcel(&mut self, number: u64, at: u64, new: NewParcel, there: Option<&Parcel>) {
        let late = at >= lock_of(new.segment.start);
        let Some(found) = self.segments.get_mut(&new.segment) else {
            let mut segment = DiarySegment {
                parcel: String::new(),
                revision: new.revision,
                length: new.length,
                arrived_at: at,
                late,
                accepted_late: false,
                memo: None,
                label: None,
                removed: None,
                picture_removed: None,
                manual: None,
                purged: BTreeSet::new(),
                touched: BTreeMap::new(),
            };
            segment.revise(number, at, &new, &Field::ALL, there);
            self.segments.insert(new.segment, segment);
            return;
        };
        // One that comes after its successor was overtaken.
        if new.revision <= found.revision {
            return;
        }
        // What only takes details away is done whenever it comes; the rest was decided at the lock.
        let frozen = [Field::Time, Field::Context];
        if late && new.changed.iter().any(|field| frozen.contains(field)) {
            return;
        }
        found.revise(number, at, &new, &new.changed, there);
    }
}

/// A parcel as its entry has it.
struct NewParcel {
    id: String,
    segment: SegmentId,
    length: SegmentLength,
    revision: u32,
    changed: Vec<Field>,
}

impl DiarySegment {
    fn revise(&mut self, number: u64, at: u64, new: &NewParcel, changed: &[Field], there: Option<&Parcel>) {
        self.parcel.clone_from(&new.id);
        self.revision = new.revision;
        // The tracker may undo its own removal.
        if self.removed.as_ref().is_some_and(|removal| removal.by != AuthorRole::Device) {
            return;
        }
        let locked = at >= lock_of(new.segment.start) && !self.late;
        for field in changed {
            self.touched.insert(*field, number);
            // After the lock words can go, and none can come.
            let words = |text: Option<&String>| text.filter(|_| !locked).cloned();
            match field {
                Field::Memo => self.memo = words(there.and_then(|parcel| parcel.memo.as_ref())),
                Field::Label => self.label = words(there.and_then(|parcel| parcel.label.as_ref())),
                Field::Time => {
                    self.length = new.length;
                    let removed = there.is_some_and(|parcel| parcel.removed.is_some());
                    self.removed = removed.then_some(Removal { by: AuthorRole::Device, at, reason: None });
                }
                Field::Picture | Field::Activity | Field::Focus | Field::Notes | Field::Context => {}
            }
        }
    }

    fn purge(&mut self, kinds: &[DetailKind]) {
        self.purged.extend(kinds);
        if kinds.contains(&DetailKind::Memo) {
            (self.memo, self.label) = (None, None);
        }
    }
}

#[cfg(test)]
mod tests;
