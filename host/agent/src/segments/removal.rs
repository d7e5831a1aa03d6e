//! The worker removes a picture or a whole segment, and may think again: until the segment is sent, what the removal
//! took is kept here and nowhere else. When it is sent, at the latest, the bytes are destroyed (invariants 7 and 8).
//!
//! The removal is a record that counts at once: a parcel made after it holds nothing of what it took. Undoing it erases
//! that record again.

use std::sync::Weak;
use std::time::Duration;

use candor_diary::calendar::lock_of;
use candor_diary::may::{ContractState, Role, State, WeekState, picture_takes_time};
use candor_journal::{OutboxEntry, OutboxState, RecordFilter};
use candor_protocol::Forgotten;

use crate::segments::error::{CloseError, EditError};
use crate::segments::ledger::SegmentLedger;
use crate::segments::record::{Record, StoredRecord};
use crate::segments::removed::{
    OpenRemoval, is_erasable, open_removals, picture_of, pictures_in, since_removal,
};

/// How long to wait before another try if the journal could not be written.
const RETRY: Duration = Duration::from_secs(10);
/// How many records are read at once.
const PAGE: u32 = 2_000;

impl SegmentLedger {
    /// Removes a segment's picture. Returns whether its time goes with it, as the terms may say.
    ///
    /// # Errors
    /// `EditError`.
    pub async fn remove_picture(&self, start: u64) -> Result<bool, EditError> {
        let now = self.shared.clock.now();
        let state = State::of(&self.terms, ContractState::Active, WeekState::at(start, now));
        let with_time = picture_takes_time(Role::Worker, &state);
        let _edit_lock = self.edit_lock.lock().await;
        self.require_all_written().await?;
        if with_time {
            // What was seen before this, and is still being judged or written, is not kept either.
            self.shared.refuse_removed(start, now).await;
        }
        let records = self.records(start).await?;
        if picture_of(&records).is_err() {
            return Err(EditError::Refused("that segment has no picture"));
        }
        let time_ms = with_time.then(|| self.time_of(start, &records));
        self.withdraw(start, now, time_ms).await?;
        Ok(with_time)
    }

    /// Removes everything of the segment that holds `at`, such that it can be undone until the segment is sent. One
    /// that runs goes on: what follows is kept.
    ///
    /// # Errors
    /// `EditError`.
    pub async fn remove_segment(&self, at: u64) -> Result<Forgotten, EditError> {
        let cut = &self.shared.cut;
        let (from, to, now) = (cut.start_of(at), cut.end_of(at), self.shared.clock.now());
        self.check_lock(from)?;
        let _edit_lock = self.edit_lock.lock().await;
        self.require_all_written().await?;
        self.shared.refuse_removed(from, to.min(now.saturating_add(1))).await;
        // What was counted before belongs to what is removed, and comes back with it.
        self.write_counts(from).await;
        let records = self.records(from).await?;
        let runs = self.shared.tracked.is_on() && cut.start_of(now) == from;
        if !runs && !self.has_something(from, &since_removal(&records)) {
            return Err(EditError::Refused("nothing was recorded in that segment"));
        }
        let pictures = u32::from(picture_of(&records).is_ok());
        let time_ms = self.time_of(from, &records);
        self.withdraw(from, now, Some(time_ms)).await?;
        Ok(Forgotten { from, to, segments: 1, time_ms, pictures })
    }

    async fn withdraw(&self, start: u64, at: u64, time_ms: Option<u64>) -> Result<(), EditError> {
        self.append(start, &Record::Withdrawn { at, time_ms }).await?;
        self.removals.with(|open| open.insert(start));
        self.revise(start).await?;
        self.removals.changed.notify_one();
        self.shared.announce_change();
        Ok(())
    }

    /// Undoes the last removal of a segment or its picture.
    ///
    /// # Errors
    /// `EditError` if there is none or it is too late.
    pub async fn restore(&self, start: u64) -> Result<(), EditError> {
        let _edit_lock = self.edit_lock.lock().await;
        self.require_all_written().await?;
        let records = self.records(start).await?;
        let mut open = open_removals(&records);
        let Some(OpenRemoval { sequence, .. }) = open.pop() else {
            let destroyed = records.iter().any(|r| matches!(r.record, Record::Destroyed { .. }));
            return Err(EditError::Refused(if destroyed {
                "this can no longer be undone: what you removed was destroyed when it was sent"
            } else {
                "there is no removal to undo: nothing of that segment was removed"
            }));
        };
        let now = self.shared.clock.now();
        let latest = self.latest_parcel(start).await?;
        let sent = |entry: &OutboxEntry| match entry.state {
            OutboxState::Held => entry.hold_until <= now,
            // It is not sent, so nothing is destroyed.
            OutboxState::Cancelled => now >= lock_of(start),
            _ => true,
        };
        if latest.as_ref().is_some_and(sent) {
            return Err(EditError::Refused("it is too late to undo that: the segment was sent"));
        }
        self.erase(start, vec![sequence], &Record::Restored).await?;
        if open.is_empty() {
            self.removals.with(|open| open.remove(&start));
        }
        self.revise(start).await?;
        self.shared.announce_change();
        Ok(())
    }

