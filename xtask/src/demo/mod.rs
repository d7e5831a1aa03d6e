//! `run`: the whole of Candor at work, from a screen to a Work Diary page.
//!
//! It starts a back office, makes a client, a worker and a contract in it, enrols an agent, and tracks: the screen that
//! the person sits at, or one made for the purpose where there is none. Everything lies in one data folder, so that a
//! later run goes on where this one stopped.

mod agent;
mod backoffice;
mod cost;
mod display;
mod meter;
mod report;
mod state;
mod terms;
mod window;
mod work;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail};

use crate::process::{Interrupt, ProcessGroup};
use crate::workspace::{Workspace, say};
use crate::{artefacts, cli, setup};

use agent::Agent;
use backoffice::BackOffice;
pub(crate) use cost::cost;
use meter::Meter;
pub(crate) use meter::Usage;
use state::DataFolder;

/// How long a run without a person may take from the moment tracking starts.
const LIMIT: Duration = Duration::from_secs(6 * 60);

/// A demo's segments are a minute long.
const SEGMENT_MS: u64 = 60_000;

/// How long before the end of the last segment the agent is told to stop at its end.
const STOP_AHEAD_MS: u64 = 15_000;

/// How long the outbox may take to be empty: the rest of a minute, the hold, and time to deliver.
const DRAIN_LIMIT: Duration = Duration::from_secs(150);

/// Options of `run`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many whole segments are recorded where there is no display.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=5))]
    segments: u64,
    /// Leave out the rule that covers windows whose title contains `secret`.
    #[arg(long)]
    without_rules: bool,
    /// Write what was delivered into this file, as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Where the back office and the agent keep their data.
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    data: PathBuf,
    /// What the worker says to be working on.
    #[arg(long, value_name = "TEXT", default_value = "Invoice service: rounding")]
    memo: String,
    /// Record a screen made for the purpose, even where there is a display.
    #[arg(long)]
    headless: bool,
    /// Having read the notice, accept it: otherwise it is shown and asked about before your own screen is recorded.
    #[arg(long)]
    accept_notice: bool,
    /// How long a segment is, in minutes.
    #[arg(skip = 1_u64)]
    segment_minutes: u64,
    /// Take what is built already; bring and build nothing.
    #[arg(long, hide = true)]
    as_built: bool,
}

impl Options {
    /// For a measurement: a screen made for the purpose, and everything built.
    fn measured(data: PathBuf, segment_minutes: u64) -> Self {
        Self {
            segments: 1,
            without_rules: false,
            report: None,
            data,
            memo: "Measured".into(),
            headless: true,
            accept_notice: false,
            segment_minutes,
            as_built: true,
        }
    }
}

/// Lets a scripted person work for some minutes and measures what the agent takes meanwhile. Everything is built.
pub(crate) fn measure(workspace: &Workspace, minutes: u64) -> Result<Usage> {
    let options = Options { segments: minutes, ..Options::measured(workspace.target().join("bench"), 1) };
    let interrupt = Interrupt::listen()?;
    let data = DataFolder::open(options.data.clone())?;
    let mut household = data.household()?;
    let mut demo = Demo::begin(workspace, &options, &data, &mut household, &interrupt, None)?;
    let outcome = demo.track(&mut household, &interrupt, minutes);
    let usage = demo.meter.take().map(|meter| meter.usage());
    demo.end(&mut household, &interrupt, None)?;
    outcome?;
    usage.context("nothing was measured")?
}

/// Runs until the segments are delivered, or until Ctrl-C where a person sits at the display.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let own_display = if options.headless { None } else { display::of_this_person() };
    if !options.as_built {
        let needs = if own_display.is_some() { setup::Needs::PERSON } else { setup::Needs::DEMO };
        let guests = setup::setup(workspace, needs)?;
        artefacts::programs(workspace, artefacts::Programs::Pipeline)?;
        artefacts::guests(workspace, &guests, artefacts::Programs::Pipeline)?;
    }
    let interrupt = Interrupt::listen()?;
    let data = if options.data == Path::new("target/demo") {
        workspace.target().join("demo")
    } else {
        cli::from_here(&options.data)?
    };
    let report_file = options.report.as_deref().map(cli::from_here).transpose()?;
    let data = DataFolder::open(data)?;
    let mut household = data.household()?;

    let mut demo = Demo::begin(workspace, options, &data, &mut household, &interrupt, own_display)?;
    let outcome = demo.track(&mut household, &interrupt, options.segments);
    // Whatever happened: what is recorded is delivered, and what was delivered is told.
    let ended = demo.end(&mut household, &interrupt, report_file.as_deref());
    outcome.and(ended)
}

/// A run under way.
struct Demo<'a> {
    workspace: &'a Workspace,
    options: &'a Options,
    backoffice: BackOffice,
    /// The contract's id.
    contract: String,
    agent: Agent,
    /// None where the person's own screen is recorded.
    made_display: Option<String>,
    /// The first millisecond of the first segment.
    tracked_from: Option<u64>,
    /// What the agent takes while the script runs.
    meter: Option<Meter>,
}

