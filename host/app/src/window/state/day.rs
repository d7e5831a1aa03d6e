//! The page of a day.

use candor_protocol::Segment;

/// The day that is shown, and its segments.
#[derive(Debug, Default)]
pub(crate) struct DayPage {
    days_back: i64,
    segments: Option<Vec<Segment>>,
}

impl DayPage {
    /// Returns how many days before today the day is.
    pub(crate) fn days_back(&self) -> i64 {
        self.days_back
    }

    /// Returns the segments, once they are read.
    pub(crate) fn segments(&self) -> Option<&[Segment]> {
        self.segments.as_deref()
    }

    pub(crate) fn show_today(&mut self) {
        self.days_back = 0;
    }

    /// Shows another day; its segments are to be read.
    pub(crate) fn show_day(&mut self, days_back: i64) {
        (self.days_back, self.segments) = (days_back, None);
    }

    /// Takes the segments of the day.
    pub(crate) fn set_segments(&mut self, segments: Vec<Segment>) {
        self.segments = Some(segments);
    }
}
