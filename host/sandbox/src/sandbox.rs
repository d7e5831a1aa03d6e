//! The way in: a [`Sandbox`] prepares components, a [`PreparedPlugin`] one starts plugins.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

use crate::artefact::Artefacts;
use crate::collector::Collector;
use crate::describe::{Description, describe};
use crate::engine::{self, Ticker};
use crate::folder::GrantedFolder;
use crate::grants::{Capability, Grants};
use crate::host_traits::{AnswerDates, GuardedSensors, KeyValueStore, Observations, Secrets};
use crate::instance::InstanceState;
use crate::kind::ComponentKind;
use crate::limits::Limits;
use crate::link;
use crate::log::PluginLog;
use crate::net::client::HttpClient;
use crate::net::origin::GrantedOrigins;
use crate::plugin_hosts::PluginHosts;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::uploader::Uploader;

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// The folder of compiled components. Made with mode 0700; one that others may enter is refused.
    pub cache_dir: PathBuf,
    /// Path of the program `candor-compile`.
    pub compiler: PathBuf,
    /// How much plugins may use.
    pub limits: Limits,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The folder of artefacts cannot be used; says why and what to do.
    #[error("{0}")]
    CacheDir(String),
    /// The engine does not run here; says why.
    #[error("plugins cannot run on this machine: {0}")]
    Engine(String),
    /// The system gave no thread.
    #[error("no thread for the plugins' ticker: {0}")]
    Ticker(std::io::Error),
}

/// The engine that all plugins share. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<SandboxInner>,
}

struct SandboxInner {
    engine: Engine,
    ticker: Arc<Ticker>,
    artefacts: Artefacts,
    limits: Arc<Limits>,
}

impl Sandbox {
    /// Opens the folder of artefacts and starts the engine. Does short blocking I/O: call it at start-up.
    ///
    /// # Errors
    /// A [`SandboxError`].
    pub fn new(config: SandboxConfig) -> Result<Self, SandboxError> {
        // rustls wants one provider for the process; a host that has chosen one already keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let engine =
            engine::runtime_engine(&config.limits).map_err(|e| SandboxError::Engine(format!("{e:#}")))?;
        let ticker = Ticker::start(&engine, config.limits.tick).map_err(SandboxError::Ticker)?;
        let artefacts =
            Artefacts::open(&config.cache_dir, &config.compiler, &engine).map_err(SandboxError::CacheDir)?;
        let inner =
            SandboxInner { engine, ticker: Arc::new(ticker), artefacts, limits: Arc::new(config.limits) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Reads a component, refuses what no grant could make run, and loads its compiled form, which `candor-compile`
    /// makes first if there is none.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub async fn prepare(&self, component: &Path) -> Result<PreparedPlugin, Refusal> {
        let inner = &self.inner;
        let bytes = read(component, inner.limits.component).await?;
        let described = tokio::task::spawn_blocking(move || describe(&bytes)).await;
        let description = described.map_err(|e| Refusal::NotAComponent(e.to_string()))??;
        let loaded =
            inner.artefacts.load(&inner.engine, &inner.limits, component, &description.sha256).await?;
        Ok(PreparedPlugin { inner: Arc::clone(inner), description, component: loaded })
    }
}

async fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    let unreadable =
        |e: std::io::Error| Refusal::Unreadable { path: path.display().to_string(), reason: e.to_string() };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).await.map_err(unreadable)?;
    let length = bytes.len() as u64;
    if length > limit {
        return Err(Refusal::TooLarge { bytes: length, limit });
    }
    Ok(bytes)
}

/// What a collector or a feed reaches, as far as it is granted.
pub struct CollectorHosts {
    /// The sensors, behind the guard.
    pub sensors: Arc<dyn GuardedSensors>,
    /// What its observations are recorded by.
    pub observations: Arc<dyn Observations>,
    /// The plugin's own store.
    pub store: Arc<dyn KeyValueStore>,
}

/// What an uploader reaches, as far as it is granted.
pub struct UploaderHosts {
    /// The plugin's own store.
    pub store: Arc<dyn KeyValueStore>,
    /// The secrets that it may name.
    pub secrets: Arc<dyn Secrets>,
    /// Hears what time the servers that it reaches say it is.
    pub dates: Arc<dyn AnswerDates>,
}

