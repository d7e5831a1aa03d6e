//! Follows the agent's status: each answer is waited for until something changes.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use candor_protocol::{Client, Request, Status};

use super::Event;
use super::sign::Board;

/// The agent answers after 20 s at the latest; what takes longer than this is no answer.
const ANSWER: Duration = Duration::from_secs(40);
/// How long to wait for an agent that does not answer, before asking again.
const AGAIN: Duration = Duration::from_secs(2);
/// At least this long between two questions, so that an agent that answers at once is not asked all the time.
const PAUSE: Duration = Duration::from_millis(200);

/// Follows in a thread of its own, until the receiver is gone.
///
/// # Errors
/// Where there is no thread to be had.
pub(super) fn follow(client: Client, events: SyncSender<Event>, board: Arc<Board>) -> Result<()> {
    thread::Builder::new()
        .name("status".into())
        .spawn(move || {
            let mut after = None;
            loop {
                let event = match client.fetch::<Status>(&Request::Status { after }, ANSWER) {
                    Ok(status) => {
                        after = Some(status.revision);
                        let status = Box::new(status);
                        board.status(Some(status.clone()));
                        Event::Status(status)
                    }
                    Err(_) => {
                        after = None;
                        board.status(None);
                        Event::Lost
                    }
                };
                let wait = if matches!(event, Event::Lost) { AGAIN } else { PAUSE };
                // Waits where the loop is busy: the next status says what this one would have.
                if events.send(event).is_err() {
                    return;
                }
                thread::sleep(wait);
            }
        })
        .context("no thread could be started: end some programs")?;
    Ok(())
}
