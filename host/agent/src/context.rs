//! What all contracts on this device share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use candor_journal::Journal;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::folder::Folder;
use crate::guard::desktop::DesktopSource;
use crate::plugins::own_rules::OwnRules;
use crate::signs::Signs;
use crate::tracker::input::InputSource;
use crate::tracker::presence::Presence;

/// What all sessions share.
pub struct AgentContext {
    /// The agent's data folder.
    pub folder: Folder,
    /// The clock that everything waits by and stamps with.
    pub clock: Arc<dyn Clock>,
    /// The display, or why there is none.
    pub desktop: Result<Arc<dyn DesktopSource>, String>,
    /// The program whose windows are Candor's own, if there is one.
    pub own_program: Option<PathBuf>,
    /// The source of input counts.
    pub input: Arc<dyn InputSource>,
    /// Whether anybody is there, and can see that it is recorded.
    pub presence: Arc<dyn Presence>,
    /// The signs that show that something is recorded.
    pub signs: Arc<Signs>,
    /// The folder with plugins.
    pub plugins: PathBuf,
    /// The path of the program `candor-compile`.
    pub compiler: PathBuf,
    /// The encrypted journal that all sessions write to.
    pub journal: Journal,
    /// The worker's own rules.
    pub own_rules: OwnRules,
    /// Plugins run on a runtime of their own: whatever one does, the control socket and the tracker keep their pace
    /// (invariant 13).
    pub runtime: tokio::runtime::Handle,
    /// Counts up with every change that a person would see.
    pub revision: Arc<watch::Sender<u64>>,
    /// Bytes that the journal and its pictures take up on disk, as measured last.
    pub disk_bytes: AtomicU64,
}
