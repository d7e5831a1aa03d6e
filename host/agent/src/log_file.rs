//! The file that the agent logs to through the standard error. If that is the file that whoever started the agent made
//! for it (`run/agent.log` in the data folder), the file is started again before it grows without end.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{OFlags, fcntl_getfl, ftruncate};

/// How long the file may get, in bytes.
pub(crate) const LONGEST: u64 = 4 << 20;

static WRITTEN: AtomicU64 = AtomicU64::new(0);
static OURS: OnceLock<bool> = OnceLock::new();

/// The standard error, as a log.
#[derive(Debug)]
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = io::stderr().lock();
        let written = WRITTEN.fetch_add(bytes.len() as u64, Ordering::AcqRel) + bytes.len() as u64;
        if written > LONGEST && *OURS.get_or_init(is_ours) {
            ftruncate(io::stderr(), 0)?;
            WRITTEN.store(bytes.len() as u64, Ordering::Release);
            out.write_all(b"The log was long and begins anew here.\n")?;
        }
        out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Returns whether the standard error is that file, and what is written goes to its end wherever that is.
fn is_ours() -> bool {
    let named = std::fs::read_link("/proc/self/fd/2").is_ok_and(|path| path.ends_with("run/agent.log"));
    named && fcntl_getfl(io::stderr()).is_ok_and(|flags| flags.contains(OFlags::APPEND))
}
