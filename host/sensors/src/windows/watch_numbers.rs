//! Numbers that are never used again, however often the display is opened anew.

use std::sync::Arc;

use tokio::sync::watch;

use super::history::LayoutHistory;

/// Bits for the windows and layouts of a display until it is opened anew.
const NUMBER_BITS: u32 = 32;

/// The numbers of one watch over windows, and who is told of its layouts.
#[derive(Debug)]
pub(crate) struct WatchNumbers {
    first: u64,
    changes: Arc<watch::Sender<u64>>,
}

impl WatchNumbers {
    /// Those of the watch that is started for the so many-th time.
    pub(crate) fn for_watch(times: u64, changes: Arc<watch::Sender<u64>>) -> Self {
        Self { first: (times << NUMBER_BITS) + 1, changes }
    }

    /// The first window's id, and the first layout's generation.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Where the generation of each layout is told; that of the current one is told at once.
    pub(crate) fn changes(&self, history: &LayoutHistory) -> Arc<watch::Sender<u64>> {
        if let Some(current) = history.current() {
            self.changes.send_replace(current.generation);
        }
        Arc::clone(&self.changes)
    }
}
