//! Presses through `rdev`, where there is no X11; and on X11 where it is asked for.
//!
//! It is weaker than [`crate::presses`], and not by our doing:
//!
//! - `rdev` 0.5.3 makes text of every key press. That text is never read here: it is overwritten where it stands, and only
//!   the kind of an event is counted. What `rdev` and the system's libraries copied on the way stays where they left it,
//!   in the memory of a process that no other may look into.
//! - It wakes for every movement of the pointer and every release, and cannot be told to leave them out, nor to stop.
//! - On X11 the library under it ends the whole process when the X server goes away: what the minute begun had is lost
//!   then, and the parent sees a gap.
//! - On Linux the lock has two steps, because that library connects and reads its tables only after `rdev` was called, and
//!   does not say when it is done. The first one ([`crate::lockdown::restrict`]) is there before it connects: no file can be
//!   written or made, no program or thread started, no address but a local one spoken to. The second one
//!   ([`crate::lockdown::tighten`]) comes with the first event, before that is counted: from then on no file can be opened
//!   at all, no connection made, and nothing said but 20 bytes at a time to standard output and whatever the X server is
//!   asked over the connections that are there.
//!   On macOS and Windows there is no such lock.

use std::io::Read as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use anyhow::Context as _;
use rdev::{Event, EventType};
use zeroize::Zeroize as _;

use crate::End;
use crate::tally::{self, Counts, Minute};

/// At the end, the counter waits for presses still under way until none has come for this long,
const QUIET: Duration = Duration::from_millis(20);
/// but at most so many times.
const ROUNDS: u32 = 10;

/// As many as there are who may ask for the end, once each.
const ENDS: usize = 2;

/// What was pressed since the last record. Written by `rdev`'s thread, taken by the one that writes records.
static KEYS: AtomicU32 = AtomicU32::new(0);
static CLICKS: AtomicU32 = AtomicU32::new(0);
static SCROLLS: AtomicU32 = AtomicU32::new(0);

/// Counts until the end. It never returns in good order: the thread that writes the last record ends the process, because
/// `rdev` cannot be stopped.
///
/// # Errors
/// When counting cannot begin.
#[cfg(target_os = "linux")]
pub(crate) fn count(signals: std::os::fd::OwnedFd) -> anyhow::Result<End> {
    // That there is no display, or one that cannot record, is told better by asking than by `rdev`'s errors.
    drop(crate::presses::connect(None)?);
    let (asked, ends) = sync_channel(ENDS);
    let running = Arc::new(Barrier::new(4));
    start(&asked, ends, &running)?;
    let (at, asked) = (Arc::clone(&running), asked.clone());
    thread("signals", move || {
        at.wait();
        let mut waiting = [rustix::event::PollFd::new(&signals, rustix::event::PollFlags::IN)];
        while rustix::event::poll(&mut waiting, None) == Err(rustix::io::Errno::INTR) {}
        let _ = asked.send(End::Asked);
        // To close the descriptor or to end this thread would take calls that are forbidden by now.
        park()
    })?;
    running.wait();
    crate::lockdown::restrict()?;
    let mut locked = false;
    listen(move || {
        if !std::mem::replace(&mut locked, true) && crate::lockdown::tighten().is_err() {
            // Not counting at all is better than counting without the lock.
            std::process::exit(1);
        }
    })
}

/// Counts until the end. It never returns in good order.
///
/// # Errors
/// When counting cannot begin.
#[cfg(not(target_os = "linux"))]
pub(crate) fn count() -> anyhow::Result<End> {
    let (asked, ends) = sync_channel(ENDS);
    let running = Arc::new(Barrier::new(3));
    start(&asked, ends, &running)?;
    running.wait();
    listen(|| {})
}

/// Starts the thread that writes records, and the one that waits for the parent's end.
fn start(asked: &SyncSender<End>, ends: Receiver<End>, running: &Arc<Barrier>) -> anyhow::Result<()> {
    let at = Arc::clone(running);
    thread("records", move || {
        at.wait();
        let end = write_records(&ends);
        std::process::exit(i32::from(end.code()))
    })?;
    let (at, asked) = (Arc::clone(running), asked.clone());
    thread("parent", move || {
        at.wait();
        let mut waste = [0; 256];
        // Nothing is ever said to the counter: what is there is passed over.
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut waste).is_ok_and(|read| read > 0) {}
        let _ = asked.send(End::Asked);
        park()
    })
}

fn thread(
    name: &str,
    work: impl FnOnce() -> std::convert::Infallible + Send + 'static,
) -> anyhow::Result<()> {
    let work = move || match work() {};
    std::thread::Builder::new().name(name.to_owned()).spawn(work).context("cannot start a thread")?;
    Ok(())
}

