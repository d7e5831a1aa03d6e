//! Runs `candor-counter` and reads its counts. The agent never sees an input event, only these numbers.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

use crate::backend::Backend;
use crate::error::SensorError;
use crate::kind::DisplayKind;

/// The length of a record, bytes: start of the minute (u64, ms since the epoch), keys, clicks, scrolls (u32 each),
/// little-endian.
pub const RECORD_BYTES: usize = 20;

/// How long [`CounterProcess::finish`] waits for the last records.
pub const FINISH_TIME: Duration = Duration::from_secs(2);

/// How long a killed counter may take to end.
const KILL_TIME: Duration = Duration::from_millis(500);

/// The exit code with which the counter says that the display was lost.
const EXIT_DISPLAY_LOST: i32 = 3;
/// The exit code with which the counter says that it cannot count on this display.
const EXIT_CANNOT_COUNT: i32 = 4;
/// The exit code with which the counter says that it could count only a part: the display is XWayland's.
const EXIT_WAYLAND: i32 = 5;

/// How much input there was in one minute; never which key or where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MinuteCount {
    /// The start of the minute, ms since the Unix epoch, UTC; a multiple of 60,000.
    pub start: u64,
    /// The key presses. A key that is held down is one press until it is released.
    pub keys: u32,
    /// The presses of buttons that are not a wheel.
    pub clicks: u32,
    /// The steps of a wheel, in any direction.
    pub scrolls: u32,
    /// Whether nothing came in this minute but the repeats of a held key or button, which the display's own idle clock
    /// takes for activity. The first new press or release after such minutes comes at once, in a record of its own.
    pub held_only: bool,
}

/// In a record's start: [`MinuteCount::held_only`].
const HELD_ONLY: u64 = 1 << 63;

impl MinuteCount {
    /// Reads a record of the counter: start, keys, clicks and scrolls, little-endian.
    #[must_use]
    pub fn from_record(record: &[u8; RECORD_BYTES]) -> Self {
        let [a, b, c, d, e, f, g, h, k0, k1, k2, k3, c0, c1, c2, c3, s0, s1, s2, s3] = *record;
        let start = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        Self {
            start: start & !HELD_ONLY,
            keys: u32::from_le_bytes([k0, k1, k2, k3]),
            clicks: u32::from_le_bytes([c0, c1, c2, c3]),
            scrolls: u32::from_le_bytes([s0, s1, s2, s3]),
            held_only: start & HELD_ONLY != 0,
        }
    }
}

/// A running `candor-counter`. It is killed when dropped, and ends by itself when this process ends, because its standard
/// input ends then.
///
/// Two records may name the same minute (the clock was set back, or the counter was started again within it): their
/// counts add up. A minute without a record was not counted.
#[derive(Debug)]
pub struct CounterProcess {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    partial: [u8; RECORD_BYTES],
    filled: usize,
    ended: bool,
}

impl CounterProcess {
    /// Starts the counter at `path`; `None` for the display means `$DISPLAY`. Call it within a tokio runtime.
    ///
    /// # Errors
    /// [`SensorError::Counter`] if the program cannot be started. [`Self::next`] reports a missing display.
    pub fn spawn(path: &Path, display: Option<&str>) -> Result<Self, SensorError> {
        Self::spawn_with(path, display, Backend::Auto)
    }

