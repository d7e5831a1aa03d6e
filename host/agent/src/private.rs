//! What is in this process's memory stays there.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Why this process's memory cannot be kept to itself.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// Others of this account could still look into it.
    #[error("its memory cannot be kept private: {0}")]
    Readable(rustix::io::Errno),
    /// It could still be written to a core dump.
    #[error("core dumps stay on: {0}")]
    CoreDumps(rustix::io::Errno),
}

/// Turns core dumps off, and sees to it that no other process of this account reads the memory: not by a debugger, not
/// by `/proc`. (One of the administrator's can.)
///
/// # Errors
/// If the kernel does not allow it.
pub fn keep_memory_private() -> Result<(), PrivateError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(PrivateError::Readable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(PrivateError::CoreDumps)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    const CHILD: &str = "CANDOR_TEST_PRIVATE";

    /// Not a test of its own: what the test below runs in a process of its own, for it holds for the whole of one.
    #[test]
    #[ignore = "run by the other test, in a process of its own"]
    fn private_memory() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        keep_memory_private().unwrap();
        let private = rustix::process::dumpable_behavior().unwrap() == DumpableBehavior::NotDumpable;
        let core = rustix::process::getrlimit(Resource::Core);
        std::process::exit(if private && core.maximum == Some(0) { 7 } else { 8 })
    }

    #[test]
    fn invariant_01_no_other_process_of_the_account_reads_the_agents_memory() {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--test-threads=1", "private::tests::private_memory"])
            .env(CHILD, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(7));
    }
}
