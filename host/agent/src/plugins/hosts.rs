//! What implements the permissions of plugins: sensors through the guard, observations into the journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use candor_diary::limits::{TEXT_BYTES, json_bytes, shorten};
use candor_diary::parcel::{Custom, DETAIL_TYPE, Focus, Gap, GapCause, NoSnapshot};
use candor_diary::segment::{MINUTE_MS, minute_of};
use candor_journal::{BlobInfo, Journal, JournalError};
use candor_sandbox::host_traits::{
    AttachmentSource, FrameView, GuardedSensors, KeyValueStore, LayoutView, Observations,
};
use candor_sandbox::model::{Denied, Minute, Note, NoteError, PictureSize, Scope, StoreError};
use parking_lot::Mutex;

use crate::clock::sleep;
use crate::guard::frame::MaskedFrame;
use crate::guard::judgement::FailingPolicy;
use crate::guard::picture::encode;
use crate::guard::scene::SETTLE_MS;
use crate::guard::{Guard, JudgedLayout, NoPicture};
use crate::segments::record::Record;
use crate::segments::state::ContractState;

/// The sensors and the recording of one collector.
pub struct CollectorHost {
    plugin: String,
    shared: Arc<ContractState>,
    guard: Option<Arc<Guard>>,
    /// Why `screen` denied the last picture, if the host knows more than the collector may learn.
    denied: Mutex<Option<NoSnapshot>>,
    /// The start of the minute in which it was last recorded that a policy fails.
    gap_minute: AtomicU64,
}

impl CollectorHost {
    /// Creates the host of the collector of that name. Without a guard there is no display to see.
    #[must_use]
    pub fn new(plugin: &str, shared: Arc<ContractState>, guard: Option<Arc<Guard>>) -> Self {
        Self {
            plugin: plugin.to_owned(),
            shared,
            guard,
            denied: Mutex::default(),
            gap_minute: AtomicU64::new(0),
        }
    }

    fn no_picture_reason(&self, denied: Denied) -> Option<NoSnapshot> {
        let known = self.denied.lock().take();
        if matches!(denied, Denied::Unavailable(_)) && known.is_some() {
            return known;
        }
        no_snapshot(denied)
    }

    fn guard(&self) -> Result<&Guard, Denied> {
        if !self.shared.tracked.is_on() {
            return Err(Denied::NotTracking);
        }
        self.guard.as_deref().ok_or_else(|| Denied::Unavailable("there is no display".into()))
    }

    /// Shows the worker that a policy cannot judge, or that it can again.
    async fn report_failing(&self, guard: &Guard, said: Result<(), &Denied>) {
        let failing = guard.failing().await;
        let text = |own: bool| {
            let here = failing.filter(|f| f.own == own)?;
            let FailingPolicy { how, .. } = here;
            Some(format!("a rule failed, so no pictures and no titles are recorded ({how})"))
        };
        // Other refusals say nothing of the policies.
        if matches!(said, Ok(()) | Err(Denied::RuleFailed | Denied::Skipped(_))) {
            self.shared.set_problem("policy", text(false));
            self.shared.set_problem("own rules failing", text(true));
        }
        if said == Err(&Denied::RuleFailed) {
            self.record_rule_gap().await;
        }
    }

    /// Records a gap, so that the client reads why there are no titles: once a minute is enough.
    async fn record_rule_gap(&self) {
        let now = self.shared.clock.now();
        let minute = minute_of(now);
        if self.gap_minute.swap(minute, Ordering::AcqRel) == minute || !self.shared.tracked.is_on() {
            return;
        }
        let gap = Gap { from: now, to: (now + 1_000).min(minute + MINUTE_MS), cause: GapCause::RuleFailed };
        if let Err(error) = self.record(now, &Record::Gap(gap)).await {
            tracing::warn!("a gap could not be recorded: {error}");
        }
    }

    async fn record(&self, at: u64, record: &Record) -> Result<(), NoteError> {
        self.shared.record(at, record).await.map(|_| ()).map_err(unavailable)
    }

    /// Records evidence of the segment that holds `at`, within the plugin's budget.
    async fn record_evidence(&self, at: u64, bytes: usize, record: &Record) -> Result<(), NoteError> {
        self.reserve_budget(at, bytes).await?;
        self.record(at, record).await
    }

    /// Takes room for a note in the budget of the segment that holds `at`; if there is none, it is dropped.
    async fn reserve_budget(&self, at: u64, bytes: usize) -> Result<(), NoteError> {
        if self.shared.budgets.take(self.shared.cut.start_of(at), &self.plugin, bytes) {
            return Ok(());
        }
        self.record_dropped(at).await;
        Err(NoteError::OverBudget)
    }

