//! What the agent costs whoever has it running: without anybody there, while somebody works, and with the window open.
//!
//! The first agent is watched alone twice: in its first life, in which it compiled plugins, joined a contract and read the
//! notice out, and in its second. Nobody shares the program's pages then, so they count whole. After that three agents
//! are watched at once, which share them, each with a screen of its own, under terms as a client would set them: segments of
//! ten minutes, a picture in each. The floor of the same run is a program that does nothing but take those pictures.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use candor_protocol::StartTracking;
use candor_test_driver::{command, places};
use serde::Serialize;

use crate::children::{ProcessGroup, START_LIMIT, Stdout};
use crate::interrupt::Interrupt;
use crate::meter::{Meter, Usage};
use crate::progress::print_progress;
use crate::session::{Plan, Session};
use crate::state::DataFolder;
use crate::{agent, work};

/// Minutes of a segment: one picture in each.
const SEGMENT_MINUTES: u64 = 10;

/// How often the agent is launched to see how long that takes.
const LAUNCHES: usize = 9;

/// How long everything runs before it is watched: a start is measured by itself.
const SETTLE: Duration = Duration::from_secs(20);

/// For how long a life is watched alone: memory that is not needed any more is given back each minute.
const LIFE: Duration = Duration::from_secs(90);

/// The windowed desk's window among the children.
const WINDOW: &str = "window";

/// The floor among the children.
const FLOOR: &str = "floor";

/// What the agent and the window took.
#[derive(Serialize)]
pub(super) struct Cost {
    /// From the start of the process until it tracks, in milliseconds: the median of several launches, plugins compiled.
    launch_to_tracking_ms: f64,
    /// The same until a process that only says that it is there has said so: what no start can do without.
    launch_floor_ms: f64,
    /// Alone on the machine, in the life in which it joined, compiled plugins and read the notice out; tracking.
    first_life: Usage,
    /// The same after a restart.
    second_life: Usage,
    /// Tracking with nobody there. From here on three agents run at once and share the program's pages.
    idle: Usage,
    /// Tracking while somebody works.
    working: Usage,
    /// The same, with the window open; the window is not in it.
    working_beside_window: Usage,
    /// The window alone. If there is no graphics card, drawing is its own work, too.
    window: Usage,
    /// A program that takes and encodes as many pictures and does nothing else.
    floor: Usage,
}

/// An agent that tracks a screen of its own.
struct MeasuredDesk {
    session: Session,
    children: ProcessGroup,
    _data: DataFolder,
}

impl MeasuredDesk {
    fn open(data: PathBuf, interrupt: &Interrupt) -> Result<Self> {
        let data = DataFolder::open(data)?;
        let mut children = data.children()?;
        let plan = Plan::of_a_measurement(SEGMENT_MINUTES);
        let session = Session::begin(plan, &data, &mut children, interrupt)?;
        Ok(Self { session, children, _data: data })
    }

    fn display(&self) -> Result<String> {
        self.session.made_display.clone().context("there is no display")
    }

    fn meter(&self, name: &str) -> Result<Meter> {
        self.children.pid(name).map(Meter::of).with_context(|| format!("{name} is not there"))
    }

    /// Watches the agent alone.
    fn watch_life(&mut self, interrupt: &Interrupt) -> Result<Usage> {
        let mut meter = self.meter(agent::NAME)?;
        let until = Instant::now() + LIFE;
        while Instant::now() < until {
            interrupt.sleep_or_fail(Duration::from_millis(500))?;
            self.children.all_well()?;
            meter.look();
        }
        meter.usage()
    }

    /// Ends the agent, starts it again and has it track; how long that took.
    fn launch(&mut self) -> Result<Duration> {
        self.children.end(agent::NAME);
        let display = self.display()?;
        let began = Instant::now();
        self.session.agent.spawn(&mut self.children, &display)?;
        let start = StartTracking { memo: Some("Measured".into()), no_sign: true };
        loop {
            let Err(error) = self.session.agent.request(&start) else {
                return Ok(began.elapsed());
            };
            self.children.all_well()?;
            if began.elapsed() > START_LIMIT {
                bail!("the agent does not track after {} s: {error}", START_LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Measures for so many minutes; the data lies in `folder`.
pub(super) fn cost(folder: &Path, minutes: u64) -> Result<Cost> {
    let interrupt = Interrupt::listen()?;
    let open = |name: &str| MeasuredDesk::open(folder.join(name), &interrupt);
    let mut idle = open("idle")?;
    print_progress(format_args!("watching the first life of the agent for {} s", LIFE.as_secs()));
    idle.session.agent.start_tracking("Measured")?;
    let first_life = idle.watch_life(&interrupt)?;
    print_progress(format_args!("launching the agent {LAUNCHES} times"));
    let launches = (0..LAUNCHES).map(|_| idle.launch()).collect::<Result<Vec<_>>>()?;
    print_progress(format_args!("watching a later life for {} s", LIFE.as_secs()));
    let second_life = idle.watch_life(&interrupt)?;
    let floors = (0..LAUNCHES).map(|_| bare_launch()).collect::<Result<Vec<_>>>()?;

    let (mut working, mut windowed) = (open("working")?, open("windowed")?);
    working.launch()?;
    windowed.launch()?;
    let display = windowed.display()?;
    let mut window = Command::new(places::program("candor"));
    window.arg("--data").arg(windowed.session.agent.data()).env("DISPLAY", &display);
    windowed.children.start(WINDOW, window.env_remove("WAYLAND_DISPLAY"), Stdout::Log)?;
    let mut floor = Command::new(places::program("bench-floor"));
    floor.arg(working.display()?).arg((SEGMENT_MINUTES * 60).to_string());
    working.children.start(FLOOR, &mut floor, Stdout::Log)?;
    let _typists = [work::Typist::at(&working.display()?)?, work::Typist::at(&display)?];
    windowed
        .children
        .wait_until(&interrupt, "the window", || work::find_window(&display, "^Candor$").is_ok())?;
    interrupt.sleep_or_fail(SETTLE)?;

    print_progress(format_args!("watching for {minutes} minutes"));
    let until = Instant::now() + Duration::from_secs(minutes * 60);
    let mut meters = [
        idle.meter(agent::NAME)?,
        working.meter(agent::NAME)?,
        windowed.meter(agent::NAME)?,
        windowed.meter(WINDOW)?,
        working.meter(FLOOR)?,
    ];
    while Instant::now() < until {
        interrupt.sleep_or_fail(Duration::from_millis(500))?;
        for desk in [&mut idle, &mut working, &mut windowed] {
            desk.children.all_well()?;
        }
        meters.iter_mut().for_each(Meter::look);
    }
    let [idle, working, working_beside_window, window, floor] = meters.map(Meter::usage);
    Ok(Cost {
        launch_to_tracking_ms: median(launches),
        launch_floor_ms: median(floors),
        first_life,
        second_life,
        idle: idle?,
        working: working?,
        working_beside_window: working_beside_window?,
        window: window?,
        floor: floor?,
    })
}

/// Starts the agent's program for its version alone, and waits for its end.
fn bare_launch() -> Result<Duration> {
    let began = Instant::now();
    command::output(Command::new(places::program("candor-agent")).arg("--version"))?;
    Ok(began.elapsed())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    (middle.as_secs_f64() * 1e4).round() / 10.0
}
