//! The simulated computer as the agent under test sees it: behind the agent's own traits for clock, screen, counter and
//! presence. Nothing here knows what the agent should make of it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use candor_agent::clock::Clock;
use candor_agent::guard::desktop::DesktopSource;
use candor_agent::tracker::input::{Counted, Input, InputSource};
use candor_agent::tracker::presence::{Presence, Sample};
use candor_diary::parcel::Counts;
use candor_sensors::{Area, Layout, Monitor, RawFrame, SensorError, WindowKind, WindowState};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::MINUTE;
use super::world::{Event, HIDDEN, OPEN, PRIVATE, Reader, Scene, Timebase};

const SCREEN: Area = Area { x: 0, y: 0, width: 320, height: 200 };

/// What the open window shows: no colour of it is near one of the two below.
const OPEN_COLOUR: [u8; 3] = [60, 90, 160];
/// What a private scene shows.
pub const PRIVATE_COLOUR: [u8; 3] = [230, 20, 20];
/// What the hidden window shows.
pub const HIDDEN_COLOUR: [u8; 3] = [20, 230, 20];

/// How often the counter and the watch on the screen look, in real time.
const LOOK: Duration = Duration::from_millis(20);

/// How far back the screen's history reaches, in milliseconds: as far as the real one's.
const REACH: u64 = 10_000;

/// The computer, seen from within.
pub struct Senses {
    timebase: Timebase,
    past: Mutex<Past>,
    changes: watch::Sender<u64>,
}

/// What the log came to so far.
struct Past {
    reader: Reader,
    asleep: u64,
    ahead: i64,
    locked: bool,
    lost: bool,
    frozen: bool,
    /// The steady clock at the last press.
    touched: u64,
    /// Presses: what the wall clock showed.
    presses: Vec<u64>,
    /// Scenes: since when, by the clock that never sleeps.
    scenes: Vec<(u64, Scene)>,
    /// Since when the history of the screen is known: the clock was set then, the computer woke, or the display came.
    known: u64,
}

impl Senses {
    /// The computer whose log is in this file.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(file: &Path, timebase: Timebase) -> Result<Arc<Self>> {
        let past = Past {
            reader: Reader::open(file)?,
            asleep: 0,
            ahead: 0,
            locked: false,
            lost: false,
            frozen: false,
            touched: 0,
            presses: Vec::new(),
            scenes: Vec::new(),
            known: 0,
        };
        let senses = Arc::new(Self { timebase, past: Mutex::new(past), changes: watch::channel(0).0 });
        let watched = Arc::clone(&senses);
        tokio::spawn(async move {
            loop {
                let seen = watched.past().scenes.len() as u64;
                watched.changes.send_if_modified(|known| std::mem::replace(known, seen) != seen);
                tokio::time::sleep(LOOK).await;
            }
        });
        Ok(senses)
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.catch_up(&self.timebase);
        past
    }

    fn wall(&self, past: &Past) -> u64 {
        self.timebase.wall(self.timebase.steady() + past.asleep, past.ahead)
    }

    /// The layout that came at `at`, as the wall clock now counts it.
    fn layout(&self, past: &Past, index: usize) -> Option<Arc<Layout>> {
        let (since, scene) = *past.scenes.get(index)?;
        let at = self.timebase.wall(since, past.ahead);
        Some(Arc::new(painted(at, index as u64 + 1, scene)))
    }
}

impl Past {
    fn catch_up(&mut self, timebase: &Timebase) {
        for entry in self.reader.news() {
            match entry.event {
                Event::Press => {
                    self.touched = entry.boot - self.asleep;
                    self.presses.push(timebase.wall(entry.boot, self.ahead));
                }
                Event::Scene(scene) => self.scenes.push((entry.boot, scene)),
                Event::Slept(ms) => {
                    self.asleep += ms;
                    self.known = entry.boot + ms;
                }
                Event::Ahead(ahead) => {
                    self.ahead = ahead;
                    self.known = entry.boot;
                }
                Event::Locked(on) => self.locked = on,
                Event::Lost(on) => {
                    self.lost = on;
                    self.known = entry.boot;
                }
                Event::Frozen(on) => self.frozen = on,
                Event::Held(_) => self.touched = entry.boot - self.asleep,
            }
        }
    }
}

/// Two windows side by side: one that may be seen, or is private, and one that a rule hides.
fn painted(at: u64, generation: u64, scene: Scene) -> Layout {
    let n = scene.number;
    let window = |id: u64, title: String, area: Area, focused| WindowState {
        id,
        app: Some("Painted".into()),
        title: Some(title),
        pid: None,
        owner: None,
        may_belong_to: Vec::new(),
        area,
        title_bar: None,
        opaque: true,
        shows_titles: false,
        notifies: false,
        focused,
        kind: WindowKind::Normal,
    };
    let word = if scene.private { PRIVATE } else { OPEN };
    // Now and then the hidden one has the focus.
    let hidden = n.is_multiple_of(5) && !scene.private;
    let left = window(1, format!("{word} {n}"), Area { width: 200, ..SCREEN }, !hidden);
    let right = window(2, format!("{HIDDEN} {n}"), Area { x: 200, width: 120, ..SCREEN }, hidden);
    let monitors = vec![Monitor { name: "painted".into(), area: SCREEN }];
    Layout { at, generation, windows: vec![left, right], monitors }
}

