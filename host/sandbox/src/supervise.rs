//! Runs calls into one plugin: a fresh instance if there is none, a limit on each call, and a restart budget. A trap
//! poisons an instance for ever, so whatever goes wrong, the instance is dropped.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use wasmtime::component::InstancePre;
use wasmtime::{Store, Trap};

use crate::bindings::exports::candor::plugin::setup;
use crate::engine::Ticker;
use crate::exports::Exports;
use crate::failure::Failure;
use crate::instance::{DeadlinePassed, InstanceState};
use crate::log::Level;
use crate::plugin_hosts::PluginHosts;
use crate::refusal::{Refusal, SettingError};
use crate::text::cut;

/// One plugin and, at most times, an instance of it.
pub(crate) struct Supervised<G: Exports> {
    plugin: String,
    pub(crate) hosts: Arc<PluginHosts>,
    ticker: Arc<Ticker>,
    blueprint: Blueprint<G>,
    live: Option<LiveInstance<G>>,
    budget: RestartBudget,
}

/// What an instance is made from.
struct Blueprint<G: Exports> {
    pre: InstancePre<InstanceState>,
    setup: setup::GuestIndices,
    indices: G::Indices,
    settings: String,
}

struct LiveInstance<G> {
    store: Store<InstanceState>,
    guest: G,
}

impl<G: Exports> Supervised<G> {
    /// Starts the plugin: makes its first instance and configures it.
    ///
    /// # Errors
    /// A [`Refusal`]; a failure here counts for no restart.
    pub(crate) async fn start(
        plugin: &str,
        pre: InstancePre<InstanceState>,
        settings: &str,
        hosts: Arc<PluginHosts>,
        ticker: Arc<Ticker>,
    ) -> Result<Self, Refusal> {
        let does_not_fit =
            |e: wasmtime::Error| Refusal::DoesNotFit { plugin: plugin.to_owned(), reason: format!("{e:#}") };
        let setup = setup::GuestIndices::new(&pre).map_err(does_not_fit)?;
        let indices = G::find(&pre).map_err(does_not_fit)?;
        let blueprint = Blueprint::<G> { pre, setup, indices, settings: settings.to_owned() };
        let plugin = plugin.to_owned();
        match blueprint.build(&hosts, &ticker).await {
            Ok(live) => {
                let budget = RestartBudget::new(&hosts);
                Ok(Self { plugin, hosts, ticker, blueprint, live: Some(live), budget })
            }
            Err(StartError::Settings(errors)) => Err(Refusal::SettingErrors { plugin, errors }),
            Err(StartError::Failed(failure)) => Err(Refusal::DidNotStart { plugin, failure }),
        }
    }

    /// Calls the plugin, in a fresh instance if there is none, within `limit` of wall-clock time.
    ///
    /// # Errors
    /// A [`Failure`]; the instance is dropped.
    pub(crate) async fn call<R: Send>(
        &mut self,
        limit: Duration,
        call: impl for<'a> FnOnce(&'a mut Store<InstanceState>, &'a G) -> BoxFuture<'a, wasmtime::Result<R>>
        + Send,
    ) -> Result<R, Failure> {
        // Taken out for the time of the call: if the caller drops this future, the half-run instance is dropped, too.
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.rebuild().await?,
        };
        let done = {
            let LiveInstance { store, guest } = &mut live;
            run_limited(&self.ticker, limit, store, |store| call(store, guest)).await
        };
        match done {
            Ok(result) => {
                self.live = Some(live);
                Ok(result)
            }
            Err(failure) => Err(self.record_failure(failure)),
        }
    }

    /// Returns what the instance carries, if there is one. For between calls.
    pub(crate) fn instance_state(&mut self) -> Option<&mut InstanceState> {
        self.live.as_mut().map(|live| live.store.data_mut())
    }

    /// Drops the instance, so that the next call meets a fresh one. It counts as no failure.
    pub(crate) fn drop_instance(&mut self) {
        self.live = None;
    }

    /// Drops the instance, logs the failure and counts it. Returns the failure.
    pub(crate) fn record_failure(&mut self, failure: Failure) -> Failure {
        self.live = None;
        self.hosts.log.write_host(Level::Error, &failure.to_string());
        tracing::warn!(plugin = %self.plugin, "{}", without_text(&failure));
        self.budget.count_failure(Instant::now());
        failure
    }

    async fn rebuild(&mut self) -> Result<LiveInstance<G>, Failure> {
        match self.budget.next_start(Instant::now()) {
            NextStart::Quarantined => return Err(Failure::Quarantined),
            NextStart::After(wait) => tokio::time::sleep(wait).await,
        }
        self.budget.born = Instant::now();
        match self.blueprint.build(&self.hosts, &self.ticker).await {
            Ok(live) => Ok(live),
            Err(StartError::Failed(failure)) => Err(self.record_failure(failure)),
            Err(StartError::Settings(_)) => {
                let text = "it refuses the settings that it took before".to_owned();
                Err(self.record_failure(Failure::Misbehaved(text)))
            }
        }
    }
}

impl<G: Exports> Blueprint<G> {
    async fn build(&self, hosts: &Arc<PluginHosts>, ticker: &Ticker) -> Result<LiveInstance<G>, StartError> {
        let mut store = InstanceState::new_store(self.pre.engine(), hosts);
        let limit = hosts.limits.start;
        let (guest, configured) = run_limited(ticker, limit, &mut store, |store| {
            Box::pin(async move {
                let instance = self.pre.instantiate_async(&mut *store).await?;
                let setup = self.setup.load(&mut *store, &instance)?;
                let guest = G::load(&self.indices, store, &instance)?;
                let configured = setup.call_configure(&mut *store, &self.settings).await?;
                Ok((guest, configured))
            })
        })
        .await
        .map_err(StartError::Failed)?;
        let errors = match configured {
            Ok(()) => return Ok(LiveInstance { store, guest }),
            Err(errors) => errors,
        };
        let most = hosts.limits.text;
        let errors = errors.into_iter().take(64).map(|e| SettingError {
            place: cut(&e.place, most).to_owned(),
            reason: cut(&e.reason, most).to_owned(),
        });
        Err(StartError::Settings(errors.collect()))
    }
}

