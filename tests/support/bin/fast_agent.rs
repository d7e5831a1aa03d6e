//! The agent's own library under a fast clock, a painted screen and scripted input: an hour of tracking in a minute.
//!
//! Everything from the guard on is the real thing: real plugins in the real sandbox, the real journal, the real
//! uploader over real HTTP. Only time, screen and keyboard are a simulation.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use candor_agent::agent::{Agent, Setup};
use candor_agent::clock::{Clock, FastClock, sleep_until};
use candor_agent::folder::Folder;
use candor_agent::guard::desktop::DesktopSource;
use candor_agent::signs::TrayProgram;
use candor_agent::tracker::input::{Counted, Input, InputSource};
use candor_agent::tracker::presence::{Presence, Sample};
use candor_diary::parcel::Counts;
use candor_diary::segment::{MINUTE_MS, minute_of};
use candor_sensors::{Area, Layout, Monitor, RawFrame, SensorError, WindowKind, WindowState};
use tokio::sync::watch;
use zeroize::Zeroizing;

const SCREEN: Area = Area { x: 0, y: 0, width: 320, height: 200 };

/// The fast clock of a computer that a test lets sleep, or whose clock it sets: what shows the time goes on, what measures
/// it stands still.
struct SleepyClock {
    fast: Arc<dyn Clock>,
    asleep: Arc<AtomicU64>,
    /// By how much the clock was set ahead, in milliseconds.
    set: Arc<AtomicI64>,
}

impl Clock for SleepyClock {
    fn now(&self) -> u64 {
        let shown = self.fast.now() + self.asleep.load(Ordering::Acquire);
        shown.saturating_add_signed(self.set.load(Ordering::Acquire))
    }

    fn monotonic(&self) -> u64 {
        self.fast.monotonic()
    }

    fn boot(&self) -> u64 {
        self.fast.monotonic() + self.asleep.load(Ordering::Acquire)
    }

    fn to_clock_ms(&self, real: Duration) -> u64 {
        self.fast.to_clock_ms(real)
    }

    fn to_real_duration(&self, ms: u64) -> Duration {
        self.fast.to_real_duration(ms)
    }
}

/// A screen with two windows; their titles change every few seconds.
struct PaintedScreen {
    clock: Arc<dyn Clock>,
    changes: watch::Sender<u64>,
    said: Said,
}

impl PaintedScreen {
    fn layout(&self, at: u64) -> Arc<Layout> {
        let step = at / 7_000;
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
        Arc::new(Layout {
            at: step * 7_000,
            generation: step,
            windows: vec![
                window(1, format!("notes {step}"), Area { width: 200, ..SCREEN }, step.is_multiple_of(2)),
                window(
                    2,
                    "secret: payroll".into(),
                    Area { x: 200, width: 120, ..SCREEN },
                    !step.is_multiple_of(2),
                ),
            ],
            monitors: vec![Monitor { name: "painted".into(), area: SCREEN }],
        })
    }
}

#[async_trait]
impl DesktopSource for PaintedScreen {
    fn current(&self) -> Result<Arc<Layout>, SensorError> {
        Ok(self.layout(self.clock.now()))
    }

    fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        let mut all = vec![self.layout(from)];
        let mut at = from - from % 7_000 + 7_000;
        while at <= to {
            all.push(self.layout(at));
            at += 7_000;
        }
        Ok(all)
    }

    async fn barrier(&self) -> Result<(), SensorError> {
        Ok(())
    }

    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        let at = self.clock.now();
        let count = area.width as usize * area.height as usize;
        if self.said.now()["blank"] == true {
            return Ok(RawFrame::new(area, at, Zeroizing::new([0, 0, 0, 255].repeat(count))));
        }
        let shade = u8::try_from(at % 200).unwrap_or(0);
        // Two shades: a screen of one colour only would be no evidence.
        let mut rgba = [shade, 90, 160, 255].repeat(count / 2);
        rgba.extend([shade, 160, 90, 255].repeat(count - count / 2));
        Ok(RawFrame::new(area, at, Zeroizing::new(rgba)))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// Counts that are the same for a given minute, whenever it is asked.
struct ScriptedInput {
    clock: Arc<dyn Clock>,
    said: Said,
}

struct Script {
    clock: Arc<dyn Clock>,
    said: Said,
    from: Mutex<u64>,
}

fn scripted(minute: u64) -> Counted {
    let n = u32::try_from(minute / MINUTE_MS % 50).unwrap_or(0);
    Counted { minute, counts: Counts { keys: n, clicks: n / 2, scrolls: 1 } }
}