    /// Returns until when the removal of a segment can be undone, if there is one.
    pub(crate) fn undo_until(&self, start: u64, entry: Option<&OutboxEntry>, sends_at: u64) -> Option<u64> {
        if !self.removals.is_open(start) {
            return None;
        }
        match entry {
            None => Some(sends_at),
            Some(entry) if entry.state == OutboxState::Held => {
                Some(entry.hold_until).filter(|until| *until > self.shared.clock.now())
            }
            Some(entry) if entry.state == OutboxState::Cancelled => {
                Some(lock_of(start)).filter(|until| *until > self.shared.clock.now())
            }
            Some(_) => None,
        }
    }

    /// Destroys what removals took, once they cannot be undone any more. Returns when the next one is due.
    async fn finish_removals(&self) -> Result<Option<u64>, CloseError> {
        let mut next = None;
        for start in self.removals.with(|open| open.clone()) {
            let _edit_lock = self.edit_lock.lock().await;
            let due = match self.latest_parcel(start).await? {
                // It runs, or was not closed yet.
                None => Some(self.sends_at(start)),
                Some(entry) if entry.state == OutboxState::Held => Some(entry.hold_until),
                // Taken back it is not sent: until its week is locked it may be put back.
                Some(entry) if entry.state == OutboxState::Cancelled => Some(lock_of(start)),
                // It is on its way.
                Some(_) => None,
            };
            if let Some(due) = due.filter(|due| *due > self.shared.clock.now()) {
                next = Some(next.map_or(due, |next: u64| next.min(due)));
                continue;
            }
            self.destroy(start).await?;
            self.removals.with(|open| open.remove(&start));
            self.shared.announce_change();
        }
        Ok(next)
    }

    async fn destroy(&self, start: u64) -> Result<(), CloseError> {
        let records = self.records(start).await?;
        let open = open_removals(&records);
        let Some(last) = open.last() else { return Ok(()) };
        let all_before = open.iter().rev().find(|open| open.with_time).map_or(0, |open| open.sequence);
        let before: Vec<StoredRecord> = records.into_iter().filter(|r| r.sequence < last.sequence).collect();
        let pictures = pictures_in(&before);
        let taken = |r: &&StoredRecord| match &r.record {
            Record::Snapshot { .. } => true,
            record => r.sequence < all_before && is_erasable(record),
        };
        let sequences: Vec<u64> = before.iter().filter(taken).map(|r| r.sequence).collect();
        if !sequences.is_empty() {
            let blobs = pictures.iter().map(|(_, blob)| blob.clone()).collect();
            let destroyed = Record::Destroyed { blobs };
            let body = serde_json::to_vec(&destroyed)?;
            let journal = &self.shared.journal;
            journal.erase_records(sequences, destroyed.kind(), body, start).await?;
        }
        for (_, blob) in pictures {
            self.shared.journal.erase_blob(&blob).await?;
        }
        Ok(())
    }

    /// Erases the pictures that a removal names and that are still there, because it was cut off.
    async fn erase_named(&self) -> Result<(), CloseError> {
        let journal = &self.shared.journal;
        let mut after = None;
        loop {
            let page = journal
                .read(RecordFilter {
                    contract: Some(self.shared.session_name.clone()),
                    after_sequence: after,
                    kinds: vec!["removed".into(), "destroyed".into()],
                    limit: PAGE,
                    ..RecordFilter::default()
                })
                .await?;
            after = page.last().map(|r| r.sequence);
            let full = page.len() >= PAGE as usize;
            for body in page.into_iter().filter_map(|r| r.body) {
                let (Ok(Record::Removed { blobs, .. }) | Ok(Record::Destroyed { blobs })) =
                    serde_json::from_slice(&body)
                else {
                    continue;
                };
                for blob in blobs {
                    if journal.blob_info(&blob).await.is_ok() {
                        journal.erase_blob(&blob).await?;
                    }
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Finds removals that were not finished when the agent ended, however long ago.
    async fn find_removals(&self) -> Result<(), CloseError> {
        let mut after = None;
        loop {
            let page = self
                .shared
                .journal
                .read(RecordFilter {
                    contract: Some(self.shared.session_name.clone()),
                    after_sequence: after,
                    kinds: vec!["withdrawn".into()],
                    limit: PAGE,
                    ..RecordFilter::default()
                })
                .await?;
            after = page.last().map(|r| r.sequence);
            let full = page.len() >= PAGE as usize;
            for record in page.into_iter().filter(|r| r.body.is_some()) {
                // A removal is filed under the start of its segment, whatever its length.
                let start = record.at;
                if !open_removals(&self.records(start).await?).is_empty() {
                    self.removals.with(|open| open.insert(start));
                }
            }
            if !full {
                return Ok(());
            }
        }
    }
}

/// Destroys what removals took when they cannot be undone any more, for as long as the contract is worked on.
pub(crate) async fn destroy_when_due(ledger: Weak<SegmentLedger>) {
    let mut found = false;
    loop {
        let Some(here) = ledger.upgrade() else { return };
        let clock = std::sync::Arc::clone(&here.shared.clock);
        let work = async {
            if !found {
                here.find_removals().await?;
                here.erase_named().await?;
                found = true;
            }
            here.finish_removals().await
        };
        let next = match work.await {
            Ok(next) => {
                here.shared.set_problem("removal", None);
                next.map(|at| clock.to_real_duration(at.saturating_sub(clock.now()).max(1)))
            }
            Err(error) => {
                here.shared
                    .set_problem("removal", Some(format!("what you removed is not destroyed yet: {error}")));
                Some(RETRY)
            }
        };
        // A hold can be ended by hand: looked at again now and then while one runs.
        let wait = next.map(|next| next.min(RETRY));
        tokio::select! {
            () = here.removals.changed.notified() => {}
            () = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }
}
