//! What one instance of a plugin carries along: its tables and limits, and the hosts behind its imports.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::limits::Limits;
use crate::model::{Denied, LayoutView};
use crate::plugin_hosts::PluginHosts;
use crate::wasi;

/// The data of one wasmtime store.
pub(crate) struct InstanceState {
    /// What the plugin's handles stand for.
    pub(crate) table: ResourceTable,
    pub(crate) hosts: Arc<PluginHosts>,
    pub(crate) memory: MemoryLimiter,
    /// When the running call has to be over.
    pub(crate) deadline: Instant,
    /// The layout that `windows.current` returned last.
    pub(crate) layout: Option<Arc<dyn LayoutView>>,
    /// The refusal that `screen.capture` returned last.
    pub(crate) denied: Option<Denied>,
    /// Number of frames that the plugin holds.
    pub(crate) frames: u32,
    wasi: WasiCtx,
}

impl InstanceState {
    /// Makes a store with every limit set.
    pub(crate) fn new_store(engine: &wasmtime::Engine, hosts: &Arc<PluginHosts>) -> Store<Self> {
        let limits = &hosts.limits;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let state = Self {
            table,
            hosts: Arc::clone(hosts),
            memory: MemoryLimiter::new(limits),
            deadline: Instant::now() + limits.start,
            layout: None,
            denied: None,
            frames: 0,
            wasi: wasi::denying_context(hosts),
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

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The trap of a call that took too long.
#[derive(Debug, thiserror::Error)]
#[error("the call took too long")]
pub(crate) struct DeadlinePassed;

/// Bounds memories and tables of one store, all together.
pub(crate) struct MemoryLimiter {
    bytes: usize,
    bytes_limit: usize,
    elements: usize,
    elements_limit: usize,
    instances: usize,
    /// Whether the plugin was refused memory in this call.
    pub(crate) refused: Arc<AtomicBool>,
}

impl MemoryLimiter {
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

impl ResourceLimiter for MemoryLimiter {
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
