//! A day of one contract as a Work Diary shows it: cells, what they add up to, how they lie in the grid of hours.
//!
//! Pure, so that the tracker's window and the back office's page show the same day. Words and pictures are theirs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::billing::{Facts, Outcome};
use crate::calendar::Hour;
use crate::parcel::{Counts, GapCause, Parcel};
use crate::segment::{MINUTE_MS, SegmentLength};

/// A parcel of the day with what became of its claim.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The parcel, one revision of a segment.
    pub parcel: &'a Parcel,
    /// What billing made of it.
    pub outcome: Outcome,
}

/// The kinds of time that a device can deliver; each has a rail and a word (look, 'Kinds and cells').
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Recorded by the tracker.
    Tracked,
    /// Typed in by the worker.
    Manual,
    /// Tracked or typed in beyond the weekly limit.
    OverLimit,
    /// The tracker could not see.
    NoEvidence,
    /// Removed by the worker: a tombstone.
    Removed,
}

/// A segment of the day.
#[derive(Clone, Debug)]
pub struct Cell<'a> {
    /// Its first millisecond, since the Unix epoch.
    pub start: u64,
    /// The length of its segment.
    pub length: SegmentLength,
    /// What became of it.
    pub outcome: Outcome,
    /// The entry that stands for it.
    pub shown: Entry<'a>,
    /// The index of `shown` in the entries that were given.
    pub index: usize,
    /// Indices of the other devices' entries for the same start.
    pub also: Vec<usize>,
}

impl Cell<'_> {
    /// The kind of time.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.outcome {
            Outcome::OverLimit => Kind::OverLimit,
            Outcome::NoEvidence => Kind::NoEvidence,
            Outcome::Removed => Kind::Removed,
            _ if self.shown.parcel.manual.is_some() => Kind::Manual,
            _ => Kind::Tracked,
        }
    }

    /// Why it is not billed although it is of a kind that is; `None` if that is not so.
    #[must_use]
    pub fn not_billed_because(&self) -> Option<&'static str> {
        match self.outcome {
            Outcome::NoActivity => Some("no activity"),
            Outcome::Shared => Some("shared with another contract"),
            Outcome::Merged => Some("counted on another device"),
            Outcome::Waiting => Some("waiting for agreement"),
            Outcome::AfterLock => Some("arrived after the lock"),
            Outcome::NotAllowed => Some("not allowed by the terms"),
            Outcome::Billed | Outcome::OverLimit | Outcome::NoEvidence | Outcome::Removed => None,
        }
    }

    /// First millisecond after it.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.length.ms()
    }

    /// The memo, with what is only space left out.
    #[must_use]
    pub fn memo(&self) -> Option<&str> {
        self.shown.parcel.memo.as_deref().map(str::trim).filter(|memo| !memo.is_empty())
    }

    /// The label, with what is only space left out.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.shown.parcel.label.as_deref().map(str::trim).filter(|label| !label.is_empty())
    }

    /// Why the tracker could not see, if that is all there is to say of the segment: the cause of its longest gap.
    #[must_use]
    pub fn gap_cause(&self) -> Option<GapCause> {
        let longest = self.shown.parcel.gaps.iter().max_by_key(|gap| gap.to.saturating_sub(gap.from));
        longest.filter(|_| self.outcome == Outcome::NoEvidence).map(|gap| gap.cause)
    }

    fn same_run(&self, next: &Cell<'_>) -> bool {
        let key = |c: &Cell<'_>| (c.kind(), c.not_billed_because(), c.gap_cause());
        key(self) == key(next)
            && self.memo() == next.memo()
            && self.label() == next.label()
            && self.end() == next.start
    }
}

/// Makes the cells, in order of start. Several devices in one segment make one cell.
#[must_use]
pub fn cells<'a>(entries: &[Entry<'a>]) -> Vec<Cell<'a>> {
    let mut by_start: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        by_start.entry(entry.parcel.start).or_default().push(index);
    }
    let mut cells = Vec::with_capacity(by_start.len());
    for (start, mut indices) in by_start {
        indices.sort_by_key(|i| {
            entries.get(*i).map(|e| (e.outcome, std::cmp::Reverse(e.parcel.minutes_active()), *i))
        });
        let Some((index, entry)) = indices.first().and_then(|i| Some((*i, entries.get(*i)?))) else {
            continue;
        };
        cells.push(Cell {
            start,
            length: entry.parcel.length,
            outcome: entry.outcome,
            shown: *entry,
            index,
            also: indices.split_off(1),
        });
    }
    cells
}

