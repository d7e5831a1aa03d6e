//! Closes segments: when one has ended, what was recorded in it becomes a parcel in the outbox.

use std::collections::BTreeSet;
use std::sync::Arc;

use candor_diary::parcel::{PARCEL_TYPE, Policy};
use candor_diary::terms::Terms;
use candor_journal::{JournalError, OutboxDraft, OutboxEntry, RecordFilter, SegmentClose};
use candor_seal::{Envelope, SecretKey};

use crate::record::Record;
use crate::segments::{Assembled, SegmentFrame, assemble};
use crate::shared::Shared;

/// How many records are read at once.
const PAGE: u32 = 2_000;

/// What closing a segment needs to know.
pub struct Closing {
    /// Shared state.
    pub shared: Arc<Shared>,
    /// The contract's terms.
    pub terms: Terms,
    /// The device's id.
    pub device: String,
    /// The device's key, which signs parcels.
    pub key: SecretKey,
    /// The policy in force.
    pub policy: Policy,
    /// Whether a collector takes pictures.
    pub pictures: bool,
}

/// Why a segment could not be closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The journal could not be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record or parcel could not be written down.
    #[error("a record could not be written down: {0}")]
    Json(#[from] serde_json::Error),
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
}

impl Closing {
    /// Closes the segment that starts at `start`. None where nothing was tracked in it, or it is closed already.
    ///
    /// # Errors
    /// Where it could not be closed; it stays open and can be tried again.
    pub async fn close(&self, start: u64) -> Result<Option<OutboxEntry>, CloseError> {
        let records = self.records(start).await?;
        let frame = SegmentFrame {
            contract: self.terms.contract.clone(),
            device: self.device.clone(),
            start,
            length: self.terms.segment,
            policy: self.policy.clone(),
            pictures: self.pictures,
        };
        let Some(Assembled { mut parcel, blobs }) = assemble(&frame, &records) else { return Ok(None) };
        let mut id = [0u8; 16];
        getrandom::fill(&mut id).map_err(|e| CloseError::Random(e.to_string()))?;
        parcel.id = hex::encode(id);
        let now = self.shared.clock.now();
        let record = Record::Segment { parcel: parcel.id.clone(), start };
        let close = SegmentClose {
            contract: self.terms.contract.clone(),
            start,
            kind: record.kind().to_owned(),
            at: now,
            body: serde_json::to_vec(&record)?,
        };
        let draft = |sequence: u64, head: &candor_seal::Hash| {
            parcel.sequence = sequence;
            parcel.chain_head = head.to_string();
            let body = serde_json::to_vec(&parcel)?;
            let envelope = Envelope::sign(PARCEL_TYPE, body, &self.key).to_json();
            Ok::<_, serde_json::Error>(OutboxDraft {
                parcel_id: parcel.id.clone(),
                envelope,
                attachments: blobs,
                target: self.terms.uploader.plugin.clone(),
                hold_until: now.saturating_add(self.terms.hold_ms),
            })
        };
        match self.shared.journal.close_segment(close, draft).await {
            Ok(entry) => {
                self.shared.closed(start);
                Ok(Some(entry))
            }
            Err(JournalError::SegmentClosed { .. }) => {
                self.shared.closed(start);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn records(&self, start: u64) -> Result<Vec<Record>, CloseError> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .shared
                .journal
                .read(RecordFilter {
                    contract: Some(self.terms.contract.clone()),
                    from_at: Some(start),
                    to_at: Some(start + self.terms.segment.ms()),
                    after_sequence: after,
                    limit: PAGE,
                    ..RecordFilter::default()
                })
                .await?;
            let full = page.len() >= PAGE as usize;
            after = page.last().map(|r| r.sequence);
            for record in page {
                // Erased records have no body; records of other kinds are not this pipeline's.
                if let Some(record) = record.body.and_then(|body| serde_json::from_slice(&body).ok()) {
                    all.push(record);
                }
            }
            if !full {
                return Ok(all);
            }
        }
    }

    /// The segments that hold tracked time and are not closed, such as after a crash; in order.
    ///
    /// # Errors
    /// Where the journal could not be read.
    pub async fn unclosed(&self) -> Result<BTreeSet<u64>, CloseError> {
        let length = self.terms.segment;
        let last = self.shared.journal.last_closed(&self.terms.contract).await?;
        if let Some(last) = last {
            self.shared.closed(last);
        }
        let mut starts = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self
                .shared
                .journal
                .read(RecordFilter {
                    contract: Some(self.terms.contract.clone()),
                    from_at: last.map(|l| l + length.ms()),
                    after_sequence: after,
                    kinds: vec!["span".into()],
                    limit: PAGE,
                    ..RecordFilter::default()
                })
                .await?;
            let full = page.len() >= PAGE as usize;
            after = page.last().map(|r| r.sequence);
            starts.extend(page.iter().map(|r| length.start_of(r.at)));
            if !full {
                return Ok(starts);
            }
        }
    }
}
