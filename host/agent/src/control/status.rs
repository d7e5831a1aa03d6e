//! What the agent is doing, put together from what each part of it knows.

use candor_diary::terms::{ManualTime, Mode};
use candor_protocol::{
    CurrentContract, IdleQuestion, OutboxCounts, RequestError, SegmentCounts, SignState, Status,
};

use crate::contract::pipeline::Pipeline;
use crate::contract::session::ContractSession;
use crate::contract::sessions::Sessions;
use crate::segments::history::{Totals, view};
use crate::tracker::{Absence, TrackerState};

/// Returns what the agent is doing.
pub(crate) async fn status(sessions: &Sessions) -> Result<Status, RequestError> {
    let mut status = device_status(sessions).await?;
    let Ok(session) = sessions.current().await else { return Ok(status) };
    fill_contract(&mut status, &session).await;
    fill_problems(&mut status, sessions).await;
    let delivery = session.delivery.status();
    (status.offline_since, status.next_try_at) = (delivery.offline_since, delivery.next_try_at);
    let Some(pipeline) = session.pipeline().await else { return Ok(status) };
    let state = pipeline.state();
    status.notice_accepted = true;
    fill_tracking(&mut status, &session, &state);
    status.question = state.question.map(|(from, to)| idle_question(&pipeline, from, to));
    fill_time(&mut status, &session, &pipeline, state.running_since).await?;
    Ok(status)
}

/// Returns what is so of the whole device; nothing is tracked in it.
async fn device_status(sessions: &Sessions) -> Result<Status, RequestError> {
    let context = sessions.context();
    let revision = *context.revision.borrow();
    let counts = context.journal.outbox_counts().await.map_err(RequestError::refused)?;
    let bytes = context.journal.outbox_bytes().await.map_err(RequestError::refused)?;
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
    Ok(Status {
        revision,
        now: context.clock.now(),
        tracking: false,
        notice_accepted: false,
        current: None,
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
    })
}

/// Fills in whose contract it is, and where the worker is in it.
async fn fill_contract(status: &mut Status, session: &ContractSession) {
    let terms = &session.enrolment.terms;
    let work = session.work().await;
    (status.memo, status.label, status.recent_memos) = (work.memo, work.label, work.recent_memos);
    status.current = Some(CurrentContract {
        id: session.enrolment.handle().to_owned(),
        title: terms.title.clone(),
        client: terms.client.clone(),
    });
    status.mode = terms.mode;
    status.labels.clone_from(&terms.labels);
    status.limit_ms = terms.weekly_limit.map(|minutes| u64::from(minutes) * 60_000);
    status.manual_time = terms.manual_time;
    status.diary_url = Some(format!("{}/contracts/{}/diary", session.enrolment.server, terms.contract));
}

/// Fills in what a person should look at.
async fn fill_problems(status: &mut Status, sessions: &Sessions) {
    for session in sessions.all().await {
        status.problems.extend(session.shared.problems());
    }
    let rejected = status.outbox.rejected;
    if rejected > 0 {
        let (segments, are) =
            if rejected == 1 { ("segment was", "It is") } else { ("segments were", "They are") };
        status.problems.push(format!(
            "Sending: {rejected} {segments} refused. {are} not counted; see why in the outbox, and send again from there"
        ));
    }
    if let Ok(eyes) = &sessions.context().desktop
        && let Err(why) = eyes.current()
    {
        status.problems.push(format!("Screen: {why}"));
    }
}

/// Fills in what the tracker does.
fn fill_tracking(status: &mut Status, session: &ContractSession, state: &TrackerState) {
    status.tracking = state.since.is_some();
    status.sign.without = status.tracking && state.no_sign;
    status.since = state.since;
    let monotonic = session.context.clock.monotonic();
    let running_ms = state.running_since.map_or(0, |_| monotonic.saturating_sub(state.running_since_steady));
    status.on_ms = state.on_ms + running_ms;
    status.stopping = state.stopping;
    status.memo.clone_from(&state.memo);
    status.label.clone_from(&state.label);
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
}

/// Returns the question about a span without anybody there.
fn idle_question(pipeline: &Pipeline, from: u64, to: u64) -> IdleQuestion {
    let allowed = pipeline.ledger.terms.manual_time != ManualTime::No;
    let whole = pipeline.ledger.whole_segments(from, to).map(|(from, to)| to - from).sum();
    IdleQuestion { from, to, manual_ms: if allowed { whole } else { 0 } }
}

/// Fills in the time of today and this week, the running segment, and the last picture.
async fn fill_time(
    status: &mut Status,
    session: &ContractSession,
    pipeline: &Pipeline,
    running_since: Option<u64>,
) -> Result<(), RequestError> {
    let ledger = &pipeline.ledger;
    let running = match status.since {
        Some(_) => {
            // A span is recorded when its minute ends.
            let minute = candor_diary::segment::minute_of(status.now);
            let span = running_since.map(|since| (since.max(minute), status.now));
            ledger
                .so_far(session.shared.cut.start_of(status.now), span)
                .await
                .map_err(RequestError::refused)?
        }
        None => None,
    };
    let running = running.map(|assembled| assembled.parcel);
    let Totals { today_ms, week_ms, over_ms, running_ms, last_picture } = session
        .history
        .totals(ledger, running.as_ref(), session.elsewhere.now())
        .await
        .map_err(RequestError::refused)?;
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
        let found = ledger.segments(start, start + 1).await.map_err(RequestError::refused)?;
        status.last_picture = found.into_iter().next();
    }
    Ok(())
}
