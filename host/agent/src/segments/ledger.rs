//! Closes segments: when one has ended, what was recorded in it becomes a parcel in the outbox.

use std::collections::BTreeSet;
use std::sync::Arc;

use candor_diary::calendar::lock_of;
use candor_diary::parcel::{Activity, NoSnapshot, Parcel, Policy};
use candor_diary::segment::MINUTE_MS;
use candor_diary::terms::Terms;
use candor_journal::{JournalError, OutboxEntry, OutboxState, RecordFilter};
use candor_seal::SecretKey;
use parking_lot::RwLock;
use tokio::sync::Mutex;

use crate::segments::assemble::{Assembled, SegmentFrame, assemble};
use crate::segments::error::CloseError;
use crate::segments::marks::Marks;
use crate::segments::record::{Record, StoredRecord};
use crate::segments::removed::Removals;
use crate::segments::state::ContractState;
use crate::segments::stored_parcel::load_parcel;

/// How many records are read at once.
const PAGE: u32 = 2_000;

/// The kinds of records that show in a parcel and that come after its segment was closed, or while it is open.
const REPORTED: [&str; 12] = [
    "span",
    "taken-back",
    "not-counted",
    "gap",
    "manual",
    "memo",
    "no-snapshot",
    "removed",
    "activity",
    "withdrawn",
    "restored",
    "notes-removed",
];

/// The kinds of records by which something is removed.
const REMOVALS: [&str; 3] = ["withdrawn", "removed", "notes-removed"];

/// Closes one contract's segments and changes them, one at a time.
pub struct SegmentLedger {
    /// The state that the contract's parts share.
    pub shared: Arc<ContractState>,
    /// The terms that the contract is under now.
    pub terms: Terms,
    /// The public key of the back office that the parcels are for.
    pub server: String,
    /// The device's id at the back office.
    pub device: String,
    /// The device's key, which signs parcels; without it, why there is none: segments stay open then.
    pub key: Result<SecretKey, String>,
    /// The policy in force.
    pub policy: Arc<RwLock<Policy>>,
    /// Whether a collector counts keys, clicks and scrolls.
    pub counts_activity: bool,
    /// Whether a collector takes pictures.
    pub pictures: bool,
    /// Locked while a segment is closed or changed: one at a time.
    pub edit_lock: Mutex<()>,
    /// Segments that are to be sent as soon as they close, without a hold.
    pub send_immediately: parking_lot::Mutex<BTreeSet<u64>>,
    /// Segments that hold something that no parcel reports yet.
    pub marks: Marks,
    /// Removals that can still be undone.
    pub removals: Removals,
}

impl SegmentLedger {
    /// Closes the segment that starts at `start`; one that is closed already and was changed since gets its next
    /// revision. Returns none if there is nothing to report of it.
    ///
    /// # Errors
    /// If it could not be closed; it stays open and can be tried again.
    pub async fn close(&self, start: u64) -> Result<Option<OutboxEntry>, CloseError> {
        let _edit_lock = self.edit_lock.lock().await;
        match self.latest_parcel(start).await? {
            None => self.close_now(start).await,
            Some(latest) if self.unfinished(start).await?.contains(&start) => {
                self.write_parcel(start, Some(latest)).await
            }
            Some(_) => Ok(None),
        }
    }

    /// Returns the segments from `from` on that hold records newer than their parcels, such as after a crash; in order.
    async fn unfinished(&self, from: u64) -> Result<BTreeSet<u64>, CloseError> {
        let shared = &self.shared;
        let mut all = BTreeSet::new();
        for (begin, end, length) in shared.cut.spans().filter(|(_, end, _)| *end > from) {
            let span = begin.max(from)..end;
            all.extend(
                shared
                    .journal
                    .unfinished_segments(&shared.session_name, length.ms(), span, &REPORTED)
                    .await?,
            );
        }
        Ok(all)
    }

    /// Writes a closed segment again from what the journal holds of it now, in place of its latest parcel. Returns none
    /// if the segment is not closed: it will hold the change when it is. The caller has [`Self::edit_lock`].
    ///
    /// # Errors
    /// If it could not be written; the parcel before stays, and the change is caught up with at the next start.
    pub async fn revise(&self, start: u64) -> Result<Option<OutboxEntry>, CloseError> {
        let Some(latest) = self.latest_parcel(start).await? else { return Ok(None) };
        self.write_parcel(start, Some(latest)).await
    }

    /// Returns the latest parcel of a segment, if it is closed.
    ///
    /// # Errors
    /// If the journal could not be read.
    pub async fn latest_parcel(&self, start: u64) -> Result<Option<OutboxEntry>, JournalError> {
        let found = self
            .shared
            .journal
            .closed_parcels(&self.shared.session_name, start, start.saturating_add(1))
            .await?;
        Ok(found.into_iter().next())
    }

