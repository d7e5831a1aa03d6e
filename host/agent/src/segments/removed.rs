//! What the records of a segment hold of its removals, and which removals can still be undone.

use std::collections::BTreeSet;

use tokio::sync::Notify;

use crate::segments::record::{Record, StoredRecord};

/// How long a removal can be undone at least, if nothing of the segment is held any more, in milliseconds.
pub const UNDO_MS: u64 = 10_000;
/// Removals that can still be undone.
#[derive(Default)]
pub struct Removals {
    /// The segments, by their starts.
    open: parking_lot::Mutex<BTreeSet<u64>>,
    /// Notified when a removal was made.
    pub(super) changed: Notify,
}

impl Removals {
    pub(super) fn with<T>(&self, what: impl FnOnce(&mut BTreeSet<u64>) -> T) -> T {
        what(&mut self.open.lock())
    }

    /// Returns whether something of this segment was removed and not destroyed yet.
    #[must_use]
    pub fn is_open(&self, start: u64) -> bool {
        self.with(|open| open.contains(&start))
    }
}

/// A removal that can still be undone.
#[derive(Clone, Copy)]
pub(super) struct OpenRemoval {
    /// The sequence of its record in the journal.
    pub(super) sequence: u64,
    /// Whether the time goes with it.
    pub(super) with_time: bool,
}

/// Returns the removals of a segment that were not finished, in order: a picture may have been removed before the rest
/// was.
pub(super) fn open_removals(records: &[StoredRecord]) -> Vec<OpenRemoval> {
    let mut open = Vec::new();
    for stored in records {
        match stored.record {
            Record::Destroyed { .. } => open.clear(),
            Record::Withdrawn { time_ms, .. } => {
                open.push(OpenRemoval { sequence: stored.sequence, with_time: time_ms.is_some() });
            }
            _ => {}
        }
    }
    open
}

/// Returns the removal of all of a segment that can still be undone, by its sequence in the journal.
pub(super) fn whole_removal(records: &[StoredRecord]) -> Option<u64> {
    open_removals(records).iter().rev().find(|open| open.with_time).map(|open| open.sequence)
}

/// Returns how much time the removals of a segment took that can still be undone, in milliseconds.
pub(crate) fn withdrawn_ms(records: &[StoredRecord]) -> u64 {
    let open: Vec<u64> = open_removals(records).iter().map(|open| open.sequence).collect();
    let ms = |stored: &StoredRecord| match stored.record {
        Record::Withdrawn { time_ms, .. } if open.contains(&stored.sequence) => time_ms.unwrap_or(0),
        _ => 0,
    };
    records.iter().map(ms).sum()
}

/// Returns whether all of a segment was removed, and that can still be undone.
pub(crate) fn is_removed(records: &[StoredRecord]) -> bool {
    whole_removal(records).is_some()
}

/// Returns what was recorded since all of the segment was removed, if that can still be undone.
pub(crate) fn since_removal(records: &[StoredRecord]) -> Vec<StoredRecord> {
    let removed = whole_removal(records).unwrap_or(0);
    records.iter().filter(|r| r.sequence > removed).cloned().collect()
}

/// Returns the journal's blob with a segment's picture; none if there is none, or it was removed. What was recorded
/// after a removal is not concerned by it.
///
/// # Errors
/// If it was removed; the error says so.
pub(crate) fn picture_of(records: &[StoredRecord]) -> Result<&str, &'static str> {
    let removed = open_removals(records).last().map_or(0, |open| open.sequence);
    let mut picture = Err("that segment has no picture");
    for stored in records {
        if let Record::Snapshot { blob, .. } = &stored.record {
            if stored.sequence > removed {
                return Ok(blob);
            }
            picture = Err("you removed that picture");
        }
    }
    picture
}

/// Returns whether a removal of its segment erases a record. Closing records hold nothing but ids, and starts and stops
/// are how a crash is recognised.
pub(crate) fn is_erasable(record: &Record) -> bool {
    !matches!(
        record,
        Record::Segment { .. }
            | Record::Started
            | Record::Stopped
            | Record::Removed { .. }
            | Record::Destroyed { .. }
            | Record::Restored
    )
}

/// Returns the pictures of a segment: their records and blobs.
pub(crate) fn pictures_in(records: &[StoredRecord]) -> Vec<(u64, String)> {
    let picture = |r: &StoredRecord| match &r.record {
        Record::Snapshot { blob, .. } => Some((r.sequence, blob.clone())),
        _ => None,
    };
    records.iter().filter_map(picture).collect()
}
