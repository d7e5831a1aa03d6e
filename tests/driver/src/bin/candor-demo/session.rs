//! A back office and an agent at work together, for as long as a run lasts.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail};
use candor_test_driver::places;

use crate::agent::{self, EnrolledAgent};
use crate::backoffice::ServingBackOffice;
use crate::children::ProcessGroup;
use crate::interrupt::Interrupt;
use crate::meter::{Meter, Usage};
use crate::progress::print_progress;
use crate::state::DataFolder;
use crate::{display, report, terms, window, work};

/// How long a run without a person may take from the moment tracking starts.
const LIMIT: Duration = Duration::from_secs(6 * 60);

/// A demo's segments are a minute long.
const SEGMENT_MS: u64 = 60_000;

/// How long before the end of the last segment the agent is told to stop at its end.
const STOP_AHEAD_MS: u64 = 15_000;

/// How long the outbox may take to be empty: the rest of a minute, the hold, and time to deliver.
const DRAIN_LIMIT: Duration = Duration::from_secs(150);

/// What a session is to be like.
pub(super) struct Plan {
    /// Whether windows whose title contains `secret` are covered.
    pub(super) with_rule: bool,
    /// How long a segment is, in minutes.
    pub(super) segment_minutes: u64,
    /// What the worker says to be working on.
    pub(super) memo: String,
    /// The display at which a person sits; none has one made.
    pub(super) own_display: Option<String>,
    /// Whether the person has read the notice and accepts it.
    pub(super) accept_notice: bool,
    /// Builds the window; empty if it is built.
    pub(super) build_window: Vec<OsString>,
}

impl Plan {
    /// Returns the plan of a measurement: a screen made for the purpose.
    pub(super) fn of_a_measurement(segment_minutes: u64) -> Self {
        Self {
            with_rule: true,
            segment_minutes,
            memo: "Measured".into(),
            own_display: None,
            accept_notice: false,
            build_window: Vec::new(),
        }
    }
}

/// A run under way.
pub(super) struct Session {
    plan: Plan,
    backoffice: ServingBackOffice,
    contract: String,
    pub(super) agent: EnrolledAgent,
    /// The display that was made; none if the person's own is recorded.
    pub(super) made_display: Option<String>,
    /// The first millisecond of the first segment.
    tracked_from: Option<u64>,
    /// What the agent takes while the script runs.
    meter: Option<Meter>,
}

impl Session {
    /// Starts the back office, a screen and the agent, and has it ready to track.
    pub(super) fn begin(
        plan: Plan,
        data: &DataFolder,
        children: &mut ProcessGroup,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        for program in ["candor-agent", "candor-backoffice"] {
            let path = places::programs().join(program);
            if !path.is_file() {
                bail!("{} is not there: `cargo xtask run` builds it", path.display());
            }
        }
        let backoffice = ServingBackOffice::start(data, children)?;
        let terms = terms::of(plan.with_rule, plan.segment_minutes, backoffice.address())?;
        backoffice.add_contract(data, &terms)?;
        let contract = terms.contract;
        let agent = EnrolledAgent::new(&data.path(&format!("agent-{contract}")));
        let enrolled = agent.is_enrolled();
        if !enrolled {
            agent.forget_enrolment();
        }
        let made_display = match &plan.own_display {
            Some(_) => None,
            None => {
                let display = display::start_display(children, interrupt, &data.path("desktop"))?;
                work::open_windows(children, interrupt, &display)?;
                Some(display)
            }
        };
        let display = plan.own_display.clone().or_else(|| made_display.clone());
        agent.start(children, interrupt, &display.context("there is no display")?)?;
        if !enrolled {
            agent.enrol(&backoffice.invitation(&contract)?)?;
        }
        // The screen made for the purpose shows nobody; before their own is recorded, a person is asked.
        agent.accept_notice(plan.own_display.is_some() && !plan.accept_notice)?;
        backoffice.print_addresses(&contract);
        Ok(Self { plan, backoffice, contract, agent, made_display, tracked_from: None, meter: None })
    }

    /// Ends the measurement. Returns what was seen, if anything was measured.
    pub(super) fn take_usage(&mut self) -> Option<Result<Usage>> {
        self.meter.take().map(Meter::usage)
    }

    /// Tracks until enough is delivered, or until the person ends it.
    pub(super) fn track(
        &mut self,
        children: &mut ProcessGroup,
        interrupt: &Interrupt,
        segments: u64,
    ) -> Result<()> {
        match self.made_display.clone() {
            Some(display) => self.track_script(children, interrupt, &display, segments),
            None => self.track_person(children, interrupt),
        }
    }

    fn track_person(&mut self, children: &mut ProcessGroup, interrupt: &Interrupt) -> Result<()> {
        self.tracked_from = Some(now() - now() % SEGMENT_MS);
        self.agent.start_tracking(&self.plan.memo)?;
        print_progress("tracking your screen; Ctrl-C ends it");
        let mut window = window::OpenedWindow::begin(self.agent.data(), &self.plan.build_window)?;
        while interrupt.sleep(Duration::from_millis(500)) {
            children.all_well()?;
            window.look()?;
        }
        Ok(())
    }

    fn track_script(
        &mut self,
        children: &mut ProcessGroup,
        interrupt: &Interrupt,
        display: &str,
        segments: u64,
    ) -> Result<()> {
        let mut person = work::ScriptedPerson::at(display)?;
        let first = now().next_multiple_of(SEGMENT_MS);
        print_progress(format_args!("the first segment begins in {} s", first.saturating_sub(now()) / 1000));
        interrupt.sleep_or_fail(Duration::from_millis(first.saturating_sub(now())))?;
        let began = Instant::now();
        self.tracked_from = Some(first);
        self.agent.start_tracking(&self.plan.memo)?;
        let last_end = first + segments * SEGMENT_MS;
        print_progress(format_args!("tracking {segments} segments of a minute each"));

        self.meter = children.pid(agent::NAME).map(Meter::of);
        let mut told_to_stop = false;
        let mut delivered = 0;
        let mut next_look = began;
        while delivered < segments {
            interrupt.sleep_or_fail(Duration::from_millis(250))?;
            children.all_well()?;
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
                    print_progress(format_args!("{delivered} of {segments} segments delivered"));
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
    pub(super) fn end(
        &mut self,
        children: &mut ProcessGroup,
        interrupt: &Interrupt,
        file: Option<&Path>,
    ) -> Result<()> {
        interrupt.take();
        let drained = self.agent.stop_tracking().and_then(|()| self.drain(interrupt));
        let waiting = self.agent.count_undelivered().unwrap_or_default();
        let report = report::make_report(&self.backoffice, &self.contract, waiting, self.tracked_from);
        children.end(agent::NAME);
        let report = report?;
        print_progress(format_args!("delivered {}, waiting {}", report.delivered, report.waiting));
        if let Some(file) = file {
            let text = serde_json::to_string_pretty(&report)?;
            std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
            print_progress(format_args!("report written to {}", file.display()));
        }
        drained
    }

    /// Waits until everything is delivered. A segment that was stopped half way is closed when its minute is over.
    fn drain(&self, interrupt: &Interrupt) -> Result<()> {
        let until = Instant::now() + DRAIN_LIMIT;
        let mut told = false;
        loop {
            let waiting = self.agent.count_undelivered()?;
            if waiting == 0 {
                return Ok(());
            }
            if !told {
                print_progress(
                    "delivering what waits, once its minute is over; Ctrl-C leaves it for the next run",
                );
                told = true;
            }
            if !interrupt.sleep(Duration::from_millis(250)) {
                print_progress(format_args!("{waiting} segments are left for the next run"));
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
