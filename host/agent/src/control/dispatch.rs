//! What is asked of the agent, one request at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use candor_diary::memo::Memo;
use candor_diary::plain;
use candor_diary::terms::PictureRemoval;
use candor_journal::{JournalError, OutboxState, RecordFilter};
use candor_protocol::{
    BadPicture, BadRecord, IdleAnswer, NoticeAnswer, Preferences, Request, Response, Verified,
};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Mutex, Notify};

use crate::context::AgentContext;
use crate::contract::enrol::enrol;
use crate::contract::invitation;
use crate::contract::pipeline::Pipeline;
use crate::contract::session::ContractSession;
use crate::contract::sessions::Sessions;
use crate::control::{doctor, export, preview, status};
use crate::error::error_text;
use crate::plugins::library::Library;
use crate::plugins::open::sandbox;
use crate::plugins::own_rules::OwnRulesState;
use crate::segments::cut::Cut;
use crate::segments::record::Record;
use crate::segments::removed::UNDO_MS;
use crate::segments::tracked::HaltKind;
use crate::settings;
use crate::signs::SignConnection;
use crate::tracker::{Absence, TrackerCommand};

/// How long a status waits for a change, in seconds.
const WAIT_S: u64 = 20;

/// The longest refusal, in characters: it may quote a plugin or a server.
const MAX_REFUSAL: usize = 2_000;

/// Does what the control socket is asked.
pub struct Dispatcher {
    sessions: Arc<Sessions>,
    quit: Notify,
    /// Own rules are set one after the other.
    own_rules_lock: Mutex<()>,
    /// Counts up with every stop, pause and change of contract: a start that still waits for a sign is called off by it.
    called_off: AtomicU64,
}

impl Dispatcher {
    /// Answers for these contracts.
    #[must_use]
    pub fn new(sessions: Arc<Sessions>) -> Self {
        Self {
            sessions,
            quit: Notify::new(),
            own_rules_lock: Mutex::default(),
            called_off: AtomicU64::new(0),
        }
    }

    /// The contracts of this device.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Returns when somebody asked the agent to quit.
    pub async fn quit_asked(&self) {
        self.quit.notified().await;
    }

    /// Answers a request of the client behind `shown`; what a refusal quotes is made visible, and cut.
    pub async fn answer(&self, request: Request, shown: &SignConnection) -> Response {
        let refused = |why: String| Response::Error(plain::cut(&plain::visible(&why), MAX_REFUSAL));
        self.dispatch(request, shown).await.map_or_else(refused, Response::Ok)
    }

    fn context(&self) -> &Arc<AgentContext> {
        self.sessions.context()
    }

    async fn command(&self, command: TrackerCommand) -> Result<Value, String> {
        done(self.sessions.pipeline().await?.command(command).await)
    }

    async fn notify_all(&self) -> Result<Value, String> {
        self.sessions.notify_all().await;
        Ok(Value::Null)
    }