    /// Counts one of the plugin's notes as dropped: both sides read how many were.
    async fn record_dropped(&self, at: u64) {
        let (shared, plugin) = (&self.shared, &self.plugin);
        let Some(notes) = shared.budgets.count_dropped(shared.cut.start_of(at), plugin) else { return };
        let record = Record::Dropped { plugin: plugin.clone(), notes, life: shared.life };
        if let Err(error) = self.record(at, &record).await {
            shared.set_problem("journal", Some(error.to_string()));
        }
    }

    async fn note_picture(&self, frame: Arc<dyn FrameView>, size: PictureSize) -> Result<(), NoteError> {
        let at = frame.taken_at();
        if !self.shared.accepts(at) {
            return Err(NoteError::NotTracking);
        }
        let masked = frame.as_any().downcast::<MaskedFrame>().map_err(|_| NoteError::Unknown)?;
        if !self.shared.take_picture_of(at) {
            return Err(NoteError::TooMany);
        }
        let kept = self.keep_picture(masked, size).await;
        if !self.shared.accepts(at) {
            // The worker removed the segment, or paused, while it was encoded: nobody misses it.
            return kept;
        }
        if kept.is_err() {
            // There was a picture and it is lost: that is not 'off at its moment'.
            self.record(at, &Record::NoSnapshot { why: NoSnapshot::CollectorFailed }).await?;
        }
        self.shared.announce_change();
        kept
    }

    async fn keep_picture(&self, masked: Arc<MaskedFrame>, size: PictureSize) -> Result<(), NoteError> {
        let at = masked.taken_at();
        let (bytes, facts) = tokio::task::spawn_blocking(move || encode(&masked, size))
            .await
            .map_err(|_| NoteError::Unavailable("the encoder failed".into()))?
            .map_err(|e| NoteError::Unavailable(e.to_string()))?;
        let blob = self.shared.journal.put_blob(&facts.media_type, bytes).await.map_err(unavailable)?;
        let recorded = self.record(at, &Record::Snapshot { facts, blob: blob.id.clone() }).await;
        if recorded.is_err() {
            // Nothing refers to it.
            self.shared.journal.erase_blob(&blob.id).await.map_err(unavailable)?;
        }
        recorded
    }
}

/// Returns why a note of a plugin's own making may not be recorded now.
fn note_refusal(denied: Denied) -> NoteError {
    match denied {
        Denied::NotTracking => NoteError::NotTracking,
        Denied::Skipped(_) => NoteError::Unavailable("a rule says that nothing is recorded now".into()),
        Denied::RuleFailed => NoteError::Unavailable("a policy could not judge".into()),
        Denied::Unsettled => NoteError::Unavailable("the windows keep changing".into()),
        Denied::TooMany => NoteError::TooMany,
        Denied::Unavailable(why) => NoteError::Unavailable(why),
    }
}

fn unavailable(error: impl std::fmt::Display) -> NoteError {
    NoteError::Unavailable(error.to_string())
}

/// Returns why there is no picture, in the parcel's words; none if there is nothing to say.
pub(crate) fn no_snapshot(denied: Denied) -> Option<NoSnapshot> {
    match denied {
        Denied::Skipped(rules) => Some(NoSnapshot::SkippedByRule { rules }),
        Denied::RuleFailed => Some(NoSnapshot::RuleFailed),
        Denied::Unsettled => Some(NoSnapshot::Unsettled),
        Denied::Unavailable(_) => Some(NoSnapshot::ScreenUnavailable),
        Denied::TooMany => Some(NoSnapshot::CollectorFailed),
        Denied::NotTracking => None,
    }
}

#[async_trait]
impl GuardedSensors for CollectorHost {
    async fn windows(&self) -> Result<Arc<dyn LayoutView>, Denied> {
        let guard = self.guard()?;
        // The layout of 1.5 s ago must not reach back over a pause: what is shown is never older than the time tracked.
        if let Some(since) = self.shared.tracked.since() {
            // No longer than that: the clock may have been set back since.
            let wait = (since + SETTLE_MS + 1).saturating_sub(self.shared.clock.now()).min(SETTLE_MS + 1);
            sleep(self.shared.clock.as_ref(), wait).await;
        }
        let judged = guard.windows().await;
        self.report_failing(guard, judged.as_ref().map(|_| ())).await;
        let judged = judged?;
        if !self.shared.tracked.contains(judged.layout.at) {
            return Err(Denied::NotTracking);
        }
        Ok(Arc::new(judged))
    }

