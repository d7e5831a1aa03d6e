//! The engine: which WebAssembly is understood at all, and the ticker that lets a computing plugin yield.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use wasmtime::{Config, Engine, EngineWeak, Strategy, WasmFeatures};

use crate::limits::Limits;

/// What the guests of today's toolchains use: Rust, and what componentize-js and componentize-py produce.
const NEEDED: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Returns the configuration that compiler and runtime share: an artefact fits only an engine of the same settings.
/// Everything that today's guests do not need is off: less to compile, less to attack.
fn shared_config(limits: &Limits) -> Config {
    let unneeded = WasmFeatures::all() - NEEDED;
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .concurrency_support(false)
        .max_wasm_stack(limits.stack / 4 * 3)
        .async_stack_size(limits.stack)
        .shared_memory(false)
        .wasm_features(unneeded, false)
        // NaN bits differ between processors; a verdict must not.
        .cranelift_nan_canonicalization(true)
        .memory_init_cow(true)
        // The largest memory is small: no need to reserve 4 GiB of address space for each.
        .memory_reservation(u64::try_from(limits.memory).unwrap_or(u64::MAX))
        .memory_guard_size(64 * 1024)
        .memory_reservation_for_growth(0);
    config
}

/// Makes the engine of [`crate::Sandbox`]: it can load and run, and has no compiler in it.
///
/// # Errors
/// If this machine cannot run it.
pub(crate) fn runtime_engine(limits: &Limits) -> wasmtime::Result<Engine> {
    let mut config = shared_config(limits);
    config.enable_compiler(false);
    Engine::new(&config)
}

/// Makes the engine of `candor-compile`.
///
/// # Errors
/// If this machine cannot run it.
pub(crate) fn compiling_engine(limits: &Limits) -> wasmtime::Result<Engine> {
    let mut config = shared_config(limits);
    config.strategy(Strategy::Cranelift);
    Engine::new(&config)
}

/// Advances the engine's epoch while a call runs, and sleeps otherwise: ticking costs processor time.
pub(crate) struct Ticker {
    shared: Arc<SharedTicker>,
}

struct SharedTicker {
    state: Mutex<TickerState>,
    changed: Condvar,
}

#[derive(Default)]
struct TickerState {
    running: u32,
    closed: bool,
}

impl Ticker {
    /// Starts the ticker's thread, which ticks once in `every`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(engine: &Engine, every: Duration) -> std::io::Result<Self> {
        let shared = Arc::new(SharedTicker { state: Mutex::default(), changed: Condvar::new() });
        let engine = engine.weak();
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("candor-ticker".into())
            .spawn(move || tick(&theirs, &engine, every))?;
        Ok(Self { shared })
    }

    /// Makes it tick for as long as the guard lives.
    pub(crate) fn keep_ticking(&self) -> TickerGuard {
        let mut state = self.shared.state.lock();
        state.running += 1;
        self.shared.changed.notify_all();
        TickerGuard(Arc::clone(&self.shared))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

/// Keeps the ticker ticking.
pub(crate) struct TickerGuard(Arc<SharedTicker>);

impl Drop for TickerGuard {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.running = state.running.saturating_sub(1);
    }
}

fn tick(shared: &SharedTicker, engine: &EngineWeak, every: Duration) {
    let mut state = shared.state.lock();
    loop {
        while state.running == 0 && !state.closed {
            shared.changed.wait(&mut state);
        }
        // A call may outlive the sandbox's last handle; it must still be interrupted.
        if state.closed && state.running == 0 {
            return;
        }
        drop(state);
        std::thread::sleep(every);
        match engine.upgrade() {
            Some(engine) => engine.increment_epoch(),
            None => return,
        }
        state = shared.state.lock();
    }
}
