//! Ctrl-C, and whatever else asks the program to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Set once the person pressed Ctrl-C, or the terminal or the system asks the program to end.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts listening; from now on such a signal no longer ends the program by itself.
    pub(super) fn listen() -> Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
        {
            // In this order: a signal is noted; another one, before the first was taken notice of, ends the program.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
                .context("cannot listen for signals")?;
        }
        Ok(Self(flag))
    }

    /// Whether the person wants to end.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes notice of it: the next one is a new one.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }

    /// Sleeps, and wakes early when the person wants to end. Says whether it slept through.
    pub(super) fn sleep(&self, length: Duration) -> bool {
        let until = Instant::now() + length;
        while !self.is_set() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
        false
    }

    /// Sleeps, and fails when the person wants to end.
    pub(super) fn sleep_or_fail(&self, length: Duration) -> Result<()> {
        if self.sleep(length) { Ok(()) } else { bail!("interrupted") }
    }
}