/// What the day adds up to, in minutes: `recorded = billable + over_limit + waiting + not_billable`. What arrived after
/// the lock is not billed either, and is never added to a locked week: it is in none of the other figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Summary {
    /// Minutes that are billed.
    pub billable: u64,
    /// What of it was typed in.
    pub manual: u64,
    /// Beyond the weekly limit.
    pub over_limit: u64,
    /// Typed in, and waiting for the client's agreement.
    pub waiting: u64,
    /// Not billed for another reason.
    pub not_billable: u64,
    /// What of that was typed in.
    pub manual_not_billable: u64,
    /// Arrived after its week was locked.
    pub after_lock: u64,
    /// All that was tracked or typed in and was there at the lock, in whole segments.
    pub recorded: u64,
    /// Segments of which the tracker saw nothing that counts. Not counted anywhere.
    pub no_evidence: u64,
}

impl Summary {
    /// Adds up the segments of a day.
    #[must_use]
    pub fn of(segments: impl IntoIterator<Item = (Facts, Outcome)>) -> Self {
        let mut sum = Self::default();
        for (facts, outcome) in segments {
            sum.add(&facts, outcome);
        }
        sum
    }

    /// Adds one segment. Those counted on another device are the same time and not added again; those removed are gone.
    pub fn add(&mut self, facts: &Facts, outcome: Outcome) {
        self.add_minutes(facts.length.minutes().into(), facts.typed_in(), outcome);
    }

    /// The same of a segment of which only this is known.
    pub(crate) fn add_minutes(&mut self, minutes: u64, typed_in: bool, outcome: Outcome) {
        let typed_in = if typed_in { minutes } else { 0 };
        match outcome {
            Outcome::Billed => {
                self.billable += minutes;
                self.manual += typed_in;
            }
            Outcome::OverLimit => self.over_limit += minutes,
            Outcome::Waiting => self.waiting += minutes,
            Outcome::NoActivity | Outcome::Shared | Outcome::NotAllowed => {
                self.not_billable += minutes;
                self.manual_not_billable += typed_in;
            }
            Outcome::AfterLock => self.after_lock += minutes,
            Outcome::NoEvidence => self.no_evidence += minutes,
            Outcome::Merged | Outcome::Removed => {}
        }
        self.recorded = self.billable + self.over_limit + self.waiting + self.not_billable;
    }
}

/// What happened in each minute of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    /// Its first millisecond, since the Unix epoch.
    pub start: u64,
    /// Whether any of it was tracked.
    pub tracked: bool,
    /// The counts, if they were recorded.
    pub counts: Option<Counts>,
}

impl Minute {
    /// All events of the minute.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.counts.map_or(0, |c| u64::from(c.keys) + u64::from(c.clicks) + u64::from(c.scrolls))
    }
}

/// Every minute of a segment, those without a record included.
#[must_use]
pub fn minutes(parcel: &Parcel) -> Vec<Minute> {
    (0..u64::from(parcel.length.minutes()))
        .map(|nth| {
            let start = parcel.start + nth * MINUTE_MS;
            let facts = parcel.minutes.iter().find(|m| m.start == start);
            Minute { start, tracked: facts.is_some(), counts: facts.and_then(|m| m.counts) }
        })
        .collect()
}

/// The events of the busiest minute, against which all meters of a day are drawn.
#[must_use]
pub fn busiest(cells: &[Cell<'_>]) -> u64 {
    cells.iter().flat_map(|c| minutes(c.shown.parcel)).map(|m| m.events()).max().unwrap_or(0)
}

/// A part of the day's column of hours.
#[derive(Debug)]
pub enum Part<'a> {
    /// Hours in a row without time.
    Quiet {
        /// The first of them.
        first: Hour,
        /// The last of them.
        last: Hour,
        /// How many they are, at least 1.
        hours: usize,
    },
    /// An hour with time.
    Hour {
        /// The hour, of 60 minutes on most days.
        hour: Hour,
        /// How its cells lie.
        shape: Shape,
        /// Its rows, from left to right. Rows without any time are left out.
        rows: Vec<Vec<Slot<'a>>>,
    },
}

