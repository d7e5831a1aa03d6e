//! Answers to those who look: the status, the outbox, single parcels and pictures.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candor_diary::terms::{ManualTime, Mode};
use candor_journal::{Journal, OutboxEntry, OutboxState};
use candor_protocol::{
    IdleQuestion, OutboxAnswer, OutboxCounts, OutboxParcel, ParcelBytes, Picture, SegmentCounts, SignState,
    Status,
};
use candor_seal::Envelope;

use crate::contract::sessions::Sessions;
use crate::error::error_text;
use crate::segments::assemble::reports_nothing;
use crate::segments::history::{Totals, refusal, view};
use crate::segments::ledger::{SegmentLedger, parse_parcel};
use crate::tracker::Absence;

/// How many outbox entries are listed.
const LISTED: u32 = 500;
/// The largest picture that is handed out, in bytes.
const MAX_PICTURE: u64 = 32 << 20;

/// What the agent is doing.
pub(crate) async fn status(sessions: &Sessions) -> Result<Status, String> {
    let context = sessions.context();
    let revision = *context.revision.borrow();
    let counts = context.journal.outbox_counts().await.map_err(error_text)?;
    let bytes = context.journal.outbox_bytes().await.map_err(error_text)?;
    let mut contracts = Vec::new();
    for session in sessions.all().await {
        contracts.push(session.contract().await);
    }
    let outbox = OutboxCounts {
        held: counts.held,
        waiting: counts.waiting,
        delivered: counts.delivered,
        rejected: counts.rejected,
        cancelled: counts.cancelled,
        bytes,
    };
    let closed = counts.held + counts.waiting + counts.delivered + counts.rejected + counts.cancelled;
    let mut status = Status {
        revision,
        now: context.clock.now(),
        tracking: false,
        notice_accepted: false,
        contract: String::new(),
        title: String::new(),
        client: String::new(),
        mode: Mode::Worklog,
        since: None,
        on_ms: 0,
        sign: SignState {
            shown: context.signs.shown().into_iter().collect(),
            wanted: context.signs.starting() || sessions.is_recording().await,
            without: false,
            missing_since: None,
        },
        paused_since: None,
        away_since: None,
        away: None,
        question: None,
        memo: None,
        label: None,
        recent_memos: Vec::new(),
        labels: Vec::new(),
        stopping: false,
        running: None,
        last_picture: None,
        today_ms: 0,
        week_ms: 0,
        over_ms: 0,
        limit_ms: None,
        manual_time: ManualTime::No,
        segments: SegmentCounts { open: 0, closed, delivered: counts.delivered },
        outbox,
        offline_since: None,
        next_try_at: None,
        contracts,
        diary_url: None,
        problems: Vec::new(),
    };
    let Ok(session) = sessions.current().await else { return Ok(status) };
    let terms = &session.enrolment.terms;
    let work = session.work().await;
    (status.memo, status.label, status.recent_memos) = (work.memo, work.label, work.recent_memos);
    status.contract = session.enrolment.handle().to_owned();
    status.title.clone_from(&terms.title);
    status.client.clone_from(&terms.client);
    status.mode = terms.mode;
    status.labels.clone_from(&terms.labels);
    status.limit_ms = terms.weekly_limit.map(|minutes| u64::from(minutes) * 60_000);
    status.manual_time = terms.manual_time;
    status.diary_url = Some(format!("{}/contracts/{}/diary", session.enrolment.server, terms.contract));
    for session in sessions.all().await {
        status.problems.extend(session.shared.problems());
    }
    if counts.rejected > 0 {
        let (segments, are) =
            if counts.rejected == 1 { ("segment was", "It is") } else { ("segments were", "They are") };
        status.problems.push(format!(
            "Sending: {} {segments} refused. {are} not counted; see why in the outbox, and send again from there",
            counts.rejected
        ));
    }
    if let Ok(desktop) = &context.desktop
        && let Err(why) = desktop.current()
    {
        status.problems.push(format!("Screen: {why}"));
    }
    let going = session.delivery.status();
    (status.offline_since, status.next_try_at) = (going.offline_since, going.next_try_at);
    let Some(pipeline) = session.pipeline().await else { return Ok(status) };
    let state = pipeline.state();
    let ledger = &pipeline.ledger;
    status.notice_accepted = true;
    status.tracking = state.since.is_some();
    status.sign.without = status.tracking && state.no_sign;
    status.since = state.since;
    status.on_ms = state.on_ms
        + state
            .running_since
            .map_or(0, |_| context.clock.monotonic().saturating_sub(state.running_since_steady));
    status.stopping = state.stopping;
    status.memo = state.memo;
    status.label = state.label;
    status.segments.open = state.open_segments;
    status.away = state.absent.map(|(why, _)| why.cause());
    match state.absent {
        Some((Absence::Paused, from)) => status.paused_since = Some(from),
        Some((Absence::NoSign, from)) => {
            status.sign.missing_since = Some(from);
            status.away_since = Some(from);
            status.problems.push(
                "Recording is on hold: there is no tray icon, window or notification to show it. Open the window, or run `candor doctor` to repair the tray"
                    .into(),
            );
        }
        Some((_, from)) => status.away_since = Some(from),
        None => {}
    }
    status.question = state.question.map(|(from, to)| {
        let allowed = terms.manual_time != ManualTime::No;
        let whole = ledger.whole_segments(from, to).map(|(from, to)| to - from).sum();
        IdleQuestion { from, to, manual_ms: if allowed { whole } else { 0 } }
    });
    let running = match state.since {
        Some(_) => {
            // A span is recorded when its minute ends.
            let minute = candor_diary::segment::minute_of(status.now);
            let span = state.running_since.map(|since| (since.max(minute), status.now));
            ledger.so_far(session.shared.cut.start_of(status.now), span).await.map_err(error_text)?
        }
        None => None,
    };
    let running = running.map(|assembled| assembled.parcel);
    let Totals { today_ms, week_ms, over_ms, running_ms, last_picture } = session
        .history
        .totals(ledger, running.as_ref(), session.elsewhere.now())
        .await
        .map_err(error_text)?;
    (status.today_ms, status.week_ms, status.over_ms) = (today_ms, week_ms, over_ms);
    if let Some(parcel) = running {
        let mut shown = view(&parcel, None, ledger.sends_at(parcel.start), status.now);
        shown.undo_until = ledger.undo_until(parcel.start, None, ledger.sends_at(parcel.start));
        shown.billed_ms = running_ms;
        status.last_picture = shown.picture.is_some().then(|| shown.clone());
        status.running = Some(shown);
    }
    if status.last_picture.is_none()
        && let Some(start) = last_picture
    {
        let found = ledger.segments(start, start + 1).await.map_err(error_text)?;
        status.last_picture = found.into_iter().next();
    }
    Ok(status)
}

