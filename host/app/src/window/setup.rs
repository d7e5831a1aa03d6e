//! What the window is opened with.

use std::path::PathBuf;

use super::instance::WindowRequest;

/// What the window is opened with.
#[derive(Clone, Debug)]
pub struct WindowSetup {
    /// The agent's data folder.
    pub data: PathBuf,
    /// The program `candor-agent`, started if no agent answers.
    pub agent: PathBuf,
    /// What is shown first.
    pub request: WindowRequest,
}
