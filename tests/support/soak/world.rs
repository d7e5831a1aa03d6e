//! The simulated computer: what its clocks show, what is on its screen, which keys go down. All of it is a log of events,
//! written by the driver alone; the agent under test reads it through its senses, and the model judges from it.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};

/// Something that happened to the computer or to who sits at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A key went down.
    Press,
    /// The screen shows something else.
    Scene(Scene),
    /// The computer slept for so many milliseconds, from this instant of its steady clock.
    Slept(u64),
    /// Somebody set the clock: it is ahead of where it began by so many milliseconds.
    Ahead(i64),
    /// The screen was locked, or unlocked.
    Locked(bool),
    /// The display was lost, or came back.
    Lost(bool),
    /// The running counter was frozen, or goes on.
    Frozen(bool),
    /// A key is held down, or let go: no press comes in between.
    Held(bool),
}

/// What the screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Its number, which stands in all its titles.
    pub number: u64,
    /// Whether nobody but the person may see it: it is shown while nothing may be recorded.
    pub private: bool,
}

/// The title of a private scene begins with this.
pub const PRIVATE: &str = "zqprivate";

/// The title of the window that a rule hides begins with this; the rule knows the word `secret`.
pub const HIDDEN: &str = "secret zqhidden";

/// The title of what may be seen begins with this.
pub const OPEN: &str = "notes";

/// An event and when it happened, on the clock that goes on while the computer sleeps, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, in milliseconds of the boot clock.
    pub boot: u64,
    /// What happened to the computer or the person then.
    pub event: Event,
}

/// Bytes of an entry.
const BYTES: usize = 24;

impl Entry {
    fn write(self) -> [u8; BYTES] {
        let (kind, value) = match self.event {
            Event::Press => (0, 0),
            Event::Scene(scene) => (1, scene.number << 1 | u64::from(scene.private)),
            Event::Slept(ms) => (2, ms),
            Event::Ahead(ms) => (3, ms.cast_unsigned()),
            Event::Locked(on) => (4, u64::from(on)),
            Event::Lost(on) => (5, u64::from(on)),
            Event::Frozen(on) => (6, u64::from(on)),
            Event::Held(on) => (7, u64::from(on)),
        };
        let mut bytes = [0; BYTES];
        for (place, number) in bytes.chunks_exact_mut(8).zip([self.boot, kind, value]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn read(bytes: &[u8; BYTES]) -> Option<Self> {
        let mut numbers = bytes.chunks_exact(8).map(|n| n.try_into().map_or(0, u64::from_le_bytes));
        let (boot, kind, value) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let event = match kind {
            0 => Event::Press,
            1 => Event::Scene(Scene { number: value >> 1, private: value & 1 == 1 }),
            2 => Event::Slept(value),
            3 => Event::Ahead(value.cast_signed()),
            4 => Event::Locked(value == 1),
            5 => Event::Lost(value == 1),
            6 => Event::Frozen(value == 1),
            7 => Event::Held(value == 1),
            _ => return None,
        };
        Some(Self { boot, event })
    }
}

/// Where the simulated clocks began, and how fast they run.
#[derive(Clone, Copy, Debug)]
pub struct Timebase {
    /// The real steady clock then, in microseconds.
    pub anchor: u64,
    /// How many times as fast as the real ones they run.
    pub speed: u64,
    /// What the simulated wall clock showed then, in milliseconds since the Unix epoch.
    pub epoch: u64,
}

impl Timebase {
    /// Beginning now, with a wall clock that shows `epoch`.
    #[must_use]
    pub fn starting(epoch: u64, speed: u64) -> Self {
        Self { anchor: real_us(), speed, epoch }
    }

    /// Milliseconds that the computer has been awake.
    #[must_use]
    pub fn steady(&self) -> u64 {
        real_us().saturating_sub(self.anchor) * self.speed / 1_000
    }

    /// What the wall clock shows when the clock that never sleeps shows `boot`.
    #[must_use]
    pub fn wall(&self, boot: u64, ahead: i64) -> u64 {
        (self.epoch + boot).saturating_add_signed(ahead)
    }
}

/// The real steady clock, the same in every process, in microseconds.
fn real_us() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000
}

/// The computer, for whoever makes things happen.
pub struct World {
    /// Where the computer's clocks began, and how fast they run.
    pub timebase: Timebase,
    inner: Mutex<Inner>,
}

struct Inner {
    file: File,
    asleep: u64,
    ahead: i64,
    log: Vec<Entry>,
}

impl World {
    /// A computer that was just turned on; its log goes into a new file.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn new(file: &Path, timebase: Timebase) -> Result<Self> {
        let file = OpenOptions::new().create_new(true).append(true).open(file)?;
        Ok(Self { timebase, inner: Mutex::new(Inner { file, asleep: 0, ahead: 0, log: Vec::new() }) })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes something happen now. Returns when that was.
    ///
    /// # Errors
    /// If the log cannot be written.
    pub fn happens(&self, event: Event) -> Result<u64> {
        let mut inner = self.inner();
        let boot = self.timebase.steady() + inner.asleep;
        let entry = Entry { boot, event };
        inner.file.write_all(&entry.write()).context("the world's log")?;
        inner.log.push(entry);
        match event {
            Event::Slept(ms) => inner.asleep += ms,
            Event::Ahead(ahead) => inner.ahead = ahead,
            _ => {}
        }
        Ok(boot)
    }

    /// The clock that stands still while the computer sleeps.
    #[must_use]
    pub fn steady(&self) -> u64 {
        self.timebase.steady()
    }

    /// The clock that goes on while the computer sleeps.
    #[must_use]
    pub fn boot(&self) -> u64 {
        self.timebase.steady() + self.inner().asleep
    }

    /// Returns what the wall clock shows, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn wall(&self) -> u64 {
        let inner = self.inner();
        self.timebase.wall(self.timebase.steady() + inner.asleep, inner.ahead)
    }

    /// By how much the wall clock is ahead of where it began.
    #[must_use]
    pub fn ahead(&self) -> i64 {
        self.inner().ahead
    }

    /// Returns all that happened so far, in order.
    #[must_use]
    pub fn log(&self) -> Vec<Entry> {
        self.inner().log.clone()
    }
}

/// The log, for whoever looks on.
pub struct Reader {
    file: File,
    offset: u64,
}

impl Reader {
    /// Opens a world's log.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(file: &Path) -> Result<Self> {
        Ok(Self { file: File::open(file)?, offset: 0 })
    }

    /// What has happened since the last look.
    pub fn news(&mut self) -> Vec<Entry> {
        let mut news = Vec::new();
        let mut bytes = [0; BYTES];
        while self.file.read_exact_at(&mut bytes, self.offset).is_ok() {
            self.offset += BYTES as u64;
            news.extend(Entry::read(&bytes));
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_is_read_as_it_happened() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("world");
        let world = World::new(&file, Timebase::starting(1_000_000, 20)).unwrap();
        let scene = Scene { number: 77, private: true };
        let all =
            [Event::Press, Event::Scene(scene), Event::Slept(60_000), Event::Ahead(-5), Event::Held(true)];
        for event in all {
            world.happens(event).unwrap();
        }
        let mut reader = Reader::open(&file).unwrap();
        assert_eq!(reader.news(), world.log());
        assert_eq!(reader.news(), []);
        assert!(world.boot() >= 60_000);
        assert!(world.wall() >= 1_059_995);
    }
}