/// How the cells of an hour lie: ten minutes make the six cells an hour of the look; shorter ones wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Cells in a full row.
    pub columns: usize,
    /// Runs are cut at multiples of this, so that a narrow page can break rows there.
    pub group: usize,
}

impl Shape {
    /// The shape for a length.
    #[must_use]
    pub fn of(length: SegmentLength) -> Self {
        let (columns, group) = match length.minutes() {
            1 | 2 | 3 | 6 => (10, 5),
            5 | 10 => (6, 6),
            12 => (5, 5),
            _ => (4, 4),
        };
        Self { columns, group }
    }
}

/// A place in a row.
#[derive(Debug)]
pub enum Slot<'a> {
    /// This many places without time.
    Blank(usize),
    /// Consecutive cells of one memo and kind.
    Run {
        /// The cells; at least one, at most [`Shape::group`].
        cells: Vec<Cell<'a>>,
        /// Whether it only carries on the run to its left, cut where a narrow page breaks.
        continued: bool,
    },
}

/// Lays the cells of a day out in its hours.
#[must_use]
pub fn parts<'a>(hours: &[Hour], cells: &[Cell<'a>]) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for hour in hours {
        let within: Vec<&Cell<'a>> =
            cells.iter().filter(|c| (hour.from..hour.to).contains(&c.start)).collect();
        let Some(length) = within.iter().map(|c| c.length).min_by_key(|l| l.minutes()) else {
            if let Some(Part::Quiet { last, hours, .. }) = parts.last_mut() {
                *last = *hour;
                *hours += 1;
            } else {
                parts.push(Part::Quiet { first: *hour, last: *hour, hours: 1 });
            }
            continue;
        };
        let shape = Shape::of(length);
        parts.push(Part::Hour { hour: *hour, shape, rows: rows(hour, shape, length, &within) });
    }
    parts
}

fn rows<'a>(hour: &Hour, shape: Shape, length: SegmentLength, within: &[&Cell<'a>]) -> Vec<Vec<Slot<'a>>> {
    let mut by_place: BTreeMap<usize, &Cell<'a>> = BTreeMap::new();
    for cell in within {
        let place = usize::try_from((cell.start - hour.from) / length.ms()).unwrap_or(usize::MAX);
        // Segments start on a grid of their length, so a place is taken once; were it not, the first stays.
        by_place.entry(place).or_insert(cell);
    }
    let mut rows: BTreeMap<usize, Vec<(usize, &Cell<'a>)>> = BTreeMap::new();
    for (place, cell) in by_place {
        rows.entry(place / shape.columns).or_default().push((place % shape.columns, cell));
    }
    rows.into_values().map(|row| slots(shape, &row)).collect()
}

fn slots<'a>(shape: Shape, row: &[(usize, &Cell<'a>)]) -> Vec<Slot<'a>> {
    let mut slots: Vec<Slot<'a>> = Vec::new();
    let mut filled = 0;
    let mut before: Option<&Cell<'a>> = None;
    for (place, cell) in row {
        blanks(&mut slots, shape, filled, *place);
        let same = *place == filled && before.is_some_and(|b| b.same_run(cell));
        match slots.last_mut() {
            Some(Slot::Run { cells, .. }) if same && !place.is_multiple_of(shape.group) => {
                cells.push((*cell).clone())
            }
            _ => slots.push(Slot::Run { cells: vec![(*cell).clone()], continued: same }),
        }
        filled = place + 1;
        before = Some(*cell);
    }
    // To the end of the row, so that the next one begins at the left.
    blanks(&mut slots, shape, filled, shape.columns);
    slots
}

/// Fills the places `from..to`, cut where a narrow page breaks its rows.
fn blanks(slots: &mut Vec<Slot<'_>>, shape: Shape, from: usize, to: usize) {
    let mut at = from;
    while at < to {
        let end = ((at / shape.group + 1) * shape.group).min(to);
        slots.push(Slot::Blank(end - at));
        at = end;
    }
}

#[cfg(test)]
mod tests;