    /// Returns what the running or ended segment would say if it closed now. `running` is tracked time that no record
    /// holds yet: its first and last millisecond.
    ///
    /// # Errors
    /// If the journal could not be read.
    pub async fn so_far(
        &self,
        start: u64,
        running: Option<(u64, u64)>,
    ) -> Result<Option<Assembled>, CloseError> {
        let mut records: Vec<_> = self.records(start).await?.into_iter().map(|r| r.record).collect();
        records.extend(self.shared.unwritten_between(start, self.shared.cut.end_of(start)));
        records.extend(running.map(|(from, to)| Record::Span { from, to }));
        let mut assembled = assemble(&self.segment_frame(start, 0, None), &records);
        if running.is_some()
            && let Some(Assembled { parcel, .. }) = &mut assembled
            && parcel.no_snapshot == Some(NoSnapshot::MomentMissed)
        {
            // Its moment may still come.
            parcel.no_snapshot = None;
        }
        Ok(assembled)
    }

    /// Returns whether keys, clicks and scrolls are to be counted: by the terms, and by the worker if those leave it to
    /// them.
    #[must_use]
    pub fn activity(&self) -> Activity {
        if self.counts_activity && !self.shared.choices().no_activity {
            Activity::Counted
        } else {
            Activity::Off
        }
    }

    /// Returns what a parcel of this segment is made under. `before` is the parcel that it takes the place of: what
    /// that was judged by and made under stays.
    pub(super) fn segment_frame(&self, start: u64, revision: u32, before: Option<Parcel>) -> SegmentFrame {
        let in_force = || self.policy.read().clone();
        let terms =
            before.as_ref().map_or_else(|| self.shared.cut.terms_at(start), |before| before.terms.clone());
        // If the worker turns it off, a record of the segment says so.
        let counted = if self.counts_activity { Activity::Counted } else { Activity::Off };
        let reported = before.as_ref().filter(|before| !before.minutes.is_empty());
        let says = |before: &Parcel| before.snapshot.is_some() || before.no_snapshot.is_some();
        let turned_off = |before: &Parcel| before.no_snapshot == Some(NoSnapshot::TurnedOff);
        SegmentFrame {
            contract: self.terms.contract.clone(),
            server: self.server.clone(),
            terms,
            device: self.device.clone(),
            start,
            length: before.as_ref().map_or_else(|| self.shared.cut.length_at(start), |before| before.length),
            activity: before.as_ref().map_or(counted, |before| before.activity),
            pictures: reported.map_or(self.pictures, says),
            pictures_off: reported.map_or_else(|| self.shared.choices().no_pictures, turned_off),
            policy: before.map_or_else(in_force, |before| before.policy),
            revision,
            locked: revision > 0 && lock_of(start) <= self.shared.clock.now(),
        }
    }

    /// Returns the parcel that these records of a segment come to; none if there is nothing to report.
    pub(crate) fn parcel_of(&self, start: u64, records: &[Record]) -> Option<Parcel> {
        assemble(&self.segment_frame(start, 1, None), records).map(|assembled| assembled.parcel)
    }

    /// Closes a segment; the caller has [`Self::edit_lock`].
    pub(crate) async fn close_now(&self, start: u64) -> Result<Option<OutboxEntry>, CloseError> {
        let closed = self.write_parcel(start, None).await;
        if closed.is_err() {
            self.marks.mark_open(start);
        }
        closed
    }

    /// Writes a closed segment again, without its picture, because of `why`; returns whether there was anything to
    /// write. The picture's record stays: who looks at the segment here reads what became of it.
    ///
    /// # Errors
    /// As [`Self::revise`].
    pub async fn without_picture(&self, start: u64, why: NoSnapshot) -> Result<bool, CloseError> {
        let _edit_lock = self.edit_lock.lock().await;
        let record = Record::NoSnapshot { why };
        self.shared.record(start, &record).await?;
        Ok(self.revise(start).await?.is_some())
    }

    /// Writes a closed segment again from what the journal holds, if its parcel cannot be read any more; returns
    /// whether there was anything to write.
    ///
    /// # Errors
    /// As [`Self::revise`].
    pub async fn rewrite(&self, start: u64) -> Result<bool, CloseError> {
        let _edit_lock = self.edit_lock.lock().await;
        Ok(self.revise(start).await?.is_some())
    }

    /// Returns whether something of a closed segment was removed, and its latest parcel still holds it.
    ///
    /// # Errors
    /// If the journal could not be read.
    pub async fn removed_since(&self, start: u64) -> Result<bool, JournalError> {
        let end = self.shared.cut.end_of(start);
        self.shared.journal.holds_newer(&self.shared.session_name, start, end, &REMOVALS).await
    }

