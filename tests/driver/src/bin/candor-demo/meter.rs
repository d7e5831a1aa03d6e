//! How much processor time and memory a program takes, and how much it writes, its children included.

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
    /// Bytes that went to the disk so far when the watch began, and when it looked last.
    written: Option<(u64, u64)>,
    /// Proportional set sizes, kB.
    pss: Vec<u64>,
    /// Resident set sizes, kB.
    rss: Vec<u64>,
}

/// What a process and its children took.
#[derive(Serialize)]
pub(super) struct Usage {
    /// For how long, in seconds.
    pub(super) seconds: f64,
    /// Processor time over that, in percent of one core.
    pub(super) cpu_percent: f64,
    /// Proportional set size, median of looks 5 s apart, in MB.
    pub(super) pss_median_mb: f64,
    /// The largest of them.
    pub(super) pss_peak_mb: f64,
    /// Resident set size, the median of the same looks, in MB. What processes share is counted for each.
    pub(super) rss_median_mb: f64,
    /// What it had written to the disk over that time, in kB.
    pub(super) written_kb: f64,
}

impl Meter {
    /// Begins to watch a process.
    pub(super) fn of(pid: u32) -> Self {
        let now = Instant::now();
        Self {
            pid,
            began: now,
            ticks: ticks(pid).map(|at| (at, at)),
            last_look: now,
            written: written(pid).map(|at| (at, at)),
            pss: Vec::new(),
            rss: Vec::new(),
        }
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
        if let (Some((first, _)), Some(now)) = (self.written, written(self.pid)) {
            self.written = Some((first, now));
        }
        for (sizes, name) in [(&mut self.pss, "Pss:"), (&mut self.rss, "Rss:")] {
            let size = family(self.pid).into_iter().map(|pid| size(pid, name)).sum::<Option<u64>>();
            sizes.extend(size);
        }
    }

    /// What was seen between the beginning and the last look.
    pub(super) fn usage(mut self) -> Result<Usage> {
        let (first, last) = self.ticks.context("it could not be watched")?;
        let (written_first, written_last) = self.written.context("what it writes could not be watched")?;
        let median = |sizes: &mut Vec<u64>| {
            sizes.sort_unstable();
            sizes.get(sizes.len() / 2).copied().context("it did not run long enough to be measured")
        };
        let rss = median(&mut self.rss)?;
        let median = median(&mut self.pss)?;
        let peak = self.pss.last().copied().unwrap_or(median);
        let seconds = (self.last_look - self.began).as_secs_f64();
        let round = |value: f64| (value * 100.0).round() / 100.0;
        Ok(Usage {
            seconds: round(seconds),
            cpu_percent: round((last - first) as f64 / TICKS_PER_SECOND / seconds * 100.0),
            pss_median_mb: round(median as f64 / 1000.0),
            pss_peak_mb: round(peak as f64 / 1000.0),
            rss_median_mb: round(rss as f64 / 1000.0),
            written_kb: round((written_last - written_first) as f64 / 1000.0),
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

/// A size that the system adds up over a process's pages, in kB.
fn size(pid: u32, name: &str) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Bytes that a process and its living children caused to be written to a disk: none on a file system in memory.
fn written(pid: u32) -> Option<u64> {
    family(pid).into_iter().map(written_of).sum()
}

fn written_of(pid: u32) -> Option<u64> {
    let counts = std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    counts.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_a_size_and_its_time_only_grows() {
        let me = std::process::id();
        let before = ticks(me).unwrap();
        assert!(size(me, "Pss:").unwrap() > 0);
        assert!(size(me, "Rss:").unwrap() >= size(me, "Pss:").unwrap());
        assert!(written(me).is_some());
        assert!(ticks(me).unwrap() >= before);
    }
}
