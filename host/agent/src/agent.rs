//! Puts the house together and answers the control socket.
//!
//! sensors → guard → collectors → journal → outbox → uploader, once for each contract ([`crate::seat`]).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use candor_journal::{Journal, MasterKey};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Mutex, Notify, Semaphore, watch};

use crate::clock::Clock;
use crate::control;
use crate::folder::Folder;
use crate::guard::eyes::Eyes;
use crate::input::InputSource;
use crate::presence::Presence;
use crate::protocol::{IdleAnswer, MAX_MEMO, NoticeAnswer, Preferences, Request, Response};
use crate::seat::{House, Pipeline, Seat};
use crate::settings::{self, Remembered};
use crate::tracker::Command;
use crate::{doctor, export, invitation, preview, status};

/// How many connections the control socket serves at once.
const CONNECTIONS: usize = 16;
/// How long a status waits for a change, in seconds.
const WAIT_S: u64 = 20;
/// How long a parcel waits after it was taken back and that was undone, so that one can think again, in milliseconds.
const UNDO_MS: u64 = 10_000;
/// How often the disk space in use is looked at, in milliseconds.
const DISK_MS: u64 = 60_000;

/// What a running agent needs from outside.
pub struct Setup {
    /// Its data.
    pub folder: Folder,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The display; none where there is none, with the reason.
    pub eyes: Result<Arc<dyn Eyes>, String>,
    /// Where counts come from.
    pub input: Arc<dyn InputSource>,
    /// Whether anybody is there.
    pub presence: Arc<dyn Presence>,
    /// The folder with plugins.
    pub plugins: PathBuf,
    /// The program `candor-compile`.
    pub compiler: PathBuf,
}

/// A running agent.
pub struct Agent {
    house: Arc<House>,
    seats: Mutex<BTreeMap<String, Arc<Seat>>>,
    pub(crate) remembered: Mutex<Remembered>,
    runtime: Option<tokio::runtime::Runtime>,
    quit: Notify,
    /// Bytes of the journal and its pictures, as they were looked at last.
    disk: std::sync::atomic::AtomicU64,
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime may not be waited for on an async thread.
            runtime.shutdown_background();
        }
    }
}