fn pixels(scene: Scene) -> Vec<u8> {
    let open = if scene.private { PRIVATE_COLOUR } else { OPEN_COLOUR };
    let shade = u8::try_from(scene.number % 40).unwrap_or(0);
    let mut rgba = Vec::with_capacity(SCREEN.width as usize * SCREEN.height as usize * 4);
    for _ in 0..SCREEN.height {
        for x in 0..SCREEN.width {
            let [red, green, blue] = if x < 200 { open } else { HIDDEN_COLOUR };
            rgba.extend([red, green, blue + if x < 100 { shade } else { 0 }, 255]);
        }
    }
    rgba
}

impl Clock for Senses {
    fn now(&self) -> u64 {
        self.wall(&self.past())
    }

    fn monotonic(&self) -> u64 {
        self.timebase.steady()
    }

    fn boot(&self) -> u64 {
        let asleep = self.past().asleep;
        self.timebase.steady() + asleep
    }

    fn to_real_duration(&self, ms: u64) -> Duration {
        Duration::from_micros(ms.saturating_mul(1_000) / self.timebase.speed)
    }

    fn to_clock_ms(&self, real: Duration) -> u64 {
        u64::try_from(real.as_millis()).unwrap_or(u64::MAX).saturating_mul(self.timebase.speed)
    }
}

#[async_trait]
impl DesktopSource for Senses {
    fn current(&self) -> Result<Arc<Layout>, SensorError> {
        let past = self.past();
        if past.lost {
            return Err(SensorError::DisplayLost);
        }
        self.layout(&past, past.scenes.len().saturating_sub(1)).ok_or(SensorError::DisplayLost)
    }

    fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        let past = self.past();
        if past.lost {
            return Err(SensorError::DisplayLost);
        }
        let known_from =
            self.timebase.wall(past.known.max(self.timebase.steady().saturating_sub(REACH)), past.ahead);
        if from < known_from {
            return Err(SensorError::NotKnown { asked_from: from, known_from });
        }
        let at =
            |index: usize| past.scenes.get(index).map(|(since, _)| self.timebase.wall(*since, past.ahead));
        let last = past.scenes.len().saturating_sub(1);
        let first = (0..=last).rev().find(|i| at(*i).is_some_and(|at| at <= from)).unwrap_or(0);
        let later = (first + 1..=last).take_while(|i| at(*i).is_some_and(|at| at <= to));
        Ok(std::iter::once(first).chain(later).filter_map(|i| self.layout(&past, i)).collect())
    }

    async fn barrier(&self) -> Result<(), SensorError> {
        if self.past().lost { Err(SensorError::DisplayLost) } else { Ok(()) }
    }

    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        let (at, scene) = {
            let past = self.past();
            let scene = past.scenes.last().filter(|_| !past.lost).ok_or(SensorError::DisplayLost)?.1;
            (self.wall(&past), scene)
        };
        Ok(RawFrame::new(area, at, Zeroizing::new(pixels(scene))))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl Presence for Senses {
    fn sample(&self) -> Sample {
        let past = self.past();
        // A key that is held down is touched when it goes down and when it is let go, and not in between.
        let idle = self.timebase.steady().saturating_sub(past.touched);
        Sample { idle_ms: Some(idle), locked: past.locked, display_lost: past.lost, unseen: false }
    }
}

/// Starts counters of simulated input.
pub struct Counters(pub Arc<Senses>);

impl InputSource for Counters {
    fn start(&self) -> Result<Box<dyn Input>, SensorError> {
        let past = self.0.past();
        if past.lost {
            return Err(SensorError::DisplayLost);
        }
        let minute = minute_of(self.0.wall(&past));
        Ok(Box::new(Counter {
            senses: Arc::clone(&self.0),
            counted: past.presses.len(),
            minute,
            was_frozen: past.frozen,
        }))
    }
}

/// A counter: it counts what comes after its start, minute by minute of its own wall clock.
struct Counter {
    senses: Arc<Senses>,
    /// How many presses it has told of, or came too early for.
    counted: usize,
    /// The minute that runs.
    minute: u64,
    /// Only a counter that ran when counters were frozen is frozen: a new one counts.
    was_frozen: bool,
}

fn minute_of(at: u64) -> u64 {
    at - at % MINUTE
}

impl Counter {
    /// The presses that came until its wall clock left the running minute.
    fn take(&mut self, past: &Past, all: bool) -> Counted {
        let minute = self.minute;
        let news = past.presses.get(self.counted..).unwrap_or_default();
        let taken =
            if all { news.len() } else { news.iter().take_while(|at| minute_of(**at) <= minute).count() };
        self.counted += taken;
        Counted {
            minute,
            counts: Counts { keys: u32::try_from(taken).unwrap_or(u32::MAX), clicks: 0, scrolls: 0 },
        }
    }
}

#[async_trait]
impl Input for Counter {
    async fn next(&mut self) -> Option<Result<Counted, SensorError>> {
        loop {
            {
                let senses = Arc::clone(&self.senses);
                let past = senses.past();
                if past.lost {
                    return Some(Err(SensorError::DisplayLost));
                }
                self.was_frozen &= past.frozen;
                let now = minute_of(senses.wall(&past));
                if (!past.frozen || self.was_frozen) && now != self.minute {
                    // After a clock that was set back: all that came is of the minute that ran.
                    let counted = self.take(&past, now < self.minute);
                    self.minute = now;
                    return Some(Ok(counted));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn finish(mut self: Box<Self>) -> Vec<Counted> {
        let senses = Arc::clone(&self.senses);
        let past = senses.past();
        if past.frozen && !self.was_frozen {
            return Vec::new();
        }
        vec![self.take(&past, true)]
    }
}
