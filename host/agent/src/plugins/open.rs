//! Opens the plugins that a contract's terms name, and writes the notice from them.

use std::path::{Path, PathBuf};

use candor_sandbox::{Limits, Sandbox, SandboxConfig, SandboxError};

use crate::folder::{DataFolderError, Enrolment, Folder};
use crate::plugins::library::{Library, Plugins};
use crate::plugins::notice::Notice;
use crate::plugins::own_rules::OwnRulesState;
/// Why no plugin can be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder for what is compiled cannot be made.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// The sandbox cannot be set up.
    #[error("the sandbox could not be set up: {0}")]
    Sandbox(#[from] SandboxError),
}

/// Returns the sandbox in which a folder's plugins are compiled and run.
///
/// # Errors
/// If it cannot be set up.
pub fn sandbox(folder: &Folder, compiler: &Path) -> Result<Sandbox, OpenError> {
    let cache_dir = folder.make("artefacts")?;
    let config = SandboxConfig { cache_dir, compiler: compiler.to_path_buf(), limits: Limits::default() };
    Ok(Sandbox::new(config)?)
}

/// Opens what a notice is written from: used by the command line too, without a running agent.
///
/// # Errors
/// If the sandbox cannot be set up.
pub async fn open_plugins(
    folder: &Folder,
    session: &Folder,
    enrolment: &Enrolment,
    plugins: &Path,
    compiler: &Path,
    own: OwnRulesState,
) -> Result<(Plugins, Notice), OpenError> {
    let sandbox = sandbox(folder, compiler)?;
    let library = Library { sandbox: &sandbox, folder: plugins };
    let opened = library.open(&enrolment.terms, own).await;
    let delivered = delivered_folder(folder, &session.session_name(enrolment));
    let notice = Notice::write(&enrolment.terms, &enrolment.server, &opened, &delivered);
    Ok((opened, notice))
}

/// Returns the folder that a session's uploader may write into, if it writes into a folder: into no other session's.
pub(crate) fn delivered_folder(folder: &Folder, session: &str) -> PathBuf {
    folder.path("delivered").join(session)
}
