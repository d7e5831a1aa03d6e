//! The page of a week.

use candor_protocol::Segment;

/// The week that is shown, and its segments.
#[derive(Debug, Default)]
pub(crate) struct WeekPage {
    weeks_back: i64,
    segments: Option<Vec<Segment>>,
}

impl WeekPage {
    /// Returns how many weeks before this one the week is.
    pub(crate) fn weeks_back(&self) -> i64 {
        self.weeks_back
    }

    /// Returns the segments, once they are read.
    pub(crate) fn segments(&self) -> Option<&[Segment]> {
        self.segments.as_deref()
    }

    pub(crate) fn show_this_week(&mut self) {
        self.weeks_back = 0;
    }

    /// Shows another week; its segments are to be read.
    pub(crate) fn show_week(&mut self, weeks_back: i64) {
        (self.weeks_back, self.segments) = (weeks_back, None);
    }

    /// Takes the segments of the week.
    pub(crate) fn set_segments(&mut self, segments: Vec<Segment>) {
        self.segments = Some(segments);
    }
}
