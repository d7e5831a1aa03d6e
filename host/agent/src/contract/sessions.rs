//! The contracts of this device, and which of them is the current one.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::context::AgentContext;
use crate::contract::error::SessionError;
use crate::contract::pipeline::Pipeline;
use crate::contract::session::ContractSession;
use crate::settings::{self, Remembered};

/// All contracts of this device.
pub struct Sessions {
    context: Arc<AgentContext>,
    /// By the name of their sessions.
    sessions: Mutex<BTreeMap<String, Arc<ContractSession>>>,
    remembered: Mutex<Remembered>,
}

/// Returns the session of this name: what its contract is called on this device, or the session's own name.
fn find_session<'a>(
    sessions: &'a BTreeMap<String, Arc<ContractSession>>,
    name: &str,
) -> Option<&'a Arc<ContractSession>> {
    sessions.values().find(|session| session.enrolment.handle() == name).or_else(|| sessions.get(name))
}

impl Sessions {
    /// Opens every contract, and starts the pipelines of those whose notice is accepted.
    ///
    /// # Errors
    /// If a contract's folder or the preferences cannot be read.
    pub async fn open(context: Arc<AgentContext>) -> Result<Self, SessionError> {
        let mut remembered = Remembered::load(&context.folder);
        let preferences = settings::preferences(&context.folder)?;
        let mut sessions = BTreeMap::new();
        for folder in context.folder.contracts()? {
            let session = ContractSession::open(&context, folder, &preferences).await?;
            sessions.insert(session.shared.session_name.clone(), Arc::new(session));
        }
        if let Some(before) = remembered.take_before() {
            let current = remembered.contract.as_deref().and_then(|name| find_session(&sessions, name));
            if let Some(session) = current.or_else(|| sessions.values().next()) {
                session.change_work(|work| *work = before).await;
            }
            remembered.keep(&context.folder)?;
        }
        for session in sessions.values() {
            if let Err(why) = session.ensure_pipeline().await {
                tracing::info!("{why}");
            }
        }
        Ok(Self { context, sessions: Mutex::new(sessions), remembered: Mutex::new(remembered) })
    }

    /// Returns what all contracts share.
    #[must_use]
    pub fn context(&self) -> &Arc<AgentContext> {
        &self.context
    }

    /// Returns all sessions, in order of their names.
    pub async fn all(&self) -> Vec<Arc<ContractSession>> {
        self.sessions.lock().await.values().cloned().collect()
    }

    /// Returns the session of a contract; none means the current one.
    ///
    /// # Errors
    /// If this device has no such contract, or none at all.
    pub async fn session(&self, contract: Option<&str>) -> Result<Arc<ContractSession>, SessionError> {
        let Some(contract) = contract else { return self.current().await };
        let sessions = self.sessions.lock().await;
        find_session(&sessions, contract)
            .cloned()
            .ok_or_else(|| SessionError::NoSuchContract(contract.to_owned()))
    }

    /// Returns the current session: the one that was chosen, else the first.
    ///
    /// # Errors
    /// If this device has no contract.
    pub async fn current(&self) -> Result<Arc<ContractSession>, SessionError> {
        let chosen = self.remembered.lock().await.contract.clone();
        let sessions = self.sessions.lock().await;
        let session = chosen.and_then(|id| find_session(&sessions, &id)).or_else(|| sessions.values().next());
        session.cloned().ok_or(SessionError::NoContract)
    }

    /// Returns the current session's pipeline.
    ///
    /// # Errors
    /// If there is no contract, or its notice is not accepted.
    pub async fn pipeline(&self) -> Result<Arc<Pipeline>, SessionError> {
        self.current_with_pipeline().await.map(|(_, pipeline)| pipeline)
    }

    /// Returns the current session and its pipeline.
    ///
    /// # Errors
    /// As [`Self::pipeline`].
    pub async fn current_with_pipeline(&self) -> Result<(Arc<ContractSession>, Arc<Pipeline>), SessionError> {
        let session = self.current().await?;
        let pipeline = session.pipeline().await;
        Ok((session, pipeline.ok_or(SessionError::NothingAccepted)?))
    }

    /// Returns the pipeline of a session, by the journal's name for it; none if nothing of it is accepted.
    pub async fn pipeline_of(&self, session: &str) -> Option<Arc<Pipeline>> {
        self.session(Some(session)).await.ok()?.pipeline().await
    }

    /// Returns the name of the current session, if it tracks.
    pub async fn tracking(&self) -> Option<String> {
        let pipeline = self.current().await.ok()?.pipeline().await?;
        let tracks = pipeline.state().since.is_some();
        tracks.then(|| pipeline.ledger.shared.session_name.clone())
    }

    /// Returns whether anything is recorded under a contract whose recording has to be shown.
    pub async fn is_recording(&self) -> bool {
        for session in self.all().await {
            if let Some(pipeline) = session.pipeline().await
                && pipeline.state().to_be_shown()
            {
                return true;
            }
        }
        false
    }

    /// Adds a session that was opened; returns the one of the same name that it takes the place of.
    pub async fn add(&self, session: Arc<ContractSession>) -> Option<Arc<ContractSession>> {
        self.sessions.lock().await.insert(session.shared.session_name.clone(), session)
    }

    /// Returns the session of exactly this name.
    pub async fn get(&self, name: &str) -> Option<Arc<ContractSession>> {
        self.sessions.lock().await.get(name).cloned()
    }

    /// Makes a session the current one; it is the current one after the next start, too.
    pub async fn choose(&self, session: String) {
        let mut remembered = self.remembered.lock().await;
        remembered.contract = Some(session);
        if let Err(error) = remembered.keep(&self.context.folder) {
            tracing::warn!("what to remember could not be kept: {error}");
        }
    }

    /// Wakes every outbox worker, and everybody who shows the state, to look again.
    pub async fn notify_all(&self) {
        for session in self.all().await {
            if let Some(pipeline) = session.pipeline().await {
                pipeline.outbox_changed.notify_one();
            }
        }
        self.context.revision.send_modify(|revision| *revision += 1);
    }
}