/// An error of the inside, as a sentence.
pub(crate) fn words(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

impl Agent {
    /// Opens the journal and every contract, and starts the pipelines of those whose notice is accepted.
    ///
    /// # Errors
    /// Where its data cannot be read.
    pub async fn open(setup: Setup) -> Result<Arc<Self>> {
        let Setup { folder, clock, eyes, input, presence, plugins, compiler } = setup;
        let key = MasterKey::load_or_create(&folder.path("journal.key"))
            .context("the journal's key could not be read")?;
        let journal =
            Journal::open(&folder.make("journal")?, &key).await.context("the journal could not be opened")?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("plugins")
            .enable_all()
            .build()
            .context("the plugins' runtime could not be started")?;
        let house = Arc::new(House {
            folder,
            clock,
            eyes,
            input,
            presence,
            plugins,
            compiler,
            journal,
            runtime: runtime.handle().clone(),
            revision: Arc::new(watch::channel(1).0),
        });
        let remembered = Remembered::load(&house.folder);
        let preferences = settings::preferences(&house.folder)?;
        let mut seats = BTreeMap::new();
        for folder in house.folder.contracts()? {
            let seat = Seat::open(&house, folder, &preferences)?;
            seats.insert(seat.shared.contract.clone(), Arc::new(seat));
        }
        for seat in seats.values() {
            match seat.ready().await {
                Ok(pipeline) => remind(&pipeline, &remembered).await,
                Err(why) => tracing::info!("{why}"),
            }
        }
        Ok(Arc::new(Self {
            house,
            seats: Mutex::new(seats),
            remembered: Mutex::new(remembered),
            runtime: Some(runtime),
            quit: Notify::new(),
            disk: std::sync::atomic::AtomicU64::new(0),
        }))
    }

    /// Serves the control socket until `stop` fires or somebody asks it to quit; then tracking ends and everything is
    /// recorded.
    ///
    /// # Errors
    /// Where the socket cannot be opened.
    pub async fn serve(self: Arc<Self>, ready: impl FnOnce(), stop: impl Future<Output = ()>) -> Result<()> {
        let folder = self.house.folder.make("run")?;
        let listener = control::listen(&folder).await.context("the control socket could not be opened")?;
        let watching = tokio::spawn(Arc::clone(&self).watch_disk());
        ready();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = self.quit.notified() => break,
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else {
                        // Out of file handles, say: leave room to recover instead of spinning.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    };
                    let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
                    let agent = Arc::clone(&self);
                    tokio::spawn(async move {
                        let answer = |request| {
                            let agent = Arc::clone(&agent);
                            async move { agent.answer(request).await }
                        };
                        if let Err(error) = control::serve(stream, answer).await {
                            tracing::debug!("a control connection ended: {error}");
                        }
                        drop(place);
                    });
                }
            }
        }
        watching.abort();
        drop(listener);
        for seat in self.seats.lock().await.values() {
            seat.stop().await;
        }
        self.house.journal.sync().await.context("the journal could not be written")
    }

    async fn answer(&self, request: Request) -> Response {
        self.obey(request).await.map_or_else(Response::Error, Response::Ok)
    }

    #[expect(clippy::too_many_lines, reason = "one arm a request: shorter would be harder to read")]
    async fn obey(&self, request: Request) -> Result<Value, String> {
        match request {
            Request::Status { after } => {
                self.wait_for_change(after).await;
                to_value(status::status(self).await?)
            }
            Request::Start { memo } => {
                let seat = self.current().await?;
                check_memo(memo.as_deref().unwrap_or(""))?;
                let pipeline = seat.ready().await?;
                if let Some(memo) = &memo {
                    self.remember(|r| r.memo(memo)).await;
                }
                done(pipeline.command(Command::Start { memo }).await)
            }
            Request::Stop { at_segment_end } => self.command(Command::Stop { at_segment_end }).await,
            Request::Pause => self.command(Command::Pause).await,
            Request::Memo { memo } => {
                check_memo(&memo)?;
                self.command(Command::Memo { memo: memo.clone() }).await?;
                self.remember(|r| r.memo(&memo)).await;
                Ok(Value::Null)
            }
            Request::Label { label } => {
                self.command(Command::Label { label: label.clone() }).await?;
                self.remember(|r| r.label = label).await;
                Ok(Value::Null)
            }
            Request::Idle { answer } => self.idle(answer).await,
            Request::Switch { contract } => self.switch(&contract).await,
            Request::Import { invitation } => self.import(&invitation).await,
            Request::Notice { contract } => {
                let seat = self.seat(contract.as_deref()).await?;
                let (_, notice, acceptance) = seat.notice().await.map_err(words)?;
                to_value(NoticeAnswer {
                    contract: seat.shared.contract.clone(),
                    digest: notice.digest(),
                    text: notice.text,
                    accepted: acceptance.is_some(),
                })
            }
            Request::Accept { contract, digest, by } => {
                let seat = self.seat(Some(&contract)).await?;
                seat.accept(&digest, &by).await?;
                if let Some(pipeline) = seat.pipeline().await {
                    remind(&pipeline, &*self.remembered.lock().await).await;
                }
                Ok(Value::Null)
            }
            Request::Preview { contract, own_rules, max_width } => {
                let seat = self.seat(contract.as_deref()).await?;
                to_value(preview::preview(&seat, own_rules, max_width).await?)
            }
            Request::Segments { from, to } => match self.pipeline().await {
                Ok(pipeline) => to_value(pipeline.closing.segments(from, to).await.map_err(words)?),
                // Nothing was accepted, so nothing was recorded.
                Err(_) => Ok(Value::Array(Vec::new())),
            },
            Request::EditSegment { start, memo, label } => {
                let pipeline = self.pipeline().await?;
                done(pipeline.closing.edit(start, &memo, label).await.map_err(words))?;
                self.changed(&pipeline, start).await
            }
            Request::RemovePicture { start } => {
                let pipeline = self.pipeline().await?;
                pipeline.closing.remove_picture(start).await.map_err(words)?;
                self.changed(&pipeline, start).await
            }
            Request::Forget { from, to } => {
                let pipeline = self.pipeline().await?;
                let forgotten = pipeline.closing.forget(from, to).await.map_err(words)?;
                self.changed(&pipeline, to.saturating_sub(1)).await?;
                to_value(forgotten)
            }
            Request::AddManual { from, to, memo } => {
                let pipeline = self.pipeline().await?;
                let added = pipeline.closing.add_manual(from, to, &memo).await.map_err(words)?;
                pipeline.bell.notify_one();
                to_value(added)
            }
            Request::Picture { start } => {
                to_value(status::picture(&self.pipeline().await?.closing, start).await?)
            }
            Request::Outbox => to_value(status::outbox(self).await?),
            Request::Parcel { parcel } => to_value(status::parcel(&self.house.journal, &parcel).await?),
            Request::Cancel { parcel } => {
                let at = self.house.clock.now();
                done(self.house.journal.cancel(&parcel, at).await.map_err(words))?;
                self.rung().await
            }
            Request::Uncancel { parcel } => {
                let hold_until = self.house.clock.now().saturating_add(UNDO_MS);
                done(self.house.journal.uncancel(&parcel, hold_until).await.map_err(words))?;
                self.rung().await
            }
            Request::SendNow { start } => {
                let pipeline = self.pipeline().await?;
                match pipeline.closing.latest(start).await.map_err(words)? {
                    Some(entry) => self.house.journal.release(&entry.parcel_id).await.map_err(words)?,
                    None => {
                        let mut at_once = pipeline.closing.at_once.lock().map_err(words)?;
                        at_once.insert(start);
                    }
                }
                self.rung().await
            }
            Request::TryNow => {
                self.house.journal.try_now().await.map_err(words)?;
                for seat in self.seats.lock().await.values() {
                    seat.delivery.try_now();
                }
                self.rung().await
            }
            Request::Preferences => to_value(settings::preferences(&self.house.folder).map_err(words)?),
            Request::SetPreferences { preferences } => {
                settings::keep_preferences(&self.house.folder, &preferences).map_err(words)?;
                self.prefer(&preferences).await;
                Ok(Value::Null)
            }
            Request::OwnRules => to_value(settings::own_rules(&self.house.folder).map_err(words)?),
            Request::SetOwnRules { rules } => self.set_own_rules(&rules).await,
            Request::Plugins => to_value(&self.pipeline().await?.plugins),
            Request::Terms { contract } => to_value(&self.seat(contract.as_deref()).await?.enrolment.terms),
            Request::Doctor => to_value(doctor::check_all(self).await),
            Request::Export { to } => to_value(export::export(self, &to).await.map_err(words)?),
            Request::Verify => self.verify().await,
            Request::Quit => {
                self.quit.notify_one();
                Ok(Value::Null)
            }
        }
    }

    /// What all seats share.
    pub(crate) fn house(&self) -> &Arc<House> {
        &self.house
    }

    /// All seats, in order of their contracts' ids.
    pub(crate) async fn seats(&self) -> Vec<Arc<Seat>> {
        self.seats.lock().await.values().cloned().collect()
    }

    /// The seat of a contract; none means the current one.
    pub(crate) async fn seat(&self, contract: Option<&str>) -> Result<Arc<Seat>, String> {
        let Some(contract) = contract else { return self.current().await };
        let seats = self.seats.lock().await;
        seats.get(contract).cloned().ok_or_else(|| format!("this device has no contract {contract:?}"))
    }

    /// The current seat: the one that was chosen, else the first.
    pub(crate) async fn current(&self) -> Result<Arc<Seat>, String> {
        let chosen = self.remembered.lock().await.contract.clone();
        let seats = self.seats.lock().await;
        let seat = chosen.and_then(|id| seats.get(&id)).or_else(|| seats.values().next());
        seat.cloned().ok_or_else(|| {
            "this device is not enrolled: take part in a contract with the link or file from the client \
             (`candor join LINK`)"
                .into()
        })
    }

    async fn pipeline(&self) -> Result<Arc<Pipeline>, String> {
        let none = || "nothing is tracked: the notice was not accepted yet".to_owned();
        self.current().await?.pipeline().await.ok_or_else(none)
    }

    async fn command(&self, command: Command) -> Result<Value, String> {
        done(self.pipeline().await?.command(command).await)
    }

    async fn remember(&self, change: impl FnOnce(&mut Remembered)) {
        let mut remembered = self.remembered.lock().await;
        change(&mut remembered);
        if let Err(error) = remembered.keep(&self.house.folder) {
            tracing::warn!("what to remember could not be kept: {error:#}");
        }
    }

    /// Everybody who shows something or has something to deliver looks again.
    async fn rung(&self) -> Result<Value, String> {
        for seat in self.seats().await {
            if let Some(pipeline) = seat.pipeline().await {
                pipeline.bell.notify_one();
            }
        }
        self.house.revision.send_modify(|revision| *revision += 1);
        Ok(Value::Null)
    }

    /// A segment was changed: it may have to be delivered, and the running one needs its memo again.
    async fn changed(&self, pipeline: &Pipeline, at: u64) -> Result<Value, String> {
        let length = self.current().await?.shared.length;
        let now = self.house.clock.now();
        let running = pipeline.state.borrow().since.is_some();
        if running && length.start_of(at) == length.start_of(now) {
            pipeline.command(Command::Rewrite).await?;
        }
        self.rung().await
    }

    async fn wait_for_change(&self, after: Option<u64>) {
        let Some(after) = after else { return };
        let mut revision = self.house.revision.subscribe();
        let changed = revision.wait_for(|revision| *revision != after);
        // Either it changed, or it is time to answer anyway.
        let _ = tokio::time::timeout(Duration::from_secs(WAIT_S), changed).await;
    }

    async fn idle(&self, answer: IdleAnswer) -> Result<Value, String> {
        let pipeline = self.pipeline().await?;
        let question = pipeline.state.borrow().question;
        let Some((from, to)) = question else { return Err("there is no question to answer".into()) };
        if let IdleAnswer::Manual(memo) = answer {
            pipeline.closing.add_manual(from, to, &memo).await.map_err(words)?;
            pipeline.bell.notify_one();
        }
        done(pipeline.command(Command::Answered).await)
    }

    async fn switch(&self, contract: &str) -> Result<Value, String> {
        let (old, new) = (self.current().await?, self.seat(Some(contract)).await?);
        if Arc::ptr_eq(&old, &new) {
            return Ok(Value::Null);
        }
        let before = old.pipeline().await;
        let state = before.as_ref().map(|p| p.state.borrow().clone()).unwrap_or_default();
        if state.since.is_some() {
            // First the new one: where its notice is not accepted, tracking goes on as it was.
            let next = new.ready().await?;
            if let Some(before) = before {
                before.command(Command::Stop { at_segment_end: false }).await?;
            }
            next.command(Command::Start { memo: state.memo }).await?;
        }
        let id = contract.to_owned();
        self.remember(|r| r.contract = Some(id)).await;
        self.rung().await
    }

    /// The current contract's id, where it tracks.
    async fn tracks(&self) -> Option<String> {
        let pipeline = self.current().await.ok()?.pipeline().await?;
        let tracks = pipeline.state.borrow().since.is_some();
        tracks.then(|| pipeline.closing.terms.contract.clone())
    }

    async fn import(&self, text: &str) -> Result<Value, String> {
        let invitation = invitation::read(text).map_err(words)?;
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let folder = &self.house.folder;
        let enrolment =
            crate::enrol::enrol(folder, &invitation.server, &invitation.code, &name).await.map_err(words)?;
        let id = enrolment.terms.contract.clone();
        let preferences = settings::preferences(folder).map_err(words)?;
        let seat =
            Seat::open(&self.house, folder.contract(&id).map_err(words)?, &preferences).map_err(words)?;
        let seat = Arc::new(seat);
        let answer = to_value(seat.contract().await)?;
        let tracks = self.tracks().await;
        if let Some(before) = self.seats.lock().await.insert(id.clone(), seat) {
            // Enrolled again: under the new terms nothing is recorded before their notice is accepted.
            before.stop().await;
        }
        // What tracks stays the current contract, in sight and in reach of Stop, until another is chosen.
        let current = tracks.filter(|tracks| *tracks != id).unwrap_or(id);
        self.remember(|r| r.contract = Some(current)).await;
        self.rung().await?;
        Ok(answer)
    }

    async fn set_own_rules(&self, rules: &[crate::protocol::OwnRule]) -> Result<Value, String> {
        let settings = settings::own_settings(rules).map_err(words)?;
        let (house, seats) = (&self.house, self.seats().await);
        if let Some(settings) = &settings {
            // Refused before anything changes.
            let sandbox = crate::seat::sandbox(&house.folder, &house.compiler).map_err(words)?;
            let library = crate::plugins::Library { sandbox: &sandbox, folder: &house.plugins };
            library.own_rules(settings.clone()).await?;
        }
        match &settings {
            Some(settings) => house.folder.write_json("own-rules.json", settings).map_err(words)?,
            None => house.folder.remove("own-rules.json").map_err(words)?,
        }
        for seat in seats {
            seat.own_rules(settings.clone()).await?;
        }
        self.rung().await
    }

    async fn prefer(&self, preferences: &Preferences) {
        let used = self.disk_bytes() >= preferences.disk_limit;
        for seat in self.seats().await {
            seat.prefer(preferences, used).await;
            let full = "the disk space set for pictures is used up, so no picture is taken; time goes on. Remove \
                        what is not needed, or set more in Preferences";
            seat.shared.problem("disk", used.then(|| full.to_owned()));
        }
    }

    /// Bytes of the journal and its pictures, as they were looked at last.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.disk.load(std::sync::atomic::Ordering::Acquire)
    }

    async fn watch_disk(self: Arc<Self>) {
        loop {
            let folder = self.house.folder.path("journal");
            let bytes = tokio::task::spawn_blocking(move || doctor::folder_bytes(&folder)).await.unwrap_or(0);
            self.disk.store(bytes, std::sync::atomic::Ordering::Release);
            if let Ok(preferences) = settings::preferences(&self.house.folder) {
                let used = bytes >= preferences.disk_limit;
                for seat in self.seats().await {
                    if seat.shared.choices().disk_used_up != used {
                        self.prefer(&preferences).await;
                    }
                }
            }
            crate::clock::sleep(self.house.clock.as_ref(), DISK_MS).await;
        }
    }

    async fn verify(&self) -> Result<Value, String> {
        let found = self.house.journal.verify().await.map_err(words)?;
        Ok(serde_json::json!({
            "records": found.records,
            "equal": found.equal,
            "sealed": found.sealed,
            "first_bad": found.first_bad.map(|b| serde_json::json!({"sequence": b.sequence, "reason": b.reason})),
        }))
    }
}

/// A tracker takes up the memo and label that were set before.
async fn remind(pipeline: &Pipeline, remembered: &Remembered) {
    let commands = [
        Command::Memo { memo: remembered.memo.clone().unwrap_or_default() },
        Command::Label { label: remembered.label.clone() },
    ];
    for command in commands {
        // A label that the terms have no more is forgotten.
        if let Err(why) = pipeline.command(command).await {
            tracing::debug!("{why}");
        }
    }
}

fn check_memo(memo: &str) -> Result<(), String> {
    if memo.chars().count() > MAX_MEMO {
        return Err("a memo has 500 characters at most".into());
    }
    Ok(())
}

fn done(result: Result<(), String>) -> Result<Value, String> {
    result.map(|()| Value::Null)
}

fn to_value(value: impl Serialize) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|e| e.to_string())
}
