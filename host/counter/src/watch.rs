//! The counter's one loop. It allocates nothing and calls nothing that the lock forbids.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::exit::EndReason;
use crate::presses::{Lost, Presses};
use crate::tally::{self, Counts, Minute};

/// At the end, the counter waits for presses still under way until none has come for this long,
const QUIET: u64 = 20;
/// but at most so many times.
const ROUNDS: u32 = 10;

/// What came while waiting.
enum Came {
    /// Presses, or the time was up.
    Go,
    /// It is time to end.
    End(EndReason),
}

/// Everything that the loop needs.
pub(crate) struct Watch {
    presses: Presses,
    signals: OwnedFd,
    stdin: io::Stdin,
    stdout: io::Stdout,
}

impl Watch {
    pub(crate) fn new(presses: Presses, signals: OwnedFd) -> Self {
        Self { presses, signals, stdin: io::stdin(), stdout: io::stdout() }
    }

    /// What it reads from.
    pub(crate) fn descriptors(&self) -> [BorrowedFd<'_>; 4] {
        [self.presses.data(), self.presses.control(), self.stdin.as_fd(), self.signals.as_fd()]
    }

    /// Counts until the end; then says what the minute begun had.
    pub(crate) fn run(&mut self) -> EndReason {
        let end = self.count();
        self.presses.forget();
        end
    }

    fn count(&mut self) -> EndReason {
        let mut minute = Minute::of(tally::now());
        // The last minute had nothing but the repeats of what is held.
        let mut held_only = false;
        loop {
            let now = tally::now();
            let left = minute.left(now);
            if left == 0 {
                if self.say(&minute).is_err() {
                    return EndReason::Requested;
                }
                held_only = minute.counts.held_only();
                if minute.is_long_over(now) {
                    // What waits was pressed in minutes that nobody watched.
                    self.drain(&mut Counts::default());
                }
                minute = Minute::of(tally::now());
                continue;
            }
            let came = self.wait(left);
            // The minute may have ended while waiting (the machine slept): what comes now is not its.
            if minute.left(tally::now()) == 0 && !matches!(came, Came::End(_)) {
                continue;
            }
            let end = match came {
                Came::End(end) => end,
                Came::Go => match self.presses.read(&mut minute.counts) {
                    Ok(_) if held_only && minute.counts.any() => {
                        // Somebody is there again: the parent cannot tell by any other way.
                        if self.say(&minute).is_err() {
                            return EndReason::Requested;
                        }
                        held_only = false;
                        minute.counts = Counts::default();
                        continue;
                    }
                    Ok(_) => continue,
                    Err(Lost) => EndReason::DisplayLost,
                },
            };
            if end == EndReason::Requested && !minute.is_long_over(tally::now()) {
                self.drain(&mut minute.counts);
            }
            // Whether somebody still reads it makes no difference any more.
            let _ = self.say(&minute);
            return end;
        }
    }

    /// Waits for presses or the end, at most `time` ms.
    fn wait(&self, time: u64) -> Came {
        let [data, control, stdin, signals] =
            self.descriptors().map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
        let mut waiting = [data, control, stdin, signals];
        match poll(&mut waiting, Some(&timespec(time))) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return Came::End(EndReason::Requested),
        }
        let [_, control, stdin, signals] = waiting;
        if !signals.revents().is_empty() {
            return Came::End(EndReason::Requested);
        }
        if !stdin.revents().is_empty() {
            // Nothing is ever said to the counter: what is there is passed over.
            let mut waste = [0; 256];
            match rustix::io::read(&self.stdin, &mut waste) {
                Ok(1..) | Err(Errno::AGAIN | Errno::INTR) => {}
                Ok(0) | Err(_) => return Came::End(EndReason::Requested),
            }
        }
        if !control.revents().is_empty() && self.presses.discard() == Err(Lost) {
            return Came::End(EndReason::DisplayLost);
        }
        Came::Go
    }

    /// Counts what was pressed before the end but had not come yet.
    fn drain(&mut self, counts: &mut Counts) {
        for _ in 0..ROUNDS {
            let mut waiting = [PollFd::from_borrowed_fd(self.presses.data(), PollFlags::IN)];
            match poll(&mut waiting, Some(&timespec(QUIET))) {
                Ok(0) => return,
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            if self.presses.read(counts).is_err() {
                return;
            }
        }
    }

    /// Writes the minute's record in one piece: a pipe takes 20 bytes whole or not at all.
    fn say(&self, minute: &Minute) -> Result<(), Errno> {
        loop {
            match rustix::io::write(&self.stdout, &minute.record()) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn timespec(ms: u64) -> Timespec {
    let seconds = i64::try_from(ms / 1_000).unwrap_or(i64::MAX);
    let nanoseconds = i64::try_from(ms % 1_000 * 1_000_000).unwrap_or(0);
    Timespec { tv_sec: seconds, tv_nsec: nanoseconds }
}