/// A component, described and loaded. Any number of plugins can be started from it.
pub struct PreparedPlugin {
    inner: Arc<SandboxInner>,
    description: Description,
    component: Component,
}

impl PreparedPlugin {
    /// Returns what the component says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Starts a collector or a feed. `name` is what the person calls the plugin; `settings` is a JSON text.
    ///
    /// # Errors
    /// A [`Refusal`]; if a grant is missing, before anything is instantiated.
    pub async fn collector(
        &self,
        name: &str,
        grants: &Grants,
        settings: &str,
        hosts: CollectorHosts,
    ) -> Result<Collector, Refusal> {
        if self.description.kind != ComponentKind::Feed {
            self.must_be(name, ComponentKind::Collector)?;
        }
        let mut granted = self.hosts(name, grants)?;
        granted.sensors = Some(hosts.sensors);
        granted.observations = Some(hosts.observations);
        granted.store = Some(hosts.store);
        if granted.capabilities.contains(&Capability::Http) {
            granted.http = Some(self.http(name, grants, None)?);
        }
        let pre = self.link(name, &granted)?;
        Collector::start(name, pre, settings, Arc::new(granted), Arc::clone(&self.inner.ticker)).await
    }

    /// Starts a policy. `name` is what the person calls the plugin; `settings` is a JSON text.
    ///
    /// # Errors
    /// A [`Refusal`]; if a grant is missing, before anything is instantiated.
    pub async fn policy(&self, name: &str, grants: &Grants, settings: &str) -> Result<Policy, Refusal> {
        self.must_be(name, ComponentKind::Policy)?;
        let mut granted = self.hosts(name, grants)?;
        granted.pure = true;
        let pre = self.link(name, &granted)?;
        Policy::start(name, pre, settings, Arc::new(granted), Arc::clone(&self.inner.ticker)).await
    }

    /// Starts an uploader. `name` is what the person calls the plugin; `settings` is a JSON text.
    ///
    /// # Errors
    /// A [`Refusal`]; if a grant is missing, before anything is instantiated.
    pub async fn uploader(
        &self,
        name: &str,
        grants: &Grants,
        settings: &str,
        hosts: UploaderHosts,
    ) -> Result<Uploader, Refusal> {
        self.must_be(name, ComponentKind::Uploader)?;
        let mut granted = self.hosts(name, grants)?;
        granted.store = Some(hosts.store);
        if granted.capabilities.contains(&Capability::Http) {
            granted.http = Some(self.http(name, grants, Some(hosts.secrets))?.with_dates(hosts.dates));
        }
        if granted.capabilities.contains(&Capability::Folder) {
            granted.folder = Some(GrantedFolder::open_granted(name, grants, &granted.limits)?);
        }
        let pre = self.link(name, &granted)?;
        Uploader::start(name, pre, settings, Arc::new(granted), Arc::clone(&self.inner.ticker)).await
    }

    fn must_be(&self, plugin: &str, wanted: ComponentKind) -> Result<(), Refusal> {
        let found = self.description.kind;
        if found == wanted {
            Ok(())
        } else {
            Err(Refusal::OtherKind { plugin: plugin.to_owned(), found, wanted })
        }
    }

    fn hosts(&self, plugin: &str, grants: &Grants) -> Result<PluginHosts, Refusal> {
        let capabilities = link::granted_imports(plugin, &self.description, grants)?;
        let limits = Arc::clone(&self.inner.limits);
        let log = Arc::new(PluginLog::new(&limits));
        Ok(PluginHosts { capabilities, ..PluginHosts::new(limits, log) })
    }

    fn http(
        &self,
        plugin: &str,
        grants: &Grants,
        secrets: Option<Arc<dyn Secrets>>,
    ) -> Result<HttpClient, Refusal> {
        let granted = GrantedOrigins::read(&grants.http)
            .map_err(|reason| Refusal::BadGrant { plugin: plugin.to_owned(), reason })?;
        Ok(HttpClient::new(granted, secrets, &self.inner.limits))
    }

    fn link(&self, plugin: &str, hosts: &PluginHosts) -> Result<InstancePre<InstanceState>, Refusal> {
        let linked = link::make_linker(&self.inner.engine, self.description.kind, &hosts.capabilities)
            .and_then(|linker| linker.instantiate_pre(&self.component));
        linked.map_err(|e| Refusal::DoesNotFit { plugin: plugin.to_owned(), reason: format!("{e:#}") })
    }
}
