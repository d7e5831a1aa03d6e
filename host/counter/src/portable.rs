//! Presses through `rdev`, where there is no X11; and on X11 where it is asked for.
//!
//! It is weaker than [`crate::presses`], and not by our doing:
//!
//! - `rdev` 0.5.3 makes text of every key press. That text is never read here: it is overwritten where it stands, and only
//!   the kind of an event is counted; a key is compared with those that are held, by a number made of it. What `rdev` and
//!   the system's libraries copied on the way stays where they left it, in the memory of a process that no other may look
//!   into.
//! - It wakes for every movement of the pointer and every release, and cannot be told to leave them out, nor to stop.
//! - On X11 the library under it ends the whole process when the X server goes away: what the minute begun had is lost
//!   then, and the parent sees a gap.
//! - When the process was stopped or the machine slept, what came before and after cannot be told apart: the minute it
//!   happened in has no record.
//! - On Linux the lock has two steps, because that library connects and reads its tables only after `rdev` was called, and
//!   does not say when it is done. The first one ([`crate::lockdown::restrict`]) is there before it connects: no file can be
//!   written or made, no program or thread started, no address but a local one spoken to. The second one
//!   ([`crate::lockdown::tighten`]) comes with the first event, before that is counted: from then on no file can be opened
//!   at all, no connection made, and nothing said but 20 bytes at a time to standard output and whatever the X server is
//!   asked over the connections that are there.
//!   On macOS and Windows there is no such lock.

use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context as _;
use rdev::{Event, EventType};
use zeroize::Zeroize as _;

use crate::exit::EndReason;
use crate::held::Held;
use crate::tally::{self, Counts, Minute};

/// At the end, the counter waits for presses still under way until none has come for this long,
const QUIET: Duration = Duration::from_millis(20);
/// but at most so many times.
const ROUNDS: u32 = 10;

/// As many as there are who may ask for the end, once each, and one that tells of somebody who is back.
const ENDS: usize = 3;

/// What was pressed since the last record. Written by `rdev`'s thread, taken by the one that writes records.
static KEYS: AtomicU32 = AtomicU32::new(0);
static CLICKS: AtomicU32 = AtomicU32::new(0);
static SCROLLS: AtomicU32 = AtomicU32::new(0);
/// Something that is held repeated its press; something was let go.
static REPEATED: AtomicBool = AtomicBool::new(false);
static RELEASED: AtomicBool = AtomicBool::new(false);
/// The last minute had nothing but the repeats of what is held: what comes next is told at once.
static HELD_ONLY: AtomicBool = AtomicBool::new(false);
/// The keys and the buttons that are held.
static HELD: Mutex<(Held, Held)> = Mutex::new((Held::new(), Held::new()));

/// What the thread that writes records is told.
enum Told {
    /// It is time to end.
    End(EndReason),
    /// Something was newly pressed or let go, after a time in which it was not.
    Back,
}

