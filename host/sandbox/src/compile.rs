//! The work of `candor-compile`: one component in, one artefact out. It is in this crate because artefact and engine have
//! to agree in every setting.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::engine;
use crate::limits::Limits;

/// Why nothing was compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The path of the component or the artefact.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The component is not the one that was asked for.
    #[error("the component changed while it was installed: install it again")]
    Changed,
    /// The compiler refuses the component; says why.
    #[error("{0}")]
    Refused(String),
}

/// Compiles the component at `component`, whose bytes have this SHA-256, to a new file at `output`.
///
/// # Errors
/// If the files cannot be used, the component is another one, or it is not valid.
pub fn compile(component: &Path, sha256: &str, output: &Path) -> Result<(), CompileError> {
    let bytes = fs::read(component).map_err(|e| file(component, e))?;
    if hex::encode(Sha256::digest(&bytes)) != sha256 {
        return Err(CompileError::Changed);
    }
    let refused = |e: wasmtime::Error| CompileError::Refused(format!("{e:#}"));
    let engine = engine::compiling_engine(&Limits::default()).map_err(refused)?;
    let artefact = engine.precompile_component(&bytes).map_err(refused)?;
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(output)
        .map_err(|e| file(output, e))?;
    out.write_all(&artefact).and_then(|()| out.sync_all()).map_err(|e| file(output, e))
}

fn file(path: &Path, source: std::io::Error) -> CompileError {
    CompileError::File { path: path.display().to_string(), source }
}