    #[expect(clippy::too_many_lines, reason = "one arm a request: shorter would be harder to read")]
    async fn dispatch(&self, request: Request, shown: &SignConnection) -> Result<Value, String> {
        if matches!(
            request,
            Request::Stop { .. } | Request::Pause | Request::Switch { .. } | Request::Import { .. }
        ) {
            self.called_off.fetch_add(1, Ordering::AcqRel);
        }
        match request {
            Request::Status { after } => {
                self.wait_for_change(after).await;
                to_value(status::status(&self.sessions).await?)
            }
            Request::Shows { by, signs } => {
                shown.report(by, &signs)?;
                Ok(Value::Null)
            }
            Request::Start { memo, no_sign } => {
                let session = self.sessions.current().await?;
                read_memo(memo.as_deref().unwrap_or(""))?;
                let pipeline = session.ensure_pipeline().await?;
                let mut _starting = None;
                if !no_sign {
                    let before = self.called_off.load(Ordering::Acquire);
                    _starting = Some(self.context().signs.wait_for_sign().await?);
                    if self.called_off.load(Ordering::Acquire) != before {
                        return Err("tracking did not start: something else was asked for meanwhile".into());
                    }
                }
                if let Some(memo) = &memo {
                    session.change_work(|work| work.memo(memo)).await;
                }
                done(pipeline.command(TrackerCommand::Start { memo, no_sign }).await)
            }
            Request::Stop { at_segment_end: true } => self.command(TrackerCommand::StopAtSegmentEnd).await,
            Request::Stop { at_segment_end: false } => {
                done(self.sessions.pipeline().await?.halt(HaltKind::Stop).await)
            }
            Request::Pause => done(self.sessions.pipeline().await?.halt(HaltKind::Pause).await),
            Request::Memo { memo } => {
                read_memo(&memo)?;
                let (session, pipeline) = self.sessions.current_with_pipeline().await?;
                done(pipeline.command(TrackerCommand::Memo { memo: memo.clone() }).await)?;
                session.change_work(|work| work.memo(&memo)).await;
                Ok(Value::Null)
            }
            Request::Label { label } => {
                let (session, pipeline) = self.sessions.current_with_pipeline().await?;
                done(pipeline.command(TrackerCommand::Label { label: label.clone() }).await)?;
                session.change_work(|work| work.label = label).await;
                Ok(Value::Null)
            }
            Request::Idle { answer } => self.idle(answer).await,
            Request::UndoIdle => self.undo_idle().await,
            Request::Switch { contract } => self.switch(&contract).await,
            Request::Import { invitation } => self.import(&invitation).await,
            Request::Notice { contract } => {
                let session = self.sessions.session(contract.as_deref()).await?;
                let (_, notice, acceptance) = session.notice().await.map_err(error_text)?;
                to_value(NoticeAnswer {
                    contract: session.enrolment.handle().to_owned(),
                    digest: notice.digest(),
                    text: notice.text,
                    accepted: acceptance.is_some(),
                })
            }
            Request::Accept { contract, digest, by } => {
                let session = self.sessions.session(Some(&contract)).await?;
                session.accept(&digest, &by).await?;
                // Where nothing tracks, what was read becomes the current contract. What tracks stays as it is: to
                // accept is to allow, and never starts anything.
                if self.sessions.tracking().await.is_none() {
                    let session = session.shared.session_name.clone();
                    self.sessions.choose(session).await;
                }
                self.notify_all().await
            }
            Request::Preview { contract, own_rules, max_width } => {
                let session = self.sessions.session(contract.as_deref()).await?;
                // It runs policies: on the plugins' runtime, as all plugins.
                let shown = self
                    .context()
                    .runtime
                    .spawn(async move { preview::preview(&session, own_rules, max_width).await });
                to_value(shown.await.map_err(error_text)??)
            }
            Request::Segments { from, to } => match self.sessions.pipeline().await {
                Ok(pipeline) => to_value(pipeline.ledger.segments(from, to).await.map_err(error_text)?),
                // Nothing was accepted, so nothing was recorded.
                Err(_) => Ok(Value::Array(Vec::new())),
            },
            Request::EditSegment { start, memo, label } => {
                let pipeline = self.sessions.pipeline().await?;
                done(pipeline.ledger.edit(start, read_memo(&memo)?, label).await.map_err(error_text))?;
                self.changed(&pipeline, start).await
            }
            Request::RemovePicture { start } => {
                let pipeline = self.sessions.pipeline().await?;
                if pipeline.ledger.terms.picture_removal == PictureRemoval::RemovesTime {
                    self.cut(&pipeline, start.saturating_add(1)).await?;
                }
                pipeline.ledger.remove_picture(start).await.map_err(error_text)?;
                self.changed(&pipeline, start).await
            }
            Request::RemoveSegment { start } => {
                let pipeline = self.sessions.pipeline().await?;
                self.cut(&pipeline, start.saturating_add(1)).await?;
                let removed = pipeline.ledger.remove_segment(start).await.map_err(error_text)?;
                self.changed(&pipeline, start).await?;
                to_value(removed)
            }
            Request::Restore { start } => {
                let pipeline = self.sessions.pipeline().await?;
                pipeline.ledger.restore(start).await.map_err(error_text)?;
                self.changed(&pipeline, start).await
            }
            Request::RemoveNotes { from, to, plugin } => {
                let pipeline = self.sessions.pipeline().await?;
                let removed =
                    pipeline.ledger.remove_notes(from, to, plugin.as_deref()).await.map_err(error_text)?;
                self.notify_all().await?;
                to_value(removed)
            }
            Request::WouldForget { from, to } => {
                let pipeline = self.sessions.pipeline().await?;
                self.cut(&pipeline, to).await?;
                to_value(pipeline.ledger.would_forget(from, to).await.map_err(error_text)?)
            }
            Request::Forget { from, to } => {
                let pipeline = self.sessions.pipeline().await?;
                self.cut(&pipeline, to).await?;
                let forgotten = pipeline.ledger.forget(from, to).await.map_err(error_text)?;
                self.changed(&pipeline, to.saturating_sub(1)).await?;
                to_value(forgotten)
            }
            Request::AddManual { from, to, memo, reason } => {
                let pipeline = self.sessions.pipeline().await?;
                let memo = memo.parse().map_err(error_text)?;
                let reason = read_memo(&reason.unwrap_or_default())?;
                let added = pipeline.ledger.add_manual(from, to, &memo, reason).await.map_err(error_text)?;
                pipeline.outbox_changed.notify_one();
                to_value(added)
            }
            Request::Picture { start } => {
                to_value(status::picture(&self.sessions.pipeline().await?.ledger, start).await?)
            }
            Request::Outbox => to_value(status::outbox(&self.sessions).await?),
            Request::Parcel { parcel } => to_value(status::parcel(&self.context().journal, &parcel).await?),
            Request::Cancel { parcel } => {
                let entry = self.context().journal.outbox_entry(&parcel).await.map_err(error_text)?;
                let pipeline = self.sessions.pipeline_of(&entry.contract).await;
                if let Some(pipeline) = pipeline {
                    pipeline.ledger.take_back(entry.segment_start).await.map_err(error_text)?;
                } else {
                    let at = self.context().clock.now();
                    self.context().journal.cancel(&parcel, at).await.map_err(error_text)?;
                }
                self.notify_all().await
            }
            Request::Uncancel { parcel } => {
                for session in self.sessions.all().await {
                    session.shared.follow_clock().await.map_err(error_text)?;
                }
                let hold_until = self.context().clock.now().saturating_add(UNDO_MS);
                let entry = self.context().journal.outbox_entry(&parcel).await.map_err(error_text)?;
                if let Some(pipeline) = self.sessions.pipeline_of(&entry.contract).await {
                    let put_back = pipeline.ledger.put_back(entry.segment_start, hold_until).await;
                    put_back.map_err(error_text)?;
                } else {
                    self.context().journal.uncancel(&parcel, hold_until).await.map_err(error_text)?;
                }
                self.notify_all().await
            }
            Request::SendAgain { parcel } => self.send_again(&parcel).await,
            Request::SendNow { start } => {
                let pipeline = self.sessions.pipeline().await?;
                match pipeline.ledger.latest_parcel(start).await.map_err(error_text)? {
                    Some(entry) => {
                        self.context().journal.release(&entry.parcel_id).await.map_err(error_text)?
                    }
                    None => {
                        let mut at_once = pipeline.ledger.send_immediately.lock();
                        at_once.insert(start);
                    }
                }
                self.notify_all().await
            }
            Request::TryNow => {
                self.context().journal.try_now().await.map_err(error_text)?;
                for session in self.sessions.all().await {
                    session.delivery.try_now();
                }
                self.notify_all().await
            }
            Request::Preferences => {
                to_value(settings::preferences(&self.context().folder).map_err(error_text)?)
            }
            Request::SetPreferences { preferences } => {
                settings::keep_preferences(&self.context().folder, &preferences).map_err(error_text)?;
                self.apply_preferences(&preferences).await;
                // A window that is open shows what was set elsewhere.
                self.notify_all().await
            }
            Request::OwnRules => to_value(self.context().own_rules.listed()?),
            Request::SetOwnRules { rules } => self.set_own_rules(&rules).await,
            Request::Plugins => to_value(&self.sessions.pipeline().await?.plugins),
            Request::Terms { contract } => {
                to_value(&self.sessions.session(contract.as_deref()).await?.enrolment.terms)
            }
            Request::Doctor => to_value(doctor::check_all(&self.sessions).await),
            Request::Export { to } => {
                to_value(export::export(&self.sessions, &to).await.map_err(error_text)?)
            }
            Request::Verify => self.verify().await,
            Request::Quit => {
                self.quit.notify_one();
                Ok(Value::Null)
            }
        }
    }

