//! Puts a contract's pipeline together once its notice is accepted, and takes it apart again.

use std::sync::Arc;

use candor_sandbox::host_traits::Secrets;
use candor_sandbox::{Capability, CollectorHosts, Policy, UploaderHosts};
use candor_seal::{SecretKey, commitment};
use parking_lot::RwLock;
use tokio::sync::{Mutex, Notify, mpsc};
use zeroize::Zeroizing;

use crate::contract::error::SessionError;
use crate::contract::pipeline::{Pipeline, PipelineTasks};
use crate::contract::session::ContractSession;
use crate::delivery::ledger_source::LedgerSource;
use crate::delivery::proof::DeliveryProof;
use crate::delivery::week::WeekSource;
use crate::delivery::worker::OutboxWorker;
use crate::guard::Guard;
use crate::guard::judgement::{Judge, Policies};
use crate::plugins::collectors::{CollectorHandle, forward_window_changes};
use crate::plugins::hosts::{CollectorHost, PluginStore};
use crate::plugins::library::{self, LoadedPlugin, PluginError, Plugins};
use crate::plugins::notice::Acceptance;
use crate::segments::ledger::SegmentLedger;
use crate::segments::marks::Marks;
use crate::segments::removal;
use crate::segments::removed::Removals;
use crate::settings::Work;
use crate::tracker::{Tracker, TrackerCommand};

/// How many commands may wait for the tracker.
const COMMANDS: usize = 16;

struct DeviceToken {
    origin: String,
    token: Zeroizing<String>,
}

impl Secrets for DeviceToken {
    fn secret(&self, name: &str, origin: &str) -> Option<Zeroizing<String>> {
        (name == "device-token" && origin == self.origin).then(|| self.token.clone())
    }
}

/// The collectors of a pipeline.
struct Collectors {
    running: Vec<CollectorHandle>,
    /// Whether one of them takes pictures.
    pictures: bool,
    /// Whether keys, clicks and scrolls are counted: by the terms, or for one of them.
    counts_activity: bool,
}

impl ContractSession {
    /// Accepts the notice that was read, and puts the pipeline together.
    ///
    /// # Errors
    /// If another notice was read than the one in force, or the acceptance cannot be kept.
    pub async fn accept(&self, digest: &str, by: &str) -> Result<(), SessionError> {
        let (_, notice, accepted) = self.notice().await?;
        if notice.digest() != digest {
            return Err(SessionError::NoticeChanged);
        }
        let by = by.trim();
        if by.is_empty() || by.chars().count() > 100 || candor_diary::plain::unseen(by).is_some() {
            return Err(SessionError::BadName);
        }
        let uid = rustix::process::getuid().as_raw();
        let acceptance = Acceptance {
            notice: notice.digest(),
            by: by.to_owned(),
            uid,
            at: self.shared.clock.now(),
            grants: notice.grants,
        };
        let changed = self.stored_acceptance().is_some_and(|before| before.grants != acceptance.grants);
        // Who accepted it first did so: a second acceptance of the same changes nothing.
        if changed || accepted.is_none() {
            self.folder.write_json("acceptance.json", &acceptance)?;
        }
        let tracked = match self.pipeline().await {
            Some(pipeline) if changed => {
                // What runs was granted other things: it is started again under what is granted now.
                let state = pipeline.state_of_tracker();
                self.dismantle().await;
                state.since.map(|_| (state.memo, state.no_sign))
            }
            _ => None,
        };
        let pipeline = self.ensure_pipeline().await?;
        match tracked {
            Some((memo, no_sign)) => Ok(pipeline.command(TrackerCommand::Start { memo, no_sign }).await?),
            None => Ok(()),
        }
    }

    /// Puts the pipeline together, if that was not done yet and the notice is accepted.
    ///
    /// # Errors
    /// If the notice is not accepted; the error says what to do.
    pub async fn ensure_pipeline(&self) -> Result<Arc<Pipeline>, SessionError> {
        let _assembling = self.assembling.lock().await;
        if let Some(pipeline) = self.pipeline().await {
            return Ok(pipeline);
        }
        let (plugins, notice, acceptance) = self.acceptance_in_force().await?;
        let Some(acceptance) = acceptance else {
            let changed =
                self.stored_acceptance().map(|before| notice.changed_since(&before)).unwrap_or_default();
            return Err(SessionError::NotAccepted { contract: self.enrolment.handle().to_owned(), changed });
        };
        let pipeline = Arc::new(self.assemble(plugins, &acceptance).await?);
        self.set_pipeline(Arc::clone(&pipeline)).await;
        if self.is_over() {
            self.dismantle().await;
            return Err(SessionError::EnrolledAgain);
        }
        restore_memo(&pipeline, &self.work().await).await;
        self.shared.announce_change();
        Ok(pipeline)
    }

