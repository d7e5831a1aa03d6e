//! Puts the pipeline together and serves the control socket.
//!
//! sensors → guard → collectors → journal → outbox → uploader. Nothing is put together before the notice is accepted.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use candor_journal::{Journal, MasterKey, OutboxEntry};
use candor_sandbox::capability::Secrets;
use candor_sandbox::{CollectorHosts, Limits, Sandbox, SandboxConfig, UploaderHosts};
use candor_seal::commitment;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot, watch};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::closing::Closing;
use crate::collectors::{CollectorHandle, tell_window_changes};
use crate::control::{self, Request, Response};
use crate::folder::{Enrolment, Folder};
use crate::guard::Guard;
use crate::guard::eyes::Eyes;
use crate::guard::judgement::{Judge, Policies};
use crate::hosts::{CollectorHost, PluginStore};
use crate::input::InputSource;
use crate::notice::{Acceptance, Notice};
use crate::outbox::Courier;
use crate::plugins::{Library, Loaded, Plugins};
use crate::shared::Shared;
use crate::tracker::{Command, Reply, State, Tracker};

/// How many connections the control socket serves at once.
const CONNECTIONS: usize = 16;
/// How many commands may wait for the tracker.
const COMMANDS: usize = 16;
/// How many outbox entries are listed.
const LISTED: u32 = 500;

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
    /// The folder with plugins.
    pub plugins: PathBuf,
    /// The program `candor-compile`.
    pub compiler: PathBuf,
}

/// The answer of `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether the tracker is on.
    pub tracking: bool,
    /// Whether the notice was accepted; nothing is recorded before.
    pub notice_accepted: bool,
    /// The contract's id.
    pub contract: String,
    /// The contract's title.
    pub title: String,
    /// The client's name.
    pub client: String,
    /// Since when it is on, milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// The memo.
    pub memo: Option<String>,
    /// Whether it turns itself off at the end of the segment.
    pub stopping: bool,
    /// Segments.
    pub segments: SegmentCounts,
    /// What waits.
    pub outbox: Outbox,
    /// What a person should look at, in words.
    pub problems: Vec<String>,
}

/// How many segments are where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentCounts {
    /// Running, or ended and not closed yet.
    pub open: usize,
    /// Closed: a parcel exists.
    pub closed: u64,
    /// Delivered: a receipt exists.
    pub delivered: u64,
}

/// How many parcels are where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// Within their hold time.
    pub held: u64,
    /// Due.
    pub waiting: u64,
    /// With receipt.
    pub delivered: u64,
    /// Refused for good.
    pub rejected: u64,
    /// Taken back.
    pub cancelled: u64,
}

/// Opens what a notice is written from: used by the command line too, without a running agent.
///
/// # Errors
/// Where the sandbox cannot be set up.
pub async fn open_plugins(
    folder: &Folder,
    enrolment: &Enrolment,
    plugins: &std::path::Path,
    compiler: &std::path::Path,
) -> Result<(Plugins, Notice)> {
    let cache_dir = folder.make("artefacts")?;
    let config = SandboxConfig { cache_dir, compiler: compiler.to_path_buf(), limits: Limits::default() };
    let sandbox = Sandbox::new(config).context("the sandbox could not be set up")?;
    let own_rules = folder.read_json("own-rules.json")?;
    let library = Library { sandbox: &sandbox, folder: plugins };
    let opened = library.open(&enrolment.terms, own_rules).await;
    let notice = Notice::write(&enrolment.terms, &enrolment.server, &opened);
    Ok((opened, notice))
}

/// A pipeline that runs.
struct Pipeline {
    commands: mpsc::Sender<(Command, Reply)>,
    state: watch::Receiver<State>,
    tracker: tokio::task::JoinHandle<()>,
}

