//! What is in this process's memory stays there.

use anyhow::{Context as _, Result};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dumps, and no other process of this account looks into the memory: not by a debugger, not by `/proc`. (One of
/// the administrator's can.)
///
/// # Errors
/// Where the kernel does not allow it.
pub fn keep_memory_private() -> Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("its memory cannot be kept private")?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).context("core dumps stay on")
}