    async fn assemble(&self, plugins: Plugins, acceptance: &Acceptance) -> Result<Pipeline, SessionError> {
        let listed = library::listed(&plugins);
        let Plugins { policy, own, own_sha256, own_problem, facts, collectors, uploader, problems } = plugins;
        for (name, text) in problems {
            self.shared.set_problem(&name, Some(text));
        }
        self.shared.set_problem("own rules", own_problem.clone());
        let facts = Arc::new(RwLock::new(facts));
        let guard = self.create_guard(policy.map(|p| p.policy), own, own_problem.is_some(), &facts);
        let key = self.context.folder.device_key(self.enrolment.device_key.as_ref());
        let key = key.map_err(|error| error.to_string());
        self.shared.set_problem("key", key.as_ref().err().cloned());
        let secret = self.random_moment_secret(key.as_ref().ok())?;
        // Where all time is typed in, there is nothing for them to see.
        let collectors = if self.enrolment.terms.tracks_time() { collectors } else { Vec::new() };
        let Collectors { running, pictures, counts_activity } =
            self.start_collectors(collectors, acceptance, guard.as_ref(), secret).await;
        let outbox_changed = Arc::new(Notify::new());
        let ledger = Arc::new(SegmentLedger {
            shared: Arc::clone(&self.shared),
            terms: self.enrolment.terms.clone(),
            server: self.enrolment.server_key.to_hex(),
            device: self.enrolment.device.clone(),
            key,
            policy: facts,
            counts_activity,
            pictures,
            edit_lock: Mutex::default(),
            send_immediately: parking_lot::Mutex::default(),
            marks: Marks::default(),
            removals: Removals::default(),
        });
        tokio::spawn(removal::destroy_when_due(Arc::downgrade(&ledger)));
        // Before anything is delivered: a picture that was removed just before a loss of power must not be.
        if let Err(error) = ledger.catch_up().await {
            self.shared.set_problem("segment", Some(format!("a change could not be finished: {error}")));
        }
        if let Err(error) = ledger.sign_anew().await {
            self.shared.set_problem("segment", Some(format!("what waits was not signed anew: {error}")));
        }
        let mut outbox = None;
        if let Some(loaded) = uploader {
            match self
                .create_outbox_worker(&loaded, acceptance, Arc::clone(&outbox_changed), Arc::clone(&ledger))
                .await
            {
                Ok(worker) => outbox = Some(self.context.runtime.spawn(worker.run())),
                Err(why) => self.shared.set_problem(&loaded.name, Some(format!("the outbox waits: {why}"))),
            }
        }
        let (tracker, state) = Tracker::new(
            Arc::clone(&ledger),
            running,
            Arc::clone(&self.context.input),
            Arc::clone(&self.context.presence),
            Arc::clone(&outbox_changed),
        );
        let (commands, queue) = mpsc::channel(COMMANDS);
        let tracker = tokio::spawn(tracker.run(queue));
        let tasks = PipelineTasks { commands, state, tracker, outbox };
        Ok(Pipeline::new(tasks, ledger, outbox_changed, guard, own_sha256, listed))
    }

    /// Creates the guard under the client's policy and the worker's own rules; none if there is no display. `facts` gets
    /// the rules as they may travel.
    fn create_guard(
        &self,
        client: Option<Policy>,
        own: Option<Policy>,
        own_failed: bool,
        facts: &RwLock<candor_diary::parcel::Policy>,
    ) -> Option<Arc<Guard>> {
        let desktop = match &self.context.desktop {
            Ok(desktop) => desktop,
            Err(why) => {
                self.shared.set_problem("display", Some(why.clone()));
                return None;
            }
        };
        let boxed = |policy| Box::new(policy) as Box<dyn Judge>;
        let mut policies = Policies::new(client.map(boxed), own.map(boxed));
        // Own rules that failed to load are rules that are missing: fail closed.
        if own_failed {
            policies.set_own_failed();
        }
        facts.write().rules = policies.rules().to_vec();
        let guard = Guard::new(Arc::clone(desktop), policies, Arc::clone(&self.context.clock));
        guard.set_active_monitor_only(self.shared.choices().active_monitor_only);
        if let Some(program) = &self.context.own_program {
            guard.set_own_program(program.clone());
        }
        Some(Arc::new(guard))
    }

    /// Returns the secret that draws the random moments of this session's pictures.
    fn random_moment_secret(&self, key: Option<&SecretKey>) -> Result<[u8; 32], SessionError> {
        // Each session has its own: the moments of one client's pictures say nothing about another's.
        let purpose = format!("candor random moments of {}", self.shared.session_name);
        match key {
            Some(key) => Ok(*commitment(&key.to_bytes(), purpose.as_bytes()).as_bytes()),
            // Pictures are still taken at moments that nobody can foretell.
            None => {
                let mut drawn = [0u8; 32];
                getrandom::fill(&mut drawn).map_err(SessionError::Random)?;
                Ok(drawn)
            }
        }
    }