impl<'a> Demo<'a> {
    /// Starts the back office, a screen and the agent, and has it ready to track.
    fn begin(
        workspace: &'a Workspace,
        options: &'a Options,
        data: &DataFolder,
        household: &mut ProcessGroup,
        interrupt: &Interrupt,
        own_display: Option<String>,
    ) -> Result<Self> {
        let backoffice = BackOffice::start(workspace, data, household)?;
        let terms = terms::of(!options.without_rules, options.segment_minutes, backoffice.address())?;
        backoffice.add_contract(data, &terms)?;
        let contract = terms.contract;
        let agent = Agent::new(workspace, data.path(&format!("agent-{contract}")));
        if !agent.is_enrolled() {
            agent.enrol(&backoffice.invitation(&contract)?)?;
        }
        // The screen made for the purpose shows nobody; before their own is recorded, a person is asked.
        agent.accept_notice(own_display.is_some() && !options.accept_notice)?;
        let made_display = match &own_display {
            Some(_) => None,
            None => {
                let display = display::start(household, interrupt, &data.path("desktop"))?;
                work::open_windows(household, interrupt, &display)?;
                Some(display)
            }
        };
        let display = own_display.or_else(|| made_display.clone()).context("there is no display")?;
        agent.start(household, interrupt, &display)?;
        backoffice.tell(&contract);
        Ok(Self {
            workspace,
            options,
            backoffice,
            contract,
            agent,
            made_display,
            tracked_from: None,
            meter: None,
        })
    }

    /// Tracks until enough is delivered, or until the person ends it.
    fn track(&mut self, household: &mut ProcessGroup, interrupt: &Interrupt, segments: u64) -> Result<()> {
        match self.made_display.clone() {
            Some(display) => self.track_script(household, interrupt, &display, segments),
            None => self.track_person(household, interrupt),
        }
    }

    fn track_person(&mut self, household: &mut ProcessGroup, interrupt: &Interrupt) -> Result<()> {
        self.tracked_from = Some(now() - now() % SEGMENT_MS);
        self.agent.track(&self.options.memo)?;
        say("tracking your screen; Ctrl-C ends it");
        let mut window = window::Window::begin(self.workspace, self.agent.data(), self.options.as_built)?;
        while interrupt.sleep(Duration::from_millis(500)) {
            household.all_well()?;
            window.look()?;
        }
        Ok(())
    }

    fn track_script(
        &mut self,
        household: &mut ProcessGroup,
        interrupt: &Interrupt,
        display: &str,
        segments: u64,
    ) -> Result<()> {
        let mut person = work::Person::at(display)?;
        let first = now().next_multiple_of(SEGMENT_MS);
        say(format_args!("the first segment begins in {} s", first.saturating_sub(now()) / 1000));
        interrupt.sleep_or_fail(Duration::from_millis(first.saturating_sub(now())))?;
        let began = Instant::now();
        self.tracked_from = Some(first);
        self.agent.track(&self.options.memo)?;
        let last_end = first + segments * SEGMENT_MS;
        say(format_args!("tracking {segments} segments of a minute each"));

        self.meter = household.pid(agent::NAME).map(Meter::of);
        let mut told_to_stop = false;
        let mut delivered = 0;
        let mut next_look = began;
        while delivered < segments {
            interrupt.sleep_or_fail(Duration::from_millis(250))?;
            household.all_well()?;
            if now() < last_end {
                person.act()?;
                if let Some(meter) = &mut self.meter {
                    meter.look();
                }
            }
            if !told_to_stop && now() + STOP_AHEAD_MS >= last_end {
                self.agent.stop_at_segment_end()?;
                told_to_stop = true;
            }
            if Instant::now() >= next_look {
                next_look = Instant::now() + Duration::from_secs(1);
                let count = u64::try_from(self.backoffice.deliveries(&self.contract, first)?.len())?;
                if count > delivered {
                    delivered = count;
                    say(format_args!("{delivered} of {segments} segments delivered"));
                }
            }
            if began.elapsed() > LIMIT {
                bail!(
                    "only {delivered} of {segments} segments were delivered within {} minutes",
                    LIMIT.as_secs() / 60
                );
            }
        }
        Ok(())
    }

    /// Stops, drains the outbox and writes the report.
    fn end(
        &mut self,
        household: &mut ProcessGroup,
        interrupt: &Interrupt,
        file: Option<&std::path::Path>,
    ) -> Result<()> {
        interrupt.take();
        let drained = self.agent.stop().and_then(|()| self.drain(interrupt));
        let waiting = self.agent.waiting().unwrap_or_default();
        let report = report::make(&self.backoffice, &self.contract, waiting, self.tracked_from);
        household.end(agent::NAME);
        let report = report?;
        say(format_args!("delivered {}, waiting {}", report.delivered, report.waiting));
        if let Some(file) = file {
            let text = serde_json::to_string_pretty(&report)?;
            std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
            say(format_args!("report written to {}", file.display()));
        }
        drained
    }

    /// Waits until everything is delivered. A segment that was stopped half way is closed when its minute is over.
    fn drain(&self, interrupt: &Interrupt) -> Result<()> {
        let until = Instant::now() + DRAIN_LIMIT;
        let mut told = false;
        loop {
            let waiting = self.agent.waiting()?;
            if waiting == 0 {
                return Ok(());
            }
            if !told {
                say("delivering what waits, once its minute is over; Ctrl-C leaves it for the next run");
                told = true;
            }
            if !interrupt.sleep(Duration::from_millis(250)) {
                say(format_args!("{waiting} segments are left for the next run"));
                return Ok(());
            }
            if Instant::now() > until {
                bail!(
                    "{waiting} segments are not delivered after {} s; they are kept for the next run",
                    DRAIN_LIMIT.as_secs()
                );
            }
        }
    }
}

/// Milliseconds since the Unix epoch.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
