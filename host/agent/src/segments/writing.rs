//! Writes a segment's parcel: from the journal's records, signed, into the outbox.

use std::sync::Arc;

use candor_diary::parcel::{Field, MAX_REVISION, NoSnapshot, PARCEL_TYPE, Parcel};
use candor_journal::{
    DetailDraft, HELD_FOR_GOOD, JournalError, OutboxDraft, OutboxEntry, OutboxState, SegmentClose,
};
use candor_seal::Envelope;

use crate::segments::assemble::{Assembled, add_uncounted_gaps, assemble, reports_nothing};
use crate::segments::error::CloseError;
use crate::segments::ledger::SegmentLedger;
use crate::segments::record::Record;
use crate::segments::removed::UNDO_MS;
use crate::segments::stored_parcel::{StoredParcel, load_parcel};

/// Until when a parcel is held.
struct Hold {
    /// Milliseconds since the Unix epoch.
    until: u64,
    /// Whether it is not to be sent at all: it is cancelled as soon as it is written.
    taken_back: bool,
}

impl SegmentLedger {
    /// Writes a segment's parcel, as the first or in place of `latest`. Returns none if there is nothing to report, or
    /// if the segment is closed already. The caller has [`Self::edit_lock`].
    pub(super) async fn write_parcel(
        &self,
        start: u64,
        latest: Option<OutboxEntry>,
    ) -> Result<Option<OutboxEntry>, CloseError> {
        let key = self.key.as_ref().map_err(|why| CloseError::NoKey(why.clone()))?;
        self.write_dropped(start).await;
        self.write_counts(start).await;
        // What is recorded from here on comes after the parcel, and shows in its next revision.
        let shared = Arc::clone(&self.shared);
        let _closing_lock = shared.closing_lock.write().await;
        let before = self.parcel_before(latest.as_ref()).await?;
        let end = before.as_ref().map_or_else(|| self.shared.cut.end_of(start), |b| b.parcel.end());
        let records: Vec<_> = self.records_between(start, end).await?.into_iter().map(|r| r.record).collect();
        let revision = latest.as_ref().map_or(0, |l| l.revision + 1);
        if revision > MAX_REVISION {
            return Err(CloseError::ChangedTooOften);
        }
        // What was covered refers to a rule by its index: the rules of then stay.
        let unreported_before = before.as_ref().is_some_and(|before| reports_nothing(&before.parcel));
        let earlier = before.as_ref().map(|before| before.parcel.clone());
        let frame = self.segment_frame(start, revision, earlier);
        let Some(Assembled { mut parcel, blobs }) = assemble(&frame, &records) else { return Ok(None) };
        add_uncounted_gaps(&mut parcel);
        let blobs = self.present_pictures(&mut parcel, blobs).await?;
        self.report_damage(&records);
        parcel.id = hex::encode(random::<16>()?);
        self.shared.follow_clock().await?;
        let now = self.shared.clock.now();
        let record = Record::Segment { parcel: parcel.id.clone(), start };
        let close = SegmentClose {
            contract: self.shared.session_name.clone(),
            start,
            kind: record.kind().to_owned(),
            at: now,
            body: serde_json::to_vec(&record)?,
            revision,
        };
        parcel.changed = changed_fields(&parcel, latest.as_ref(), before.as_ref());
        let earlier = before.as_ref().map_or(&[][..], |before| &before.details);
        let (mut core, details) = parcel.split(earlier, draw_salt)?;
        let details = details.into_iter().map(|detail| DetailDraft {
            name: detail.named.sha256,
            kind: detail.named.kind.name().to_owned(),
            bytes: detail.bytes,
        });
        let details = details.collect();
        let Hold { until, taken_back } =
            self.choose_hold(&parcel, latest.as_ref(), unreported_before, now).await?;
        let draft = |sequence: u64, head: &candor_seal::Hash| {
            core.sequence = sequence;
            core.chain_head = head.to_string();
            let body = serde_json::to_vec(&core)?;
            let envelope = Envelope::sign(PARCEL_TYPE, body, key).to_json();
            Ok::<_, serde_json::Error>(OutboxDraft {
                parcel_id: core.id.clone(),
                envelope,
                details,
                attachments: blobs,
                target: self.terms.uploader.plugin.clone(),
                hold_until: until,
            })
        };
        let closed = self.shared.journal.close_segment(close, draft).await;
        self.shared.announce_change();
        match closed {
            Ok(entry) => {
                self.shared.note_closed(start);
                if taken_back {
                    self.shared.journal.cancel(&entry.parcel_id, now).await?;
                }
                Ok(Some(entry))
            }
            Err(JournalError::SegmentClosed { .. }) => {
                self.shared.note_closed(start);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the parcel that another takes the place of; none if there is none, or if it is damaged.
    async fn parcel_before(&self, latest: Option<&OutboxEntry>) -> Result<Option<StoredParcel>, CloseError> {
        let Some(latest) = latest else { return Ok(None) };
        match load_parcel(&self.shared.journal, &latest.parcel_id).await {
            Ok(stored) => Ok(Some(stored)),
            // Its records hold all but which rules there were.
            Err(error) if error.is_damage() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns those of a parcel's pictures that the journal still has; for one that it has not, the parcel says so.
    async fn present_pictures(
        &self,
        parcel: &mut Parcel,
        blobs: Vec<String>,
    ) -> Result<Vec<String>, CloseError> {
        let mut present = Vec::with_capacity(blobs.len());
        for blob in blobs {
            if self.has_picture(&blob).await? {
                present.push(blob);
            } else {
                (parcel.snapshot, parcel.no_snapshot) = (None, Some(NoSnapshot::Damaged));
            }
        }
        Ok(present)
    }

    /// Returns whether the journal still has a picture, as far as that is known without reading it.
    async fn has_picture(&self, blob: &str) -> Result<bool, CloseError> {
        match self.shared.journal.blob_info(blob).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_damage() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Shows the worker that some of a segment's records cannot be read.
    fn report_damage(&self, records: &[Record]) {
        let unreadable = records.iter().filter(|r| matches!(r, Record::Unreadable { .. })).count();
        if unreadable > 0 {
            let text = format!(
                "part of one segment cannot be read any more ({unreadable} damaged); the rest is kept and sent"
            );
            self.shared.set_problem("damage", Some(text));
        }
    }

    /// Decides until when a parcel is held that takes the place of `latest`. `unreported_before` is whether that one
    /// reported nothing.
    async fn choose_hold(
        &self,
        parcel: &Parcel,
        latest: Option<&OutboxEntry>,
        unreported_before: bool,
        now: u64,
    ) -> Result<Hold, CloseError> {
        let (shared, start, revised) = (&self.shared, parcel.start, parcel.revision > 0);
        let send_now = self.send_immediately.lock().remove(&start);
        // The hold is over for what the client has seen before. What the worker took back stays taken back, and what
        // has nothing to report any more before it was ever sent goes nowhere: held for good, until it is cancelled a
        // moment later.
        let cancelled = latest.is_some_and(|l| l.state == OutboxState::Cancelled);
        let unreported_before = unreported_before && cancelled;
        let unreported = reports_nothing(parcel)
            && latest.is_some()
            && (unreported_before || shared.journal.never_left(&shared.session_name, start, now).await?);
        // Of what the client has, a change that was taken back keeps no later one from being sent: a removal least.
        let has_it = cancelled && shared.journal.was_delivered(&shared.session_name, start).await?;
        let taken_back = unreported || (cancelled && !unreported_before && !has_it);
        let hold = match (taken_back, send_now || (revised && !unreported_before)) {
            (true, _) => HELD_FOR_GOOD,
            // What was removed just now can be brought back for a moment.
            (false, true) if revised && self.removals.is_open(start) => UNDO_MS,
            (false, true) => 0,
            (false, false) => self.terms.hold_ms,
        };
        let held_before = latest.filter(|_| !unreported_before).map_or(0, |l| l.hold_until);
        Ok(Hold { until: held_before.max(now.saturating_add(hold)), taken_back })
    }
}

/// Returns what a revision changed since the last one that the target has: one that was never delivered passes on what
/// it would have told.
fn changed_fields(
    parcel: &Parcel,
    latest: Option<&OutboxEntry>,
    before: Option<&StoredParcel>,
) -> Vec<Field> {
    let Some(latest) = latest else { return Vec::new() };
    let Some(StoredParcel { parcel: before, .. }) = before else {
        // Nobody knows what it said.
        return Field::ALL.to_vec();
    };
    let mut changed = parcel.changed_since(before);
    if latest.state != OutboxState::Delivered {
        changed.extend(&before.changed);
        changed.sort_unstable();
        changed.dedup();
    }
    changed
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], CloseError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|e| CloseError::Random(e.to_string()))?;
    Ok(bytes)
}

/// Draws the salt of a detail.
fn draw_salt() -> Result<[u8; 32], CloseError> {
    random()
}
