//! Numbers that are never used twice, however often the display is opened again.

use std::sync::Arc;

use tokio::sync::watch;

use super::history::LayoutHistory;

/// The bits of a number that count windows and layouts; those above count how often the display was opened.
const NUMBER_BITS: u32 = 32;

/// The numbers of one watch over windows, and the channel for its layouts' generations.
#[derive(Debug)]
pub(crate) struct WatchNumbers {
    first: u64,
    changes: Arc<watch::Sender<u64>>,
}

impl WatchNumbers {
    /// Returns the numbers of a watch before which `times` others were started.
    pub(crate) fn for_watch(times: u64, changes: Arc<watch::Sender<u64>>) -> Self {
        Self { first: (times << NUMBER_BITS) + 1, changes }
    }

    /// Returns the first window's id, which is the first layout's generation, too.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Returns the channel for the generation of each layout, and sends that of the current one.
    pub(crate) fn changes(&self, history: &LayoutHistory) -> Arc<watch::Sender<u64>> {
        if let Some(current) = history.current() {
            self.changes.send_replace(current.generation);
        }
        Arc::clone(&self.changes)
    }
}
