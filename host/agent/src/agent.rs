//! Puts the agent together and serves the control socket.
//!
//! sensors → guard → collectors → journal → outbox → uploader, once for each contract ([`crate::contract::session`]).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use candor_journal::{Journal, JournalError, MasterKey};
use tokio::sync::{Semaphore, watch};

use crate::clock::Clock;
use crate::context::AgentContext;
use crate::contract::error::SessionError;
use crate::contract::sessions::Sessions;
use crate::control::dispatch::Dispatcher;
use crate::control::preferences::apply_preferences;
use crate::control::socket;
use crate::folder::{DataFolderError, Folder, folder_bytes};
use crate::guard::desktop::DesktopSource;
use crate::plugins::own_rules::OwnRules;
use crate::signs::{PresenceWithSigns, Signs, TrayProgram, Witness};
use crate::tracker::TrackerCommand;
use crate::tracker::input::InputSource;
use crate::tracker::presence::Presence;
use crate::{memory, settings};

/// How many connections the control socket serves at once.
const CONNECTIONS: usize = 16;
/// How often the disk space in use is looked at, in milliseconds.
const DISK_MS: u64 = 60_000;

/// Why the agent does not run.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The journal's key could not be read.
    #[error("the journal's key could not be read: {0}")]
    Key(JournalError),
    /// The journal could not be opened.
    #[error("the journal could not be opened: {0}")]
    Journal(JournalError),
    /// What was recorded last could not be written.
    #[error("the journal could not be written: {0}")]
    Unwritten(JournalError),
    /// The plugins' runtime could not be started.
    #[error("the plugins' runtime could not be started: {0}")]
    Runtime(std::io::Error),
    /// A folder could not be made.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// A contract could not be opened.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The control socket could not be opened.
    #[error("the control socket could not be opened: {0}")]
    Socket(std::io::Error),
}

/// What a running agent needs from outside.
pub struct Setup {
    /// The agent's data folder.
    pub folder: Folder,
    /// The clock that everything waits by and stamps with.
    pub clock: Arc<dyn Clock>,
    /// The display, or why there is none.
    pub desktop: Result<Arc<dyn DesktopSource>, String>,
    /// The source of input counts.
    pub input: Arc<dyn InputSource>,
    /// The source that says whether anybody is there.
    pub presence: Arc<dyn Presence>,
    /// The folder with plugins.
    pub plugins: PathBuf,
    /// The path of the program `candor-compile`.
    pub compiler: PathBuf,
    /// The tray's program, started while something is recorded; none if there is no tray.
    pub tray: Option<TrayProgram>,
}

/// A running agent: its sessions and its control socket.
pub struct Agent {
    dispatcher: Arc<Dispatcher>,
    tray: Option<TrayProgram>,
    _runtime: PluginRuntime,
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

impl Agent {
    /// Opens the journal and every contract, and starts the pipelines of those whose notice is accepted.
    ///
    /// # Errors
    /// If its data cannot be read.
    pub async fn open(setup: Setup) -> Result<Arc<Self>, AgentError> {
        let Setup { folder, clock, desktop, input, presence, plugins, compiler, tray } = setup;
        let key = MasterKey::load_or_create(&folder.path("journal.key")).map_err(AgentError::Key)?;
        let journal = Journal::open(&folder.make("journal")?, &key).await.map_err(AgentError::Journal)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("plugins")
            .enable_all()
            .build()
            .map_err(AgentError::Runtime)?;
        let handle = runtime.handle().clone();
        let runtime = PluginRuntime(Some(runtime));
        let own_rules = OwnRules::load(&folder);
        let revision = Arc::new(watch::channel(1).0);
        let signs = Signs::new(Arc::clone(&revision));
        let context = Arc::new(AgentContext {
            folder,
            clock,
            desktop,
            own_program: tray.as_ref().map(|tray| tray.program.clone()),
            input,
            presence: Arc::new(PresenceWithSigns { presence, signs: Arc::clone(&signs) }),
            signs,
            plugins,
            compiler,
            journal,
            own_rules,
            runtime: handle,
            revision,
            disk_bytes: AtomicU64::new(0),
        });
        let sessions = Sessions::open(context).await?;
        Ok(Arc::new(Self {
            dispatcher: Arc::new(Dispatcher::new(Arc::new(sessions))),
            tray,
            _runtime: runtime,
        }))
    }

