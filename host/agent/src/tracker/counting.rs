//! Keys, clicks and scrolls: the counter that runs while tracking does, and its minutes.

use candor_diary::parcel::{Gap, GapCause};
use candor_diary::segment::{MINUTE_MS, minute_of};
use tokio::sync::{mpsc, oneshot};

use super::Tracker;
use crate::collectors::Event;
use crate::input::{Counted, Input};
use crate::record::Record;

/// A counter in a task of its own: reads are never cut in the middle.
pub(super) struct Running {
    minutes: mpsc::Receiver<Result<Counted, String>>,
    stop: oneshot::Sender<oneshot::Sender<Vec<Counted>>>,
}

impl Running {
    fn start(mut input: Box<dyn Input>) -> Self {
        let (send, minutes) = mpsc::channel(8);
        let (stop, mut stopped) = oneshot::channel::<oneshot::Sender<Vec<Counted>>>();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    reply = &mut stopped => {
                        let rest = input.finish().await;
                        if let Ok(reply) = reply {
                            // The tracker is gone where nobody listens; then nothing records either.
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
        Self { minutes, stop }
    }

    async fn finish(mut self) -> Vec<Counted> {
        let (reply, rest) = oneshot::channel();
        let mut all = Vec::new();
        if self.stop.send(reply).is_ok() {
            all = rest.await.unwrap_or_default();
        }
        while let Ok(Ok(counted)) = self.minutes.try_recv() {
            all.insert(0, counted);
        }
        all
    }
}

pub(super) async fn next_count(counter: &mut Option<Running>) -> Result<Counted, String> {
    match counter {
        Some(running) => running.minutes.recv().await.unwrap_or(Err("the counter ended".into())),
        None => std::future::pending().await,
    }
}

impl Tracker {
    pub(super) async fn stop_counter(&mut self, at: u64) {
        if let Some(counter) = self.counter.take() {
            for counted in counter.finish().await {
                self.take_counts(counted, at);
            }
        }
    }

    pub(super) async fn start_counter(&mut self, now: u64) {
        match self.input.start() {
            Ok(input) => {
                self.counter = Some(Running::start(input));
                self.shared.problem("counter", None);
            }
            Err(error) => {
                self.counter = None;
                self.shared.problem("counter", Some(error.to_string()));
                let to = minute_of(now) + MINUTE_MS;
                self.record(now, &Record::Gap(Gap { from: now, to, cause: GapCause::CounterLost })).await;
            }
        }
    }

    pub(super) async fn counted(&mut self, counted: Result<Counted, String>) {
        match counted {
            Ok(counted) => self.take_counts(counted, u64::MAX),
            Err(error) => {
                self.counter = None;
                self.shared.problem("counter", Some(error));
                let now = self.shared.clock.now();
                let (from, to) = (minute_of(now), minute_of(now) + MINUTE_MS);
                self.record(now, &Record::Gap(Gap { from, to, cause: GapCause::CounterLost })).await;
            }
        }
    }

    /// Counts of a minute that begins before `until` are for the collectors.
    fn take_counts(&self, counted: Counted, until: u64) {
        if counted.minute < until {
            self.shared.count(counted.minute, counted.counts);
            self.post(|| Event::Minute(counted.minute));
        }
    }
}
