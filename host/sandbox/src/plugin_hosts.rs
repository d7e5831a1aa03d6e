//! What one plugin is given: the host's traits as far as they are granted, its limits and its log. It knows nothing of
//! the instances that call it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::folder::GrantedFolder;
use crate::grants::Capability;
use crate::host_traits::{GuardedSensors, KeyValueStore, Observations};
use crate::limits::Limits;
use crate::log::PluginLog;
use crate::net::client::HttpClient;

/// What stands behind a plugin's imports. Shared by all its instances, so that a restart gives no new allowance.
pub(crate) struct PluginHosts {
    pub(crate) limits: Arc<Limits>,
    pub(crate) log: Arc<PluginLog>,
    /// What is imported and granted.
    pub(crate) capabilities: BTreeSet<Capability>,
    pub(crate) sensors: Option<Arc<dyn GuardedSensors>>,
    pub(crate) observations: Option<Arc<dyn Observations>>,
    pub(crate) store: Option<Arc<dyn KeyValueStore>>,
    pub(crate) http: Option<HttpClient>,
    pub(crate) folder: Option<GrantedFolder>,
    /// Whether the plugin must be a pure function: WASI's clocks stand still and its random numbers repeat.
    pub(crate) pure: bool,
    /// When the plugin was started: its monotonic clock counts from here.
    pub(crate) started: Instant,
    /// Observations of this minute.
    pub(crate) notes: Mutex<PerMinute>,
}

impl PluginHosts {
    /// Returns hosts that grant nothing.
    pub(crate) fn new(limits: Arc<Limits>, log: Arc<PluginLog>) -> Self {
        Self {
            limits,
            log,
            capabilities: BTreeSet::new(),
            sensors: None,
            observations: None,
            store: None,
            http: None,
            folder: None,
            pure: false,
            started: Instant::now(),
            notes: Mutex::new(PerMinute { since: Instant::now(), count: 0 }),
        }
    }
}

/// Counts what happens within a minute.
pub(crate) struct PerMinute {
    since: Instant,
    count: u32,
}

impl PerMinute {
    /// Takes one of `limit`. Returns false if none is left.
    pub(crate) fn take_one(this: &Mutex<Self>, limit: u32) -> bool {
        let mut this = this.lock();
        if this.since.elapsed() >= Duration::from_secs(60) {
            this.since = Instant::now();
            this.count = 0;
        }
        let left = this.count < limit;
        if left {
            this.count += 1;
        }
        left
    }
}
