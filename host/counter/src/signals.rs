//! The signals that ask the counter to end, as a descriptor to poll with the others.
//!
//! A handler would have to write to some descriptor, which the lock forbids; a signal descriptor is only read.
#![allow(
    unsafe_code,
    reason = "signal masks and signal descriptors have no safe wrapper among our dependencies"
)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd as _, OwnedFd};

/// Returns a descriptor that becomes readable when a signal asks the counter to end.
pub(crate) fn open_end_signals() -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initialises the set; the other calls only read it while it is alive. The descriptor is
    // checked, and owned by nobody else.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        let mut set = set.assume_init();
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            libc::sigaddset(&raw mut set, signal);
        }
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let descriptor = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedFd::from_raw_fd(descriptor))
    }
}
