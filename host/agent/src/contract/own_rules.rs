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
    pub async fn load_own_rules(
        &self,
        settings: Option<&Value>,
    ) -> Result<Option<Box<dyn Judge>>, SessionError> {
        let Some(settings) = settings else { return Ok(None) };
        let context = &self.context;
        let sandbox = sandbox(&context.folder, &context.compiler)?;
        let library = Library { sandbox: &sandbox, folder: &context.plugins };
        let loaded = library.own_rules(settings.clone()).await?;
        if let Some(pipeline) = self.pipeline().await
            && pipeline.own_rules_sha256() != Some(&*loaded.sha256)
        {
            return Err(PluginError::OwnRulesChanged(context.plugins.clone()).into());
        }
        Ok(Some(Box::new(loaded.policy)))
    }

    /// Puts loaded rules of the worker's own in force, from the next picture on.
    pub async fn set_own_rules(&self, own: Option<Box<dyn Judge>>) {
        if let Some(guard) = self.pipeline().await.and_then(|p| p.guard().cloned()) {
            guard.set_own(own).await;
        }
        self.shared.set_problem("own rules", None);
    }

    /// Shows nothing until the worker's own rules are set again: they are not as they should be.
    pub async fn fail_own_rules(&self, why: &str) {
        if let Some(guard) = self.pipeline().await.and_then(|p| p.guard().cloned()) {
            guard.set_own_failed().await;
        }
        self.shared.set_problem("own rules", Some(why.to_owned()));
    }
}
