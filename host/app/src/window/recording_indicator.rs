//! Tells the agent that the window is open: it shows that this computer is recorded (invariant 6). Minimised, it does not.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;

use candor_protocol::sign::AGAIN;
use candor_protocol::{Client, Face, Sign};

/// Tells the agent from a thread of its own, until this is dropped.
#[derive(Debug)]
pub(super) struct RecordingIndicator {
    visible: bool,
    to_thread: SyncSender<bool>,
}

impl RecordingIndicator {
    /// Starts the thread, as the window opens.
    pub(super) fn open(client: Client) -> Self {
        let (to_thread, visibility) = sync_channel(16);
        thread::spawn(move || {
            let mut visible = true;
            let mut shower = None;
            loop {
                // If no agent answers, the connection is made when one does.
                if shower.is_none() {
                    shower = client.sign_connection().ok();
                }
                let signs: &[Sign] = if visible { &[Sign::Window] } else { &[] };
                if shower.as_mut().is_some_and(|shower| shower.report(Face::Window, signs).is_err()) {
                    shower = None;
                }
                let wait = if shower.is_some() { AGAIN } else { AGAIN / 8 };
                match visibility.recv_timeout(wait) {
                    Ok(now) => visible = now,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self { visible: true, to_thread }
    }

    /// Sets whether the window can be seen.
    pub(super) fn set_visible(&mut self, visible: bool) {
        // If the thread is behind, it hears of it at the next frame.
        if visible != self.visible && self.to_thread.try_send(visible).is_ok() {
            self.visible = visible;
        }
    }
}
