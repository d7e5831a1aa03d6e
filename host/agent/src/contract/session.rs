//! A session: this device's place in one contract. It has its own notice, plugins, guard, tracker and outbox worker;
//! journal, sensors and clock are shared. Nothing of it is put together before its notice is accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candor_protocol::{Contract, Preferences};
use tokio::sync::Mutex;

use crate::context::AgentContext;
use crate::contract::error::SessionError;
use crate::contract::pipeline::Pipeline;
use crate::delivery::ledger_copy::LedgerCopy;
use crate::delivery::server_clock::ServerClock;
use crate::delivery::week::OtherDevices;
use crate::delivery::worker::Delivery;
use crate::folder::{Enrolment, Folder};
use crate::segments::cut::Cut;
use crate::segments::history::History;
use crate::segments::state::ContractState;
use crate::settings::{self, Work};

/// This device's place in one contract.
pub struct ContractSession {
    /// What all sessions share.
    pub context: Arc<AgentContext>,
    /// The session's own data folder.
    pub folder: Folder,
    /// The back office that the device is enrolled at, and the terms.
    pub enrolment: Enrolment,
    /// The state that its parts share.
    pub shared: Arc<ContractState>,
    /// Whether its target can be reached.
    pub delivery: Arc<Delivery>,
    /// What of the week was billed from other devices.
    pub elsewhere: Arc<OtherDevices>,
    /// What this device has of the contract's ledger.
    pub ledger_copy: Arc<LedgerCopy>,
    /// How far the back office's clock and this computer's are apart.
    pub server_clock: Arc<ServerClock>,
    /// Closed segments, added up.
    pub history: History,
    work: Mutex<Work>,
    pipeline: Mutex<Option<Arc<Pipeline>>>,
    /// Locked while the pipeline is put together: meanwhile others may still read it.
    pub(super) assembling: Mutex<()>,
    /// Whether the session was stopped for good.
    over: AtomicBool,
}

impl ContractSession {
    /// Opens a session's folder.
    ///
    /// # Errors
    /// If its enrolment cannot be read.
    pub async fn open(
        context: &Arc<AgentContext>,
        folder: Folder,
        preferences: &Preferences,
    ) -> Result<Self, SessionError> {
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
        let shared = Arc::new(shared);
        let (path, server) = (folder.path(""), enrolment.server_key.clone());
        let contract = terms.contract.clone();
        let opened = tokio::task::spawn_blocking(move || LedgerCopy::open(&path, &server, &contract)).await;
        let ledger_copy = Arc::new(opened.map_err(|_| SessionError::Stopping)?);
        shared.set_problem("ledger", ledger_copy.problem());
        Ok(Self {
            context: Arc::clone(context),
            work: Mutex::new(Work::load(&folder)),
            folder,
            server_clock: Arc::new(ServerClock::new(&enrolment.server, Arc::clone(&shared))),
            shared,
            enrolment,
            delivery: Arc::default(),
            elsewhere: Arc::default(),
            ledger_copy,
            history: History::default(),
            pipeline: Mutex::default(),
            assembling: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    /// Returns the contract as the switcher shows it.
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

    /// Returns what the worker works on here.
    pub async fn work(&self) -> Work {
        self.work.lock().await.clone()
    }

    /// The worker works on something else here; it is known after the next start, too.
    pub async fn change_work(&self, change: impl FnOnce(&mut Work)) {
        let mut work = self.work.lock().await;
        change(&mut work);
        if let Err(error) = work.keep(&self.folder) {
            tracing::warn!("what to remember could not be kept: {error}");
        }
    }

    /// Returns the pipeline, if it was put together.
    pub async fn pipeline(&self) -> Option<Arc<Pipeline>> {
        self.pipeline.lock().await.clone()
    }

    /// Puts other preferences in force.
    pub async fn apply_preferences(&self, preferences: &Preferences, disk_used_up: bool) {
        let choices = settings::choices(preferences, &self.enrolment.terms, disk_used_up);
        self.shared.choose(|c| *c = choices);
        if let Some(guard) = self.pipeline().await.and_then(|p| p.guard().cloned()) {
            guard.set_active_monitor_only(choices.active_monitor_only);
        }
    }

    pub(super) async fn set_pipeline(&self, pipeline: Arc<Pipeline>) {
        *self.pipeline.lock().await = Some(pipeline);
    }

    pub(super) async fn take_pipeline(&self) -> Option<Arc<Pipeline>> {
        self.pipeline.lock().await.take()
    }

    /// No pipeline is put together here any more.
    pub(super) fn mark_over(&self) {
        self.over.store(true, Ordering::Release);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}
