//! A seat: this device's place in one contract. It has its own notice, plugins, guard, tracker and courier; journal,
//! sensors and clock are shared. Nothing of it is put together before its notice is accepted.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::{Context as _, Result};
use candor_journal::Journal;
use candor_protocol::{Contract, Preferences};
use candor_sandbox::capability::Secrets;
use candor_sandbox::{Capability, CollectorHosts, Limits, Sandbox, SandboxConfig, UploaderHosts};
use candor_seal::commitment;
use serde_json::Value;
use tokio::sync::{Mutex, Notify, mpsc, oneshot, watch};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::closing::SegmentLedger;
use crate::collectors::{CollectorHandle, tell_window_changes};
use crate::cut::Cut;
use crate::folder::{Enrolment, Folder};
use crate::guard::Guard;
use crate::guard::eyes::DesktopSource;
use crate::guard::judgement::{Judge, Policies};
use crate::history::History;
use crate::hosts::{CollectorHost, PluginStore};
use crate::input::InputSource;
use crate::marks::Marks;
use crate::notice::{Acceptance, Notice};
use crate::outbox::{Delivery, OutboxWorker, Proof};
use crate::own_rules::{Own, OwnRules};
use crate::plugins::{Library, Loaded, OWN, Plugins};
use crate::presence::Presence;
use crate::removal::{self, Removals};
use crate::settings::{self, Work};
use crate::shared::ContractState;
use crate::signs::Signs;
use crate::tracked::{Ask, Halt};
use crate::tracker::{Absence, Command, Reply, Tracker, TrackerState};
use crate::week::{OtherDevices, WeekSource};

/// How many commands may wait for the tracker.
const COMMANDS: usize = 16;
/// How long a courier may take to end that was told to.
const COURIER_ENDS: Duration = Duration::from_secs(5);

/// What all seats share.
pub struct AgentContext {
    /// The agent's data.
    pub folder: Folder,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The display; none where there is none, with the reason.
    pub eyes: Result<Arc<dyn DesktopSource>, String>,
    /// The program whose windows are Candor's own, where there is one.
    pub own_program: Option<PathBuf>,
    /// Where counts come from.
    pub input: Arc<dyn InputSource>,
    /// Whether anybody is there, and can see that it is recorded.
    pub presence: Arc<dyn Presence>,
    /// What shows that it is recorded.
    pub signs: Arc<Signs>,
    /// The folder with plugins.
    pub plugins: PathBuf,
    /// The program `candor-compile`.
    pub compiler: PathBuf,
    /// The journal.
    pub journal: Journal,
    /// The worker's own rules.
    pub own_rules: OwnRules,
    /// Plugins run on a runtime of their own: whatever one does, the control socket and the tracker keep their pace
    /// (invariant 13).
    pub runtime: tokio::runtime::Handle,
    /// Counts up with every change that a person would see.
    pub revision: Arc<watch::Sender<u64>>,
}

/// This device's place in one contract.
pub struct ContractSession {
    /// What all seats share.
    pub context: Arc<AgentContext>,
    /// Its own data.
    pub folder: Folder,
    /// Where the device is enrolled, and the terms.
    pub enrolment: Enrolment,
    /// What its parts share.
    pub shared: Arc<ContractState>,
    /// How its delivery goes.
    pub delivery: Arc<Delivery>,
    /// What of the week was billed from other devices.
    pub elsewhere: Arc<OtherDevices>,
    /// Closed segments, added up.
    pub history: History,
    work: Mutex<Work>,
    pipeline: Mutex<Option<Arc<Pipeline>>>,
    /// Held by whoever puts the pipeline together: meanwhile others may look.
    assembling: Mutex<()>,
    /// It was stopped for good.
    over: AtomicBool,
}

/// A pipeline that was put together.
pub struct Pipeline {
    commands: Mutex<Option<mpsc::Sender<(Command, Reply)>>>,
    state: watch::Receiver<TrackerState>,
    tracker: Mutex<Option<tokio::task::JoinHandle<()>>>,
    courier: Mutex<Option<tokio::task::JoinHandle<()>>>,
    /// Closes and changes segments.
    pub closing: Arc<SegmentLedger>,
    /// Held by whoever answers the idle question, or undoes that.
    pub answering: Mutex<()>,
    /// Rung when there may be something to deliver.
    pub outbox_changed: Arc<Notify>,
    guard: Option<Arc<Guard>>,
    /// SHA-256 of the component that judges own rules, as it was accepted.
    own_sha256: Option<String>,
    /// The plugins in use.
    pub plugins: Vec<candor_protocol::Plugin>,
}

