//! A plugin's log: a ring in memory with a bounded rate, so that a flood costs the flooding plugin its own lines and
//! nothing else (invariant 13).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::clock::now_ms;
use crate::limits::Limits;
use crate::text::cut;

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Of use to the plugin's author alone.
    Debug,
    /// What the plugin does, when all is well.
    Info,
    /// Something unexpected that the plugin got over.
    Warn,
    /// Something that was to be done was not.
    Error,
}

/// One line of a plugin's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginLogLine {
    /// The time, in milliseconds since the Unix epoch.
    pub at: u64,
    /// How important it is.
    pub level: Level,
    /// Whether the host wrote it, about the plugin; otherwise it is the plugin's own word.
    pub by_host: bool,
    /// The text, of at most [`Limits::log_line`] bytes and without a line break.
    pub text: String,
}

/// The ring. Shared by all instances of one plugin.
pub(crate) struct PluginLog {
    inner: Mutex<LogRing>,
    lines: usize,
    line: usize,
    rate: u32,
}

struct LogRing {
    lines: VecDeque<PluginLogLine>,
    window: Instant,
    in_window: u32,
    dropped: u64,
}

impl PluginLog {
    pub(crate) fn new(limits: &Limits) -> Self {
        let ring = LogRing { lines: VecDeque::new(), window: Instant::now(), in_window: 0, dropped: 0 };
        Self {
            inner: Mutex::new(ring),
            lines: limits.log_lines,
            line: limits.log_line,
            rate: limits.log_rate,
        }
    }

    /// Writes a line of the plugin's; more than [`Limits::log_rate`] in a second are dropped and counted.
    pub(crate) fn write_guest(&self, level: Level, text: &str) {
        let mut ring = self.inner.lock();
        let now = Instant::now();
        if now.duration_since(ring.window) >= Duration::from_secs(1) {
            ring.window = now;
            ring.in_window = 0;
            self.note_dropped(&mut ring);
        }
        if ring.in_window >= self.rate {
            ring.dropped += 1;
            return;
        }
        ring.in_window += 1;
        self.push(&mut ring, level, false, text);
    }

    /// Writes a line of the host's. It is not subject to the rate, because the host writes few.
    pub(crate) fn write_host(&self, level: Level, text: &str) {
        let mut ring = self.inner.lock();
        self.note_dropped(&mut ring);
        self.push(&mut ring, level, true, text);
    }

    /// Returns the lines, oldest first.
    pub(crate) fn lines(&self) -> Vec<PluginLogLine> {
        let mut ring = self.inner.lock();
        self.note_dropped(&mut ring);
        ring.lines.iter().cloned().collect()
    }

    fn note_dropped(&self, ring: &mut LogRing) {
        let dropped = std::mem::take(&mut ring.dropped);
        if dropped > 0 {
            let text = format!("{dropped} lines were dropped: more than {} in a second", self.rate);
            self.push(ring, Level::Warn, true, &text);
        }
    }

    fn push(&self, ring: &mut LogRing, level: Level, by_host: bool, text: &str) {
        while ring.lines.len() >= self.lines.max(1) {
            ring.lines.pop_front();
        }
        let text: String =
            cut(text, self.line).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        ring.lines.push_back(PluginLogLine { at: now_ms(), level, by_host, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariant_13_a_flood_of_lines_is_bounded_and_counted() {
        let log = PluginLog::new(&Limits { log_rate: 5, log_lines: 4, log_line: 60, ..Limits::default() });
        for n in 0..1_000 {
            log.write_guest(Level::Info, &format!("line {n} {}", "x".repeat(100)));
        }
        let lines = log.lines();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().any(|l| l.by_host && l.text.starts_with("995 lines were dropped")), "{lines:?}");
        assert!(lines.iter().all(|l| l.text.len() <= 60));
    }

    #[test]
    fn what_was_dropped_is_told() {
        let log = PluginLog::new(&Limits { log_rate: 1, ..Limits::default() });
        for _ in 0..11 {
            log.write_guest(Level::Info, "again");
        }
        let last = log.lines().pop().unwrap();
        assert_eq!(last.text, "10 lines were dropped: more than 1 in a second");
        assert!(last.by_host);
    }
}
