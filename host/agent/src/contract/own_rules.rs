//! The worker's own rules, in the guard of a contract.

use serde_json::Value;

use crate::contract::error::SessionError;
use crate::contract::session::ContractSession;
use crate::guard::judgement::Judge;
use crate::plugins::library::{Library, PluginError};
use crate::plugins::open::sandbox;

impl ContractSession {
    /// Loads other rules of the worker's own for this contract's guard, without putting them in force.
    ///
    /// # Errors
    /// If they cannot be loaded (names the place of a bad one), or what judges them is not what was accepted.
    pub async fn load_own(&self, settings: Option<&Value>) -> Result<Option<Box<dyn Judge>>, SessionError> {
        let Some(settings) = settings else { return Ok(None) };
        let context = &self.context;
        let sandbox = sandbox(&context.folder, &context.compiler)?;
        let library = Library { sandbox: &sandbox, folder: &context.plugins };
        let judging = library.own_rules(settings.clone()).await?;
        if let Some(pipeline) = self.pipeline().await
            && pipeline.own_rules_sha256() != Some(&*judging.sha256)
        {
            return Err(PluginError::OwnRulesChanged(context.plugins.clone()).into());
        }
        Ok(Some(Box::new(judging.policy)))
    }

    /// Puts loaded rules of the worker's own in force, from the next picture on.
    pub async fn set_own(&self, own: Option<Box<dyn Judge>>) {
        if let Some(guard) = self.pipeline().await.and_then(|p| p.guard().cloned()) {
            guard.set_own(own).await;
        }
        self.shared.problem("own rules", None);
    }

    /// The worker's own rules are not as they should be: nothing is shown until they are set again.
    pub async fn own_failed(&self, why: &str) {
        if let Some(guard) = self.pipeline().await.and_then(|p| p.guard().cloned()) {
            guard.set_own_failed().await;
        }
        self.shared.problem("own rules", Some(why.to_owned()));
    }
}