impl InputSource for ScriptedInput {
    fn start(&self) -> Result<Box<dyn Input>, SensorError> {
        let from = Mutex::new(minute_of(self.clock.now()));
        Ok(Box::new(Script { clock: Arc::clone(&self.clock), said: self.said.clone(), from }))
    }
}

#[async_trait]
impl Input for Script {
    async fn next(&mut self) -> Option<Result<Counted, SensorError>> {
        let minute = *self.from.lock().unwrap_or_else(PoisonError::into_inner);
        sleep_until(self.clock.as_ref(), minute + MINUTE_MS).await;
        if self.said.now()["frozen-counter"] == true {
            std::future::pending::<()>().await;
        }
        *self.from.lock().unwrap_or_else(PoisonError::into_inner) = minute + MINUTE_MS;
        Some(Ok(scripted(minute)))
    }

    async fn finish(self: Box<Self>) -> Vec<Counted> {
        if self.said.now()["frozen-counter"] == true {
            std::future::pending::<()>().await;
        }
        vec![scripted(*self.from.lock().unwrap_or_else(PoisonError::into_inner))]
    }
}

/// What a test says of screen and presence: a file `presence.json` in the data folder, such as `{"idle-ms": 900000}`,
/// `{"blank": true}`, `{"frozen-counter": true}`, `{"asleep-ms": 1800000}` (how long the computer has slept so far) or
/// `{"set-ms": -60000}` (by how much its clock is ahead). Without one somebody is there, and there is something to see.
#[derive(Clone)]
struct Said {
    file: PathBuf,
    /// As the file said at last; never less than before.
    asleep: Arc<AtomicU64>,
    set: Arc<AtomicI64>,
}

impl Said {
    fn of(data: &Path) -> Self {
        Self { file: data.join("presence.json"), asleep: Arc::default(), set: Arc::default() }
    }

    fn now(&self) -> serde_json::Value {
        std::fs::read(&self.file).ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default()
    }
}

impl Presence for Said {
    fn sample(&self) -> Sample {
        let said = self.now();
        Sample {
            idle_ms: Some(said["idle-ms"].as_u64().unwrap_or(0)),
            locked: said["locked"].as_bool().unwrap_or(false),
            display_lost: said["display-lost"].as_bool().unwrap_or(false),
            unseen: false,
        }
    }
}

/// What follows `name`; if it is said more than once, the last time counts.
fn argument(name: &str) -> Result<String> {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().rposition(|a| a == name).with_context(|| format!("{name} is missing"))?;
    arguments.get(at + 1).cloned().with_context(|| format!("{name} has no value"))
}

/// `--data DIR --plugins DIR --compiler FILE --speed N --real MS --shown MS`: when the computer's clock showed `real`,
/// the fast clock showed `shown`.
#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    candor_agent::log::start("info");
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("the TLS provider was set twice"))?;
    let speed: u32 = argument("--speed")?.parse()?;
    let real: u64 = argument("--real")?.parse()?;
    let shown: u64 = argument("--shown")?.parse()?;
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let folder = PathBuf::from(argument("--data")?);
    let said = Said::of(&folder);
    let fast = FastClock::shared(shown + now.saturating_sub(real) * u64::from(speed), speed);
    let clock: Arc<dyn Clock> =
        Arc::new(SleepyClock { fast, asleep: Arc::clone(&said.asleep), set: Arc::clone(&said.set) });
    let sleeper = said.clone();
    tokio::spawn(async move {
        loop {
            let said = sleeper.now();
            sleeper.asleep.fetch_max(said["asleep-ms"].as_u64().unwrap_or(0), Ordering::AcqRel);
            sleeper.set.store(said["set-ms"].as_i64().unwrap_or(0), Ordering::Release);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let (changes, _) = watch::channel(0);
    let screen = Arc::new(PaintedScreen { clock: Arc::clone(&clock), changes, said: said.clone() });
    let painter = Arc::clone(&screen);
    tokio::spawn(async move {
        loop {
            let next = (painter.clock.now() / 7_000 + 1) * 7_000;
            sleep_until(painter.clock.as_ref(), next).await;
            painter.changes.send_replace(next / 7_000);
        }
    });
    let setup = Setup {
        folder: Folder::open(&folder)?,
        input: Arc::new(ScriptedInput { clock: Arc::clone(&clock), said: said.clone() }),
        clock,
        desktop: Ok(screen),
        presence: Arc::new(said),
        plugins: PathBuf::from(argument("--plugins")?),
        compiler: PathBuf::from(argument("--compiler")?),
        tray: argument("--tray").ok().map(|program| TrayProgram {
            program: program.into(),
            data: folder,
            display: None,
        }),
    };
    let agent = Agent::open(setup).await?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let stop = async move {
        terminate.recv().await;
    };
    Ok(agent.serve(|| println!("ready"), stop).await?)
}
