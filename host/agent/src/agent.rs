//! Puts the house together and answers the control socket.
//!
//! sensors → guard → collectors → journal → outbox → uploader, once for each contract ([`crate::seat`]).

mod requests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use candor_diary::plain;
use candor_journal::{Journal, MasterKey};
use candor_protocol::{Request, Response};
use serde_json::Value;
use tokio::sync::{Mutex, Notify, Semaphore, watch};

use crate::clock::Clock;
use crate::control;
use crate::doctor;
use crate::folder::Folder;
use crate::guard::eyes::DesktopSource;
use crate::input::InputSource;
use crate::own_rules::OwnRules;
use crate::presence::Presence;
use crate::seat::{AgentContext, ContractSession, Pipeline};
use crate::settings::{self, Remembered};
use crate::signs::{Place, Signs, TrayProgram, Watched, Witness};
use crate::tracker::Command;
use requests::done;

/// How many connections the control socket serves at once.
const CONNECTIONS: usize = 16;
/// How often the disk space in use is looked at, in milliseconds.
const DISK_MS: u64 = 60_000;

/// The longest refusal, in characters: it may quote a plugin or a server.
const MAX_REFUSAL: usize = 2_000;

/// What a running agent needs from outside.
pub struct Setup {
    /// Its data.
    pub folder: Folder,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The display; none where there is none, with the reason.
    pub eyes: Result<Arc<dyn DesktopSource>, String>,
    /// Where counts come from.
    pub input: Arc<dyn InputSource>,
    /// Whether anybody is there.
    pub presence: Arc<dyn Presence>,
    /// The folder with plugins.
    pub plugins: PathBuf,
    /// The program `candor-compile`.
    pub compiler: PathBuf,
    /// The tray's program, started where it is recorded; none where there is none.
    pub tray: Option<TrayProgram>,
}

/// A running agent.
pub struct Agent {
    context: Arc<AgentContext>,
    /// By the name of their sessions.
    seats: Mutex<BTreeMap<String, Arc<ContractSession>>>,
    remembered: Mutex<Remembered>,
    _runtime: PluginRuntime,
    quit: Notify,
    /// Own rules are set one after the other.
    own_turn: Mutex<()>,
    tray: Option<TrayProgram>,
    /// Counts up with every stop, pause and change of contract: a start that still waits for a sign is called off by it.
    called_off: std::sync::atomic::AtomicU64,
    /// Bytes of the journal and its pictures, as they were looked at last.
    disk: std::sync::atomic::AtomicU64,
}

/// The runtime of the plugins. It may be dropped on an async thread, as one that opened an agent and met an error.
struct PluginRuntime(Option<tokio::runtime::Runtime>);

impl Drop for PluginRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // A runtime may not be waited for on an async thread.
            runtime.shutdown_background();
        }
    }
}

/// An error of the inside, as a sentence.
pub(crate) fn error_text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

/// The seat of this name: what it is called on this device, or its session.
fn named<'a>(
    seats: &'a BTreeMap<String, Arc<ContractSession>>,
    name: &str,
) -> Option<&'a Arc<ContractSession>> {
    seats.values().find(|seat| seat.enrolment.handle() == name).or_else(|| seats.get(name))
}

impl Agent {
    /// Opens the journal and every contract, and starts the pipelines of those whose notice is accepted.
    ///
    /// # Errors
    /// Where its data cannot be read.
    pub async fn open(setup: Setup) -> Result<Arc<Self>> {
        let Setup { folder, clock, eyes, input, presence, plugins, compiler, tray } = setup;
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
        let handle = runtime.handle().clone();
        let runtime = PluginRuntime(Some(runtime));
        let own_rules = OwnRules::load(&folder);
        let revision = Arc::new(watch::channel(1).0);
        let signs = Signs::new(Arc::clone(&revision));
        let context = Arc::new(AgentContext {
            folder,
            clock,
            eyes,
            own_program: tray.as_ref().map(|tray| tray.program.clone()),
            input,
            presence: Arc::new(Watched { presence, signs: Arc::clone(&signs) }),
            signs,
            plugins,
            compiler,
            journal,
            own_rules,
            runtime: handle,
            revision,
        });
        let mut remembered = Remembered::load(&context.folder);
        let preferences = settings::preferences(&context.folder)?;
        let mut seats = BTreeMap::new();
        for folder in context.folder.contracts()? {
            let seat = ContractSession::open(&context, folder, &preferences).await?;
            seats.insert(seat.shared.session.clone(), Arc::new(seat));
        }
        if let Some(before) = remembered.take_before() {
            let current = remembered.contract.as_deref().and_then(|name| named(&seats, name));
            if let Some(seat) = current.or_else(|| seats.values().next()) {
                seat.work_on(|work| *work = before).await;
            }
            remembered.keep(&context.folder)?;
        }
        for seat in seats.values() {
            if let Err(why) = seat.ensure_pipeline().await {
                tracing::info!("{why}");
            }
        }
        Ok(Arc::new(Self {
            context,
            seats: Mutex::new(seats),
            remembered: Mutex::new(remembered),
            _runtime: runtime,
            quit: Notify::new(),
            own_turn: Mutex::default(),
            tray,
            called_off: std::sync::atomic::AtomicU64::new(0),
            disk: std::sync::atomic::AtomicU64::new(0),
        }))
    }

    /// From now on what is said to be shown counts only where `witness` sees it. Without one, whoever says so is believed.
    pub fn signs_judged_by(&self, witness: Arc<dyn Witness>) {
        self.context.signs.judged_by(witness);
    }