/// A running agent.
pub struct Agent {
    setup: Setup,
    enrolment: Enrolment,
    shared: Arc<Shared>,
    pipeline: Mutex<Option<Pipeline>>,
    /// Plugins run on a runtime of their own: whatever one does, the control socket and the tracker keep their pace
    /// (invariant 13).
    plugins: Option<tokio::runtime::Runtime>,
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(plugins) = self.plugins.take() {
            // A runtime may not be waited for on an async thread.
            plugins.shutdown_background();
        }
    }
}

struct Token {
    origin: String,
    token: Zeroizing<String>,
}

impl Secrets for Token {
    fn secret(&self, name: &str, origin: &str) -> Option<Zeroizing<String>> {
        (name == "device-token" && origin == self.origin).then(|| self.token.clone())
    }
}

impl Agent {
    /// Opens the journal and, where the notice is accepted, starts the pipeline.
    ///
    /// # Errors
    /// Where the device is not enrolled or its data cannot be read.
    pub async fn open(setup: Setup) -> Result<Arc<Self>> {
        let enrolment = setup.folder.enrolment()?;
        let key = MasterKey::load_or_create(&setup.folder.path("journal.key"))
            .context("the journal's key could not be read")?;
        let journal = Journal::open(&setup.folder.make("journal")?, &key)
            .await
            .context("the journal could not be opened")?;
        let terms = &enrolment.terms;
        let shared = Shared::new(Arc::clone(&setup.clock), journal, terms.contract.clone(), terms.segment);
        let plugins = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("plugins")
            .enable_all()
            .build()
            .context("the plugins' runtime could not be started")?;
        let agent = Arc::new(Self {
            setup,
            enrolment,
            shared: Arc::new(shared),
            pipeline: Mutex::new(None),
            plugins: Some(plugins),
        });
        if let Err(why) = agent.ready().await {
            tracing::info!("{why}");
        }
        Ok(agent)
    }

    /// Serves the control socket until `stop` fires; then tracking ends and everything is recorded.
    ///
    /// # Errors
    /// Where the socket cannot be opened.
    pub async fn serve(self: Arc<Self>, ready: impl FnOnce(), stop: impl Future<Output = ()>) -> Result<()> {
        let folder = self.setup.folder.make("run")?;
        let listener = control::listen(&folder).await.context("the control socket could not be opened")?;
        ready();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
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
        drop(listener);
        if let Some(pipeline) = self.pipeline.lock().await.take() {
            drop(pipeline.commands);
            if pipeline.tracker.await.is_err() {
                tracing::error!("the tracker failed while it stopped; what it had written is kept");
            }
        }
        self.shared.journal.sync().await.context("the journal could not be written")
    }

    async fn answer(&self, request: Request) -> Response {
        let answered = match request {
            Request::Status => self.status().await.and_then(to_value),
            Request::Start { memo } => self.start(memo).await.map(|()| serde_json::Value::Null),
            Request::Stop { at_segment_end } => {
                self.command(Command::Stop { at_segment_end }).await.map(|()| serde_json::Value::Null)
            }
            Request::Memo { memo } if memo.chars().count() > 500 => {
                Err("a memo has 500 characters at most".into())
            }
            Request::Memo { memo } => {
                self.command(Command::Memo { memo }).await.map(|()| serde_json::Value::Null)
            }
            Request::Outbox => self.outbox().await,
            Request::Verify => self.verify().await,
        };
        answered.map_or_else(Response::Error, Response::Ok)
    }

    async fn start(&self, memo: Option<String>) -> Result<(), String> {
        self.ready().await?;
        self.command(Command::Start { memo }).await
    }

    async fn command(&self, command: Command) -> Result<(), String> {
        let commands = match &*self.pipeline.lock().await {
            Some(pipeline) => pipeline.commands.clone(),
            None => return Err("nothing is tracked: the notice was not accepted yet".into()),
        };
        let (reply, answer) = oneshot::channel();
        commands.send((command, reply)).await.map_err(|_| "the agent is stopping".to_owned())?;
        answer.await.map_err(|_| "the agent is stopping".to_owned())?
    }

