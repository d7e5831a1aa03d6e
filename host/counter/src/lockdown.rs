//! The system calls that the kernel allows the counter once it is set up.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};

use anyhow::Context as _;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use crate::minute::RECORD_BYTES;

const STANDARD_OUTPUT: RawFd = 1;

/// Keeps other processes of this account from reading this one's memory, and forbids core files.
pub(crate) fn keep_memory_private() -> anyhow::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("cannot keep its memory private")?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .context("cannot forbid core files")
}

/// From here on the process may read from `readable`, write records to standard output, wait and end. Anything else kills
/// it. It can gain no privileges either, and nothing removes the lock.
pub(crate) fn lock_in(readable: &[BorrowedFd<'_>]) -> anyhow::Result<()> {
    let readable: Vec<RawFd> = readable.iter().map(|descriptor| descriptor.as_raw_fd()).collect();
    let program = counting_filter(&readable).context("cannot build its system call filter")?;
    seccompiler::apply_filter(&program)
        .context("cannot lock itself in: the kernel must allow seccomp filters (CONFIG_SECCOMP_FILTER)")
}

/// The first step of the portable backend's lock, taken before its library connects. From here on no thread can write or
/// create a file, start a program or a thread, reach an address that is not local, or write anything but records to
/// standard output: that kills the process.
#[cfg(feature = "portable")]
pub(crate) fn restrict_setup() -> anyhow::Result<()> {
    let program = setup_filter().context("cannot build its system call filter")?;
    seccompiler::apply_filter_all_threads(&program)
        .context("cannot lock itself in: the kernel must allow seccomp filters (CONFIG_SECCOMP_FILTER)")
}

/// The second step of the portable backend's lock, taken with the first event. From here on every thread may only wait,
/// write records to standard output, use memory, use the connections that exist, and end. Anything else kills the
/// process.
#[cfg(feature = "portable")]
pub(crate) fn lock_in_threads() -> anyhow::Result<()> {
    let program = threads_filter().context("cannot build its system call filter")?;
    seccompiler::apply_filter_all_threads(&program).context("cannot lock itself in")
}

/// Forbids what the portable backend's library does not need to connect and to read its tables.
#[cfg(feature = "portable")]
fn setup_filter() -> anyhow::Result<BpfProgram> {
    let writes = |argument: u8| -> anyhow::Result<Vec<SeccompRule>> {
        let access = u64::try_from(libc::O_ACCMODE)?;
        let ways = [
            (access, libc::O_WRONLY),
            (access, libc::O_RDWR),
            (u64::try_from(libc::O_CREAT)?, libc::O_CREAT),
        ];
        ways.into_iter()
            .map(|(mask, flag)| argument_rule(argument, SeccompCmpOp::MaskedEq(mask), u64::try_from(flag)?))
            .collect()
    };
    let no_record = vec![
        descriptor_condition(STANDARD_OUTPUT)?,
        SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, u64::try_from(RECORD_BYTES)?)?,
    ];
    let not_local = argument_rule(0, SeccompCmpOp::Ne, u64::try_from(libc::AF_UNIX)?)?;
    let mut rules = BTreeMap::from([
        (libc::SYS_openat, writes(2)?),
        (libc::SYS_socket, vec![not_local]),
        (libc::SYS_write, vec![SeccompRule::new(no_record)?]),
    ]);
    #[cfg(target_arch = "x86_64")]
    {
        rules.insert(libc::SYS_open, writes(1)?);
        for call in [libc::SYS_fork, libc::SYS_vfork, libc::SYS_creat, libc::SYS_mkdir, libc::SYS_rename] {
            rules.insert(call, Vec::new());
        }
    }
    // An empty list forbids the call whatever its arguments.
    for call in [
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_clone,
        libc::SYS_clone3,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_openat2,
        libc::SYS_memfd_create,
        libc::SYS_mkdirat,
        libc::SYS_mknodat,
        libc::SYS_linkat,
        libc::SYS_symlinkat,
        libc::SYS_renameat2,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_io_uring_setup,
    ] {
        rules.insert(call, Vec::new());
    }
    let machine = std::env::consts::ARCH.try_into().context("no filter for this processor")?;
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillProcess, machine)?.try_into()?)
}