    async fn screen(&self, scope: Scope) -> Result<Arc<dyn FrameView>, Denied> {
        let choices = self.shared.choices();
        let why = if choices.no_pictures {
            return Err(Denied::NotTracking);
        } else if choices.disk_used_up {
            Some(NoSnapshot::DiskUsedUp)
        } else {
            let guard = self.guard()?;
            match guard.picture(scope).await {
                Ok(masked) => {
                    self.report_failing(guard, Ok(())).await;
                    // It shows what the screen showed until it was copied, which a busy display may take its time for.
                    if !self.shared.tracked.contains_all(masked.taken_at(), masked.copied_at()) {
                        return Err(Denied::NotTracking);
                    }
                    return Ok(Arc::new(masked));
                }
                Err(NoPicture::Denied(denied)) => {
                    self.report_failing(guard, Err(&denied)).await;
                    *self.denied.lock() = None;
                    return Err(denied);
                }
                Err(NoPicture::Blank) => Some(NoSnapshot::ScreenBlank),
            }
        };
        *self.denied.lock() = why;
        Err(Denied::Unavailable("there is nothing to see".into()))
    }

    async fn camera(&self) -> Result<Arc<dyn FrameView>, Denied> {
        Err(Denied::Unavailable("this tracker reads no camera".into()))
    }

    async fn minute(&self, start: u64) -> Result<Option<Minute>, Denied> {
        if self.shared.choices().no_activity {
            return Ok(None);
        }
        Ok(self.shared.counts_of(start).map(|c| Minute {
            start,
            keys: c.keys,
            clicks: c.clicks,
            scrolls: c.scrolls,
        }))
    }
}

#[async_trait]
impl Observations for CollectorHost {
    async fn note(&self, note: Note) -> Result<(), NoteError> {
        let now = self.shared.clock.now();
        match note {
            Note::Snapshot { frame, size } => self.note_picture(frame, size).await,
            Note::CameraSnapshot { .. } => Err(NoteError::Unavailable("this tracker reads no camera".into())),
            Note::NoSnapshot(denied) => match self.no_picture_reason(denied) {
                // Judging takes its time: a refusal that comes after a pause belongs to the time before it.
                Some(why) => {
                    match self.shared.tracked.latest_tracked(now).filter(|at| self.shared.is_open(*at)) {
                        Some(at) => {
                            let bytes = json_bytes(&why);
                            self.record_evidence(at, bytes, &Record::NoSnapshot { why }).await
                        }
                        None => Err(NoteError::NotTracking),
                    }
                }
                None => Err(NoteError::NotTracking),
            },
            Note::Focus { layout, index, window, facts } => {
                let at = layout.layout().at;
                if !self.shared.accepts(at) {
                    return Err(NoteError::NotTracking);
                }
                let judged = layout.as_any().downcast::<JudgedLayout>().map_err(|_| NoteError::Unknown)?;
                let hidden_by = judged.hidden_by.get(index).cloned().ok_or(NoteError::Unknown)?;
                if let Some(guard) = &self.guard {
                    guard.allow_facts(facts);
                }
                let mut focus =
                    Focus { at, app: window.app, title: window.title, url: window.url, hidden_by };
                for text in [&mut focus.app, &mut focus.title, &mut focus.url].into_iter().flatten() {
                    shorten(text, TEXT_BYTES);
                }
                let bytes = json_bytes(&focus);
                self.record_evidence(at, bytes, &Record::Focus(focus)).await
            }
            Note::Activity { minute } => {
                if !self.shared.is_open(minute) {
                    return Err(NoteError::NotTracking);
                }
                if self.shared.choices().no_activity {
                    return Err(NoteError::NotTracking);
                }
                let Some(counts) = self.shared.take_counts_of(minute) else {
                    // Recorded or removed already, if it was counted at all: there is nothing more to keep.
                    return self.shared.counts_of(minute).map(drop).ok_or(NoteError::Unknown);
                };
                self.record(minute, &Record::Activity { minute, counts }).await
            }
            Note::Custom { kind, body } => {
                if !self.shared.accepts(now) {
                    return Err(NoteError::NotTracking);
                }
                let custom = Custom { at: now, plugin: self.plugin.clone(), kind, body };
                // First: a flood is not to keep the policies busy.
                self.reserve_budget(now, json_bytes(&custom)).await?;
                // Its content may come from what is on screen: the policies are asked like for anything else.
                let guard = self.guard().map_err(note_refusal)?;
                let said = guard.check_custom().await;
                self.report_failing(guard, said.as_ref().copied()).await;
                said.map_err(note_refusal)?;
                self.record(now, &Record::Custom(custom)).await
            }
        }
    }