impl Pipeline {
    /// What the tracker does. A pause or stop that was asked for shows at once.
    #[must_use]
    pub fn state(&self) -> TrackerState {
        let mut state = self.state.borrow().clone();
        if let Some(halt) = self.closing.shared.tracked.halted() {
            state.halted(halt);
        }
        state
    }

    /// Ends or pauses tracking. From the moment of this call on nothing is seen, counted or noted, whatever the tracker
    /// and the plugins are busy with (invariant 6); what it says of the time before is recorded when this returns.
    ///
    /// # Errors
    /// Where there is nothing to end or pause.
    pub async fn halt(&self, ask: Ask) -> Result<(), String> {
        let state = self.state();
        let shared = &self.closing.shared;
        let at = shared.clock.now();
        let command = match ask {
            Ask::Stop if state.since.is_none() => return Err("tracking is off already".into()),
            Ask::Pause if state.since.is_none() => {
                return Err("there is nothing to pause: tracking is off".into());
            }
            Ask::Pause if matches!(state.absent, Some((Absence::Paused, _))) => {
                return Err("tracking is paused already: start it to resume".into());
            }
            Ask::Stop => Command::Stop { at },
            Ask::Pause => Command::Pause { at },
        };
        shared.tracked.halt(Halt { ask, at, steady: shared.clock.monotonic() });
        shared.changed();
        self.command(command).await
    }