/// The outbox, the latest first.
pub(crate) async fn outbox(sessions: &Sessions) -> Result<OutboxAnswer, String> {
    let journal = &sessions.context().journal;
    // The journal knows sessions, a person the contracts' names.
    let names: HashMap<String, String> = sessions
        .all()
        .await
        .iter()
        .map(|session| (session.shared.session_name.clone(), session.enrolment.handle().to_owned()))
        .collect();
    let mut entries = Vec::new();
    for entry in journal.outbox(LISTED).await.map_err(error_text)? {
        if entry.state == OutboxState::Replaced || withdrawn(journal, &entry).await {
            continue;
        }
        let session = names.get(&entry.contract).cloned();
        entries.push(OutboxParcel {
            contract: session.unwrap_or_else(|| entry.contract.clone()),
            ..listed(journal, entry).await
        });
    }
    let preferences = crate::settings::preferences(&sessions.context().folder).map_err(error_text)?;
    Ok(OutboxAnswer {
        entries,
        disk_bytes: sessions.context().disk_bytes.load(Ordering::Acquire),
        disk_limit: preferences.disk_limit,
    })
}

/// Whether a parcel goes nowhere because it has nothing to tell any more.
async fn withdrawn(journal: &Journal, entry: &OutboxEntry) -> bool {
    entry.state == OutboxState::Cancelled
        && journal
            .envelope(&entry.parcel_id)
            .await
            .ok()
            .and_then(|envelope| parse_parcel(&envelope))
            .is_some_and(|parcel| reports_nothing(&parcel))
}

async fn listed(journal: &Journal, entry: OutboxEntry) -> OutboxParcel {
    let mut bytes = entry.bytes;
    let unsettled = matches!(entry.state, OutboxState::Held | OutboxState::Waiting | OutboxState::Cancelled);
    let mut holds = String::new();
    if unsettled {
        for blob in &entry.attachments {
            // A picture that was removed adds nothing.
            bytes += journal.blob_info(blob).await.map_or(0, |info| info.length);
        }
        let envelope = journal.envelope(&entry.parcel_id).await.ok();
        holds = envelope.and_then(|e| parse_parcel(&e)).map(|p| in_words(&p)).unwrap_or_default();
    }
    OutboxParcel {
        parcel: entry.parcel_id,
        contract: entry.contract,
        segment_start: entry.segment_start,
        revision: entry.revision,
        sequence: entry.sequence,
        target: entry.target,
        state: entry.state.to_string(),
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

/// The exact bytes of a parcel.
pub(crate) async fn parcel(journal: &Journal, id: &str) -> Result<ParcelBytes, String> {
    let bytes = journal.envelope(id).await.map_err(error_text)?;
    let payload = Envelope::from_json(&bytes).map_err(error_text)?.payload;
    let entry = journal.outbox_entry(id).await.map_err(error_text)?;
    let mut attachments = Vec::new();
    for blob in &entry.attachments {
        let info = journal.blob_info(blob).await.map_err(error_text)?;
        attachments.push((info.sha256, info.length));
    }
    Ok(ParcelBytes {
        envelope: String::from_utf8(bytes).map_err(error_text)?,
        document: serde_json::from_slice(&payload).map_err(error_text)?,
        attachments,
    })
}

/// A segment's picture.
pub(crate) async fn picture(ledger: &SegmentLedger, start: u64) -> Result<Picture, String> {
    let records = ledger.records(start).await.map_err(error_text)?;
    let blob = crate::segments::removed::picture_of(&records)?;
    let journal = &ledger.shared.journal;
    let info = journal.blob_info(blob).await.map_err(error_text)?;
    let length = u32::try_from(info.length.min(MAX_PICTURE)).unwrap_or(u32::MAX);
    let bytes = journal.read_blob(blob, 0, length).await.map_err(error_text)?;
    Ok(Picture { media_type: info.media_type, base64: STANDARD.encode(bytes) })
}