    fn sessions(&self) -> &Sessions {
        self.dispatcher.sessions()
    }

    fn context(&self) -> &Arc<AgentContext> {
        self.sessions().context()
    }

    /// From now on, what a program claims to show counts only if `witness` sees it. Without a witness, every claim
    /// counts.
    pub fn set_sign_witness(&self, witness: Arc<dyn Witness>) {
        self.context().signs.set_witness(witness);
    }

    /// Serves the control socket until `stop` fires or somebody asks it to quit; then tracking ends and everything is
    /// recorded.
    ///
    /// # Errors
    /// If the socket cannot be opened.
    pub async fn serve(
        self: Arc<Self>,
        ready: impl FnOnce(),
        stop: impl Future<Output = ()>,
    ) -> Result<(), AgentError> {
        let folder = self.context().folder.make("run")?;
        let listener = socket::listen(&folder).await.map_err(AgentError::Socket)?;
        let watching = tokio::spawn(Arc::clone(&self).watch_disk());
        let giving_back = tokio::spawn(memory::keep_giving_back());
        let showing = tokio::spawn(Arc::clone(&self).keep_signs());
        ready();
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = self.dispatcher.quit_asked() => break,
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else {
                        // Out of file handles, say: leave room to recover instead of spinning.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    };
                    let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
                    let dispatcher = Arc::clone(&self.dispatcher);
                    tokio::spawn(async move {
                        let process = stream.peer_cred().ok().and_then(|peer| peer.pid());
                        let process = process.and_then(|process| u32::try_from(process).ok());
                        let shown = Arc::new(dispatcher.sessions().context().signs.connect(process));
                        let answer = |request| {
                            let (dispatcher, shown) = (Arc::clone(&dispatcher), Arc::clone(&shown));
                            async move { dispatcher.answer(request, &shown).await }
                        };
                        if let Err(error) = socket::serve(stream, answer).await {
                            tracing::debug!("a control connection ended: {error}");
                        }
                        drop(slot);
                    });
                }
            }
        }
        watching.abort();
        giving_back.abort();
        showing.abort();
        drop(listener);
        for session in self.sessions().all().await {
            session.stop().await;
        }
        self.context().journal.sync().await.map_err(AgentError::Unwritten)
    }

    /// Keeps the signs up: whoever is recorded can see it.
    async fn keep_signs(self: Arc<Self>) {
        let recorded = || async { self.sessions().is_recording().await };
        let changed = || async {
            for session in self.sessions().all().await {
                if let Some(pipeline) = session.pipeline().await {
                    // If it is stopping, nothing is recorded any more.
                    let _stopping = pipeline.command(TrackerCommand::CheckPresence).await;
                }
            }
        };
        Arc::clone(&self.context().signs).keep_showing(self.tray.clone(), recorded, changed).await;
    }

    async fn watch_disk(self: Arc<Self>) {
        loop {
            let folder = self.context().folder.path("journal");
            let bytes = tokio::task::spawn_blocking(move || folder_bytes(&folder)).await.unwrap_or(0);
            self.context().disk_bytes.store(bytes, Ordering::Release);
            if let Ok(preferences) = settings::preferences(&self.context().folder) {
                let used = bytes >= preferences.disk_limit;
                for session in self.sessions().all().await {
                    if session.shared.choices().disk_used_up != used {
                        apply_preferences(self.sessions(), &preferences).await;
                    }
                }
            }
            crate::clock::sleep(self.context().clock.as_ref(), DISK_MS).await;
        }
    }
}
