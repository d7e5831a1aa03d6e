//! The counter's one loop. It allocates nothing and makes no system call that the lock forbids.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::exit::EndReason;
use crate::minute::{MinuteCounts, PressCounts, read_clocks};
use crate::presses::{PressRecording, RecordingLost};

/// At the end, the counter waits for presses still under way until none has come for so long, ms.
const QUIET_MS: u64 = 20;
/// How often it waits so at most.
const ROUNDS: u32 = 10;

/// What ended a wait.
enum WaitOutcome {
    /// Presses came, or the time was up.
    Count,
    /// The counter is to end.
    End(EndReason),
}

/// The loop, and all that it reads and writes.
pub(crate) struct CountingLoop {
    recording: PressRecording,
    signals: OwnedFd,
    stdin: io::Stdin,
    stdout: io::Stdout,
}

impl CountingLoop {
    pub(crate) fn new(recording: PressRecording, signals: OwnedFd) -> Self {
        Self { recording, signals, stdin: io::stdin(), stdout: io::stdout() }
    }

    /// Returns the descriptors that it reads from.
    pub(crate) fn descriptors(&self) -> [BorrowedFd<'_>; 4] {
        [self.recording.data(), self.recording.control(), self.stdin.as_fd(), self.signals.as_fd()]
    }

    /// Counts until the end, and writes a last record for the minute begun.
    pub(crate) fn run(&mut self) -> EndReason {
        let end = self.count_until_end();
        self.recording.forget_keys();
        end
    }

    fn count_until_end(&mut self) -> EndReason {
        let mut minute = MinuteCounts::of(read_clocks());
        // Whether the last minute had nothing but the repeats of what is held.
        let mut held_only = false;
        loop {
            let now = read_clocks();
            let left = minute.ms_left(now);
            if left == 0 {
                if self.write_record(&minute).is_err() {
                    return EndReason::Requested;
                }
                held_only = minute.counts.held_only();
                if minute.is_long_over(now) {
                    // What waits to be read was pressed in minutes that were not counted.
                    self.drain_presses(&mut PressCounts::default());
                }
                minute = MinuteCounts::of(read_clocks());
                continue;
            }
            let outcome = self.wait_for_presses(left);
            // The minute may have ended meanwhile (the machine slept): what comes now does not belong to it.
            if minute.ms_left(read_clocks()) == 0 && !matches!(outcome, WaitOutcome::End(_)) {
                continue;
            }
            let end = match outcome {
                WaitOutcome::End(end) => end,
                WaitOutcome::Count => match self.recording.read(&mut minute.counts) {
                    Ok(_) if held_only && minute.counts.any_new() => {
                        // Somebody is there again: only a record tells the parent so.
                        if self.write_record(&minute).is_err() {
                            return EndReason::Requested;
                        }
                        held_only = false;
                        minute.counts = PressCounts::default();
                        continue;
                    }
                    Ok(_) => continue,
                    Err(RecordingLost) => EndReason::DisplayLost,
                },
            };
            if end == EndReason::Requested && !minute.is_long_over(read_clocks()) {
                self.drain_presses(&mut minute.counts);
            }
            // Whether anybody still reads it makes no difference any more.
            let _ = self.write_record(&minute);
            return end;
        }
    }

    /// Waits for presses or the end, at most `time` ms.
    fn wait_for_presses(&self, time: u64) -> WaitOutcome {
        let [data, control, stdin, signals] =
            self.descriptors().map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
        let mut waiting = [data, control, stdin, signals];
        match poll(&mut waiting, Some(&timespec_of(time))) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return WaitOutcome::End(EndReason::Requested),
        }
        let [_, control, stdin, signals] = waiting;
        if !signals.revents().is_empty() {
            return WaitOutcome::End(EndReason::Requested);
        }
        if !stdin.revents().is_empty() {
            // The counter takes no input: what is there is skipped.
            let mut waste = [0; 256];
            match rustix::io::read(&self.stdin, &mut waste) {
                Ok(1..) | Err(Errno::AGAIN | Errno::INTR) => {}
                Ok(0) | Err(_) => return WaitOutcome::End(EndReason::Requested),
            }
        }
        if !control.revents().is_empty() && self.recording.discard_control_events() == Err(RecordingLost) {
            return WaitOutcome::End(EndReason::DisplayLost);
        }
        WaitOutcome::Count
    }

    /// Counts what was pressed before the end but has not arrived yet.
    fn drain_presses(&mut self, counts: &mut PressCounts) {
        for _ in 0..ROUNDS {
            let mut waiting = [PollFd::from_borrowed_fd(self.recording.data(), PollFlags::IN)];
            match poll(&mut waiting, Some(&timespec_of(QUIET_MS))) {
                Ok(0) => return,
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            if self.recording.read(counts).is_err() {
                return;
            }
        }
    }

    /// Writes the minute's record in one piece: a pipe takes 20 bytes whole or not at all.
    fn write_record(&self, minute: &MinuteCounts) -> Result<(), Errno> {
        loop {
            match rustix::io::write(&self.stdout, &minute.to_record()) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn timespec_of(ms: u64) -> Timespec {
    let seconds = i64::try_from(ms / 1_000).unwrap_or(i64::MAX);
    let nanoseconds = i64::try_from(ms % 1_000 * 1_000_000).unwrap_or(0);
    Timespec { tv_sec: seconds, tv_nsec: nanoseconds }
}
