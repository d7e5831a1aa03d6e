//! Presses through `rdev`, for systems without X11, and for X11 if it is asked for.
//!
//! This is weaker than [`crate::presses`], for reasons that lie in `rdev` and below it:
//!
//! - `rdev` 0.5.3 makes text of every key press. That text is never read here: it is overwritten where it stands, and
//!   only the kind of an event is counted; a key is compared with those that are held, by a number made of it. What
//!   `rdev` and the system's libraries copied on the way stays where they left it, in the memory of a process that no
//!   other may read.
//! - It wakes for every movement of the pointer and every release; nothing can turn that off, or stop it.
//! - On X11 the library under it ends the whole process when the X server goes away: then the counts of the minute begun
//!   are lost, and the parent sees a gap.
//! - When the process was stopped or the machine slept, what came before and after cannot be told apart: that minute
//!   has no record.
//! - On Linux the lock has two steps, because that library connects and reads its tables only after `rdev` was called,
//!   and does not say when it is done. The first step ([`crate::lockdown::restrict_setup`]) is taken before it
//!   connects: from then on no file can be written or created, no program or thread started, and only local addresses
//!   be reached. The second one ([`crate::lockdown::lock_in_threads`]) comes with the first event, before that is
//!   counted: from then on no file can be opened at all, no connection made, and nothing written but 20 bytes at a time
//!   to standard output, and requests to the X server over the connections that exist.
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
use crate::held_keys::HeldKeys;
use crate::minute::{MinuteCounts, PressCounts, read_clocks};

/// At the end, the counter waits for presses still under way until none has come for so long.
const QUIET: Duration = Duration::from_millis(20);
/// How often it waits so at most.
const ROUNDS: u32 = 10;

/// The length of the message queue: each of two threads asks for the end once, and one message says that somebody is
/// back.
const ENDS: usize = 3;

/// The presses since the last record. `rdev`'s thread adds to them, the one that writes records takes them.
static KEYS: AtomicU32 = AtomicU32::new(0);
static CLICKS: AtomicU32 = AtomicU32::new(0);
static SCROLLS: AtomicU32 = AtomicU32::new(0);
/// Whether something that is held repeated its press, and whether something was released.
static REPEATED: AtomicBool = AtomicBool::new(false);
static RELEASED: AtomicBool = AtomicBool::new(false);
/// Whether the last minute had nothing but the repeats of what is held: then what comes next is recorded at once.
static HELD_ONLY: AtomicBool = AtomicBool::new(false);
/// The keys and the buttons that are held. Under a lock of the standard library, which makes no system call that
/// [`crate::lockdown`] forbids.
static HELD: Mutex<(HeldKeys, HeldKeys)> = Mutex::new((HeldKeys::new(), HeldKeys::new()));

/// A message to the thread that writes records.
enum RecorderMessage {
    /// The counter is to end.
    End(EndReason),
    /// Something was newly pressed or released, after a time in which nothing was.
    Back,
}

/// Counts until the end. It returns only if something fails: the thread that writes the last record ends the process,
/// because `rdev` cannot be stopped.
///
/// # Errors
/// When counting cannot begin.
#[cfg(target_os = "linux")]
pub(crate) fn count_presses(signals: std::os::fd::OwnedFd) -> anyhow::Result<EndReason> {
    // Asking gives a better reason than `rdev`'s errors if there is no display, or one that cannot record.
    drop(crate::presses::connect(None)?);
    let (asked, ends) = sync_channel(ENDS);
    let running = Arc::new(Barrier::new(4));
    start_threads(&asked, ends, &running)?;
    let (at, from_signals) = (Arc::clone(&running), asked.clone());
    spawn_thread("signals", move || {
        at.wait();
        let mut waiting = [rustix::event::PollFd::new(&signals, rustix::event::PollFlags::IN)];
        while rustix::event::poll(&mut waiting, None) == Err(rustix::io::Errno::INTR) {}
        let _ = from_signals.send(RecorderMessage::End(EndReason::Requested));
        // To close the descriptor or to end this thread would take calls that are forbidden by now.
        park_forever()
    })?;
    running.wait();
    crate::lockdown::restrict_setup()?;
    let mut locked = false;
    listen_to_events(asked, move || {
        if !std::mem::replace(&mut locked, true) && crate::lockdown::lock_in_threads().is_err() {
            // Not counting at all is better than counting without the lock.
            std::process::exit(1);
        }
    })
}

