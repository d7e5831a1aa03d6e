//! The page of the outbox.

use candor_protocol::OutboxAnswer;

/// What the outbox holds.
#[derive(Debug, Default)]
pub(crate) struct OutboxPage {
    outbox: Option<OutboxAnswer>,
}

impl OutboxPage {
    /// Returns what the outbox holds, once it is read.
    pub(crate) fn outbox(&self) -> Option<&OutboxAnswer> {
        self.outbox.as_ref()
    }

    /// Takes what the outbox holds.
    pub(crate) fn set_outbox(&mut self, outbox: OutboxAnswer) {
        self.outbox = Some(outbox);
    }
}
