//! What the worker changes of what was recorded: memos, pictures, whole segments, typed-in time.
//!
//! A change is a record (or an erasure with its tombstone) and, if the segment is closed already, a new revision of its
//! parcel. In that order, so that a change survives a loss of power in between ([`SegmentLedger::catch_up`]); a
//! picture's key is destroyed last, when no parcel refers to it any more. Removing a picture is in
//! [`crate::segments::removal`].

use candor_diary::billing::Facts;
use candor_diary::calendar::lock_of;
use candor_diary::memo::Memo;
use candor_diary::terms::ManualTime;
use candor_journal::OutboxState;
use candor_protocol::Forgotten;

use crate::segments::error::EditError;
use crate::segments::ledger::SegmentLedger;
use crate::segments::record::{Record, StoredRecord};
use crate::segments::removed::{is_erasable, is_removed, pictures_in, since_removal, withdrawn_ms};

/// The longest span that is removed or typed in at once: 31 days.
const MAX_SPAN_MS: u64 = 31 * 24 * 60 * 60_000;

impl SegmentLedger {
    /// Takes a closed segment back before it is delivered: nothing of it, or of its last change, is sent.
    ///
    /// # Errors
    /// If the segment was delivered or refused already.
    pub async fn take_back(&self, start: u64) -> Result<(), EditError> {
        // Not while it is written again: the one that is named would no longer be the one that is sent.
        let _edit_lock = self.edit_lock.lock().await;
        if let Some(latest) = self.latest_parcel(start).await? {
            self.shared.journal.cancel(&latest.parcel_id, self.shared.clock.now()).await?;
        }
        Ok(())
    }

    /// Undoes [`Self::take_back`]: what the segment holds now is sent, not before `hold_until`.
    ///
    /// # Errors
    /// If the journal could not be written.
    pub async fn put_back(&self, start: u64, hold_until: u64) -> Result<(), EditError> {
        let _edit_lock = self.edit_lock.lock().await;
        if let Some(latest) = self.latest_parcel(start).await? {
            if matches!(latest.state, OutboxState::Delivered | OutboxState::Rejected) {
                return Err(EditError::Refused("this segment was sent already: there is nothing to undo"));
            }
            self.shared.journal.uncancel(&latest.parcel_id, hold_until).await?;
        }
        Ok(())
    }

    fn is_unlocked(&self, start: u64) -> bool {
        self.shared.clock.now() < lock_of(start)
    }

    pub(crate) fn check_lock(&self, start: u64) -> Result<(), EditError> {
        if self.is_unlocked(start) { Ok(()) } else { Err(EditError::Locked) }
    }

    /// What waits in memory for room on the disk is part of its segment: it is written before anything is changed.
    pub(crate) async fn require_all_written(&self) -> Result<(), EditError> {
        if self.shared.has_unwritten() && !self.shared.write_pending().await {
            return Err(EditError::Refused(
                "what was recorded last could not be written yet, so nothing can be changed: free some disk space, and try again",
            ));
        }
        Ok(())
    }

    async fn require_not_taken_back(&self, start: u64) -> Result<(), EditError> {
        match self.latest_parcel(start).await? {
            Some(latest) if latest.state == OutboxState::Cancelled => {
                Err(EditError::Refused("this segment was taken back from the outbox: undo that first"))
            }
            _ => Ok(()),
        }
    }

    /// Changes a segment's memo and label.
    ///
    /// # Errors
    /// `EditError`.
    pub async fn edit(&self, start: u64, memo: Option<Memo>, label: Option<String>) -> Result<(), EditError> {
        if label.as_ref().is_some_and(|l| !self.terms.labels.contains(l)) {
            return Err(EditError::Refused("the terms have no such label"));
        }
        self.check_lock(start)?;
        let _edit_lock = self.edit_lock.lock().await;
        self.require_all_written().await?;
        self.require_not_taken_back(start).await?;
        let records = since_removal(&self.records(start).await?);
        let typed = records.iter().rev().find_map(|r| match &r.record {
            Record::Manual { at, reason, answers, .. } => Some((*at, reason.clone(), *answers)),
            _ => None,
        });
        let memo = memo.map(String::from);
        if let Some((at, reason, answers)) = typed {
            let memo = memo.clone().ok_or(EditError::Refused("manual time needs a memo"))?;
            self.append(start, &Record::Manual { at, memo, reason, answers }).await?;
        } else if records.is_empty() {
            return Err(EditError::Refused("nothing was recorded in that segment, or you removed it"));
        }
        self.append(start, &Record::Memo { memo, label }).await?;
        self.revise(start).await?;
        Ok(())
    }