/// Counts until the end. It returns only if something fails.
///
/// # Errors
/// When counting cannot begin.
#[cfg(not(target_os = "linux"))]
pub(crate) fn count_presses() -> anyhow::Result<EndReason> {
    let (asked, ends) = sync_channel(ENDS);
    let running = Arc::new(Barrier::new(3));
    start_threads(&asked, ends, &running)?;
    running.wait();
    listen_to_events(asked, || {})
}

/// Starts the thread that writes records, and the one that waits for the parent to end.
fn start_threads(
    asked: &SyncSender<RecorderMessage>,
    ends: Receiver<RecorderMessage>,
    running: &Arc<Barrier>,
) -> anyhow::Result<()> {
    let at = Arc::clone(running);
    spawn_thread("records", move || {
        at.wait();
        let end = write_records(&ends);
        std::process::exit(i32::from(end.exit_code()))
    })?;
    let (at, asked) = (Arc::clone(running), asked.clone());
    spawn_thread("parent", move || {
        at.wait();
        let mut waste = [0; 256];
        // The counter takes no input: what is there is skipped.
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut waste).is_ok_and(|read| read > 0) {}
        let _ = asked.send(RecorderMessage::End(EndReason::Requested));
        park_forever()
    })
}

fn spawn_thread(
    name: &str,
    work: impl FnOnce() -> std::convert::Infallible + Send + 'static,
) -> anyhow::Result<()> {
    let work = move || match work() {};
    std::thread::Builder::new().name(name.to_owned()).spawn(work).context("cannot start a thread")?;
    Ok(())
}

/// Waits until the process ends.
fn park_forever() -> ! {
    loop {
        std::thread::park();
    }
}

/// Listens on this thread (macOS requires the first one), and runs `before` before each event is counted.
fn listen_to_events(
    back: SyncSender<RecorderMessage>,
    mut before: impl FnMut() + 'static,
) -> anyhow::Result<EndReason> {
    let heard = rdev::listen(move |mut event| {
        before();
        if count_event(&mut event) && HELD_ONLY.swap(false, Ordering::Relaxed) {
            // A full queue holds a request to end.
            let _ = back.try_send(RecorderMessage::Back);
        }
    });
    match heard {
        // It was stopped from outside.
        Ok(()) => Ok(EndReason::DisplayLost),
        Err(error) => Err(anyhow::anyhow!("cannot listen to presses: {error:?}; {ADVICE}")),
    }
}

const ADVICE: &str = if cfg!(target_os = "macos") {
    "allow Candor under System Settings, Privacy & Security, Accessibility, and start it again"
} else {
    "start Candor inside a graphical session"
};

/// Counts an event by its kind. Its key is compared with those that are held, and its text is overwritten. Returns
/// whether anything was newly pressed or released.
fn count_event(event: &mut Event) -> bool {
    if let Some(text) = &mut event.name {
        text.zeroize();
    }
    let since = event.time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let at = u32::try_from(since & u128::from(u32::MAX)).unwrap_or(0);
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let (keys, buttons) = &mut *held;
    let count = match event.event_type {
        EventType::KeyPress(key) if keys.press(key_number(&key), at) => &KEYS,
        EventType::ButtonPress(button) if buttons.press(key_number(&button), at) => &CLICKS,
        // Buttons 4 to 7, on X11.
        EventType::Wheel { .. } => &SCROLLS,
        EventType::KeyPress(_) | EventType::ButtonPress(_) => {
            REPEATED.store(true, Ordering::Relaxed);
            return false;
        }
        EventType::KeyRelease(_) | EventType::ButtonRelease(_) => {
            let known = match event.event_type {
                EventType::KeyRelease(key) => keys.release(key_number(&key), at),
                EventType::ButtonRelease(button) => buttons.release(key_number(&button), at),
                _ => false,
            };
            RELEASED.fetch_or(known, Ordering::Relaxed);
            return known;
        }
        EventType::MouseMove { .. } => return false,
    };
    // A count stops at the largest number, as it does in the other backend.
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1));
    true
}

