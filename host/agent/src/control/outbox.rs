//! Answers requests about what waits and what was sent.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;

use candor_journal::{DetailInfo, Journal, JournalError, OutboxEntry, OutboxState};
use candor_protocol::{
    CancelParcel, GetOutbox, GetParcel, Handle, OutboxAnswer, OutboxParcel, ParcelBytes, ParcelDetail,
    ParcelState, RequestError, SendAgain, SendNow, TryNow, UncancelParcel,
};
use candor_seal::Envelope;

use crate::control::dispatch::Connection;
use crate::segments::assemble::reports_nothing;
use crate::segments::history::refusal;
use crate::segments::removed::UNDO_MS;
use crate::segments::stored_parcel::load_parcel;
use crate::settings;

/// How many outbox entries are listed.
const LISTED: u32 = 500;

impl Handle<GetOutbox> for Connection<'_> {
    async fn handle(&self, GetOutbox: GetOutbox) -> Result<OutboxAnswer, RequestError> {
        let context = self.context();
        let journal = &context.journal;
        // The journal knows sessions, a person the contracts' names.
        let names: HashMap<String, String> = self
            .sessions()
            .all()
            .await
            .iter()
            .map(|session| (session.shared.session_name.clone(), session.enrolment.handle().to_owned()))
            .collect();
        let mut entries = Vec::new();
        for entry in journal.outbox(LISTED).await.map_err(RequestError::refused)? {
            let Some(state) = parcel_state(entry.state) else { continue };
            if withdrawn(journal, &entry).await {
                continue;
            }
            let contract = names.get(&entry.contract).cloned().unwrap_or_else(|| entry.contract.clone());
            entries.push(listed(journal, entry, contract, state).await);
        }
        let preferences = settings::preferences(&context.folder).map_err(RequestError::refused)?;
        let disk_bytes = context.disk_bytes.load(Ordering::Acquire);
        Ok(OutboxAnswer { entries, disk_bytes, disk_limit: preferences.disk_limit })
    }
}

impl Handle<GetParcel> for Connection<'_> {
    async fn handle(&self, GetParcel { parcel }: GetParcel) -> Result<ParcelBytes, RequestError> {
        let journal = &self.context().journal;
        let bytes = journal.envelope(&parcel).await.map_err(RequestError::refused)?;
        let payload = Envelope::from_json(&bytes).map_err(RequestError::refused)?.payload;
        let entry = journal.outbox_entry(&parcel).await.map_err(RequestError::refused)?;
        let mut attachments = Vec::new();
        for blob in &entry.attachments {
            let info = journal.blob_info(blob).await.map_err(RequestError::refused)?;
            attachments.push((info.sha256, info.length));
        }
        let mut details = Vec::with_capacity(entry.details.len());
        for DetailInfo { name, kind, length, .. } in entry.details {
            let text = match journal.detail(&parcel, &name).await {
                Ok(bytes) => Some(String::from_utf8(bytes).map_err(RequestError::refused)?),
                Err(JournalError::Erased { .. }) => None,
                Err(error) => return Err(RequestError::refused(error)),
            };
            details.push(ParcelDetail { kind, sha256: name, length, text });
        }
        Ok(ParcelBytes {
            envelope: String::from_utf8(bytes).map_err(RequestError::refused)?,
            document: serde_json::from_slice(&payload).map_err(RequestError::refused)?,
            details,
            attachments,
        })
    }
}

impl Handle<CancelParcel> for Connection<'_> {
    async fn handle(&self, CancelParcel { parcel }: CancelParcel) -> Result<(), RequestError> {
        let journal = &self.context().journal;
        let entry = journal.outbox_entry(&parcel).await.map_err(RequestError::refused)?;
        if let Some(pipeline) = self.sessions().pipeline_of(&entry.contract).await {
            pipeline.ledger.take_back(entry.segment_start).await.map_err(RequestError::refused)?;
        } else {
            let at = self.context().clock.now();
            journal.cancel(&parcel, at).await.map_err(RequestError::refused)?;
        }
        self.sessions().notify_all().await;
        Ok(())
    }
}

impl Handle<UncancelParcel> for Connection<'_> {
    async fn handle(&self, UncancelParcel { parcel }: UncancelParcel) -> Result<(), RequestError> {
        for session in self.sessions().all().await {
            session.shared.follow_clock().await.map_err(RequestError::refused)?;
        }
        let journal = &self.context().journal;
        let hold_until = self.context().clock.now().saturating_add(UNDO_MS);
        let entry = journal.outbox_entry(&parcel).await.map_err(RequestError::refused)?;
        if let Some(pipeline) = self.sessions().pipeline_of(&entry.contract).await {
            let put_back = pipeline.ledger.put_back(entry.segment_start, hold_until).await;
            put_back.map_err(RequestError::refused)?;
        } else {
            journal.uncancel(&parcel, hold_until).await.map_err(RequestError::refused)?;
        }
        self.sessions().notify_all().await;
        Ok(())
    }
}

