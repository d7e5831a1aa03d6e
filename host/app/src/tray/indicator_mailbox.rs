//! What the thread of the recording indicator waits for.

use std::time::Duration;

use candor_protocol::Status;
use parking_lot::{Condvar, Mutex};

/// Holds the latest status for the indicator's thread, and wakes that thread.
#[derive(Default)]
pub(crate) struct IndicatorMailbox {
    content: Mutex<MailboxContent>,
    changed: Condvar,
}

#[derive(Default)]
struct MailboxContent {
    status: Option<Box<Status>>,
    unread: bool,
}

impl IndicatorMailbox {
    /// Sets the agent's status; `None` if the agent does not answer.
    pub(super) fn set_status(&self, status: Option<Box<Status>>) {
        let mut content = self.content.lock();
        content.status = status;
        content.unread = true;
        self.changed.notify_all();
    }

    /// Reports that an icon or a notification came or went.
    pub(super) fn report_change(&self) {
        self.content.lock().unread = true;
        self.changed.notify_all();
    }

    /// Waits for a change, at most for `limit`, and returns the latest status.
    pub(super) fn wait_for_change(&self, limit: Duration) -> Option<Box<Status>> {
        let mut content = self.content.lock();
        self.changed.wait_while_for(&mut content, |content| !content.unread, limit);
        content.unread = false;
        content.status.clone()
    }
}