    /// A segment was changed: it may have to be delivered, and the running one needs its memo again.
    async fn changed(&self, pipeline: &Pipeline, at: u64) -> Result<Value, String> {
        let current = self.sessions.current().await?;
        let cut = &current.shared.cut;
        let now = self.context().clock.now();
        let running = pipeline.state().since.is_some();
        if running && cut.start_of(at) == cut.start_of(now) {
            pipeline.command(TrackerCommand::Rewrite).await?;
        }
        self.notify_all().await
    }

    async fn wait_for_change(&self, after: Option<u64>) {
        let Some(after) = after else { return };
        let mut revision = self.context().revision.subscribe();
        let changed = revision.wait_for(|revision| *revision != after);
        // Either it changed, or it is time to answer anyway.
        let _ = tokio::time::timeout(Duration::from_secs(WAIT_S), changed).await;
    }

    async fn idle(&self, answer: IdleAnswer) -> Result<Value, String> {
        let pipeline = self.sessions.pipeline().await?;
        // One after the other: whoever answers twice gives one answer.
        let _answering = pipeline.answering.lock().await;
        let question = pipeline.state().question;
        let Some((from, to)) = question else { return Err("there is no question to answer".into()) };
        pipeline.ledger.answer(from, to, &answer).await.map_err(error_text)?;
        pipeline.outbox_changed.notify_one();
        done(pipeline.command(TrackerCommand::Answered).await)
    }

