//! The notice of a contract, and whether this account has accepted it.

use crate::contract::error::SessionError;
use crate::contract::session::ContractSession;
use crate::plugins::library::Plugins;
use crate::plugins::notice::{Acceptance, Notice};
use crate::plugins::open::{delivered_folder, open_plugins};

impl ContractSession {
    /// Returns the notice, and whether this account has accepted it.
    ///
    /// # Errors
    /// If plugins cannot be opened.
    pub async fn notice(&self) -> Result<(Plugins, Notice, Option<Acceptance>), SessionError> {
        let context = &self.context;
        // Policies are loaded and asked for their rules: on the plugins' runtime, as all plugins.
        let (home, folder, enrolment) = (context.folder.clone(), self.folder.clone(), self.enrolment.clone());
        let (library, compiler) = (context.plugins.clone(), context.compiler.clone());
        let own = context.own_rules.now();
        let opened = context
            .runtime
            .spawn(async move { open_plugins(&home, &folder, &enrolment, &library, &compiler, own).await });
        let (plugins, notice) = opened.await.map_err(|_| SessionError::Stopping)??;
        let uid = rustix::process::getuid().as_raw();
        let acceptance = self.stored_acceptance().filter(|a| notice.accepted_by(a, uid));
        Ok((plugins, notice, acceptance))
    }

    /// Returns the plugins, the notice as it would be written now, and the acceptance under which tracking may go on.
    /// An accepted notice stays so if all that changed is whether the target's name leads to the local network now:
    /// what was granted is what the uploader gets, and it says if that is too little.
    pub(super) async fn acceptance_in_force(
        &self,
    ) -> Result<(Plugins, Notice, Option<Acceptance>), SessionError> {
        let (mut plugins, notice, acceptance) = self.notice().await?;
        if acceptance.is_some() {
            return Ok((plugins, notice, acceptance));
        }
        let Some(before) = self.stored_acceptance() else {
            return Ok((plugins, notice, None));
        };
        let granted = |name: &str| before.grants.get(name).and_then(|g| g.grants.http.first());
        for loaded in plugins.collectors.iter_mut().chain(&mut plugins.uploader) {
            if let Some(http) = granted(&loaded.owner()) {
                loaded.private = http.private;
            }
        }
        let delivered = delivered_folder(&self.context.folder, &self.shared.session_name);
        let as_before = Notice::write(&self.enrolment.terms, &self.enrolment.server, &plugins, &delivered);
        let uid = rustix::process::getuid().as_raw();
        let stays = as_before != notice && as_before.accepted_by(&before, uid);
        Ok((plugins, notice, stays.then_some(before)))
    }

    /// Returns the acceptance that was given last, of whatever notice. One that cannot be read is none: nothing is
    /// recorded, and the notice can be accepted again.
    pub(super) fn stored_acceptance(&self) -> Option<Acceptance> {
        self.folder.read_json("acceptance.json").unwrap_or_else(|error| {
            tracing::warn!("the acceptance counts for nothing: {error}");
            None
        })
    }
}
