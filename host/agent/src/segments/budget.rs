//! What each plugin has recorded in each segment, and what of it was dropped (invariant 13).
//!
//! The count of what was dropped is in memory, exact, and goes into the journal when the segment closes. Before, it is
//! written at each doubling, so that a crash loses no more than half of it and a flood writes no flood.

use candor_diary::limits::Spent;
use indexmap::IndexMap;
use parking_lot::Mutex;

/// How many budgets are kept at once. The first that came goes first, not the earliest segment: after the clock was set
/// back, that is the one that runs.
const KEPT: usize = 256;

#[derive(Clone, Copy, Default)]
struct PluginBudget {
    spent: Spent,
    dropped: u64,
    written: u64,
}

/// The budgets of a contract's plugins, by segment.
#[derive(Default)]
pub struct Budgets(Mutex<IndexMap<(u64, String), PluginBudget>>);

impl Budgets {
    fn with<R>(&self, segment: u64, plugin: &str, change: impl FnOnce(&mut PluginBudget) -> R) -> R {
        let mut all = self.0.lock();
        let changed = change(all.entry((segment, plugin.to_owned())).or_default());
        while all.len() > KEPT {
            all.shift_remove_index(0);
        }
        changed
    }

    /// Takes room for a note of that many bytes; returns false if there is none.
    pub fn take(&self, segment: u64, plugin: &str, bytes: usize) -> bool {
        self.with(segment, plugin, |budget| budget.spent.take(bytes))
    }

    /// Counts a note as dropped. Returns how many were so far, if that is to be written down now.
    pub fn count_dropped(&self, segment: u64, plugin: &str) -> Option<u64> {
        self.with(segment, plugin, |budget| {
            budget.dropped = budget.dropped.saturating_add(1);
            let due = budget.dropped.is_power_of_two();
            if due {
                budget.written = budget.dropped;
            }
            due.then_some(budget.dropped)
        })
    }

    /// Returns what is still to be written down of a segment that closes: plugins, and how many of their notes were
    /// dropped.
    pub fn take_unwritten(&self, segment: u64) -> Vec<(String, u64)> {
        let mut all = self.0.lock();
        let mut due = Vec::new();
        for ((_, plugin), budget) in all.iter_mut().filter(|((start, _), _)| *start == segment) {
            if budget.dropped > budget.written {
                budget.written = budget.dropped;
                due.push((plugin.clone(), budget.dropped));
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use candor_diary::limits::PLUGIN_BYTES;

    use super::*;

    #[test]
    fn invariant_13_a_flood_writes_no_flood_and_is_counted_to_the_last() {
        let budgets = Budgets::default();
        assert!(budgets.take(0, "a", PLUGIN_BYTES));
        assert!(!budgets.take(0, "a", 1));
        assert!(
            budgets.take(0, "b", 1) && budgets.take(60_000, "a", 1),
            "each plugin and segment has its own"
        );
        let written: Vec<u64> = (0..100_000).filter_map(|_| budgets.count_dropped(0, "a")).collect();
        assert_eq!((written.len(), written.last()), (17, Some(&65_536)));
        assert_eq!(budgets.take_unwritten(0), [("a".to_owned(), 100_000)]);
        assert!(budgets.take_unwritten(0).is_empty() && budgets.take_unwritten(60_000).is_empty());
    }

    #[test]
    fn invariant_13_a_clock_that_was_far_ahead_gives_nobody_a_second_budget() {
        let budgets = Budgets::default();
        for segment in 0..2 * KEPT as u64 {
            assert!(budgets.take(86_400_000 + segment, "a", 1));
        }
        assert!(budgets.take(0, "a", PLUGIN_BYTES));
        assert!(!budgets.take(0, "a", 1));
        assert!(budgets.count_dropped(0, "a").is_some());
    }
}
