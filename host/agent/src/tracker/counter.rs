//! The counter in a task of its own.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::tracker::input::{Counted, Input};

/// How long a counter may take to end. One that hangs never does.
const FINISH: Duration = Duration::from_secs(3);

/// A counter in a task of its own: reads are never cut in the middle.
pub(super) struct CounterTask {
    minutes: mpsc::Receiver<Result<Counted, String>>,
    stop: oneshot::Sender<oneshot::Sender<Vec<Counted>>>,
    task: tokio::task::JoinHandle<()>,
}

impl CounterTask {
    pub(super) fn start(mut input: Box<dyn Input>) -> Self {
        let (send, minutes) = mpsc::channel(8);
        let (stop, mut stopped) = oneshot::channel::<oneshot::Sender<Vec<Counted>>>();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    reply = &mut stopped => {
                        let rest = input.finish().await;
                        if let Ok(reply) = reply {
                            // If nobody listens, the tracker is gone; then nothing records either.
                            drop(reply.send(rest));
                        }
                        return;
                    }
                    next = input.next() => {
                        let message = match next {
                            Some(Ok(counted)) => Ok(counted),
                            Some(Err(error)) => Err(error.to_string()),
                            None => Err("the counter ended".to_owned()),
                        };
                        let ended = message.is_err();
                        if send.send(message).await.is_err() || ended {
                            return;
                        }
                    }
                }
            }
        });
        Self { minutes, stop, task }
    }

    /// Ends it, whether it answers or not: with its task goes its process.
    pub(super) fn discard(self) {
        self.task.abort();
    }

    pub(super) async fn finish(mut self) -> Vec<Counted> {
        let (reply, rest) = oneshot::channel();
        let mut all = Vec::new();
        if self.stop.send(reply).is_ok() {
            // What a counter reports after that is dropped: its task goes, and with it the process.
            all = tokio::time::timeout(FINISH, rest).await.ok().and_then(Result::ok).unwrap_or_default();
            self.task.abort();
        }
        while let Ok(Ok(counted)) = self.minutes.try_recv() {
            all.insert(0, counted);
        }
        all
    }
}

pub(super) async fn next_count(counter: &mut Option<CounterTask>) -> Result<Counted, String> {
    match counter {
        Some(running) => running.minutes.recv().await.unwrap_or(Err("the counter ended".into())),
        None => std::future::pending().await,
    }
}