impl Handle<SendAgain> for Connection<'_> {
    /// One that was made under an earlier enrolment is signed anew.
    async fn handle(&self, SendAgain { parcel }: SendAgain) -> Result<(), RequestError> {
        let journal = &self.context().journal;
        let entry = journal.outbox_entry(&parcel).await.map_err(RequestError::refused)?;
        if entry.state != OutboxState::Rejected {
            return Err("this segment was not refused, so there is nothing to send again".into());
        }
        journal.send_again(&parcel).await.map_err(RequestError::refused)?;
        if let Ok(session) = self.sessions().session(Some(&entry.contract)).await {
            session.shared.set_problem("refused", None);
            session.delivery.try_now();
            if let Some(pipeline) = session.pipeline().await {
                pipeline.ledger.sign_anew().await.map_err(RequestError::refused)?;
            }
        }
        self.sessions().notify_all().await;
        Ok(())
    }
}

impl Handle<SendNow> for Connection<'_> {
    async fn handle(&self, SendNow { start }: SendNow) -> Result<(), RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        match pipeline.ledger.latest_parcel(start).await.map_err(RequestError::refused)? {
            Some(entry) => {
                self.context().journal.release(&entry.parcel_id).await.map_err(RequestError::refused)?
            }
            None => {
                let ledger = &pipeline.ledger;
                let running = ledger.shared.cut.start_of(self.context().clock.now());
                if start != running && !ledger.marks.open_segments().contains(&start) {
                    return Err(RequestError::from("there is no such segment")
                        .with_hint("`candor today` lists what there is"));
                }
                ledger.send_immediately.lock().insert(start);
            }
        }
        self.sessions().notify_all().await;
        Ok(())
    }
}

impl Handle<TryNow> for Connection<'_> {
    async fn handle(&self, TryNow: TryNow) -> Result<(), RequestError> {
        self.context().journal.try_now().await.map_err(RequestError::refused)?;
        for session in self.sessions().all().await {
            session.delivery.try_now();
        }
        self.sessions().notify_all().await;
        Ok(())
    }
}

/// Whether a parcel goes nowhere because it has nothing to tell any more.
async fn withdrawn(journal: &Journal, entry: &OutboxEntry) -> bool {
    entry.state == OutboxState::Cancelled
        && load_parcel(journal, &entry.parcel_id).await.is_ok_and(|stored| reports_nothing(&stored.parcel))
}

/// Where a parcel is, for those who look; none if another took its place.
fn parcel_state(state: OutboxState) -> Option<ParcelState> {
    Some(match state {
        OutboxState::Held => ParcelState::Held,
        OutboxState::Waiting => ParcelState::Waiting,
        OutboxState::Delivered => ParcelState::Delivered,
        OutboxState::Rejected => ParcelState::Rejected,
        OutboxState::Cancelled => ParcelState::Cancelled,
        OutboxState::Replaced => return None,
    })
}

async fn listed(journal: &Journal, entry: OutboxEntry, contract: String, state: ParcelState) -> OutboxParcel {
    let mut bytes = entry.bytes;
    let unsettled = matches!(entry.state, OutboxState::Held | OutboxState::Waiting | OutboxState::Cancelled);
    let mut holds = None;
    bytes += entry.details.iter().filter(|detail| !detail.erased).map(|detail| detail.length).sum::<u64>();
    if unsettled {
        for blob in &entry.attachments {
            // A picture that was removed adds nothing.
            bytes += journal.blob_info(blob).await.map_or(0, |info| info.length);
        }
        holds = load_parcel(journal, &entry.parcel_id).await.ok().map(|stored| in_words(&stored.parcel));
    }
    OutboxParcel {
        parcel: entry.parcel_id,
        contract,
        segment_start: entry.segment_start,
        revision: entry.revision,
        sequence: entry.sequence,
        target: entry.target,
        state,
        hold_until: entry.hold_until,
        attempts: entry.attempts,
        next_try_at: entry.next_try_at,
        last_error: entry.last_error.as_deref().map(refusal),
        attachments: entry.attachments.len(),
        bytes,
        holds,
        delivered_at: entry.delivered_at,
    }
}

/// What is in a parcel: `picture, activity`.
fn in_words(parcel: &candor_diary::parcel::Parcel) -> String {
    if parcel.removed.is_some() {
        return "time removed".into();
    }
    if parcel.manual.is_some() {
        return "manual time".into();
    }
    let mut parts = Vec::new();
    if parcel.snapshot.is_some() {
        parts.push("picture");
    }
    if parcel.minutes.iter().any(|m| m.counts.is_some()) {
        parts.push("activity");
    }
    if !parcel.focus.is_empty() {
        parts.push("windows");
    }
    let notes: BTreeSet<&str> = parcel.custom.iter().map(|note| note.plugin.as_str()).collect();
    let notes: Vec<String> = notes.iter().map(|plugin| format!("notes of plugin `{plugin}`")).collect();
    parts.extend(notes.iter().map(String::as_str));
    if matches!(parcel.no_snapshot, Some(candor_diary::parcel::NoSnapshot::SkippedByRule { .. })) {
        parts.push("picture skipped by rule");
    }
    if parts.is_empty() { "time".into() } else { parts.join(", ") }
}
