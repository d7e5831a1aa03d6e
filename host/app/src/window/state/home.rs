//! What the first page sums up.

use candor_protocol::Segment;

use crate::format::MINUTE;

/// Today's segments, and the manual time of this week.
#[derive(Debug, Default)]
pub(crate) struct HomeTotals {
    today: Vec<Segment>,
    week_manual_ms: u64,
}

impl HomeTotals {
    /// Returns today's segments, in order of start.
    pub(crate) fn today(&self) -> &[Segment] {
        &self.today
    }

    /// Returns the manual time of this week, in milliseconds.
    pub(crate) fn week_manual_ms(&self) -> u64 {
        self.week_manual_ms
    }

    pub(crate) fn set_today(&mut self, segments: &[Segment]) {
        self.today = segments.to_vec();
    }

    /// Takes the segments of this week.
    pub(crate) fn set_week(&mut self, segments: &[Segment]) {
        let manual = segments.iter().filter(|segment| segment.manual && segment.removed_at.is_none());
        self.week_manual_ms = manual.map(|segment| u64::from(segment.length) * MINUTE).sum();
    }
}
