//! Records of time that the journal could not take: kept in order, and written when it can (invariant 9).
//!
//! A disk that is full takes no time away. What does not fit here either, after weeks of a full disk, becomes a gap
//! that says so.

use std::collections::VecDeque;
use std::sync::Arc;

use candor_diary::parcel::GapCause;
use candor_journal::{Journal, JournalError};
use parking_lot::Mutex;

use crate::segments::cut::Cut;
use crate::segments::record::Record;

/// How many records are kept: a week of tracking day and night.
const KEPT: usize = 20_000;

/// A record on its way into the journal.
#[derive(Clone, Debug)]
pub(crate) struct PendingRecord {
    /// The kind under which the journal files it.
    pub(crate) kind: &'static str,
    /// The record's time, milliseconds since the Unix epoch.
    pub(crate) at: u64,
    /// The record as JSON.
    pub(crate) body: Vec<u8>,
}

/// What waits to be written.
#[derive(Debug)]
pub(crate) struct Unwritten {
    cut: Arc<Cut>,
    queue: Mutex<VecDeque<PendingRecord>>,
    /// The time of what did not fit: from the first to the last of it.
    lost: Mutex<Option<(u64, u64)>>,
    /// Locked by whoever writes: one at a time, so that the order stays.
    writing: tokio::sync::Mutex<()>,
}

impl Unwritten {
    /// Creates an empty queue.
    pub(crate) fn new(cut: Arc<Cut>) -> Self {
        Self { cut, queue: Mutex::default(), lost: Mutex::default(), writing: tokio::sync::Mutex::default() }
    }

    /// Writes a record after all that waits. If that fails, one to be kept is kept, and the reason is returned.
    ///
    /// # Errors
    /// Why the journal does not take a record that is not kept.
    pub(crate) async fn write(
        &self,
        journal: &Journal,
        contract: &str,
        pending: PendingRecord,
        keep: bool,
    ) -> Result<Option<JournalError>, JournalError> {
        let _writing = self.writing.lock().await;
        let before = self.drain(journal, contract).await;
        // What is kept goes in its order; anything else may still find room.
        let written =
            if before.is_err() && keep { before } else { append(journal, contract, &pending).await };
        match written {
            Ok(()) => Ok(None),
            // Nothing that time makes good.
            Err(error @ (JournalError::Unusable { .. } | JournalError::Closed)) => Err(error),
            Err(error) if keep => {
                self.keep(pending);
                Ok(Some(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// Why the journal does not take it; what is left stays.
    pub(crate) async fn retry(&self, journal: &Journal, contract: &str) -> Result<(), JournalError> {
        let _writing = self.writing.lock().await;
        self.drain(journal, contract).await
    }

    /// Returns whether nothing waits to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty() && self.lost.lock().is_none()
    }

    /// Returns the waiting records that have their time in a span.
    pub(crate) fn between(&self, from: u64, to: u64) -> Vec<Record> {
        let queue = self.lock();
        let within = queue.iter().filter(|pending| (from..to).contains(&pending.at));
        within.filter_map(|pending| serde_json::from_slice(&pending.body).ok()).collect()
    }

    fn lock(&self) -> parking_lot::MutexGuard<'_, VecDeque<PendingRecord>> {
        self.queue.lock()
    }

    fn keep(&self, pending: PendingRecord) {
        let mut queue = self.lock();
        if queue.len() < KEPT {
            queue.push_back(pending);
            return;
        }
        let mut lost = self.lost.lock();
        let (from, to) = lost.unwrap_or((pending.at, pending.at));
        *lost = Some((from.min(pending.at), to.max(pending.at)));
    }

    async fn drain(&self, journal: &Journal, contract: &str) -> Result<(), JournalError> {
        loop {
            let next = self.lock().front().cloned();
            let Some(next) = next else { break };
            append(journal, contract, &next).await?;
            self.lock().pop_front();
        }
        let lost = *self.lost.lock();
        if let Some((from, to)) = lost {
            for gap in crate::segments::assemble::cut_gap(&self.cut, from, to + 1, GapCause::NotRecorded) {
                let record = Record::Gap(gap);
                let body = serde_json::to_vec(&record).map_err(|_| JournalError::Unusable {
                    what: "a gap",
                    reason: "not to be written as JSON",
                })?;
                append(journal, contract, &PendingRecord { kind: record.kind(), at: gap.from, body }).await?;
            }
            *self.lost.lock() = None;
        }
        Ok(())
    }
}

async fn append(journal: &Journal, contract: &str, pending: &PendingRecord) -> Result<(), JournalError> {
    journal.append(pending.kind, Some(contract), pending.at, pending.body.clone()).await.map(drop)
}