/// Waits for the process's end.
fn park() -> ! {
    loop {
        std::thread::park();
    }
}

/// Listens on this thread (on macOS it has to be the first one); `before` is run before each event is counted.
fn listen(mut before: impl FnMut() + 'static) -> anyhow::Result<End> {
    let heard = rdev::listen(move |mut event| {
        before();
        tell(&mut event);
    });
    match heard {
        // It was stopped from outside: the recording is over.
        Ok(()) => Ok(End::DisplayLost),
        Err(error) => Err(anyhow::anyhow!("cannot listen to presses: {error:?}; {ADVICE}")),
    }
}

const ADVICE: &str = if cfg!(target_os = "macos") {
    "allow Candor under System Settings, Privacy & Security, Accessibility, and start it again"
} else {
    "start Candor inside a graphical session"
};

/// Counts an event by its kind; which key it was is not looked at, and its text is overwritten.
fn tell(event: &mut Event) {
    if let Some(text) = &mut event.name {
        text.zeroize();
    }
    let count = match event.event_type {
        EventType::KeyPress(_) => &KEYS,
        EventType::ButtonPress(_) => &CLICKS,
        // Buttons 4 to 7, on X11.
        EventType::Wheel { .. } => &SCROLLS,
        EventType::KeyRelease(_) | EventType::ButtonRelease(_) | EventType::MouseMove { .. } => return,
    };
    // It stops at the largest number, as those of the other backend do.
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1));
}

/// What was pressed since the last time.
fn taken() -> Counts {
    let [keys, clicks, scrolls] = [&KEYS, &CLICKS, &SCROLLS].map(|count| count.swap(0, Ordering::Relaxed));
    Counts::of(keys, clicks, scrolls)
}

/// The thread that writes a record a minute, until it is told to end; then what the minute begun had.
fn write_records(ends: &Receiver<End>) -> End {
    let mut minute = Minute::of(tally::now());
    loop {
        let now = tally::now();
        let left = minute.left(now);
        if left == 0 {
            minute.counts = taken();
            if say(&minute).is_err() {
                return End::Asked;
            }
            minute = Minute::of(now);
            continue;
        }
        let end = match ends.recv_timeout(Duration::from_millis(left)) {
            Err(RecvTimeoutError::Timeout) => continue,
            Ok(end) => end,
            Err(RecvTimeoutError::Disconnected) => End::Asked,
        };
        drain();
        minute.counts = taken();
        // Whether somebody still reads it makes no difference any more.
        let _ = say(&minute);
        return end;
    }
}

/// Waits for what was pressed before the end but has not come yet.
fn drain() {
    let sum = || [&KEYS, &CLICKS, &SCROLLS].map(|count| count.load(Ordering::Relaxed));
    let mut before = sum();
    for _ in 0..ROUNDS {
        std::thread::sleep(QUIET);
        let now = sum();
        if now == before {
            return;
        }
        before = now;
    }
}

/// Writes the minute's record in one piece.
fn say(minute: &Minute) -> std::io::Result<()> {
    // Standard output keeps lines back: a record is no line, and one with a line's end in it would go in two pieces.
    #[cfg(target_os = "linux")]
    {
        loop {
            match rustix::io::write(std::io::stdout(), &minute.record()) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        use std::io::Write as _;
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&minute.record())?;
        stdout.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use rdev::{Button, Key};

    use super::*;

    fn event(event_type: EventType, name: Option<&str>) -> Event {
        Event { time: SystemTime::UNIX_EPOCH, name: name.map(str::to_owned), event_type }
    }

    #[test]
    fn invariant_11_presses_are_counted_by_kind_and_their_text_is_overwritten() {
        let mut secret = event(EventType::KeyPress(Key::KeyS), Some("s"));
        tell(&mut secret);
        assert_eq!(secret.name.as_deref(), Some(""), "nothing is left of the text");
        for event_type in [
            EventType::KeyRelease(Key::KeyS),
            EventType::ButtonPress(Button::Left),
            EventType::ButtonRelease(Button::Left),
            EventType::ButtonPress(Button::Unknown(9)),
            EventType::Wheel { delta_x: 0, delta_y: -1 },
            EventType::MouseMove { x: 1.0, y: 2.0 },
        ] {
            tell(&mut event(event_type, None));
        }
        assert_eq!(taken(), Counts::of(1, 2, 1));
        assert_eq!(taken(), Counts::default(), "each is counted once");
    }
}