/// Returns a number for a key or button, which is only compared.
fn key_number(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish().max(1)
}

/// Returns what was pressed since the last call.
fn take_counts() -> PressCounts {
    let [keys, clicks, scrolls] = [&KEYS, &CLICKS, &SCROLLS].map(|count| count.swap(0, Ordering::Relaxed));
    PressCounts {
        keys,
        clicks,
        scrolls,
        repeated: REPEATED.swap(false, Ordering::Relaxed),
        released: RELEASED.swap(false, Ordering::Relaxed),
    }
}

/// The thread that writes a record a minute until it is to end, and then one for the minute begun.
fn write_records(ends: &Receiver<RecorderMessage>) -> EndReason {
    let mut minute = MinuteCounts::of(read_clocks());
    loop {
        let now = read_clocks();
        let left = minute.ms_left(now);
        if left == 0 {
            if minute.is_long_over(now) {
                // The machine slept, or this process was stopped. What came before and since was counted by another
                // thread, and cannot be told apart: so there is no record, as for minutes that were not counted.
                drain_presses();
                let _ = take_counts();
                minute = MinuteCounts::of(read_clocks());
                continue;
            }
            minute.counts = take_counts();
            HELD_ONLY.store(minute.counts.held_only(), Ordering::Relaxed);
            if write_record(&minute).is_err() {
                return EndReason::Requested;
            }
            minute = MinuteCounts::of(read_clocks());
            continue;
        }
        let end = match ends.recv_timeout(Duration::from_millis(left)) {
            Err(RecvTimeoutError::Timeout) => continue,
            Ok(RecorderMessage::Back) => {
                minute.counts = take_counts();
                if write_record(&minute).is_err() {
                    return EndReason::Requested;
                }
                continue;
            }
            Ok(RecorderMessage::End(end)) => end,
            Err(RecvTimeoutError::Disconnected) => EndReason::Requested,
        };
        if !minute.is_long_over(read_clocks()) {
            drain_presses();
            minute.counts = take_counts();
            // Whether anybody still reads it makes no difference any more.
            let _ = write_record(&minute);
        }
        forget_keys();
        return end;
    }
}

/// Forgets which keys are held.
fn forget_keys() {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.0.forget();
    held.1.forget();
}

/// Waits for what was pressed before the end but has not arrived yet.
fn drain_presses() {
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
fn write_record(minute: &MinuteCounts) -> std::io::Result<()> {
    // `Stdout` buffers lines: a record is no line, and one that holds a line feed would be written in two pieces.
    #[cfg(target_os = "linux")]
    {
        loop {
            match rustix::io::write(std::io::stdout(), &minute.to_record()) {
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
        stdout.write_all(&minute.to_record())?;
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
        count_event(&mut secret);
        assert_eq!(secret.name.as_deref(), Some(""), "nothing is left of the text");
        let repeat = || event(EventType::KeyPress(Key::KeyS), Some("s"));
        for _ in 0..1_444 {
            assert!(!count_event(&mut repeat()));
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
            assert_eq!(count_event(&mut event(event_type, None)), new, "{event_type:?}");
        }
        let counted = PressCounts { keys: 1, clicks: 2, scrolls: 1, repeated: true, released: true };
        assert_eq!(take_counts(), counted);
        assert_eq!(take_counts(), PressCounts::default(), "each is counted once");
        assert!(count_event(&mut repeat()));
        assert!(!count_event(&mut repeat()));
        take_counts();
        assert!(!count_event(&mut repeat()));
        assert!(take_counts().held_only());
    }
}