    async fn undo_idle(&self) -> Result<Value, String> {
        let pipeline = self.sessions.pipeline().await?;
        let _answering = pipeline.answering.lock().await;
        let state = pipeline.state();
        let Some((from, to)) = state.answered else { return Err("there is no answer to undo".into()) };
        if state.question.is_some() {
            return Err("another question is open: answer it first".into());
        }
        pipeline.ledger.undo_answer(from, to).await.map_err(error_text)?;
        pipeline.outbox_changed.notify_one();
        done(pipeline.command(TrackerCommand::Unanswered).await)?;
        self.notify_all().await
    }

    /// What was of the running segment until now is written down before something of it is removed.
    async fn cut(&self, pipeline: &Pipeline, to: u64) -> Result<(), String> {
        let current = self.sessions.current().await?;
        let runs = pipeline.state().since.is_some();
        if runs && to > current.shared.cut.start_of(self.context().clock.now()) {
            pipeline.command(TrackerCommand::Cut).await?;
        }
        Ok(())
    }

    async fn switch(&self, contract: &str) -> Result<Value, String> {
        let (old, new) = (self.sessions.current().await?, self.sessions.session(Some(contract)).await?);
        if Arc::ptr_eq(&old, &new) {
            return Ok(Value::Null);
        }
        let before = old.pipeline().await;
        let state = before.as_ref().map(|p| p.state()).unwrap_or_default();
        if state.since.is_some() {
            // First the new one: where its notice is not accepted, tracking goes on as it was.
            let next = new.ensure_pipeline().await?;
            if let Some(before) = before {
                before.halt(HaltKind::Stop).await?;
            }
            // Whoever paused goes on when they say so, under whichever contract.
            if !matches!(state.absent, Some((Absence::Paused, _))) {
                // Under its own last memo: what is done for one client is not told to another.
                next.command(TrackerCommand::Start { memo: None, no_sign: state.no_sign }).await?;
                if state.stopping {
                    next.command(TrackerCommand::StopAtSegmentEnd).await?;
                }
            }
        }
        let session = new.shared.session_name.clone();
        self.sessions.choose(session).await;
        self.notify_all().await
    }