    /// Puts the pipeline together where that was not done and the notice is accepted.
    async fn ready(&self) -> Result<(), String> {
        let mut pipeline = self.pipeline.lock().await;
        if pipeline.is_some() {
            return Ok(());
        }
        let words = |e: anyhow::Error| format!("{e:#}");
        let folder = &self.setup.folder;
        let (plugins, notice) =
            open_plugins(folder, &self.enrolment, &self.setup.plugins, &self.setup.compiler)
                .await
                .map_err(words)?;
        let acceptance: Option<Acceptance> = folder.read_json("acceptance.json").map_err(words)?;
        let uid = rustix::process::getuid().as_raw();
        let Some(acceptance) = acceptance.filter(|a| notice.accepted_by(a, uid)) else {
            return Err("the notice was not accepted, or it changed: read it with `candor-agent notice`, \
                        then run `candor-agent accept`"
                .into());
        };
        *pipeline = Some(self.assemble(plugins, &acceptance).await.map_err(words)?);
        Ok(())
    }

    async fn assemble(&self, plugins: Plugins, acceptance: &Acceptance) -> Result<Pipeline> {
        let Plugins { policy, own, own_failed, facts, collectors, uploader, problems } = plugins;
        for (name, text) in problems {
            self.shared.problem(&name, Some(text));
        }
        let guard = match &self.setup.eyes {
            Ok(eyes) => {
                let boxed = |p| Box::new(p) as Box<dyn Judge>;
                // Own rules that failed to load are rules that are missing: fail closed.
                let client = if own_failed { None } else { policy.map(boxed) };
                let policies = Policies::new(client, own.map(boxed));
                Some(Arc::new(Guard::new(Arc::clone(eyes), policies, Arc::clone(&self.setup.clock))))
            }
            Err(why) => {
                self.shared.problem("display", Some(why.clone()));
                None
            }
        };
        let key = self.setup.folder.device_key()?;
        let secret = *commitment(&key.to_bytes(), b"candor random moments").as_bytes();
        let runtime = self.plugins.as_ref().context("the agent is stopping")?.handle().clone();
        let mut pictures = false;
        let mut running = Vec::new();
        for loaded in collectors {
            pictures |= loaded.prepared.description().imports.contains(&candor_sandbox::Capability::Screen);
            match self.collector(&loaded, acceptance, guard.clone()).await {
                Ok(collector) => {
                    running.push(CollectorHandle::start(
                        &runtime,
                        &loaded.name,
                        collector,
                        Arc::clone(&self.shared),
                        secret,
                    ));
                }
                Err(why) => self.shared.problem(&loaded.name, Some(why)),
            }
        }
        if let Some(guard) = &guard {
            tell_window_changes(guard.changes(), &running, Arc::clone(&self.setup.clock));
        }
        let closed = Arc::new(Notify::new());
        if let Some(loaded) = uploader {
            match self.courier(&loaded, acceptance, Arc::clone(&closed)).await {
                Ok(courier) => drop(runtime.spawn(courier.run())),
                Err(why) => self.shared.problem(&loaded.name, Some(format!("the outbox waits: {why}"))),
            }
        }
        let closing = Arc::new(Closing {
            shared: Arc::clone(&self.shared),
            terms: self.enrolment.terms.clone(),
            device: self.enrolment.device.clone(),
            key,
            policy: facts,
            pictures,
        });
        let (tracker, state) = Tracker::new(closing, running, Arc::clone(&self.setup.input), closed);
        let (commands, queue) = mpsc::channel(COMMANDS);
        let tracker = tokio::spawn(tracker.run(queue));
        Ok(Pipeline { commands, state, tracker })
    }

    async fn collector(
        &self,
        loaded: &Loaded,
        acceptance: &Acceptance,
        guard: Option<Arc<Guard>>,
    ) -> Result<candor_sandbox::Collector, String> {
        let granted =
            acceptance.grants.get(&loaded.name).ok_or("it was granted nothing: accept the notice")?;
        let host = Arc::new(CollectorHost::new(&loaded.name, Arc::clone(&self.shared), guard));
        let hosts = CollectorHosts {
            sensors: Arc::clone(&host) as _,
            observations: host as _,
            store: Arc::new(self.store(&loaded.name)),
        };
        loaded
            .prepared
            .collector(&loaded.name, &granted.grants, &loaded.settings, hosts)
            .await
            .map_err(|e| e.to_string())
    }

