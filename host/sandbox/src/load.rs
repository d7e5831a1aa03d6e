//! The one place where machine code comes from disk.

#![allow(unsafe_code, reason = "an artefact is machine code: loading it cannot be checked by the compiler")]

use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads an artefact whose MAC was verified.
///
/// # Errors
/// If it was made for another engine.
pub(crate) fn verified(engine: &Engine, artefact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what our own compiler wrote: the only caller has verified a MAC over them under a key that
    // lies in a folder which no other account can enter, and passes the very bytes that it verified. wasmtime checks
    // that version and settings fit this engine.
    unsafe { Component::deserialize(engine, artefact) }
}