    /// Asks the tracker.
    ///
    /// # Errors
    /// What it says against it.
    pub async fn command(&self, command: Command) -> Result<(), String> {
        let stopping = || "the agent is stopping".to_owned();
        let commands = self.commands.lock().await.clone().ok_or_else(stopping)?;
        let (reply, answer) = oneshot::channel();
        commands.send((command, reply)).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
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

/// The sandbox in which a folder's plugins are compiled and run.
///
/// # Errors
/// Where it cannot be set up.
pub fn sandbox(folder: &Folder, compiler: &std::path::Path) -> Result<Sandbox> {
    let cache_dir = folder.make("artefacts")?;
    let config = SandboxConfig { cache_dir, compiler: compiler.to_path_buf(), limits: Limits::default() };
    Sandbox::new(config).context("the sandbox could not be set up")
}

/// Opens what a notice is written from: used by the command line too, without a running agent.
///
/// # Errors
/// Where the sandbox cannot be set up.
pub async fn open_plugins(
    folder: &Folder,
    seat: &Folder,
    enrolment: &Enrolment,
    plugins: &std::path::Path,
    compiler: &std::path::Path,
    own: Own,
) -> Result<(Plugins, Notice)> {
    let sandbox = sandbox(folder, compiler)?;
    let library = Library { sandbox: &sandbox, folder: plugins };
    let opened = library.open(&enrolment.terms, own).await;
    let delivered = delivered(folder, &seat.session_name(enrolment));
    let notice = Notice::write(&enrolment.terms, &enrolment.server, &opened, &delivered);
    Ok((opened, notice))
}

/// Where a session's uploader may write, where it writes into a folder: into no other session's.
fn delivered(folder: &Folder, session: &str) -> PathBuf {
    folder.path("delivered").join(session)
}

impl ContractSession {
    /// Opens a seat's folder.
    ///
    /// # Errors
    /// Where its enrolment cannot be read.
    pub async fn open(
        context: &Arc<AgentContext>,
        folder: Folder,
        preferences: &Preferences,
    ) -> Result<Self> {
        let enrolment = folder.settled_enrolment(&context.journal).await?;
        let terms = &enrolment.terms;
        let shared = ContractState::new(
            Arc::clone(&context.clock),
            context.journal.clone(),
            folder.session_name(&enrolment),
            Arc::new(Cut::new(terms, &enrolment.earlier_cuts)),
            Arc::clone(&context.revision),
        );
        shared.choose(|choices| *choices = settings::choices(preferences, terms, false));
        Ok(Self {
            context: Arc::clone(context),
            work: Mutex::new(Work::load(&folder)),
            folder,
            shared: Arc::new(shared),
            enrolment,
            delivery: Arc::default(),
            elsewhere: Arc::default(),
            history: History::default(),
            pipeline: Mutex::default(),
            assembling: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    /// The contract as the switcher shows it.
    pub async fn contract(&self) -> Contract {
        let terms = &self.enrolment.terms;
        Contract {
            id: self.enrolment.handle().to_owned(),
            title: terms.title.clone(),
            client: terms.client.clone(),
            mode: terms.mode,
            accepted: self.pipeline().await.is_some(),
            server: self.enrolment.server.clone(),
            support: terms.contacts.support.clone(),
            feedback: terms.contacts.feedback.clone(),
        }
    }

    /// What the worker works on here.
    pub async fn work(&self) -> Work {
        self.work.lock().await.clone()
    }

    /// The worker works on something else here; it is known after the next start, too.
    pub async fn work_on(&self, change: impl FnOnce(&mut Work)) {
        let mut work = self.work.lock().await;
        change(&mut work);
        if let Err(error) = work.keep(&self.folder) {
            tracing::warn!("what to remember could not be kept: {error:#}");
        }
    }

    /// The pipeline, where it was put together.
    pub async fn pipeline(&self) -> Option<Arc<Pipeline>> {
        self.pipeline.lock().await.clone()
    }

    /// The notice, and whether this account has accepted it.
    ///
    /// # Errors
    /// Where plugins cannot be opened or the acceptance cannot be read.
    pub async fn notice(&self) -> Result<(Plugins, Notice, Option<Acceptance>)> {
        let context = &self.context;
        // Policies are loaded and asked for their rules: on the plugins' runtime, as all plugins.
        let (home, folder, enrolment) = (context.folder.clone(), self.folder.clone(), self.enrolment.clone());
        let (library, compiler) = (context.plugins.clone(), context.compiler.clone());
        let own = context.own_rules.now();
        let opened = context
            .runtime
            .spawn(async move { open_plugins(&home, &folder, &enrolment, &library, &compiler, own).await });
        let (plugins, notice) = opened.await.context("the agent is stopping")??;
        let uid = rustix::process::getuid().as_raw();
        let acceptance: Option<Acceptance> = self.folder.read_json("acceptance.json")?;
        let acceptance = acceptance.filter(|a| notice.accepted_by(a, uid));
        Ok((plugins, notice, acceptance))
    }

    /// The plugins, the notice as it would be written now, and the acceptance under which tracking may go on. An accepted notice stays so where all that changed is
    /// whether the target's name leads to the local network now: what was granted is what the uploader gets, and it says
    /// where that is too little.
    async fn accepted(&self) -> Result<(Plugins, Notice, Option<Acceptance>)> {
        let (mut plugins, notice, acceptance) = self.notice().await?;
        if acceptance.is_some() {
            return Ok((plugins, notice, acceptance));
        }
        let Some(before): Option<Acceptance> = self.folder.read_json("acceptance.json")? else {
            return Ok((plugins, notice, None));
        };
        let granted = |name: &str| before.grants.get(name).and_then(|g| g.grants.http.first());
        for loaded in plugins.collectors.iter_mut().chain(&mut plugins.uploader) {
            if let Some(http) = granted(&loaded.owner()) {
                loaded.private = http.private;
            }
        }
        let delivered = delivered(&self.context.folder, &self.shared.session);
        let as_before = Notice::write(&self.enrolment.terms, &self.enrolment.server, &plugins, &delivered);
        let uid = rustix::process::getuid().as_raw();
        let stays = as_before != notice && as_before.accepted_by(&before, uid);
        Ok((plugins, notice, stays.then_some(before)))
    }

    /// Accepts the notice that was read, and puts the pipeline together.
    ///
    /// # Errors
    /// Where another notice was read than is in force, or the acceptance cannot be kept.
    pub async fn accept(&self, digest: &str, by: &str) -> Result<(), String> {
        let error_text = |e: anyhow::Error| format!("{e:#}");
        let (_, notice, _) = self.notice().await.map_err(error_text)?;
        if notice.digest() != digest {
            return Err("the notice has changed since it was read: read it again".into());
        }
        let by = by.trim();
        if by.is_empty() || by.chars().count() > 100 || candor_diary::plain::unseen(by).is_some() {
            return Err("write your name: at most 100 characters, none of them invisible".into());
        }
        let uid = rustix::process::getuid().as_raw();
        let acceptance = Acceptance {
            notice: notice.digest(),
            by: by.to_owned(),
            uid,
            at: self.shared.clock.now(),
            grants: notice.grants,
        };
        let before: Option<Acceptance> = self.folder.read_json("acceptance.json").map_err(error_text)?;
        let changed = before.is_some_and(|before| before.grants != acceptance.grants);
        self.folder.write_json("acceptance.json", &acceptance).map_err(error_text)?;
        let tracked = match self.pipeline().await {
            Some(pipeline) if changed => {
                // What runs was granted other things. It begins anew under what is granted now.
                let state = pipeline.state.borrow().clone();
                self.dismantle().await;
                state.since.map(|_| (state.memo, state.no_sign))
            }
            _ => None,
        };
        let pipeline = self.ensure_pipeline().await?;
        match tracked {
            Some((memo, no_sign)) => pipeline.command(Command::Start { memo, no_sign }).await,
            None => Ok(()),
        }
    }

    /// Puts the pipeline together where that was not done and the notice is accepted.
    ///
    /// # Errors
    /// Where it is not accepted; says what to do.
    pub async fn ensure_pipeline(&self) -> Result<Arc<Pipeline>, String> {
        let _turn = self.assembling.lock().await;
        if let Some(pipeline) = self.pipeline().await {
            return Ok(pipeline);
        }
        let error_text = |e: anyhow::Error| format!("{e:#}");
        let (plugins, notice, acceptance) = self.accepted().await.map_err(error_text)?;
        let Some(acceptance) = acceptance else {
            let before: Option<Acceptance> = self.folder.read_json("acceptance.json").map_err(error_text)?;
            let changed = before.map(|before| notice.changed_since(&before)).unwrap_or_default();
            return Err(format!(
                "the notice was not accepted, or it changed: read it with `candor notice --contract {id}`, then run \
                 `candor accept --contract {id}`; where there is no window, `candor-agent notice` and \
                 `candor-agent accept`{changed}",
                id = self.enrolment.handle()
            ));
        };
        let pipeline = Arc::new(self.assemble(plugins, &acceptance).await.map_err(error_text)?);
        *self.pipeline.lock().await = Some(Arc::clone(&pipeline));
        if self.over.load(Ordering::Acquire) {
            self.dismantle().await;
            return Err(
                "this device was enrolled again meanwhile: read what is recorded, and accept it".into()
            );
        }
        restore_memo(&pipeline, &self.work().await).await;
        self.shared.changed();
        Ok(pipeline)
    }

    async fn assemble(&self, plugins: Plugins, acceptance: &Acceptance) -> Result<Pipeline> {
        let listed = crate::plugins::listed(&plugins);
        let Plugins { policy, own, own_sha256, own_problem, facts, collectors, uploader, problems } = plugins;
        for (name, text) in problems {
            self.shared.problem(&name, Some(text));
        }
        self.shared.problem("own rules", own_problem.clone());
        let facts = Arc::new(RwLock::new(facts));
        let guard = match &self.context.eyes {
            Ok(eyes) => {
                let boxed = |p| Box::new(p) as Box<dyn Judge>;
                let mut policies = Policies::new(policy.map(|p| boxed(p.policy)), own.map(boxed));
                // Own rules that failed to load are rules that are missing: fail closed.
                if own_problem.is_some() {
                    policies.own_failed();
                }
                write_rules(&facts, policies.rules());
                let guard = Guard::new(Arc::clone(eyes), policies, Arc::clone(&self.context.clock));
                guard.set_active_monitor_only(self.shared.choices().active_monitor_only);
                if let Some(program) = &self.context.own_program {
                    guard.set_own_program(program.clone());
                }
                Some(Arc::new(guard))
            }
            Err(why) => {
                self.shared.problem("display", Some(why.clone()));
                None
            }
        };
        let key = self.context.folder.device_key(self.enrolment.device_key.as_ref());
        let key = key.map_err(|error| format!("{error:#}"));
        self.shared.problem("key", key.as_ref().err().cloned());
        // Of each session its own: the moments of one client's pictures tell another nothing.
        let purpose = format!("candor random moments of {}", self.shared.session);
        let secret = match &key {
            Ok(key) => *commitment(&key.to_bytes(), purpose.as_bytes()).as_bytes(),
            // Pictures are still taken at moments that nobody can foretell.
            Err(_) => {
                let mut drawn = [0u8; 32];
                getrandom::fill(&mut drawn).map_err(|e| anyhow::anyhow!("no random bytes: {e}"))?;
                drawn
            }
        };
        let runtime = &self.context.runtime;
        let mut pictures = false;
        let mut counts_activity = self.enrolment.terms.counts_activity();
        let mut running = Vec::new();
        for loaded in collectors {
            counts_activity |= loaded.prepared.description().imports.contains(&Capability::Activity);
            let takes_pictures = loaded.prepared.description().imports.contains(&Capability::Screen);
            pictures |= takes_pictures;
            let collector = self.collector(&loaded, acceptance, guard.clone()).await;
            let collector = collector.map_err(|why| self.shared.problem(&loaded.name, Some(why))).ok();
            let shared = Arc::clone(&self.shared);
            running.push(CollectorHandle::start(
                runtime,
                &loaded.name,
                collector,
                takes_pictures,
                shared,
                secret,
            ));
        }
        if let Some(guard) = &guard {
            tell_window_changes(guard.changes(), &running, Arc::clone(&self.context.clock));
        }
        let outbox_changed = Arc::new(Notify::new());
        let closing = Arc::new(SegmentLedger {
            shared: Arc::clone(&self.shared),
            terms: self.enrolment.terms.clone(),
            server: self.enrolment.server_key.to_hex(),
            device: self.enrolment.device.clone(),
            key,
            policy: facts,
            counts_activity,
            pictures,
            edit_lock: Mutex::default(),
            send_immediately: std::sync::Mutex::default(),
            marks: Marks::default(),
            removals: Removals::default(),
        });
        tokio::spawn(removal::finish(Arc::downgrade(&closing)));
        // Before anything is delivered: a picture that was removed just before a loss of power must not be.
        if let Err(error) = closing.catch_up().await {
            self.shared.problem("segment", Some(format!("a change could not be finished: {error}")));
        }
        if let Err(error) = closing.sign_anew().await {
            self.shared.problem("segment", Some(format!("what waits was not signed anew: {error}")));
        }
        let mut courier = None;
        if let Some(loaded) = uploader {
            match self.courier(&loaded, acceptance, Arc::clone(&outbox_changed), Arc::clone(&closing)).await {
                Ok(ready) => courier = Some(runtime.spawn(ready.run())),
                Err(why) => self.shared.problem(&loaded.name, Some(format!("the outbox waits: {why}"))),
            }
        }
        let (tracker, state) = Tracker::new(
            Arc::clone(&closing),
            running,
            Arc::clone(&self.context.input),
            Arc::clone(&self.context.presence),
            Arc::clone(&outbox_changed),
        );
        let (commands, queue) = mpsc::channel(COMMANDS);
        let tracker = tokio::spawn(tracker.run(queue));
        Ok(Pipeline {
            commands: Mutex::new(Some(commands)),
            state,
            tracker: Mutex::new(Some(tracker)),
            courier: Mutex::new(courier),
            closing,
            answering: Mutex::default(),
            outbox_changed,
            guard,
            plugins: listed,
            own_sha256,
        })
    }

    async fn collector(
        &self,
        loaded: &Loaded,
        acceptance: &Acceptance,
        guard: Option<Arc<Guard>>,
    ) -> Result<candor_sandbox::Collector, String> {
        let granted = acceptance.granted(loaded)?;
        let host = Arc::new(CollectorHost::new(&loaded.name, Arc::clone(&self.shared), guard));
        let hosts = CollectorHosts {
            sensors: Arc::clone(&host) as _,
            observations: host as _,
            store: Arc::new(self.store(loaded)),
        };
        let prepared = &loaded.prepared;
        let started = prepared.collector(&loaded.name, &granted.grants, &loaded.settings, hosts).await;
        started.map_err(|e| e.to_string())
    }

    async fn courier(
        &self,
        loaded: &Loaded,
        acceptance: &Acceptance,
        closed: Arc<Notify>,
        closing: Arc<SegmentLedger>,
    ) -> Result<OutboxWorker, String> {
        let granted = acceptance.granted(loaded)?;
        let token = self.folder.token().map_err(|e| format!("{e:#}"))?;
        let secrets: Arc<dyn Secrets> = Arc::new(Token { origin: self.enrolment.server.clone(), token });
        let hosts = UploaderHosts { store: Arc::new(self.store(loaded)), secrets: Arc::clone(&secrets) };
        let grants = granted.grants.http.clone();
        let week = grants.iter().any(|grant| grant.origin == self.enrolment.server).then(|| WeekSource {
            server: self.enrolment.server.clone(),
            grants,
            secrets,
            found: Arc::clone(&self.elsewhere),
        });
        let network = loaded.prepared.description().imports.contains(&Capability::Http);
        let proof = if network {
            Proof::Countersigned(Box::new(self.enrolment.server_key.clone()))
        } else {
            let folder =
                granted.grants.folder.clone().ok_or("it was granted no folder: accept the notice")?;
            let place = format!("delivered/{}", self.shared.session);
            self.context.folder.make(&place).map_err(|e| format!("{e:#}"))?;
            Proof::Written(folder)
        };
        let uploader = loaded
            .prepared
            .uploader(&loaded.name, &granted.grants, &loaded.settings, hosts)
            .await
            .map_err(|e| e.to_string())?;
        Ok(OutboxWorker {
            shared: Arc::clone(&self.shared),
            contract: self.enrolment.terms.contract.clone(),
            uploader,
            proof,
            closed,
            closing,
            delivery: Arc::clone(&self.delivery),
            week,
        })
    }

    fn store(&self, loaded: &Loaded) -> PluginStore {
        PluginStore::new(&self.shared.session, &loaded.owner(), self.shared.journal.clone())
    }

    /// Puts other preferences in force.
    pub async fn apply_preferences(&self, preferences: &Preferences, disk_used_up: bool) {
        let choices = settings::choices(preferences, &self.enrolment.terms, disk_used_up);
        self.shared.choose(|c| *c = choices);
        if let Some(guard) = self.pipeline().await.and_then(|p| p.guard.clone()) {
            guard.set_active_monitor_only(choices.active_monitor_only);
        }
    }

    /// Loads other rules of the worker's own for this contract's guard, without putting them in force.
    ///
    /// # Errors
    /// Where they cannot be loaded, with the place of a bad one; or what judges them is not what was accepted.
    pub async fn load_own(&self, settings: Option<&Value>) -> Result<Option<Box<dyn Judge>>, String> {
        let Some(settings) = settings else { return Ok(None) };
        let context = &self.context;
        let sandbox = sandbox(&context.folder, &context.compiler).map_err(|e| format!("{e:#}"))?;
        let library = Library { sandbox: &sandbox, folder: &context.plugins };
        let judging = library.own_rules(settings.clone()).await?;
        if let Some(pipeline) = self.pipeline().await
            && pipeline.own_sha256.as_ref() != Some(&judging.sha256)
        {
            return Err(format!(
                "the policy `{OWN}` in {} is another one than was accepted with the notice, so it is not asked: start the \
                 tracker again and read the notice",
                context.plugins.display()
            ));
        }
        Ok(Some(Box::new(judging.policy)))
    }

    /// Puts loaded rules of the worker's own in force, from the next picture on.
    pub async fn set_own(&self, own: Option<Box<dyn Judge>>) {
        if let Some(guard) = self.pipeline().await.and_then(|p| p.guard.clone()) {
            guard.set_own(own).await;
        }
        self.shared.problem("own rules", None);
    }

    /// The worker's own rules are not as they should be: nothing is shown until they are set again.
    pub async fn own_failed(&self, why: &str) {
        if let Some(guard) = self.pipeline().await.and_then(|p| p.guard.clone()) {
            guard.own_failed().await;
        }
        self.shared.problem("own rules", Some(why.to_owned()));
    }

    /// Ends tracking and delivery for good; everything is recorded when this returns. What is being delivered is
    /// delivered again by whoever comes next: a target takes a parcel once.
    pub async fn stop(&self) {
        self.over.store(true, Ordering::Release);
        self.dismantle().await;
    }

    /// Ends what runs; it can be put together again.
    async fn dismantle(&self) {
        let Some(pipeline) = self.pipeline.lock().await.take() else { return };
        // Not seen any more from now on, however long it takes to write down what was.
        pipeline.closing.shared.tracked.end(self.context.clock.now());
        drop(pipeline.commands.lock().await.take());
        let tracker = pipeline.tracker.lock().await.take();
        if let Some(tracker) = tracker
            && tracker.await.is_err()
        {
            tracing::error!("the tracker failed while it stopped; what it had written is kept");
        }
        let courier = pipeline.courier.lock().await.take();
        if let Some(courier) = courier {
            courier.abort();
            if tokio::time::timeout(COURIER_ENDS, courier).await.is_err() {
                tracing::warn!("an uploader is still busy; it is left to itself");
            }
        }
    }
}

/// A tracker takes up the memo and label that were set before.
async fn restore_memo(pipeline: &Pipeline, work: &Work) {
    let commands = [
        Command::Memo { memo: work.memo.clone().unwrap_or_default() },
        Command::Label { label: work.label.clone() },
    ];
    for command in commands {
        // A label that the terms have no more is forgotten.
        if let Err(why) = pipeline.command(command).await {
            tracing::debug!("{why}");
        }
    }
}

fn write_rules(policy: &RwLock<candor_diary::parcel::Policy>, rules: &[String]) {
    let mut policy = policy.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    policy.rules = rules.to_vec();
}
