//! A running collector or feed.

use std::sync::Arc;

use wasmtime::component::InstancePre;

use crate::bindings::exports::candor::plugin::collecting;
use crate::engine::Ticker;
use crate::failure::Failure;
use crate::instance::InstanceState;
use crate::log::PluginLogLine;
use crate::model::{Cause, Wake};
use crate::plugin_hosts::PluginHosts;
use crate::refusal::Refusal;
use crate::supervise::Supervised;
use crate::text::cut;

/// A collector or a feed that runs.
pub struct Collector {
    plugin: Supervised<collecting::Guest>,
}

impl Collector {
    pub(crate) async fn start(
        name: &str,
        pre: InstancePre<InstanceState>,
        settings: &str,
        hosts: Arc<PluginHosts>,
        ticker: Arc<Ticker>,
    ) -> Result<Self, Refusal> {
        Ok(Self { plugin: Supervised::start(name, pre, settings, hosts, ticker).await? })
    }

    /// Wakes it and returns when it wants to be woken next. These wakes replace the earlier ones; after an error the earlier
    /// ones stay. After a failure that lost the instance the next call meets a fresh one: wake that with
    /// [`Cause::Started`] first.
    ///
    /// # Errors
    /// A [`Failure`]; [`Failure::Rejected`] if the plugin itself reports an error.
    pub async fn woken(&mut self, cause: Cause) -> Result<Vec<Wake>, Failure> {
        let limits = Arc::clone(&self.plugin.hosts.limits);
        let cause = collecting::Cause::from(cause);
        let answer = self
            .plugin
            .call(limits.collector, move |store, guest| {
                Box::pin(async move { guest.call_woken(store, cause).await })
            })
            .await?;
        let wakes = answer.map_err(|text| Failure::Rejected(cut(&text, limits.text).to_owned()))?;
        if wakes.len() > limits.wakes {
            let text = format!("{} wakes, more than {}", wakes.len(), limits.wakes);
            return Err(self.plugin.record_failure(Failure::Misbehaved(text)));
        }
        let wakes: Vec<Wake> = wakes.into_iter().map(Wake::from).collect();
        let shortest = limits.shortest_every;
        if let Some(Wake::Every(ms)) = wakes.iter().find(|w| matches!(w, Wake::Every(ms) if *ms < shortest)) {
            let text = format!("it wants to be woken every {ms} ms: at least {shortest}");
            return Err(self.plugin.record_failure(Failure::Misbehaved(text)));
        }
        Ok(wakes)
    }

    /// Returns whether an instance of it is there. If not, the next wake meets a fresh one, which remembers nothing.
    pub fn is_alive(&mut self) -> bool {
        self.plugin.instance_state().is_some()
    }

    /// Returns its log, oldest line first.
    #[must_use]
    pub fn log(&self) -> Vec<PluginLogLine> {
        self.plugin.hosts.log.lines()
    }
}