    async fn surplus(&self) {
        let now = self.shared.clock.now();
        if self.shared.accepts(now) {
            self.record_dropped(now).await;
        }
    }
}

/// The key-value store of one plugin in one session. A plugin of another kind or in another session has another,
/// whatever its name is: what a client's collector saw never gets to another client's uploader (nor to its own, which
/// has the network).
pub struct PluginStore {
    /// The name by which the journal keeps it.
    owner: String,
    journal: Journal,
}

impl PluginStore {
    /// Creates the store of a plugin in a session.
    ///
    /// `plugin` is its kind and name ([`LoadedPlugin::owner`](crate::plugins::library::LoadedPlugin::owner)).
    #[must_use]
    pub fn new(session: &str, plugin: &str, journal: Journal) -> Self {
        // Neither session, kind nor name has a slash in it.
        Self { owner: format!("{session}/{plugin}"), journal }
    }
}

fn store_error(error: JournalError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

#[async_trait]
impl KeyValueStore for PluginStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.journal.store_get(&self.owner, key).await.map_err(store_error)
    }
    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        self.journal.store_set(&self.owner, key, value).await.map_err(store_error)
    }
    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.journal.store_delete(&self.owner, key).await.map(|_| ()).map_err(store_error)
    }
    async fn list(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.journal.store_list(&self.owner).await.map_err(store_error)
    }
}

/// A picture of the journal on its way to a target.
pub struct JournalAttachment {
    /// The blob's facts as the journal has them.
    pub info: BlobInfo,
    /// The journal that holds its bytes.
    pub journal: Journal,
}

#[async_trait]
impl AttachmentSource for JournalAttachment {
    fn length(&self) -> u64 {
        self.info.length
    }
    fn sha256(&self) -> &str {
        &self.info.sha256
    }
    fn media_type(&self) -> &str {
        &self.info.media_type
    }
    async fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, String> {
        self.journal.read_blob(&self.info.id, offset, count).await.map_err(|e| e.to_string())
    }
}

/// A detail of a parcel on its way to a target, read whole: details are small.
pub struct DetailAttachment {
    /// The SHA-256 of the bytes, 64 lowercase hex digits.
    pub sha256: String,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
}

#[async_trait]
impl AttachmentSource for DetailAttachment {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }
    fn sha256(&self) -> &str {
        &self.sha256
    }
    fn media_type(&self) -> &str {
        DETAIL_TYPE
    }
    async fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, String> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        let to = from.saturating_add(count as usize).min(self.bytes.len());
        Ok(self.bytes.get(from..to).unwrap_or_default().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use candor_journal::MasterKey;

    use super::*;

    #[tokio::test]
    async fn invariant_12_a_store_belongs_to_one_plugin_of_one_kind_in_one_session() {
        let place = tempfile::tempdir().unwrap();
        let key = MasterKey::load_or_create(&place.path().join("key")).unwrap();
        let journal = Journal::open(&place.path().join("journal"), &key).await.unwrap();
        let store = |session: &str, plugin: &str| PluginStore::new(session, plugin, journal.clone());
        store("work", "collector/peeker").set("title", b"Secret project".to_vec()).await.unwrap();
        for (session, plugin) in [
            ("work", "uploader/peeker"),
            ("work", "policy/peeker"),
            ("work@5f", "collector/peeker"),
            ("other", "collector/peeker"),
            ("other", "uploader/peeker"),
        ] {
            let other = store(session, plugin);
            assert_eq!(other.get("title").await.unwrap(), None, "{session} {plugin}");
            assert!(other.list().await.unwrap().is_empty());
            other.delete("title").await.unwrap();
            other.set("title", b"other".to_vec()).await.unwrap();
        }
        let found = store("work", "collector/peeker").get("title").await.unwrap();
        assert_eq!(found.as_deref(), Some(&b"Secret project"[..]));
    }

    #[tokio::test]
    async fn a_detail_is_read_in_parts_and_not_beyond_its_end() {
        let detail = DetailAttachment { sha256: "ab".repeat(32), bytes: b"{\"salt\":1}".to_vec() };
        assert_eq!(detail.length(), 10);
        assert_eq!(detail.media_type(), "application/vnd.candor.detail+json");
        for (offset, count, expected) in [
            (0, 100, &b"{\"salt\":1}"[..]),
            (0, 0, b""),
            (8, 1, b"1"),
            (8, u32::MAX, b"1}"),
            (10, 1, b""),
            (u64::MAX, u32::MAX, b""),
        ] {
            assert_eq!(detail.read(offset, count).await.unwrap(), expected, "{offset} {count}");
        }
    }
}
