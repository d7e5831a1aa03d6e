//! Follows the agent's status: each answer is waited for until something changes.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use candor_protocol::{Client, GetStatus};

use super::event::TrayEvent;
use super::indicator_mailbox::IndicatorMailbox;

/// The agent answers after 20 s at the latest; what takes longer than this is no answer.
const ANSWER: Duration = Duration::from_secs(40);
/// How long to wait for an agent that does not answer, before asking again.
const AGAIN: Duration = Duration::from_secs(2);
/// At least this long between two questions, so that an agent that answers at once is not asked all the time.
const PAUSE: Duration = Duration::from_millis(200);

/// Follows in a thread of its own, until the receiver is gone.
///
/// # Errors
/// If no thread can be started.
pub(super) fn spawn_follower(
    client: Client,
    events: SyncSender<TrayEvent>,
    mailbox: Arc<IndicatorMailbox>,
) -> Result<()> {
    thread::Builder::new()
        .name("status".into())
        .spawn(move || {
            let mut after = None;
            loop {
                let event = match client.ask(&GetStatus { after }, ANSWER) {
                    Ok(status) => {
                        after = Some(status.revision);
                        let status = Box::new(status);
                        mailbox.set_status(Some(status.clone()));
                        TrayEvent::Status(status)
                    }
                    Err(_) => {
                        after = None;
                        mailbox.set_status(None);
                        TrayEvent::AgentLost
                    }
                };
                let wait = if matches!(event, TrayEvent::AgentLost) { AGAIN } else { PAUSE };
                // Waits if the loop is busy: the next status says what this one would have.
                if events.send(event).is_err() {
                    return;
                }
                thread::sleep(wait);
            }
        })
        .context("no thread could be started: end some programs")?;
    Ok(())
}