    /// Removes everything of the segments that a span touches. The running one goes on: what follows is kept.
    ///
    /// # Errors
    /// `EditError`; segments before the one that failed are removed.
    pub async fn forget(&self, from: u64, to: u64) -> Result<Forgotten, EditError> {
        self.forget_or_ask(from, to, true).await
    }

    /// Returns what [`Self::forget`] would remove now. The answer's span means the same segments when it is asked for
    /// again.
    ///
    /// # Errors
    /// `EditError`.
    pub async fn would_forget(&self, from: u64, to: u64) -> Result<Forgotten, EditError> {
        self.forget_or_ask(from, to, false).await
    }

    /// Returns whether a segment is one that a person would name: it shows, or something was recorded in its running
    /// minute.
    pub(crate) fn has_something(&self, start: u64, records: &[StoredRecord]) -> bool {
        let bare: Vec<_> = records.iter().map(|r| r.record.clone()).collect();
        let shows = |parcel: &candor_diary::parcel::Parcel| {
            let reported = !parcel.minutes.is_empty() || !parcel.gaps.is_empty() || parcel.manual.is_some();
            reported && parcel.removed.is_none()
        };
        let observed = |r: &StoredRecord| {
            matches!(
                r.record,
                Record::Snapshot { .. } | Record::Focus(_) | Record::Custom(_) | Record::Activity { .. }
            )
        };
        self.parcel_of(start, &bare).is_some_and(|parcel| shows(&parcel)) || records.iter().any(observed)
    }

    async fn forget_or_ask(&self, from: u64, to: u64, remove: bool) -> Result<Forgotten, EditError> {
        if to <= from || to - from > MAX_SPAN_MS {
            return Err(EditError::Refused("you can remove one minute to 31 days at a time"));
        }
        let cut = &self.shared.cut;
        if remove {
            // What was seen before this, and is still being judged or written, is not kept either.
            let end = cut.end_of(to.saturating_sub(1));
            self.shared
                .refuse_removed(cut.start_of(from), end.min(self.shared.clock.now().saturating_add(1)))
                .await;
        }
        let mut sum: Option<Forgotten> = None;
        let mut locked = false;
        for start in cut.starts(from, to) {
            let _edit_lock = self.edit_lock.lock().await;
            self.require_all_written().await?;
            let records = self.records(start).await?;
            // What the running minute holds is in no record yet.
            let runs = self.shared.tracked.is_on() && cut.start_of(self.shared.clock.now()) == start;
            if !runs && !self.has_something(start, &records) && !is_removed(&records) {
                // A memo that was set while nothing was tracked is no segment, but it goes, too.
                let memos = records.iter().filter(|r| matches!(r.record, Record::Memo { .. }));
                let memos: Vec<u64> = memos.map(|r| r.sequence).collect();
                if remove && !memos.is_empty() && self.is_unlocked(start) {
                    self.erase(start, memos, &Record::NotesRemoved).await?;
                }
                continue;
            }
            if !self.is_unlocked(start) {
                locked = true;
                continue;
            }
            let (time_ms, pictures) = match remove {
                true => self.remove_whole(start, &records).await?,
                false => (
                    self.time_of(start, &records) + withdrawn_ms(&records),
                    picture_count(&pictures_in(&records)),
                ),
            };
            let none = Forgotten { from: start, to: start, segments: 0, time_ms: 0, pictures: 0 };
            let sum = sum.get_or_insert(none);
            sum.to = cut.end_of(start);
            sum.segments += 1;
            sum.time_ms += time_ms;
            sum.pictures += pictures;
        }
        sum.ok_or(if locked {
            EditError::Locked
        } else {
            EditError::Refused("nothing was recorded between those times")
        })
    }