    /// Starts the collectors' tasks, and wakes them when the windows change.
    async fn start_collectors(
        &self,
        collectors: Vec<LoadedPlugin>,
        acceptance: &Acceptance,
        guard: Option<&Arc<Guard>>,
        secret: [u8; 32],
    ) -> Collectors {
        let mut started = Collectors {
            running: Vec::new(),
            pictures: false,
            counts_activity: self.enrolment.terms.counts_activity(),
        };
        for loaded in collectors {
            let imports = &loaded.prepared.description().imports;
            started.counts_activity |= imports.contains(&Capability::Activity);
            let takes_pictures = imports.contains(&Capability::Screen);
            started.pictures |= takes_pictures;
            let collector = self.start_collector(&loaded, acceptance, guard.cloned()).await;
            let collector =
                collector.map_err(|why| self.shared.set_problem(&loaded.name, Some(why.to_string()))).ok();
            started.running.push(CollectorHandle::start(
                &self.context.runtime,
                &loaded.name,
                collector,
                takes_pictures,
                Arc::clone(&self.shared),
                secret,
            ));
        }
        if let Some(guard) = guard {
            forward_window_changes(guard.changes(), &started.running, Arc::clone(&self.context.clock));
        }
        started
    }

    async fn start_collector(
        &self,
        loaded: &LoadedPlugin,
        acceptance: &Acceptance,
        guard: Option<Arc<Guard>>,
    ) -> Result<candor_sandbox::Collector, SessionError> {
        let granted = acceptance.granted(loaded).map_err(PluginError::NotGranted)?;
        let host = Arc::new(CollectorHost::new(&loaded.name, Arc::clone(&self.shared), guard));
        let hosts = CollectorHosts {
            sensors: Arc::clone(&host) as _,
            observations: host as _,
            store: Arc::new(self.plugin_store(loaded)),
        };
        let prepared = &loaded.prepared;
        let started = prepared.collector(&loaded.name, &granted.grants, &loaded.settings, hosts).await;
        Ok(started.map_err(PluginError::from)?)
    }

    async fn create_outbox_worker(
        &self,
        loaded: &LoadedPlugin,
        acceptance: &Acceptance,
        outbox_changed: Arc<Notify>,
        ledger: Arc<SegmentLedger>,
    ) -> Result<OutboxWorker, SessionError> {
        let granted = acceptance.granted(loaded).map_err(PluginError::NotGranted)?;
        let token = self.folder.token()?;
        let secrets: Arc<dyn Secrets> = Arc::new(DeviceToken { origin: self.enrolment.origin(), token });
        let hosts = UploaderHosts {
            store: Arc::new(self.plugin_store(loaded)),
            secrets: Arc::clone(&secrets),
            dates: Arc::clone(&self.server_clock) as _,
        };
        let grants = granted.grants.http.clone();
        let origin = self.enrolment.origin();
        let asks = grants.iter().any(|grant| grant.origin == origin);
        let ledger_source = asks.then(|| LedgerSource {
            server: self.enrolment.server.clone(),
            grants: grants.clone(),
            secrets: Arc::clone(&secrets),
            copy: Arc::clone(&self.ledger_copy),
        });
        let week = asks.then(|| WeekSource {
            server: self.enrolment.server.clone(),
            grants,
            secrets,
            found: Arc::clone(&self.elsewhere),
            clock: Arc::clone(&self.server_clock),
        });
        let network = loaded.prepared.description().imports.contains(&Capability::Http);
        let proof = if network {
            DeliveryProof::Countersigned {
                server: Box::new(self.enrolment.server_key.clone()),
                contract: self.enrolment.terms.contract.clone(),
            }
        } else {
            let folder = granted
                .grants
                .folder
                .clone()
                .ok_or(PluginError::NotGranted("it was granted no folder: accept the notice"))?;
            let place = format!("delivered/{}", self.shared.session_name);
            self.context.folder.make(&place)?;
            DeliveryProof::Written(folder)
        };
        let uploader = loaded
            .prepared
            .uploader(&loaded.name, &granted.grants, &loaded.settings, hosts)
            .await
            .map_err(PluginError::from)?;
        Ok(OutboxWorker {
            shared: Arc::clone(&self.shared),
            contract: self.enrolment.terms.contract.clone(),
            uploader,
            proof,
            outbox_changed,
            ledger,
            delivery: Arc::clone(&self.delivery),
            week,
            ledger_source,
            ledger_copy: Arc::clone(&self.ledger_copy),
        })
    }

    fn plugin_store(&self, loaded: &LoadedPlugin) -> PluginStore {
        PluginStore::new(&self.shared.session_name, &loaded.owner(), self.shared.journal.clone())
    }

    /// Ends tracking and delivery for good; everything is recorded when this returns. What is being delivered is
    /// delivered again by whoever comes next: a target takes a parcel once.
    pub async fn stop(&self) {
        self.mark_over();
        self.dismantle().await;
    }

    /// Ends what runs; it can be put together again.
    async fn dismantle(&self) {
        if let Some(pipeline) = self.take_pipeline().await {
            pipeline.shut_down().await;
        }
    }
}

/// Gives the tracker the memo and label that were set before.
async fn restore_memo(pipeline: &Pipeline, work: &Work) {
    let commands = [
        TrackerCommand::Memo { memo: work.memo.clone().unwrap_or_default() },
        TrackerCommand::Label { label: work.label.clone() },
    ];
    for command in commands {
        // A label that the terms have no more is forgotten.
        if let Err(why) = pipeline.command(command).await {
            tracing::debug!("{why}");
        }
    }
}
