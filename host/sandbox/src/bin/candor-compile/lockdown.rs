//! What the kernel holds the compiler to, before it reads any input.

use std::collections::BTreeMap;

use anyhow::Context as _;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// Locks the process in. From here on, in this thread and all that it starts: no socket, no program, no other process looked into, signalled or
/// handed anything, no filter or mount undone. Any of these kills the compiler. Threads, memory and files stay: it compiles
/// on several threads, reads one file and writes another.
pub(crate) fn apply() -> anyhow::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("its memory cannot be kept private")?;
    let program = filter().context("its system call filter cannot be built")?;
    seccompiler::apply_filter(&program)
        .context("the kernel must allow seccomp filters (CONFIG_SECCOMP_FILTER)")
}

fn filter() -> anyhow::Result<BpfProgram> {
    let calls = [
        // The network, and anything else by a socket.
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_recvmmsg,
        // Other programs.
        libc::SYS_execve,
        libc::SYS_execveat,
        // Other processes.
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_kill,
        libc::SYS_kcmp,
        // Ways round a filter of system calls, and into the kernel.
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_open_by_handle_at,
    ];
    // An empty list forbids the call whatever its arguments.
    let rules: BTreeMap<_, _> = calls.into_iter().map(|call| (call, Vec::new())).collect();
    let machine = std::env::consts::ARCH.try_into().context("no filter for this processor")?;
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillProcess, machine)?.try_into()?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    const DEED: &str = "CANDOR_COMPILE_TEST_DEED";

    /// Not a test of its own: what the test below runs in a child process, under the very filter of the product.
    #[test]
    #[ignore = "run by the other test, in a process of its own"]
    fn do_the_deed_under_the_filter() {
        let deed = std::env::var(DEED).expect("run by the other test");
        let folder = tempfile::tempdir().expect("a folder");
        apply().expect("locked in");
        match deed.as_str() {
            "what it needs" => {
                let path = folder.path().join("output");
                std::thread::scope(|s| drop(s.spawn(|| std::fs::write(&path, b"x").expect("written"))));
                assert_eq!(std::fs::read(&path).expect("read"), b"x");
            }
            "reach the network" => drop(std::net::TcpStream::connect("127.0.0.1:9")),
            "ask a name server" => drop(std::net::UdpSocket::bind("127.0.0.1:0")),
            "reach the desktop" => drop(std::os::unix::net::UnixStream::connect("/nowhere")),
            "start a program" => {
                // The child in which it would start is what is killed.
                let ran = Command::new("/bin/true").status().is_ok_and(|status| status.success());
                std::process::exit(if ran { 8 } else { 7 })
            }
            other => panic!("no such deed: {other}"),
        }
        std::process::exit(if deed == "what it needs" { 7 } else { 9 })
    }

    #[test]
    fn invariant_13_a_compiler_that_is_taken_over_reaches_neither_network_nor_programs() {
        let outcome = |deed: &str| {
            Command::new(std::env::current_exe().expect("the test program"))
                .args(["--exact", "--ignored", "--nocapture", "--test-threads=1"])
                .arg("lockdown::tests::do_the_deed_under_the_filter")
                .env(DEED, deed)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .expect("the test program starts")
        };
        assert_eq!(outcome("what it needs").code(), Some(7));
        for deed in ["reach the network", "ask a name server", "reach the desktop"] {
            let status = outcome(deed);
            assert_eq!(status.signal(), Some(libc::SIGSYS), "{deed}: {status}");
        }
        let status = outcome("start a program");
        assert_eq!(status.code(), Some(7), "the program ran: {status}");
    }
}