    async fn courier(
        &self,
        loaded: &Loaded,
        acceptance: &Acceptance,
        closed: Arc<Notify>,
    ) -> Result<Courier, String> {
        let granted =
            acceptance.grants.get(&loaded.name).ok_or("it was granted nothing: accept the notice")?;
        let token = self.setup.folder.token().map_err(|e| format!("{e:#}"))?;
        let hosts = UploaderHosts {
            store: Arc::new(self.store(&loaded.name)),
            secrets: Arc::new(Token { origin: self.enrolment.server.clone(), token }),
        };
        let uploader = loaded
            .prepared
            .uploader(&loaded.name, &granted.grants, &loaded.settings, hosts)
            .await
            .map_err(|e| e.to_string())?;
        Ok(Courier {
            shared: Arc::clone(&self.shared),
            uploader,
            server: self.enrolment.server_key.clone(),
            segment_ms: self.enrolment.terms.segment.ms(),
            closed,
        })
    }

    fn store(&self, plugin: &str) -> PluginStore {
        PluginStore { plugin: plugin.to_owned(), journal: self.shared.journal.clone() }
    }

    async fn status(&self) -> Result<Status, String> {
        let counts = self.shared.journal.outbox_counts().await.map_err(|e| e.to_string())?;
        let pipeline = self.pipeline.lock().await;
        let state = pipeline.as_ref().map(|p| p.state.borrow().clone());
        let accepted = state.is_some();
        let state = state.unwrap_or_default();
        let terms = &self.enrolment.terms;
        let outbox = Outbox {
            held: counts.held,
            waiting: counts.waiting,
            delivered: counts.delivered,
            rejected: counts.rejected,
            cancelled: counts.cancelled,
        };
        let closed = counts.held + counts.waiting + counts.delivered + counts.rejected + counts.cancelled;
        Ok(Status {
            tracking: state.since.is_some(),
            notice_accepted: accepted,
            contract: terms.contract.clone(),
            title: terms.title.clone(),
            client: terms.client.clone(),
            since: state.since,
            memo: state.memo,
            stopping: state.stopping,
            segments: SegmentCounts { open: state.open_segments, closed, delivered: counts.delivered },
            outbox,
            problems: self.shared.problems(),
        })
    }

    async fn outbox(&self) -> Result<serde_json::Value, String> {
        let entries = self.shared.journal.outbox(LISTED).await.map_err(|e| e.to_string())?;
        to_value(entries.iter().map(entry).collect::<Vec<_>>())
    }

    async fn verify(&self) -> Result<serde_json::Value, String> {
        let found = self.shared.journal.verify().await.map_err(|e| e.to_string())?;
        Ok(serde_json::json!({
            "records": found.records,
            "equal": found.equal,
            "sealed": found.sealed,
            "first_bad": found.first_bad.map(|b| serde_json::json!({"sequence": b.sequence, "reason": b.reason})),
        }))
    }
}

fn entry(entry: &OutboxEntry) -> serde_json::Value {
    serde_json::json!({
        "parcel": entry.parcel_id,
        "segment_start": entry.segment_start,
        "sequence": entry.sequence,
        "target": entry.target,
        "state": format!("{:?}", entry.state).to_lowercase(),
        "hold_until": entry.hold_until,
        "attempts": entry.attempts,
        "next_try_at": entry.next_try_at,
        "last_error": entry.last_error,
        "attachments": entry.attachments.len(),
        "delivered_at": entry.delivered_at,
    })
}

fn to_value(value: impl Serialize) -> Result<serde_json::Value, String> {
    serde_json::to_value(value).map_err(|e| e.to_string())
}
