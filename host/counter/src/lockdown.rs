//! What the kernel holds the counter to, once it is set up.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};

use anyhow::Context as _;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use crate::tally::RECORD_BYTES;

const STANDARD_OUTPUT: RawFd = 1;

/// Lets no other process of this account read this one's memory, and leaves no core file.
pub(crate) fn keep_memory_private() -> anyhow::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("cannot keep its memory private")?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .context("cannot forbid core files")
}

/// From here on: read from `readable`, write records to standard output, wait, end. Anything else kills the process. It
/// can gain no privileges either, and nothing takes the lock off again.
pub(crate) fn apply(readable: &[BorrowedFd<'_>]) -> anyhow::Result<()> {
    let readable: Vec<RawFd> = readable.iter().map(|descriptor| descriptor.as_raw_fd()).collect();
    let program = filter(&readable).context("cannot build its system call filter")?;
    seccompiler::apply_filter(&program)
        .context("cannot lock itself in: the kernel must allow seccomp filters (CONFIG_SECCOMP_FILTER)")
}

fn filter(readable: &[RawFd]) -> anyhow::Result<BpfProgram> {
    let reads = readable
        .iter()
        .map(|descriptor| Ok(SeccompRule::new(vec![is_descriptor(*descriptor)?])?))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let record = u64::try_from(RECORD_BYTES)?;
    let length = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, record)?;
    let writes = vec![SeccompRule::new(vec![is_descriptor(STANDARD_OUTPUT)?, length])?];

    let mut rules = BTreeMap::from([(libc::SYS_read, reads), (libc::SYS_write, writes)]);
    // An empty list allows the call whatever its arguments. None of these reaches a file, a socket or another process.
    for call in [
        // Waiting. (`restart_syscall` continues a wait after the process was stopped.)
        libc::SYS_ppoll,
        libc::SYS_restart_syscall,
        // The clock, on machines where reading it is a system call.
        libc::SYS_clock_gettime,
        // Ending: what the runtime does on its way out.
        libc::SYS_sigaltstack,
        libc::SYS_munmap,
        libc::SYS_exit_group,
    ] {
        rules.insert(call, Vec::new());
    }
    let machine = std::env::consts::ARCH.try_into().context("no filter for this processor")?;
    let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, machine)?;
    Ok(filter.try_into()?)
}

fn is_descriptor(descriptor: RawFd) -> anyhow::Result<SeccompCondition> {
    let descriptor = u64::try_from(descriptor)?;
    Ok(SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, descriptor)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, ExitStatus, Stdio};

    use super::*;

    const DEED: &str = "CANDOR_COUNTER_TEST_DEED";

    /// Not a test of its own: what the tests below run in a child process, under the very filter of the product.
    #[test]
    #[ignore = "run by the other tests of this module, in a process of its own"]
    fn do_the_deed_under_the_filter() {
        let deed = std::env::var(DEED).expect("run by the other tests");
        let zero = std::fs::File::open("/dev/zero").expect("open before the lock");
        let other = std::fs::File::open("/dev/zero").expect("open before the lock");
        let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
        let mut byte = [0; 1];
        keep_memory_private().expect("memory kept private");
        apply(&[std::os::fd::AsFd::as_fd(&zero)]).expect("locked in");
        let end = |code| -> ! { std::process::exit(code) };
        match deed.as_str() {
            "what it needs" => {
                rustix::io::read(&zero, &mut byte).expect("read");
                rustix::io::write(&stdout, &[b'.'; RECORD_BYTES]).expect("write");
                end(7)
            }
            "open a file" => drop(std::fs::File::open("/dev/null")),
            "make a socket" => drop(std::net::UdpSocket::bind("127.0.0.1:0")),
            "start a program" => drop(Command::new("/bin/true").spawn()),
            "read another descriptor" => _ = rustix::io::read(&other, &mut byte),
            "write to standard error" => _ = rustix::io::write(&stderr, &[0; RECORD_BYTES]),
            "write a byte" => _ = rustix::io::write(&stdout, &[0; 1]),
            "write two records at once" => _ = rustix::io::write(&stdout, &[0; 2 * RECORD_BYTES]),
            other => panic!("no such deed: {other}"),
        }
        end(8)
    }

    fn outcome(deed: &str) -> ExitStatus {
        let itself = std::env::current_exe().expect("the test program");
        Command::new(itself)
            .args(["--exact", "--ignored", "--nocapture", "--test-threads=1"])
            .arg("lockdown::tests::do_the_deed_under_the_filter")
            .env(DEED, deed)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the test program starts")
    }

    #[test]
    fn invariant_11_the_locked_counter_can_read_its_descriptors_and_write_records() {
        assert_eq!(outcome("what it needs").code(), Some(7));
    }

    #[test]
    fn invariant_11_anything_else_kills_the_locked_counter() {
        for deed in [
            "open a file",
            "make a socket",
            "start a program",
            "read another descriptor",
            "write to standard error",
            "write a byte",
            "write two records at once",
        ] {
            let status = outcome(deed);
            assert_eq!(status.signal(), Some(libc::SIGSYS), "{deed}: {status}");
        }
    }
}
