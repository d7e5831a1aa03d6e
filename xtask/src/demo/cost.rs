//! What the agent costs whoever has it running: without anybody there, while somebody works, and with the window open.
//!
//! Three agents are watched at once, each with a screen of its own, under terms as a client would set them: segments of
//! ten minutes, a picture in each. The floor of the same run is a program that does nothing but take those pictures.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};

use super::display::wait_for;
use super::meter::{Meter, Usage};
use super::state::DataFolder;
use super::{Demo, Options, agent, work};
use crate::process::{Interrupt, ProcessGroup, START_LIMIT, Stdout};
use crate::workspace::{Workspace, say};

/// Minutes of a segment: one picture in each.
const SEGMENT_MINUTES: u64 = 10;

/// How often the agent is launched to see how long that takes.
const LAUNCHES: usize = 9;

/// How long everything runs before it is watched: a start is measured by itself.
const SETTLE: Duration = Duration::from_secs(20);

/// The windowed desk's window among the children.
const WINDOW: &str = "window";

/// The floor among the children.
const FLOOR: &str = "floor";

/// What was seen.
#[derive(Serialize)]
pub(crate) struct Cost {
    /// From the start of the process until it tracks, in milliseconds: the median of several launches, plugins compiled.
    launch_to_tracking_ms: f64,
    /// The same until a process that only says that it is there has said so: what no start can do without.
    launch_floor_ms: f64,
    /// Tracking with nobody there.
    idle: Usage,
    /// Tracking while somebody works.
    working: Usage,
    /// The same, with the window open; the window is not in it.
    working_beside_window: Usage,
    /// The window alone. Where there is no graphics card, drawing is its own work, too.
    window: Usage,
    /// A program that takes and encodes as many pictures and does nothing else.
    floor: Usage,
}

/// A household with an agent that tracks a screen of its own.
struct Desk<'a> {
    demo: Demo<'a>,
    household: ProcessGroup,
    _data: DataFolder,
}

impl<'a> Desk<'a> {
    fn open(workspace: &'a Workspace, options: &'a Options, interrupt: &Interrupt) -> Result<Self> {
        let data = DataFolder::open(options.data.clone())?;
        let mut household = data.household()?;
        let demo = Demo::begin(workspace, options, &data, &mut household, interrupt, None)?;
        Ok(Self { demo, household, _data: data })
    }

    fn display(&self) -> Result<String> {
        self.demo.made_display.clone().context("there is no display")
    }

    fn meter(&self, name: &str) -> Result<Meter> {
        self.household.pid(name).map(Meter::of).with_context(|| format!("{name} is not there"))
    }

    /// Ends the agent, starts it again and has it track; how long that took.
    fn launch(&mut self) -> Result<Duration> {
        self.household.end(agent::NAME);
        let display = self.display()?;
        let began = Instant::now();
        self.demo.agent.spawn(&mut self.household, &display)?;
        let socket = self.demo.agent.data().join("run/agent.sock");
        loop {
            let Err(error) = ask(&socket, &json!({"do": "start", "memo": "Measured", "no_sign": true}))
            else {
                return Ok(began.elapsed());
            };
            self.household.all_well()?;
            if began.elapsed() > START_LIMIT {
                bail!("the agent does not track after {} s: {error}", START_LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// One question to the agent's control socket, as the window asks it.
fn ask(socket: &Path, request: &Value) -> Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    writeln!(stream, "{request}")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let answer: Value = serde_json::from_str(&line)?;
    match answer["error"].as_str() {
        Some(why) => bail!("{why}"),
        None => Ok(()),
    }
}

/// Measures for so many minutes; everything is built.
pub(crate) fn cost(workspace: &Workspace, minutes: u64) -> Result<Cost> {
    let interrupt = Interrupt::listen()?;
    let folder = workspace.target().join("bench-agent");
    let options = ["idle", "working", "windowed"].map(|n| Options::measured(folder.join(n), SEGMENT_MINUTES));
    let [idle, working, windowed] = &options;
    let mut idle = Desk::open(workspace, idle, &interrupt)?;
    say(format_args!("launching the agent {LAUNCHES} times"));
    let launches = (0..LAUNCHES).map(|_| idle.launch()).collect::<Result<Vec<_>>>()?;
    let floors = (0..LAUNCHES).map(|_| bare_launch(workspace)).collect::<Result<Vec<_>>>()?;

    let mut working = Desk::open(workspace, working, &interrupt)?;
    let mut windowed = Desk::open(workspace, windowed, &interrupt)?;
    working.launch()?;
    windowed.launch()?;
    let display = windowed.display()?;
    let mut window = Command::new(workspace.programs().join("candor"));
    window.arg("--data").arg(windowed.demo.agent.data()).env("DISPLAY", &display);
    windowed.household.start(WINDOW, window.env_remove("WAYLAND_DISPLAY"), Stdout::Log)?;
    let mut floor = Command::new(workspace.programs().join("bench-floor"));
    floor.arg(working.display()?).arg((SEGMENT_MINUTES * 60).to_string());
    working.household.start(FLOOR, &mut floor, Stdout::Log)?;
    let _typists = [work::Typist::at(&working.display()?)?, work::Typist::at(&display)?];
    wait_for(&interrupt, &mut windowed.household, "the window", || work::find(&display, "^Candor$").is_ok())?;
    interrupt.sleep_or_fail(SETTLE)?;

    say(format_args!("watching for {minutes} minutes"));
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
            desk.household.all_well()?;
        }
        meters.iter_mut().for_each(Meter::look);
    }
    let [idle, working, working_beside_window, window, floor] = meters.map(Meter::usage);
    Ok(Cost {
        launch_to_tracking_ms: median(launches),
        launch_floor_ms: median(floors),
        idle: idle?,
        working: working?,
        working_beside_window: working_beside_window?,
        window: window?,
        floor: floor?,
    })
}

/// Starts the agent's program for its version alone, and waits for its end.
fn bare_launch(workspace: &Workspace) -> Result<Duration> {
    let began = Instant::now();
    crate::process::output(Command::new(workspace.programs().join("candor-agent")).arg("--version"))?;
    Ok(began.elapsed())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    (middle.as_secs_f64() * 1e4).round() / 10.0
}
