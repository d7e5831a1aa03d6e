//! What is kept of a segment of a locked week.

use std::collections::BTreeMap;

use crate::billing::Outcome;
use crate::segment::SegmentLength;

/// A frozen segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frozen {
    pub(super) length: SegmentLength,
    pub(super) outcome: Outcome,
    pub(super) typed_in: bool,
}

/// A device's segments, by their start.
pub(super) type Segments = BTreeMap<u64, Frozen>;
