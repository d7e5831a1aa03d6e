//! Which segments hold something that no parcel reports yet.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::{Mutex, MutexGuard};

#[derive(Debug, Default)]
struct MarkedSegments {
    /// The mark that each was opened with last.
    segments: BTreeMap<u64, u64>,
    /// Counts up with every mark, so that none is given twice.
    marks: u64,
}

impl MarkedSegments {
    fn add(&mut self, start: u64) {
        self.marks += 1;
        self.segments.insert(start, self.marks);
    }
}

/// The segments that hold something that no parcel reports yet, by start.
#[derive(Debug, Default)]
pub struct Marks(Mutex<MarkedSegments>);

impl Marks {
    /// Returns the segments that hold something that no parcel reports yet, in order.
    #[must_use]
    pub fn open_segments(&self) -> BTreeSet<u64> {
        self.lock().segments.keys().copied().collect()
    }

    /// Marks the segment that starts then: something was recorded in it. Called after it was written down: a segment
    /// that is being closed meanwhile is then closed again.
    pub fn mark_open(&self, start: u64) {
        self.lock().add(start);
    }

    /// Returns a segment's mark for [`Self::clear_mark`], read before the segment is closed.
    pub(crate) fn mark_of(&self, start: u64) -> Option<u64> {
        self.lock().segments.get(&start).copied()
    }

    /// Takes a segment's mark away if it is still this one: a parcel reports all that the segment held then. What came
    /// later leaves it open.
    pub(crate) fn clear_mark(&self, start: u64, mark: Option<u64>) {
        let mut open = self.lock();
        if open.segments.get(&start).copied() == mark {
            open.segments.remove(&start);
        }
    }

    /// Marks these segments: they hold something that no parcel reports yet.
    pub(crate) fn mark_all_open(&self, open: BTreeSet<u64>) {
        let mut marks = self.lock();
        open.into_iter().for_each(|start| marks.add(start));
    }

    fn lock(&self) -> MutexGuard<'_, MarkedSegments> {
        self.0.lock()
    }
}
