//! The scene that asks about time without keys, clicks and scrolls.

/// What the scene of the idle question keeps.
#[derive(Debug, Default)]
pub(crate) struct QuestionScene {
    /// The memo of the manual time as it is typed.
    pub(crate) memo: String,
    /// The question that was put off, by the first millisecond of its time.
    postponed: Option<u64>,
}

impl QuestionScene {
    /// Puts off the question about the time from then on.
    pub(crate) fn postpone(&mut self, from: u64) {
        self.postponed = Some(from);
    }

    /// Asks again what was put off.
    pub(crate) fn resume(&mut self) {
        self.postponed = None;
    }

    /// Returns whether the question about the time from then on was put off.
    pub(crate) fn is_postponed(&self, from: u64) -> bool {
        self.postponed == Some(from)
    }
}