    /// Serves the control socket until `stop` fires or somebody asks it to quit; then tracking ends and everything is
    /// recorded.
    ///
    /// # Errors
    /// Where the socket cannot be opened.
    pub async fn serve(self: Arc<Self>, ready: impl FnOnce(), stop: impl Future<Output = ()>) -> Result<()> {
        let folder = self.context.folder.make("run")?;
        let listener = control::listen(&folder).await.context("the control socket could not be opened")?;
        let watching = tokio::spawn(Arc::clone(&self).watch_disk());
        let showing = tokio::spawn(Arc::clone(&self).keep_signs());
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
                        let process = stream.peer_cred().ok().and_then(|peer| peer.pid());
                        let process = process.and_then(|process| u32::try_from(process).ok());
                        let shown = Arc::new(agent.context.signs.place(process));
                        let answer = |request| {
                            let (agent, shown) = (Arc::clone(&agent), Arc::clone(&shown));
                            async move { agent.answer(request, &shown).await }
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
        showing.abort();
        drop(listener);
        for seat in self.seats().await {
            seat.stop().await;
        }
        self.context.journal.sync().await.context("the journal could not be written")
    }

    async fn answer(&self, request: Request, shown: &Place) -> Response {
        let refused = |why: String| Response::Error(plain::cut(&plain::visible(&why), MAX_REFUSAL));
        self.dispatch(request, shown).await.map_or_else(refused, Response::Ok)
    }

    /// What all seats share.
    pub(crate) fn context(&self) -> &Arc<AgentContext> {
        &self.context
    }

    /// All seats, in order of their sessions' names.
    pub(crate) async fn seats(&self) -> Vec<Arc<ContractSession>> {
        self.seats.lock().await.values().cloned().collect()
    }

    /// The seat of a contract; none means the current one.
    pub(crate) async fn seat(&self, contract: Option<&str>) -> Result<Arc<ContractSession>, String> {
        let Some(contract) = contract else { return self.current().await };
        let seats = self.seats.lock().await;
        named(&seats, contract).cloned().ok_or_else(|| format!("this device has no contract {contract:?}"))
    }

    /// The current seat: the one that was chosen, else the first.
    pub(crate) async fn current(&self) -> Result<Arc<ContractSession>, String> {
        let chosen = self.remembered.lock().await.contract.clone();
        let seats = self.seats.lock().await;
        let seat = chosen.and_then(|id| named(&seats, &id)).or_else(|| seats.values().next());
        seat.cloned().ok_or_else(|| {
            "this device has no contract yet: join one with the link or file from the client (`candor join LINK`)"
                .into()
        })
    }

    async fn pipeline(&self) -> Result<Arc<Pipeline>, String> {
        self.working().await.map(|(_, pipeline)| pipeline)
    }

    /// The current seat and its pipeline.
    async fn working(&self) -> Result<(Arc<ContractSession>, Arc<Pipeline>), String> {
        let seat = self.current().await?;
        let pipeline = seat.pipeline().await;
        Ok((seat, pipeline.ok_or("nothing is tracked: the notice is not accepted yet. Read `candor notice`, then run `candor accept`")?))
    }

    async fn command(&self, command: Command) -> Result<Value, String> {
        done(self.pipeline().await?.command(command).await)
    }

    async fn remember(&self, change: impl FnOnce(&mut Remembered)) {
        let mut remembered = self.remembered.lock().await;
        change(&mut remembered);
        if let Err(error) = remembered.keep(&self.context.folder) {
            tracing::warn!("what to remember could not be kept: {error:#}");
        }
    }

    /// Everybody who shows something or has something to deliver looks again.
    async fn notify_all(&self) -> Result<Value, String> {
        for seat in self.seats().await {
            if let Some(pipeline) = seat.pipeline().await {
                pipeline.outbox_changed.notify_one();
            }
        }
        self.context.revision.send_modify(|revision| *revision += 1);
        Ok(Value::Null)
    }

    /// Sees to it that whoever is recorded can see it.
    async fn keep_signs(self: Arc<Self>) {
        let recorded = || async { self.recorded().await };
        let changed = || async {
            for seat in self.seats().await {
                if let Some(pipeline) = seat.pipeline().await {
                    // Where it stops, nothing is recorded any more.
                    let _stopping = pipeline.command(Command::Look).await;
                }
            }
        };
        Arc::clone(&self.context.signs).keep(self.tray.clone(), recorded, changed).await;
    }

    /// Whether it is recorded under a contract whose recording has to be shown.
    pub(crate) async fn recorded(&self) -> bool {
        for seat in self.seats().await {
            if let Some(pipeline) = seat.pipeline().await
                && pipeline.state().to_be_shown()
            {
                return true;
            }
        }
        false
    }

    /// Bytes of the journal and its pictures, as they were looked at last.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.disk.load(std::sync::atomic::Ordering::Acquire)
    }

    async fn watch_disk(self: Arc<Self>) {
        loop {
            let folder = self.context.folder.path("journal");
            let bytes = tokio::task::spawn_blocking(move || doctor::folder_bytes(&folder)).await.unwrap_or(0);
            self.disk.store(bytes, std::sync::atomic::Ordering::Release);
            if let Ok(preferences) = settings::preferences(&self.context.folder) {
                let used = bytes >= preferences.disk_limit;
                for seat in self.seats().await {
                    if seat.shared.choices().disk_used_up != used {
                        self.apply_preferences(&preferences).await;
                    }
                }
            }
            crate::clock::sleep(self.context.clock.as_ref(), DISK_MS).await;
        }
    }
}