    /// Removes what plugins noted in a span. Returns how many notes there were.
    ///
    /// # Errors
    /// `EditError`; segments before the one that failed have none any more.
    pub async fn remove_notes(&self, from: u64, to: u64, plugin: Option<&str>) -> Result<u32, EditError> {
        if to <= from || to - from > MAX_SPAN_MS {
            return Err(EditError::Refused("notes of one minute to 31 days can be removed"));
        }
        let mut removed = 0;
        for start in self.shared.cut.starts(from, to) {
            let _edit_lock = self.edit_lock.lock().await;
            self.require_all_written().await?;
            let meant = |r: &StoredRecord| match &r.record {
                Record::Custom(note) => {
                    (from..to).contains(&note.at) && plugin.is_none_or(|plugin| note.plugin == plugin)
                }
                _ => false,
            };
            let records = self.records(start).await?;
            let sequences: Vec<u64> = records.iter().filter(|r| meant(r)).map(|r| r.sequence).collect();
            if sequences.is_empty() {
                continue;
            }
            self.check_lock(start)?;
            removed += u32::try_from(sequences.len()).unwrap_or(u32::MAX);
            self.erase(start, sequences, &Record::NotesRemoved).await?;
            self.revise(start).await?;
            self.shared.announce_change();
        }
        if removed == 0 {
            return Err(EditError::Refused("no plugin noted anything there"));
        }
        Ok(removed)
    }

    /// Types time in: the whole segments that lie in a span, without activity, and over.
    ///
    /// # Errors
    /// `EditError`; segments before the one that failed are kept.
    pub async fn add_manual(
        &self,
        from: u64,
        to: u64,
        memo: &Memo,
        reason: Option<Memo>,
    ) -> Result<Forgotten, EditError> {
        if reason.is_none() && self.terms.manual_time == ManualTime::Ask {
            return Err(EditError::Refused(
                "the client is asked about manual time in this contract: say why it was not tracked",
            ));
        }
        let typed = self.type_in(from, to, memo, reason, None).await?;
        let mut sum = Forgotten { from, to: from, segments: 0, time_ms: 0, pictures: 0 };
        for (start, end) in typed {
            sum.to = end;
            sum.segments += 1;
            sum.time_ms += end - start;
        }
        Ok(sum)
    }

    /// Types time in as [`Self::add_manual`] does, perhaps as the answer to an idle question. Returns the segments,
    /// each by its start and end.
    ///
    /// # Errors
    /// As for [`Self::add_manual`].
    pub(crate) async fn type_in(
        &self,
        from: u64,
        to: u64,
        memo: &Memo,
        reason: Option<Memo>,
        answers: Option<u64>,
    ) -> Result<Vec<(u64, u64)>, EditError> {
        if self.terms.manual_time == ManualTime::No {
            return Err(EditError::Refused("the terms do not allow manual time"));
        }
        if to <= from || to - from > MAX_SPAN_MS {
            return Err(EditError::Refused("manual time covers one minute to 31 days at a time"));
        }
        let now = self.shared.clock.now();
        self.check_lock(from)?;
        let mut typed = Vec::new();
        let mut removed = false;
        for (start, end) in self.whole_segments(from, to.min(now)) {
            let _edit_lock = self.edit_lock.lock().await;
            self.require_all_written().await?;
            let records = self.records(start).await?;
            if is_removed(&records) {
                // Both could not come back.
                removed = true;
                continue;
            }
            let records: Vec<_> = records.into_iter().map(|r| r.record).collect();
            if self.holds_billed_time(start, &records) {
                continue;
            }
            let typed_in = Record::Manual {
                at: now,
                memo: memo.to_string(),
                reason: reason.clone().map(String::from),
                answers,
            };
            self.append(start, &typed_in).await?;
            if self.revise(start).await?.is_none() {
                self.close_now(start).await?;
            }
            typed.push((start, end));
        }
        if typed.is_empty() && removed {
            return Err(EditError::Refused(
                "you removed what was recorded there, and that can still be undone: undo it, or try again once it was sent",
            ));
        }
        if typed.is_empty() {
            return Err(EditError::Refused(
                "manual time fills whole segments without activity, and there are none between those times",
            ));
        }
        Ok(typed)
    }

