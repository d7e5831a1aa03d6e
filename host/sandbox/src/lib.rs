//! Runs plugins. This is the only crate that knows wasmtime.
//!
//! A plugin is a WebAssembly component that a stranger wrote. The host owns every sensor, every byte on disk and every
//! socket; the plugin owns a decision. So this crate:
//!
//! - reads from the component itself what it is and what it asks for ([`describe()`]),
//! - refuses in words what may not run ([`Refusal`]), before any of it has run,
//! - links exactly what was granted, and nothing else ([`Grants`]),
//! - bounds time, memory and every queue ([`Limits`]), and drops an instance that failed ([`Failure`]).
//!
//! It must never compile in the embedder's process, never hand a plugin a secret, and never let a value from a plugin
//! out unchecked.
//!
//! Start reading at [`Sandbox::prepare`], then [`PreparedPlugin::collector`], [`PreparedPlugin::policy`] and
//! [`PreparedPlugin::uploader`]. Each call runs through `supervise.rs`; each import is answered in `hosts/`, which knows
//! WebAssembly, by `net/`, `folder.rs` or the host's own [`host_traits`], which do not. The values that pass are in
//! [`model`].
//!
//! Calls run on the caller's tokio runtime: give plugins one of their own, so that a busy plugin does not slow the host.

mod artefact;
mod bindings;
mod body;
mod clock;
mod collector;
mod compile;
mod convert;
mod describe;
mod engine;
mod exports;
mod failure;
mod folder;
mod grants;
mod handles;
mod hosts;
mod instance;
mod kind;
mod limits;
mod link;
mod load;
mod log;
mod net;
mod plugin_hosts;
mod policy;
mod refusal;
mod sandbox;
mod supervise;
mod text;
mod uploader;
mod wasi;

pub mod host_traits;
pub mod model;

pub use collector::Collector;
pub use compile::{CompileError, compile};
pub use describe::{Description, SUPPORTED, describe};
pub use failure::Failure;
pub use grants::{Capability, Grants, HttpGrant, NoCapability};
pub use kind::ComponentKind;
pub use limits::Limits;
pub use log::{Level, PluginLogLine};
pub use net::error_text::http_error_text;
pub use net::probe::{ProbeAnswer, is_private, probe, probe_as};
pub use policy::Policy;
pub use refusal::{Refusal, SettingError};
pub use sandbox::{CollectorHosts, PreparedPlugin, Sandbox, SandboxConfig, SandboxError, UploaderHosts};
pub use uploader::Uploader;