    async fn import(&self, text: &str) -> Result<Value, String> {
        let invitation = invitation::read(text).map_err(error_text)?;
        let device = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let folder = &self.context().folder;
        // Whatever may fail here fails before the code is used up.
        let preferences = settings::preferences(folder).map_err(error_text)?;
        let enrolment =
            enrol(folder, &invitation, &device, self.context().clock.now()).await.map_err(error_text)?;
        let place = folder.session(&enrolment.terms.contract, &enrolment.server_key).map_err(error_text)?;
        let name = place.session_name(&enrolment);
        let session = match ContractSession::open(self.context(), place, &preferences).await {
            Ok(session) => Arc::new(session),
            Err(error) => {
                // Nothing goes on under terms that are no longer in force.
                if let Some(before) = self.sessions.get(&name).await {
                    before.stop().await;
                }
                return Err(error_text(error));
            }
        };
        let answer = to_value(session.contract().await)?;
        let tracks = self.sessions.tracking().await;
        // Not within the condition, where the lock would be held while a plugin takes its time.
        let before = self.sessions.add(Arc::clone(&session)).await;
        if let Some(before) = before {
            // Enrolled again: under the new terms nothing is recorded before their notice is accepted.
            before.stop().await;
            // Where they are the same, what waits goes out under the new enrolment.
            if let Err(why) = session.ensure_pipeline().await {
                tracing::info!("{why}");
            }
        }
        // What tracks stays the current contract, in sight and in reach of Stop, until another is chosen.
        let current = tracks.filter(|tracks| *tracks != name).unwrap_or(name);
        self.sessions.choose(current).await;
        self.notify_all().await?;
        Ok(answer)
    }

    async fn set_own_rules(&self, rules: &[candor_protocol::OwnRule]) -> Result<Value, String> {
        let settings = settings::own_settings(rules).map_err(error_text)?;
        let context = self.context();
        let _turn = self.own_rules_lock.lock().await;
        // Whatever may be refused is refused before anything changes.
        let sessions = self.sessions.all().await;
        let mut loaded = Vec::new();
        for session in &sessions {
            loaded.push(session.load_own_rules(settings.as_ref()).await?);
        }
        if let (Some(settings), true) = (&settings, sessions.is_empty()) {
            let sandbox = sandbox(&context.folder, &context.compiler).map_err(error_text)?;
            let library = Library { sandbox: &sandbox, folder: &context.plugins };
            library.own_rules(settings.clone()).await?;
        }
        // First in force, in every session, then kept: a rule that is listed is never one that pictures do not dispatch.
        context.own_rules.set(OwnRulesState::Set(settings.clone()));
        for (session, own) in sessions.iter().zip(loaded) {
            session.set_own_rules(own).await;
        }
        let kept = OwnRulesState::keep(&context.folder, settings.as_ref());
        if let Err(error) = kept {
            let why = OwnRulesState::not_kept(&context.folder, &error);
            context.own_rules.set(OwnRulesState::Broken(why.clone()));
            for session in &sessions {
                session.fail_own_rules(&why).await;
            }
            return Err(why);
        }
        self.notify_all().await
    }

