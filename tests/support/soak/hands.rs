//! The person's hands: while they type, a key goes down each second and the screen changes now and then.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::spans::Spans;
use super::world::{Event, Scene, World};

/// A key goes down this often, in milliseconds.
const BETWEEN_PRESSES: u64 = 1_000;

/// The screen changes with every so many presses.
const PRESSES_A_SCENE: u64 = 9;

/// A machine that stood still for longer than this, in real time, may have kept the agent from looking, too.
const STALL: Duration = Duration::from_millis(150);

/// Hands in a thread of their own.
pub struct Hands {
    shared: Arc<Shared>,
}

struct Shared {
    world: Arc<World>,
    typing: AtomicBool,
    quit: AtomicBool,
    scene: AtomicU64,
    stalls: Mutex<Spans>,
}

impl Hands {
    /// Hands that rest before an open scene.
    ///
    /// # Errors
    /// If the world's log cannot be written.
    pub fn rest(world: &Arc<World>) -> Result<Self> {
        let shared = Arc::new(Shared {
            world: Arc::clone(world),
            typing: AtomicBool::new(false),
            quit: AtomicBool::new(false),
            scene: AtomicU64::new(0),
            stalls: Mutex::default(),
        });
        shared.scene(false)?;
        let thread = Arc::clone(&shared);
        std::thread::spawn(move || thread.run());
        Ok(Self { shared })
    }

    /// From now on they type, or rest.
    pub fn type_on(&self, on: bool) {
        self.shared.typing.store(on, Ordering::SeqCst);
    }

    /// Shows another scene.
    ///
    /// # Errors
    /// If the world's log cannot be written.
    pub fn show(&self, private: bool) -> Result<()> {
        self.shared.scene(private)
    }

    /// When the machine stood still, by the clock that never sleeps.
    #[must_use]
    pub fn stalls(&self) -> Spans {
        self.shared.stalls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.shared.quit.store(true, Ordering::SeqCst);
    }
}

impl Shared {
    fn scene(&self, private: bool) -> Result<()> {
        let number = self.scene.fetch_add(1, Ordering::SeqCst) + 1;
        self.world.happens(Event::Scene(Scene { number, private }))?;
        Ok(())
    }

    fn run(&self) {
        let pause = Duration::from_micros(BETWEEN_PRESSES * 1_000 / self.world.timebase.speed);
        let mut presses = 0_u64;
        while !self.quit.load(Ordering::SeqCst) {
            let (before, since) = (self.world.steady(), Instant::now());
            std::thread::sleep(pause);
            if since.elapsed() > pause + STALL {
                let to = self.world.boot();
                let lasted = self.world.steady() - before;
                let mut stalls = self.stalls.lock().unwrap_or_else(PoisonError::into_inner);
                stalls.add(to.saturating_sub(lasted), to);
            }
            if self.typing.load(Ordering::SeqCst) {
                presses += 1;
                // The folder of the test is gone when this fails, and the test with it.
                let mut failed = self.world.happens(Event::Press).is_err();
                if presses.is_multiple_of(PRESSES_A_SCENE) {
                    failed |= self.scene(false).is_err();
                }
                if failed {
                    return;
                }
            }
        }
    }
}
