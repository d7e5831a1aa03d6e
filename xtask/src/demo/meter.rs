//! How much processor time and memory the agent takes, its children (the counter) included.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// How often memory is looked at: adding up a process's pages costs it some time too.
const EVERY: Duration = Duration::from_secs(5);

/// In what Linux counts processor time towards programs, on every machine that this is built for.
const TICKS_PER_SECOND: f64 = 100.0;

/// Watches a process and its children.
pub(super) struct Meter {
    pid: u32,
    began: Instant,
    /// Processor time so far when the watch began, and when it looked last, in clock ticks.
    ticks: Option<(u64, u64)>,
    last_look: Instant,
    /// Proportional set sizes, kB.
    pss: Vec<u64>,
}

/// What was seen.
#[derive(Serialize)]
pub(crate) struct Usage {
    /// For how long, in seconds.
    pub(crate) seconds: f64,
    /// Processor time over that, in percent of one core.
    pub(crate) cpu_percent: f64,
    /// Proportional set size, median of looks 5 s apart, in MB.
    pub(crate) pss_median_mb: f64,
    /// The largest of them.
    pub(crate) pss_peak_mb: f64,
}

impl Meter {
    /// Begins to watch.
    pub(super) fn of(pid: u32) -> Self {
        let now = Instant::now();
        Self { pid, began: now, ticks: ticks(pid).map(|at| (at, at)), last_look: now, pss: Vec::new() }
    }

    /// Looks, if it is time to.
    pub(super) fn look(&mut self) {
        if self.last_look.elapsed() < EVERY {
            return;
        }
        self.last_look = Instant::now();
        if let (Some((first, _)), Some(now)) = (self.ticks, ticks(self.pid)) {
            self.ticks = Some((first, now));
        }
        if let Some(pss) = family(self.pid).into_iter().map(pss).sum::<Option<u64>>() {
            self.pss.push(pss);
        }
    }

    /// What was seen between the beginning and the last look.
    pub(super) fn usage(mut self) -> Result<Usage> {
        let (first, last) = self.ticks.context("the agent could not be watched")?;
        self.pss.sort_unstable();
        let median =
            *self.pss.get(self.pss.len() / 2).context("it did not run long enough to be measured")?;
        let peak = self.pss.last().copied().unwrap_or(median);
        let seconds = (self.last_look - self.began).as_secs_f64();
        let round = |value: f64| (value * 100.0).round() / 100.0;
        Ok(Usage {
            seconds: round(seconds),
            cpu_percent: round((last - first) as f64 / TICKS_PER_SECOND / seconds * 100.0),
            pss_median_mb: round(median as f64 / 1000.0),
            pss_peak_mb: round(peak as f64 / 1000.0),
        })
    }
}

/// A process and its living children.
fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    for thread in threads {
        let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    all
}

/// Processor time of a process, its living children, and those that it has waited for.
fn ticks(pid: u32) -> Option<u64> {
    family(pid).into_iter().map(ticks_of).sum()
}

fn ticks_of(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    // After the name: utime, stime, cutime and cstime are fields 14 to 17 of proc(5).
    fields.split(' ').skip(11).take(4).map(|field| field.parse::<u64>().ok()).sum()
}

fn pss(pid: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_a_size_and_its_time_only_grows() {
        let me = std::process::id();
        let before = ticks(me).unwrap();
        assert!(pss(me).unwrap() > 0);
        assert!(ticks(me).unwrap() >= before);
    }
}
