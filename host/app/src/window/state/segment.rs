//! The page of a segment: its memo and label as they are changed.

use candor_protocol::Segment;

/// What is changed about a segment.
#[derive(Debug, Default)]
pub(crate) struct SegmentPage {
    /// The segment's first millisecond.
    start: u64,
    /// The memo as it is typed.
    pub(crate) memo: String,
    /// Whether the memo was typed and its field not left.
    memo_edited: bool,
    /// The label as it is chosen.
    pub(crate) label: Option<String>,
    removal_asked: bool,
}

impl SegmentPage {
    /// Begins with the memo and label of a segment, unless it is the one that is being changed.
    pub(crate) fn begin(&mut self, segment: &Segment) {
        if self.start != segment.start {
            *self = Self {
                start: segment.start,
                memo: segment.memo.clone().unwrap_or_default(),
                label: segment.label.clone(),
                ..Self::default()
            };
        }
    }

    /// Returns the segment's first millisecond.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Reports whether the memo was typed just now.
    pub(crate) fn note_memo_edit(&mut self, changed: bool) {
        self.memo_edited |= changed;
    }

    /// Returns whether the memo was typed and not saved.
    pub(crate) fn is_memo_edited(&self) -> bool {
        self.memo_edited
    }

    /// Takes that what was typed is being saved.
    pub(crate) fn end_memo_edit(&mut self) {
        self.memo_edited = false;
    }

    /// Asks whether the segment is to be removed.
    pub(crate) fn ask_removal(&mut self) {
        self.removal_asked = true;
    }

    /// Returns whether it is asked if the segment is to be removed.
    pub(crate) fn is_removal_asked(&self) -> bool {
        self.removal_asked
    }

    /// Lets go of the question.
    pub(crate) fn cancel_removal(&mut self) {
        self.removal_asked = false;
    }
}
