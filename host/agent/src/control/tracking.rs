//! Answers requests about tracking: on, off, and what the work is.

use std::time::Duration;

use candor_diary::memo::Memo;
use candor_protocol::{
    AnswerIdle, GetStatus, Handle, PauseTracking, ReportSigns, RequestError, SetLabel, SetMemo,
    StartTracking, Status, StopTracking, UndoIdleAnswer,
};

use crate::control::dispatch::Connection;
use crate::control::status;
use crate::segments::tracked::HaltKind;
use crate::tracker::{TrackerCommand, TrackerRefusal};

/// How long a status waits for a change, in seconds.
const WAIT_S: u64 = 20;

impl Handle<GetStatus> for Connection<'_> {
    async fn handle(&self, GetStatus { after }: GetStatus) -> Result<Status, RequestError> {
        if let Some(after) = after {
            let mut revision = self.context().revision.subscribe();
            let changed = revision.wait_for(|revision| *revision != after);
            // Either it changed, or it is time to answer anyway.
            let _ = tokio::time::timeout(Duration::from_secs(WAIT_S), changed).await;
        }
        status::status(self.sessions()).await
    }
}

impl Handle<ReportSigns> for Connection<'_> {
    async fn handle(&self, ReportSigns { by, signs }: ReportSigns) -> Result<(), RequestError> {
        Ok(self.shown.report(by, &signs)?)
    }
}

impl Handle<StartTracking> for Connection<'_> {
    async fn handle(&self, StartTracking { memo, no_sign }: StartTracking) -> Result<(), RequestError> {
        let session = self.sessions().current().await?;
        if !session.enrolment.terms.tracks_time() {
            // The tracker says so too; here nothing is put together or shown for it before.
            return Err(TrackerRefusal::ManualOnly.into());
        }
        read_memo(memo.as_deref().unwrap_or(""))?;
        let pipeline = session.ensure_pipeline().await?;
        let mut _starting = None;
        if !no_sign {
            let before = self.starts_called_off();
            _starting = Some(self.context().signs.wait_for_sign().await?);
            if self.starts_called_off() != before {
                return Err("tracking did not start: something else was asked for meanwhile".into());
            }
        }
        if let Some(memo) = &memo {
            session.change_work(|work| work.memo(memo)).await;
        }
        Ok(pipeline.command(TrackerCommand::Start { memo, no_sign }).await?)
    }
}

impl Handle<StopTracking> for Connection<'_> {
    async fn handle(&self, StopTracking { at_segment_end }: StopTracking) -> Result<(), RequestError> {
        self.call_off_starts();
        let pipeline = self.sessions().pipeline().await?;
        if at_segment_end {
            return Ok(pipeline.command(TrackerCommand::StopAtSegmentEnd).await?);
        }
        Ok(pipeline.halt(HaltKind::Stop).await?)
    }
}

impl Handle<PauseTracking> for Connection<'_> {
    async fn handle(&self, PauseTracking: PauseTracking) -> Result<(), RequestError> {
        self.call_off_starts();
        Ok(self.sessions().pipeline().await?.halt(HaltKind::Pause).await?)
    }
}

impl Handle<SetMemo> for Connection<'_> {
    async fn handle(&self, SetMemo { memo }: SetMemo) -> Result<(), RequestError> {
        read_memo(&memo)?;
        let (session, pipeline) = self.sessions().current_with_pipeline().await?;
        pipeline.command(TrackerCommand::Memo { memo: memo.clone() }).await?;
        session.change_work(|work| work.memo(&memo)).await;
        Ok(())
    }
}

impl Handle<SetLabel> for Connection<'_> {
    async fn handle(&self, SetLabel { label }: SetLabel) -> Result<(), RequestError> {
        let (session, pipeline) = self.sessions().current_with_pipeline().await?;
        pipeline.command(TrackerCommand::Label { label: label.clone() }).await?;
        session.change_work(|work| work.label = label).await;
        Ok(())
    }
}

impl Handle<AnswerIdle> for Connection<'_> {
    async fn handle(&self, AnswerIdle { answer }: AnswerIdle) -> Result<(), RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        // One after the other: whoever answers twice gives one answer.
        let _answering = pipeline.answering.lock().await;
        let question = pipeline.state().question;
        let Some((from, to)) = question else { return Err("there is no question to answer".into()) };
        pipeline.ledger.answer(from, to, &answer).await.map_err(RequestError::refused)?;
        pipeline.outbox_changed.notify_one();
        Ok(pipeline.command(TrackerCommand::Answered).await?)
    }
}

impl Handle<UndoIdleAnswer> for Connection<'_> {
    async fn handle(&self, UndoIdleAnswer: UndoIdleAnswer) -> Result<(), RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        let _answering = pipeline.answering.lock().await;
        let state = pipeline.state();
        let Some((from, to)) = state.answered else { return Err("there is no answer to undo".into()) };
        if state.question.is_some() {
            return Err(RequestError::from("another question is open").with_hint("answer it first"));
        }
        pipeline.ledger.undo_answer(from, to).await.map_err(RequestError::refused)?;
        pipeline.outbox_changed.notify_one();
        pipeline.command(TrackerCommand::Unanswered).await?;
        self.sessions().notify_all().await;
        Ok(())
    }
}

/// Reads a memo that may be empty.
pub(super) fn read_memo(text: &str) -> Result<Option<Memo>, RequestError> {
    Memo::read_optional(text).map_err(RequestError::refused)
}