    /// Signs again what this device made under an earlier enrolment and no target has: it goes out under the one now.
    /// If an earlier revision was delivered, the change stays with the enrolment that it was made under.
    ///
    /// # Errors
    /// If the journal could not be read. A segment that cannot be signed now stops no other.
    pub async fn sign_anew(&self) -> Result<(), CloseError> {
        let _edit_lock = self.edit_lock.lock().await;
        let journal = &self.shared.journal;
        for entry in journal.closed_parcels(&self.shared.session_name, 0, u64::MAX >> 1).await? {
            let unsettled =
                matches!(entry.state, OutboxState::Held | OutboxState::Waiting | OutboxState::Rejected);
            if !unsettled {
                continue;
            }
            let Ok(parcel) = self.read_parcel(&entry.parcel_id).await else { continue };
            if parcel.device == self.device
                || journal.was_delivered(&self.shared.session_name, entry.segment_start).await?
            {
                continue;
            }
            let start = entry.segment_start;
            if let Err(error) = self.write_parcel(start, Some(entry)).await {
                self.shared.set_problem("segment", Some(format!("not signed anew yet: {error}")));
            }
        }
        Ok(())
    }

    /// Writes down how many notes were dropped, as far as that is not written down yet.
    pub(super) async fn write_dropped(&self, start: u64) {
        let shared = &self.shared;
        for (plugin, notes) in shared.budgets.take_unwritten(start) {
            let record = Record::Dropped { plugin, notes, life: shared.life };
            if let Err(error) = shared.record(start, &record).await {
                shared.set_problem("journal", Some(error.to_string()));
            }
        }
    }

    /// Writes down what was counted and no collector has taken: none of them takes time away (invariant 9).
    pub(crate) async fn write_counts(&self, start: u64) {
        let shared = &self.shared;
        for minute in self.minutes_of(start) {
            let Some(counts) = shared.take_counts_of(minute) else { continue };
            if let Err(error) = shared.record(minute, &Record::Activity { minute, counts }).await {
                shared.set_problem("journal", Some(error.to_string()));
            }
        }
    }

    /// Forgets what was counted in a segment and is not written down.
    pub(crate) fn drop_counts(&self, start: u64) {
        for minute in self.minutes_of(start) {
            self.shared.take_counts_of(minute);
        }
    }

    fn minutes_of(&self, start: u64) -> impl Iterator<Item = u64> + use<> {
        let minutes = u64::from(self.shared.cut.length_at(start).minutes());
        (0..minutes).map(move |nth| start + nth * MINUTE_MS)
    }

    /// Reads a parcel as it was signed, with what is left of its details.
    ///
    /// # Errors
    /// If it is gone or cannot be read.
    pub async fn read_parcel(&self, id: &str) -> Result<Parcel, CloseError> {
        Ok(load_parcel(&self.shared.journal, id).await?.parcel)
    }

    /// Writes again every closed segment that was changed after its latest parcel was made: such as if the computer
    /// lost power in between.
    ///
    /// # Errors
    /// If the journal could not be read or written.
    pub async fn catch_up(&self) -> Result<(), CloseError> {
        let _edit_lock = self.edit_lock.lock().await;
        for start in self.unfinished(0).await? {
            if let Some(latest) = self.latest_parcel(start).await?
                && let Err(error) = self.write_parcel(start, Some(latest)).await
            {
                // It is caught up with at the next start; the others are now.
                self.shared.set_problem("segment", Some(format!("a change could not be finished: {error}")));
            }
        }
        Ok(())
    }

    /// Returns the records of a segment that are not erased, in order of their sequence.
    ///
    /// # Errors
    /// If the journal could not be read.
    pub async fn records(&self, start: u64) -> Result<Vec<StoredRecord>, CloseError> {
        self.records_between(start, self.shared.cut.end_of(start)).await
    }

    pub(super) async fn records_between(
        &self,
        start: u64,
        end: u64,
    ) -> Result<Vec<StoredRecord>, CloseError> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .shared
                .journal
                .read(RecordFilter {
                    contract: Some(self.shared.session_name.clone()),
                    from_at: Some(start),
                    to_at: Some(end),
                    after_sequence: after,
                    limit: PAGE,
                    ..RecordFilter::default()
                })
                .await?;
            let full = page.len() >= PAGE as usize;
            after = page.last().map(|r| r.sequence);
            for record in page {
                // Erased records have no body; records of other kinds are not this pipeline's.
                let sequence = record.sequence;
                if record.damaged {
                    let unreadable = Record::Unreadable { filed: record.kind, at: record.at };
                    all.push(StoredRecord { sequence, record: unreadable });
                    continue;
                }
                if let Some(record) = record.body.and_then(|body| serde_json::from_slice(&body).ok()) {
                    all.push(StoredRecord { sequence, record });
                }
            }
            if !full {
                return Ok(all);
            }
        }
    }

    /// Returns the segments that were not closed, or were changed since, such as after a crash; in order.
    ///
    /// # Errors
    /// If the journal could not be read.
    pub async fn unclosed(&self) -> Result<BTreeSet<u64>, CloseError> {
        self.unfinished(0).await
    }
}