    /// Starts the counter with this backend.
    ///
    /// # Errors
    /// As [`Self::spawn`]. [`Self::next`] reports a backend that the program was built without.
    pub fn spawn_with(path: &Path, display: Option<&str>, backend: Backend) -> Result<Self, SensorError> {
        let mut command = Command::new(path);
        // It needs nothing of the environment but what leads to the display.
        command.env_clear();
        let ours = std::env::var("DISPLAY").ok();
        for name in ["DISPLAY", "XAUTHORITY", "HOME"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        // What the environment says of Wayland holds for `$DISPLAY` alone.
        if display.is_none() || display == ours.as_deref() {
            for name in ["WAYLAND_DISPLAY", "XDG_SESSION_TYPE"] {
                command.envs(std::env::var_os(name).map(|value| (name, value)));
            }
        }
        if backend != Backend::Auto {
            command.arg("--backend").arg(backend.to_string());
        }
        match display {
            // The portable backend knows no other way to name a display.
            Some(display) if backend == Backend::Portable => drop(command.env("DISPLAY", display)),
            Some(display) => drop(command.arg("--display").arg(display)),
            None => {}
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            SensorError::Counter(format!(
                "could not be started: {error}; it belongs beside the agent's own program"
            ))
        })?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(SensorError::Counter("has no pipes".to_owned()));
        };
        Ok(Self { child, stdin: Some(stdin), stdout, partial: [0; RECORD_BYTES], filled: 0, ended: false })
    }

    /// Returns the counter's process id while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for the next record: one a minute, at the minute's end. Returns `None` when the counter has ended as
    /// asked, and an error, once, if it ended otherwise. Cancel safe: nothing that was read is lost.
    pub async fn next(&mut self) -> Option<Result<MinuteCount, SensorError>> {
        if self.ended {
            return None;
        }
        while self.filled < RECORD_BYTES {
            match self.stdout.read(self.partial.get_mut(self.filled..).unwrap_or_default()).await {
                Ok(0) => return self.end().await.map(Err),
                Ok(read) => self.filled += read,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(SensorError::System {
                        what: "cannot read the event counter",
                        source: error,
                    }));
                }
            }
        }
        self.filled = 0;
        Some(Ok(MinuteCount::from_record(&self.partial)))
    }

    /// Ends the counter and returns its last records, one for the minute begun among them. After [`FINISH_TIME`] it is
    /// killed, even if it is stopped; records that come later are lost.
    pub async fn finish(mut self) -> Vec<MinuteCount> {
        drop(self.stdin.take());
        let until = Instant::now() + FINISH_TIME;
        let mut rest = Vec::new();
        while let Ok(Some(next)) = timeout_at(until, self.next()).await {
            match next {
                Ok(count) => rest.push(count),
                Err(error) => tracing::warn!(%error, "the event counter did not end in good order"),
            }
        }
        if !self.ended {
            tracing::warn!("the event counter did not end in time and is killed");
            // This kills a stopped one, too. Dropping it would do the same, but later.
            if self.child.start_kill().is_ok() {
                let _ = timeout_at(Instant::now() + KILL_TIME, self.child.wait()).await;
            }
        }
        rest
    }

    /// Waits for the exit code and returns what it means.
    async fn end(&mut self) -> Option<SensorError> {
        let status = self.child.wait().await;
        // Not before: a caller that was cancelled here gets the result the next time.
        self.ended = true;
        let status = match status {
            Ok(status) => status,
            Err(source) => {
                return Some(SensorError::System { what: "cannot wait for the event counter", source });
            }
        };
        match status.code() {
            Some(0) if self.filled == 0 => None,
            Some(EXIT_DISPLAY_LOST) => Some(SensorError::DisplayLost),
            Some(EXIT_CANNOT_COUNT) => Some(SensorError::MissingExtension("RECORD")),
            Some(EXIT_WAYLAND) => Some(SensorError::Blind(DisplayKind::XWayland)),
            _ => Some(SensorError::Counter(format!("ended by itself: {status}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_field_by_field() {
        let mut record = [0_u8; RECORD_BYTES];
        record[..8].copy_from_slice(&1_800_000_060_000_u64.to_le_bytes());
        record[8..12].copy_from_slice(&404_u32.to_le_bytes());
        record[12..16].copy_from_slice(&120_u32.to_le_bytes());
        record[16..].copy_from_slice(&210_u32.to_le_bytes());
        let count =
            MinuteCount { start: 1_800_000_060_000, keys: 404, clicks: 120, scrolls: 210, held_only: false };
        assert_eq!(MinuteCount::from_record(&record), count);
        record[7] |= 0x80;
        assert_eq!(MinuteCount::from_record(&record), MinuteCount { held_only: true, ..count });
    }
}