/// Allows what the portable backend needs once events come.
#[cfg(feature = "portable")]
fn threads_filter() -> anyhow::Result<BpfProgram> {
    let record = u64::try_from(RECORD_BYTES)?;
    let length = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, record)?;
    let records = vec![SeccompRule::new(vec![descriptor_condition(STANDARD_OUTPUT)?, length])?];
    // All descriptors but the three standard ones are the connections to the display and the signals', which cannot be
    // written to; no others can be opened.
    let connections = || Ok::<_, anyhow::Error>(vec![argument_rule(0, SeccompCmpOp::Gt, 2)?]);
    let not_executable =
        || argument_rule(2, SeccompCmpOp::MaskedEq(u64::try_from(libc::PROT_EXEC).unwrap_or(u64::MAX)), 0);
    let anonymous = SeccompRule::new(vec![
        SeccompCondition::new(
            2,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::MaskedEq(u64::try_from(libc::PROT_EXEC)?),
            0,
        )?,
        SeccompCondition::new(
            3,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::MaskedEq(u64::try_from(libc::MAP_ANONYMOUS)?),
            u64::try_from(libc::MAP_ANONYMOUS)?,
        )?,
    ])?;
    let mut rules = BTreeMap::from([
        (libc::SYS_write, records),
        (libc::SYS_writev, connections()?),
        (libc::SYS_sendmsg, connections()?),
        (libc::SYS_sendto, connections()?),
        (libc::SYS_mmap, vec![anonymous]),
        (libc::SYS_mprotect, vec![not_executable()?]),
    ]);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_poll, Vec::new());
    for call in [
        // From descriptors that are there.
        libc::SYS_read,
        libc::SYS_recvmsg,
        libc::SYS_recvfrom,
        // Waiting, for events and for other threads.
        libc::SYS_ppoll,
        libc::SYS_futex,
        libc::SYS_nanosleep,
        libc::SYS_clock_nanosleep,
        libc::SYS_restart_syscall,
        libc::SYS_sched_yield,
        // The clock, on machines where reading it is a system call.
        libc::SYS_clock_gettime,
        libc::SYS_gettimeofday,
        // Memory: `rdev` makes a text of each key.
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        // Ending.
        libc::SYS_rt_sigprocmask,
        libc::SYS_sigaltstack,
        libc::SYS_exit_group,
    ] {
        rules.insert(call, Vec::new());
    }
    let machine = std::env::consts::ARCH.try_into().context("no filter for this processor")?;
    Ok(SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, machine)?.try_into()?)
}

/// Returns a rule about one argument of 32 bits.
#[cfg(feature = "portable")]
fn argument_rule(argument: u8, compare: SeccompCmpOp, value: u64) -> anyhow::Result<SeccompRule> {
    Ok(SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compare, value)?])?)
}

fn counting_filter(readable: &[RawFd]) -> anyhow::Result<BpfProgram> {
    let reads = readable
        .iter()
        .map(|descriptor| Ok(SeccompRule::new(vec![descriptor_condition(*descriptor)?])?))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let record = u64::try_from(RECORD_BYTES)?;
    let length = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, record)?;
    let writes = vec![SeccompRule::new(vec![descriptor_condition(STANDARD_OUTPUT)?, length])?];

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

fn descriptor_condition(descriptor: RawFd) -> anyhow::Result<SeccompCondition> {
    let descriptor = u64::try_from(descriptor)?;
    Ok(SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, descriptor)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, ExitStatus, Stdio};

    use super::*;

    const DEED: &str = "CANDOR_COUNTER_TEST_DEED";
    const LOCK: &str = "CANDOR_COUNTER_TEST_LOCK";

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
        match std::env::var(LOCK).as_deref() {
            Ok("first step") => first(),
            Ok("both steps") => both(),
            _ => lock_in(&[std::os::fd::AsFd::as_fd(&zero)]).expect("locked in"),
        }
        let end = |code| -> ! { std::process::exit(code) };
        match deed.as_str() {
            "what it needs" => {
                rustix::io::read(&zero, &mut byte).expect("read");
                rustix::io::write(&stdout, &[b'.'; RECORD_BYTES]).expect("write");
                end(7)
            }
            "open a file" => drop(std::fs::File::open("/dev/null")),
            "write a file" => drop(std::fs::File::options().write(true).open("/dev/null")),
            "start a thread" => drop(std::thread::spawn(|| ())),
            "reach a local address" => drop(std::os::unix::net::UnixStream::connect("/nowhere")),
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

    #[cfg(feature = "portable")]
    fn first() {
        restrict_setup().expect("restricted");
    }

    #[cfg(feature = "portable")]
    fn both() {
        restrict_setup().expect("restricted");
        lock_in_threads().expect("locked in");
    }

    #[cfg(not(feature = "portable"))]
    fn first() {}

    #[cfg(not(feature = "portable"))]
    fn both() {}

    fn outcome(deed: &str) -> ExitStatus {
        under("the lock", deed)
    }

    fn under(lock: &str, deed: &str) -> ExitStatus {
        let itself = std::env::current_exe().expect("the test program");
        Command::new(itself)
            .args(["--exact", "--ignored", "--nocapture", "--test-threads=1"])
            .arg("lockdown::tests::do_the_deed_under_the_filter")
            .env(DEED, deed)
            .env(LOCK, lock)
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

    #[cfg(feature = "portable")]
    #[test]
    fn invariant_11_the_portable_counter_is_locked_in_two_steps() {
        for lock in ["first step", "both steps"] {
            assert_eq!(under(lock, "what it needs").code(), Some(7), "{lock}");
            for deed in [
                "write a file",
                "make a socket",
                "start a program",
                "start a thread",
                "write a byte",
                "write two records at once",
            ] {
                let status = under(lock, deed);
                assert_eq!(status.signal(), Some(libc::SIGSYS), "{lock}: {deed}: {status}");
            }
        }
        // The library still has to connect and to read its tables.
        for deed in ["open a file", "reach a local address"] {
            assert_eq!(under("first step", deed).code(), Some(8), "{deed}");
            assert_eq!(under("both steps", deed).signal(), Some(libc::SIGSYS), "{deed}");
        }
        assert_eq!(under("both steps", "write to standard error").signal(), Some(libc::SIGSYS));
    }
}