/// Counts until the end. It never returns in good order: the thread that writes the last record ends the process, because
/// `rdev` cannot be stopped.
///
/// # Errors
/// When counting cannot begin.
#[cfg(target_os = "linux")]
pub(crate) fn count(signals: std::os::fd::OwnedFd) -> anyhow::Result<EndReason> {
    // That there is no display, or one that cannot record, is told better by asking than by `rdev`'s errors.
    drop(crate::presses::connect(None)?);
    let (asked, ends) = sync_channel(ENDS);
    let running = Arc::new(Barrier::new(4));
    start(&asked, ends, &running)?;
    let (at, from_signals) = (Arc::clone(&running), asked.clone());
    thread("signals", move || {
        at.wait();
        let mut waiting = [rustix::event::PollFd::new(&signals, rustix::event::PollFlags::IN)];
        while rustix::event::poll(&mut waiting, None) == Err(rustix::io::Errno::INTR) {}
        let _ = from_signals.send(Told::End(EndReason::Requested));
        // To close the descriptor or to end this thread would take calls that are forbidden by now.
        park()
    })?;
    running.wait();
    crate::lockdown::restrict()?;
    let mut locked = false;
    listen(asked, move || {
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
pub(crate) fn count() -> anyhow::Result<EndReason> {
    let (asked, ends) = sync_channel(ENDS);
    let running = Arc::new(Barrier::new(3));
    start(&asked, ends, &running)?;
    running.wait();
    listen(asked, || {})
}

/// Starts the thread that writes records, and the one that waits for the parent's end.
fn start(asked: &SyncSender<Told>, ends: Receiver<Told>, running: &Arc<Barrier>) -> anyhow::Result<()> {
    let at = Arc::clone(running);
    thread("records", move || {
        at.wait();
        let end = write_records(&ends);
        std::process::exit(i32::from(end.exit_code()))
    })?;
    let (at, asked) = (Arc::clone(running), asked.clone());
    thread("parent", move || {
        at.wait();
        let mut waste = [0; 256];
        // Nothing is ever said to the counter: what is there is passed over.
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut waste).is_ok_and(|read| read > 0) {}
        let _ = asked.send(Told::End(EndReason::Requested));
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
fn listen(back: SyncSender<Told>, mut before: impl FnMut() + 'static) -> anyhow::Result<EndReason> {
    let heard = rdev::listen(move |mut event| {
        before();
        if tell(&mut event) && HELD_ONLY.swap(false, Ordering::Relaxed) {
            // A full queue holds an end.
            let _ = back.try_send(Told::Back);
        }
    });
    match heard {
        // It was stopped from outside: the recording is over.
        Ok(()) => Ok(EndReason::DisplayLost),
        Err(error) => Err(anyhow::anyhow!("cannot listen to presses: {error:?}; {ADVICE}")),
    }
}

const ADVICE: &str = if cfg!(target_os = "macos") {
    "allow Candor under System Settings, Privacy & Security, Accessibility, and start it again"
} else {
    "start Candor inside a graphical session"
};

/// Counts an event by its kind; which key it was is compared with those that are held, and its text is overwritten.
/// Answers whether anything was newly pressed or let go.
fn tell(event: &mut Event) -> bool {
    if let Some(text) = &mut event.name {
        text.zeroize();
    }
    let since = event.time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let at = u32::try_from(since & u128::from(u32::MAX)).unwrap_or(0);
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let (keys, buttons) = &mut *held;
    let count = match event.event_type {
        EventType::KeyPress(key) if keys.press(number(&key), at) => &KEYS,
        EventType::ButtonPress(button) if buttons.press(number(&button), at) => &CLICKS,
        // Buttons 4 to 7, on X11.
        EventType::Wheel { .. } => &SCROLLS,
        EventType::KeyPress(_) | EventType::ButtonPress(_) => {
            REPEATED.store(true, Ordering::Relaxed);
            return false;
        }
        EventType::KeyRelease(_) | EventType::ButtonRelease(_) => {
            let known = match event.event_type {
                EventType::KeyRelease(key) => keys.release(number(&key), at),
                EventType::ButtonRelease(button) => buttons.release(number(&button), at),
                _ => false,
            };
            RELEASED.fetch_or(known, Ordering::Relaxed);
            return known;
        }
        EventType::MouseMove { .. } => return false,
    };
    // It stops at the largest number, as those of the other backend do.
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1));
    true
}

/// A number for a key or button, to be compared and for nothing else.
fn number(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish().max(1)
}

/// What was pressed since the last time.
fn taken() -> Counts {
    let [keys, clicks, scrolls] = [&KEYS, &CLICKS, &SCROLLS].map(|count| count.swap(0, Ordering::Relaxed));
    Counts {
        keys,
        clicks,
        scrolls,
        repeated: REPEATED.swap(false, Ordering::Relaxed),
        released: RELEASED.swap(false, Ordering::Relaxed),
    }
}

/// The thread that writes a record a minute, until it is told to end; then what the minute begun had.
fn write_records(ends: &Receiver<Told>) -> EndReason {
    let mut minute = Minute::of(tally::now());
    loop {
        let now = tally::now();
        let left = minute.left(now);
        if left == 0 {
            if minute.is_long_over(now) {
                // The machine slept, or this process was stopped. What came before and since was counted by another thread,
                // and cannot be told apart: no record, as of minutes that nobody watched.
                drain();
                let _ = taken();
                minute = Minute::of(tally::now());
                continue;
            }
            minute.counts = taken();
            HELD_ONLY.store(minute.counts.held_only(), Ordering::Relaxed);
            if say(&minute).is_err() {
                return EndReason::Requested;
            }
            minute = Minute::of(tally::now());
            continue;
        }
        let end = match ends.recv_timeout(Duration::from_millis(left)) {
            Err(RecvTimeoutError::Timeout) => continue,
            Ok(Told::Back) => {
                minute.counts = taken();
                if say(&minute).is_err() {
                    return EndReason::Requested;
                }
                continue;
            }
            Ok(Told::End(end)) => end,
            Err(RecvTimeoutError::Disconnected) => EndReason::Requested,
        };
        if !minute.is_long_over(tally::now()) {
            drain();
            minute.counts = taken();
            // Whether somebody still reads it makes no difference any more.
            let _ = say(&minute);
        }
        forget();
        return end;
    }
}

/// Forgets which keys are held.
fn forget() {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.0.forget();
    held.1.forget();
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
        let repeat = || event(EventType::KeyPress(Key::KeyS), Some("s"));
        for _ in 0..1_444 {
            assert!(!tell(&mut repeat()));
        }
        for (event_type, new) in [
            (EventType::KeyRelease(Key::KeyS), true),
            (EventType::KeyRelease(Key::KeyS), false),
            (EventType::ButtonPress(Button::Left), true),
            (EventType::ButtonPress(Button::Left), false),
            (EventType::ButtonRelease(Button::Left), true),
            (EventType::ButtonPress(Button::Unknown(9)), true),
            (EventType::Wheel { delta_x: 0, delta_y: -1 }, true),
            (EventType::MouseMove { x: 1.0, y: 2.0 }, false),
        ] {
            assert_eq!(tell(&mut event(event_type, None)), new, "{event_type:?}");
        }
        let counted = Counts { keys: 1, clicks: 2, scrolls: 1, repeated: true, released: true };
        assert_eq!(taken(), counted);
        assert_eq!(taken(), Counts::default(), "each is counted once");
        assert!(tell(&mut repeat()));
        assert!(!tell(&mut repeat()));
        taken();
        assert!(!tell(&mut repeat()));
        assert!(taken().held_only());
    }
}
