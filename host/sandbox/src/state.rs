//! What one instance of a plugin carries along: its tables and limits, and the hosts behind its imports.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::grants::Capability;
use crate::host_traits::{Observations, Sensors, Store as KeyValues};
use crate::hosts::folder::Folder;
use crate::hosts::http::Http;
use crate::limits::Limits;
use crate::log::Log;
use crate::model::{Denied, Layout};

/// What stands behind a plugin's imports. Shared by all its instances, so that a restart gives no new allowance.
pub(crate) struct Hosts {
    pub(crate) limits: Arc<Limits>,
    pub(crate) log: Arc<Log>,
    /// What is imported and granted.
    pub(crate) capabilities: BTreeSet<Capability>,
    pub(crate) sensors: Option<Arc<dyn Sensors>>,
    pub(crate) observations: Option<Arc<dyn Observations>>,
    pub(crate) store: Option<Arc<dyn KeyValues>>,
    pub(crate) http: Option<Http>,
    pub(crate) folder: Option<Folder>,
    /// Whether the plugin must be a pure function: WASI's clocks stand still and its random numbers repeat.
    pub(crate) pure: bool,
    pub(crate) started: Instant,
    pub(crate) notes: Mutex<PerMinute>,
}

impl Hosts {
    pub(crate) fn new(limits: Arc<Limits>, log: Arc<Log>) -> Self {
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
    /// Takes one of `limit`, if one is left.
    pub(crate) fn take(this: &Mutex<Self>, limit: u32) -> bool {
        let mut this = this.lock().unwrap_or_else(PoisonError::into_inner);
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

/// The data of one store.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) memory: Memory,
    /// When the running call has to be over.
    pub(crate) deadline: Instant,
    /// The layout that `windows.current` answered last.
    pub(crate) layout: Option<Layout>,
    /// The refusal that `screen.capture` answered last.
    pub(crate) denied: Option<Denied>,
    /// Frames that the plugin holds.
    pub(crate) frames: u32,
    wasi: WasiCtx,
}

impl State {
    /// A store with every limit set.
    pub(crate) fn store(engine: &wasmtime::Engine, hosts: &Arc<Hosts>) -> Store<Self> {
        let limits = &hosts.limits;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let state = Self {
            table,
            hosts: Arc::clone(hosts),
            memory: Memory::new(limits),
            deadline: Instant::now() + limits.start,
            layout: None,
            denied: None,
            frames: 0,
            wasi: crate::wasi::denied(hosts),
        };
        let (hostcall, handles) = (limits.hostcall, limits.handles);
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(hostcall);
        // The plugin's own resources, too: every one of them is a handle.
        store.set_max_component_handles(handles * 4);
        store.set_epoch_deadline(1);
        // The clock is asked here as well as by the caller's timer: on a busy runtime the timer may come late.
        store.epoch_deadline_callback(|store| {
            if Instant::now() >= store.data().deadline {
                return Err(wasmtime::Error::new(DeadlinePassed));
            }
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        store
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The trap of a call that took too long.
#[derive(Debug, thiserror::Error)]
#[error("the call took too long")]
pub(crate) struct DeadlinePassed;

/// Bounds memories and tables of one store, all together.
pub(crate) struct Memory {
    bytes: usize,
    bytes_limit: usize,
    elements: usize,
    elements_limit: usize,
    instances: usize,
    /// Whether the plugin was refused memory in this call.
    pub(crate) refused: Arc<AtomicBool>,
}

impl Memory {
    fn new(limits: &Limits) -> Self {
        Self {
            bytes: 0,
            bytes_limit: limits.memory,
            elements: 0,
            elements_limit: limits.table_elements,
            instances: limits.instances,
            refused: Arc::default(),
        }
    }
}

fn grow(used: &mut usize, limit: usize, current: usize, desired: usize) -> bool {
    let after = used.saturating_add(desired.saturating_sub(current));
    let fits = after <= limit;
    if fits {
        *used = after;
    }
    fits
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let fits = grow(&mut self.bytes, self.bytes_limit, current, desired);
        self.refused.fetch_or(!fits, Ordering::Relaxed);
        Ok(fits)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let fits = grow(&mut self.elements, self.elements_limit, current, desired);
        self.refused.fetch_or(!fits, Ordering::Relaxed);
        Ok(fits)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.instances
    }
}
