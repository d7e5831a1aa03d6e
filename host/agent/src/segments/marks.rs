//! Which segments hold something that no parcel tells yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct Open {
    /// The mark that each was opened with last.
    segments: BTreeMap<u64, u64>,
    /// Counts up with every mark, so that none is given twice.
    marks: u64,
}

impl Open {
    fn add(&mut self, start: u64) {
        self.marks += 1;
        self.segments.insert(start, self.marks);
    }
}

/// Segments that hold something that no parcel tells yet, by start.
#[derive(Debug, Default)]
pub struct Marks(Mutex<Open>);

impl Marks {
    /// Segments that hold something that no parcel tells yet, in order.
    #[must_use]
    pub fn open_segments(&self) -> BTreeSet<u64> {
        self.lock().segments.keys().copied().collect()
    }

    /// Something was recorded in the segment that starts then. Said after it was written down: a segment that is being
    /// closed meanwhile is then closed again.
    pub fn opened(&self, start: u64) {
        self.lock().add(start);
    }

    /// What [`Self::no_longer_open`] wants to know, read before a segment is closed.
    pub(crate) fn mark(&self, start: u64) -> Option<u64> {
        self.lock().segments.get(&start).copied()
    }

    /// A parcel tells all that the segment held when it had this mark. What came later leaves it open.
    pub(crate) fn no_longer_open(&self, start: u64, mark: Option<u64>) {
        let mut open = self.lock();
        if open.segments.get(&start).copied() == mark {
            open.segments.remove(&start);
        }
    }

    /// These segments hold something that no parcel tells yet.
    pub(crate) fn set_open(&self, open: BTreeSet<u64>) {
        let mut marks = self.lock();
        open.into_iter().for_each(|start| marks.add(start));
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
