//! Answers requests about what was recorded: reading it, changing it, removing it, and typing time in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candor_diary::terms::PictureRemoval;
use candor_protocol::{
    AddManualTime, EditSegment, ForgetSpan, Forgotten, GetPicture, GetSegments, Handle, Picture, RemoveNotes,
    RemovePicture, RemoveSegment, RequestError, RestoreSegment, Segment, WouldForgetSpan,
};

use crate::contract::pipeline::Pipeline;
use crate::control::dispatch::Connection;
use crate::control::tracking::read_memo;
use crate::tracker::TrackerCommand;

/// The largest picture that is handed out, in bytes.
const MAX_PICTURE: u64 = 32 << 20;

impl Connection<'_> {
    /// Has a segment that was changed delivered if need be, and the running one written with its memo again.
    async fn changed(&self, pipeline: &Pipeline, at: u64) -> Result<(), RequestError> {
        let current = self.sessions().current().await?;
        let cut = &current.shared.cut;
        let now = self.context().clock.now();
        let running = pipeline.state().since.is_some();
        if running && cut.start_of(at) == cut.start_of(now) {
            pipeline.command(TrackerCommand::Rewrite).await?;
        }
        self.sessions().notify_all().await;
        Ok(())
    }

    /// Writes down what was of the running segment until now, before something of it is removed.
    async fn cut(&self, pipeline: &Pipeline, to: u64) -> Result<(), RequestError> {
        let current = self.sessions().current().await?;
        let runs = pipeline.state().since.is_some();
        if runs && to > current.shared.cut.start_of(self.context().clock.now()) {
            pipeline.command(TrackerCommand::Cut).await?;
        }
        Ok(())
    }
}

impl Handle<GetSegments> for Connection<'_> {
    async fn handle(&self, GetSegments { from, to }: GetSegments) -> Result<Vec<Segment>, RequestError> {
        match self.sessions().pipeline().await {
            Ok(pipeline) => pipeline.ledger.segments(from, to).await.map_err(RequestError::refused),
            // Nothing was accepted, so nothing was recorded.
            Err(_) => Ok(Vec::new()),
        }
    }
}

impl Handle<GetPicture> for Connection<'_> {
    async fn handle(&self, GetPicture { start }: GetPicture) -> Result<Picture, RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        let ledger = &pipeline.ledger;
        let records = ledger.records(start).await.map_err(RequestError::refused)?;
        let blob = crate::segments::removed::picture_of(&records)?;
        let journal = &ledger.shared.journal;
        let info = journal.blob_info(blob).await.map_err(RequestError::refused)?;
        let length = u32::try_from(info.length.min(MAX_PICTURE)).unwrap_or(u32::MAX);
        let bytes = journal.read_blob(blob, 0, length).await.map_err(RequestError::refused)?;
        Ok(Picture { media_type: info.media_type, base64: STANDARD.encode(bytes) })
    }
}

impl Handle<EditSegment> for Connection<'_> {
    async fn handle(&self, EditSegment { start, memo, label }: EditSegment) -> Result<(), RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        pipeline.ledger.edit(start, read_memo(&memo)?, label).await.map_err(RequestError::refused)?;
        self.changed(&pipeline, start).await
    }
}

impl Handle<RemovePicture> for Connection<'_> {
    async fn handle(&self, RemovePicture { start }: RemovePicture) -> Result<(), RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        if pipeline.ledger.terms.picture_removal == PictureRemoval::RemovesTime {
            self.cut(&pipeline, start.saturating_add(1)).await?;
        }
        pipeline.ledger.remove_picture(start).await.map_err(RequestError::refused)?;
        self.changed(&pipeline, start).await
    }
}

impl Handle<RemoveSegment> for Connection<'_> {
    async fn handle(&self, RemoveSegment { start }: RemoveSegment) -> Result<Forgotten, RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        self.cut(&pipeline, start.saturating_add(1)).await?;
        let removed = pipeline.ledger.remove_segment(start).await.map_err(RequestError::refused)?;
        self.changed(&pipeline, start).await?;
        Ok(removed)
    }
}

impl Handle<RestoreSegment> for Connection<'_> {
    async fn handle(&self, RestoreSegment { start }: RestoreSegment) -> Result<(), RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        pipeline.ledger.restore(start).await.map_err(RequestError::refused)?;
        self.changed(&pipeline, start).await
    }
}

impl Handle<RemoveNotes> for Connection<'_> {
    async fn handle(&self, RemoveNotes { from, to, plugin }: RemoveNotes) -> Result<u64, RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        let removed =
            pipeline.ledger.remove_notes(from, to, plugin.as_deref()).await.map_err(RequestError::refused)?;
        self.sessions().notify_all().await;
        Ok(u64::from(removed))
    }
}

impl Handle<WouldForgetSpan> for Connection<'_> {
    async fn handle(&self, WouldForgetSpan { from, to }: WouldForgetSpan) -> Result<Forgotten, RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        self.cut(&pipeline, to).await?;
        pipeline.ledger.would_forget(from, to).await.map_err(RequestError::refused)
    }
}

impl Handle<ForgetSpan> for Connection<'_> {
    async fn handle(&self, ForgetSpan { from, to }: ForgetSpan) -> Result<Forgotten, RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        self.cut(&pipeline, to).await?;
        let forgotten = pipeline.ledger.forget(from, to).await.map_err(RequestError::refused)?;
        self.changed(&pipeline, to.saturating_sub(1)).await?;
        Ok(forgotten)
    }
}

impl Handle<AddManualTime> for Connection<'_> {
    async fn handle(
        &self,
        AddManualTime { from, to, memo, reason }: AddManualTime,
    ) -> Result<Forgotten, RequestError> {
        let pipeline = self.sessions().pipeline().await?;
        let memo = memo.parse().map_err(RequestError::refused)?;
        let reason = read_memo(&reason.unwrap_or_default())?;
        let added =
            pipeline.ledger.add_manual(from, to, &memo, reason).await.map_err(RequestError::refused)?;
        pipeline.outbox_changed.notify_one();
        Ok(added)
    }
}
