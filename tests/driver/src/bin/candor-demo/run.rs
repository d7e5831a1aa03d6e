//! A run of the demo, by a person or as a measurement.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::interrupt::Interrupt;
use crate::meter::Usage;
use crate::session::{Plan, Session};
use crate::state::DataFolder;

/// What is recorded, and how.
#[derive(clap::Args)]
pub(super) struct RunOptions {
    /// How many whole segments are recorded of a screen that is made for the purpose.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=5))]
    segments: u64,
    /// Leave out the rule that covers windows whose title contains `secret`.
    #[arg(long)]
    without_rules: bool,
    /// Write what was delivered into this file, as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Where the back office and the agent keep their data.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// What the worker says to be working on.
    #[arg(long, value_name = "TEXT")]
    memo: String,
    /// Record this display, at which a person sits, and not one that is made for the purpose.
    #[arg(long, value_name = "NAME")]
    display: Option<String>,
    /// Accept the notice, which the person has read; otherwise it is shown and asked about.
    #[arg(long)]
    accept_notice: bool,
    /// Build the window with this command once tracking has begun; without it, it is built already.
    #[arg(long, value_name = "COMMAND", num_args = 1.., allow_hyphen_values = true)]
    build_window: Vec<OsString>,
}

/// Runs until the segments are delivered, or until Ctrl-C if a person sits at the display.
pub(super) fn run(options: RunOptions) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let data = DataFolder::open(options.data)?;
    let mut children = data.children()?;
    let plan = Plan {
        with_rule: !options.without_rules,
        segment_minutes: 1,
        memo: options.memo,
        own_display: options.display,
        accept_notice: options.accept_notice,
        build_window: options.build_window,
    };
    let mut session = Session::begin(plan, &data, &mut children, &interrupt)?;
    let outcome = session.track(&mut children, &interrupt, options.segments);
    // Whatever happened: what is recorded is delivered, and what was delivered is told.
    let ended = session.end(&mut children, &interrupt, options.report.as_deref());
    outcome.and(ended)
}

/// Lets a scripted person work for some minutes, and measures what the agent takes meanwhile.
pub(super) fn usage(data: PathBuf, minutes: u64) -> Result<Usage> {
    let interrupt = Interrupt::listen()?;
    let data = DataFolder::open(data)?;
    let mut children = data.children()?;
    let mut session = Session::begin(Plan::of_a_measurement(1), &data, &mut children, &interrupt)?;
    let outcome = session.track(&mut children, &interrupt, minutes);
    let usage = session.take_usage();
    session.end(&mut children, &interrupt, None)?;
    outcome?;
    usage.context("nothing was measured")?
}