    pub(crate) async fn apply_preferences(&self, preferences: &Preferences) {
        let used = self.context().disk_bytes.load(Ordering::Acquire) >= preferences.disk_limit;
        for session in self.sessions.all().await {
            session.apply_preferences(preferences, used).await;
            let full = "the disk space for pictures is used up, so no pictures are taken. Your time is still tracked. Remove what you do not need, or allow more in Preferences";
            session.shared.set_problem("disk", used.then(|| full.to_owned()));
        }
    }

    async fn verify(&self) -> Result<Value, String> {
        let journal = &self.context().journal;
        let found = journal.verify().await.map_err(error_text)?;
        let mut bad_pictures = Vec::new();
        if !found.blobs.bad.is_empty() {
            let places = self.places_of_pictures().await.map_err(error_text)?;
            for bad in found.blobs.bad {
                let segment_start = places.get(&bad.id).copied();
                bad_pictures.push(BadPicture { picture: bad.id, segment_start, reason: bad.reason });
            }
        }
        let mut bad_parcels = Vec::new();
        for parcel in &found.bad_parcels {
            bad_parcels.push(journal.outbox_entry(parcel).await.map_err(error_text)?.segment_start);
        }
        to_value(Verified {
            records: found.records,
            equal: found.equal,
            sealed: found.sealed,
            first_bad: found
                .first_bad
                .map(|bad| BadRecord { sequence: bad.sequence, reason: bad.reason.to_owned() }),
            pictures: found.blobs.blobs,
            bad_pictures,
            bad_parcels,
        })
    }

    /// The starts of the segments that pictures belong to, by the journal's name for the picture.
    async fn places_of_pictures(&self) -> Result<BTreeMap<String, u64>, JournalError> {
        let cuts: BTreeMap<String, Arc<Cut>> = self
            .sessions
            .all()
            .await
            .iter()
            .map(|s| (s.shared.session_name.clone(), s.shared.cut.clone()))
            .collect();
        let mut places = BTreeMap::new();
        let mut after_sequence = None;
        loop {
            let filter =
                RecordFilter { kinds: vec!["snapshot".into()], after_sequence, ..RecordFilter::default() };
            let page = self.context().journal.read(filter).await?;
            let Some(last) = page.last() else { return Ok(places) };
            after_sequence = Some(last.sequence);
            for record in &page {
                let body = record.body.as_ref().and_then(|body| serde_json::from_slice(body).ok());
                let cut = record.contract.as_ref().and_then(|contract| cuts.get(contract));
                if let (Some(Record::Snapshot { blob, .. }), Some(cut)) = (body, cut) {
                    places.insert(blob, cut.start_of(record.at));
                }
            }
        }
    }

    /// Sends a parcel again that was refused. One that was made under an earlier enrolment is signed anew.
    async fn send_again(&self, parcel: &str) -> Result<Value, String> {
        let journal = &self.context().journal;
        let entry = journal.outbox_entry(parcel).await.map_err(error_text)?;
        if entry.state != OutboxState::Rejected {
            return Err("this segment was not refused, so there is nothing to send again".to_owned());
        }
        journal.send_again(parcel).await.map_err(error_text)?;
        if let Ok(session) = self.sessions.session(Some(&entry.contract)).await {
            session.shared.set_problem("refused", None);
            session.delivery.try_now();
            if let Some(pipeline) = session.pipeline().await {
                pipeline.ledger.sign_anew().await.map_err(error_text)?;
            }
        }
        self.notify_all().await
    }
}

fn read_memo(text: &str) -> Result<Option<Memo>, String> {
    Memo::read_optional(text).map_err(error_text)
}

fn done<E: Into<String>>(result: Result<(), E>) -> Result<Value, String> {
    result.map(|()| Value::Null).map_err(Into::into)
}

fn to_value(value: impl Serialize) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|e| e.to_string())
}