enum StartError {
    Settings(Vec<SettingError>),
    Failed(Failure),
}

/// Runs a call within a limit of wall-clock time. The epoch stops a guest that computes; the timer stops one that waits in
/// the host.
async fn run_limited<'a, R>(
    ticker: &Ticker,
    limit: Duration,
    store: &'a mut Store<InstanceState>,
    call: impl FnOnce(&'a mut Store<InstanceState>) -> BoxFuture<'a, wasmtime::Result<R>>,
) -> Result<R, Failure> {
    // The call borrows the store for as long as its future lives, so what is to be read afterwards is shared beforehand.
    let _running = ticker.keep_ticking();
    store.data_mut().deadline = Instant::now() + limit;
    store.data_mut().memory.refused.store(false, Ordering::Relaxed);
    let refused = Arc::clone(&store.data().memory.refused);
    let pure = store.data().hosts.pure;
    match tokio::time::timeout(limit, call(store)).await {
        Ok(Ok(result)) => Ok(result),
        Err(_) => Err(Failure::TimedOut),
        Ok(Err(e)) if e.is::<DeadlinePassed>() => Err(Failure::TimedOut),
        Ok(Err(_)) if refused.load(Ordering::Relaxed) => Err(Failure::OutOfMemory),
        Ok(Err(e)) => Err(Failure::Trapped(trap_text(&e, pure))),
    }
}

/// Returns how it trapped, in words. A pure plugin must have no way out for what it sees, not even a number in an error's
/// text.
fn trap_text(error: &wasmtime::Error, pure: bool) -> String {
    let text = match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None if pure => "it broke the rules of the interfaces".to_owned(),
        None => error.root_cause().to_string(),
    };
    cut(&text, 1024).to_owned()
}

/// Returns a failure for the host's own log: no word of the plugin's is in it.
fn without_text(failure: &Failure) -> &'static str {
    match failure {
        Failure::Trapped(_) => "a plugin trapped",
        Failure::TimedOut => "a plugin took too long",
        Failure::OutOfMemory => "a plugin ran out of memory",
        Failure::Misbehaved(_) => "a plugin misbehaved",
        Failure::Rejected(_) => "a plugin reports an error",
        Failure::Quarantined => "a plugin is in quarantine",
    }
}

/// How often, and after which wait, a plugin that failed is started again (design §5).
struct RestartBudget {
    restarts: u32,
    backoff: Duration,
    healthy: Duration,
    /// Number of failures in a row.
    failures: u32,
    failed_at: Option<Instant>,
    born: Instant,
}

enum NextStart {
    After(Duration),
    Quarantined,
}

impl RestartBudget {
    fn new(hosts: &PluginHosts) -> Self {
        let limits = &hosts.limits;
        Self {
            restarts: limits.restarts,
            backoff: limits.backoff,
            healthy: limits.healthy,
            failures: 0,
            failed_at: None,
            born: Instant::now(),
        }
    }

    fn count_failure(&mut self, now: Instant) {
        if now.duration_since(self.born) >= self.healthy {
            self.failures = 0;
        }
        self.failures += 1;
        self.failed_at = Some(now);
    }

    fn next_start(&self, now: Instant) -> NextStart {
        if self.failures > self.restarts {
            return NextStart::Quarantined;
        }
        let Some(failed_at) = self.failed_at.filter(|_| self.failures > 0) else {
            return NextStart::After(Duration::ZERO);
        };
        let backoff = self.backoff.saturating_mul(4_u32.saturating_pow(self.failures - 1));
        NextStart::After(backoff.saturating_sub(now.duration_since(failed_at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::log::PluginLog;

    fn health() -> RestartBudget {
        let limits = Arc::new(Limits::default());
        let log = Arc::new(PluginLog::new(&limits));
        RestartBudget::new(&PluginHosts::new(limits, log))
    }

    fn wait(health: &RestartBudget, now: Instant) -> Option<u64> {
        match health.next_start(now) {
            NextStart::After(wait) => Some(wait.as_millis() as u64),
            NextStart::Quarantined => None,
        }
    }

    #[test]
    fn three_restarts_with_growing_waits_then_quarantine() {
        let mut health = health();
        let now = health.born;
        let waits: Vec<_> = (0..5)
            .map(|_| {
                health.count_failure(now);
                wait(&health, now)
            })
            .collect();
        assert_eq!(waits, [Some(100), Some(400), Some(1_600), None, None]);
    }

    #[test]
    fn a_minute_of_health_starts_the_count_anew() {
        let mut health = health();
        let mut now = health.born;
        for _ in 0..3 {
            health.count_failure(now);
        }
        now += Duration::from_secs(60);
        health.count_failure(now);
        assert_eq!(wait(&health, now), Some(100));
    }

    #[test]
    fn time_that_passed_anyway_counts_as_waiting() {
        let mut health = health();
        let now = health.born;
        health.count_failure(now);
        assert_eq!(wait(&health, now + Duration::from_millis(60)), Some(40));
        assert_eq!(wait(&health, now + Duration::from_secs(5)), Some(0));
    }
}