    /// Returns the whole segments in a span, each by its start and end.
    pub fn whole_segments(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, u64)> + use<'_> {
        let cut = &self.shared.cut;
        let whole = move |(start, end): &(u64, u64)| *start >= from && *end <= to;
        cut.starts(from, to).map(|start| (start, cut.end_of(start))).filter(whole)
    }

    /// Returns whether a segment has something that is billed before typed-in time is, or was typed in already.
    fn holds_billed_time(&self, start: u64, records: &[Record]) -> bool {
        let typed = records.iter().any(|r| matches!(r, Record::Manual { .. }));
        typed || self.parcel_of(start, records).is_some_and(|parcel| Facts::of(&parcel).active != 0)
    }

    /// Returns how much tracked or typed-in time a segment holds, in milliseconds.
    pub(crate) fn time_of(&self, start: u64, records: &[StoredRecord]) -> u64 {
        let bare: Vec<_> = records.iter().map(|r| r.record.clone()).collect();
        self.parcel_of(start, &bare).map_or(0, |parcel| {
            let typed = if parcel.manual.is_some() { self.shared.cut.length_at(start).ms() } else { 0 };
            typed + parcel.minutes.iter().map(|m| u64::from(m.tracked_ms)).sum::<u64>()
        })
    }

    /// Erases all that a segment holds and writes its tombstone. Returns the time and the pictures that went.
    async fn remove_whole(&self, start: u64, records: &[StoredRecord]) -> Result<(u64, u32), EditError> {
        self.drop_counts(start);
        // What was removed before and is erased now counts, too; together they are never more than the segment.
        let before: u64 = withdrawn_ms(records);
        let time_ms = self.time_of(start, records).saturating_add(before);
        let pictures = pictures_in(records);
        let count = picture_count(&pictures);
        let sequences: Vec<_> =
            records.iter().filter(|r| is_erasable(&r.record)).map(|r| r.sequence).collect();
        let blobs = pictures.iter().map(|(_, blob)| blob.clone()).collect();
        let tombstone = Record::Removed { at: self.shared.clock.now(), time_ms, blobs };
        self.erase(start, sequences, &tombstone).await?;
        self.revise(start).await?;
        self.erase_blobs(pictures.into_iter().map(|(_, blob)| blob)).await?;
        self.shared.announce_change();
        Ok((time_ms, count))
    }

    pub(crate) async fn erase(
        &self,
        start: u64,
        sequences: Vec<u64>,
        tombstone: &Record,
    ) -> Result<(), EditError> {
        if sequences.is_empty() {
            // Of a minute that runs nothing may be written down yet.
            return self.append(start, tombstone).await;
        }
        let body = serde_json::to_vec(tombstone)?;
        self.shared.journal.erase_records(sequences, tombstone.kind(), body, start).await?;
        Ok(())
    }

    async fn erase_blobs(&self, blobs: impl Iterator<Item = String>) -> Result<(), EditError> {
        for blob in blobs {
            self.shared.journal.erase_blob(&blob).await?;
        }
        Ok(())
    }

    pub(crate) async fn append(&self, start: u64, record: &Record) -> Result<(), EditError> {
        let body = serde_json::to_vec(record)?;
        self.shared.journal.append(record.kind(), Some(&self.shared.session_name), start, body).await?;
        self.shared.announce_change();
        Ok(())
    }
}

fn picture_count(pictures: &[(u64, String)]) -> u32 {
    u32::try_from(pictures.len()).unwrap_or(u32::MAX)
}
