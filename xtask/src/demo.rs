//! `run`: the whole of Candor at work, from a screen to a Work Diary page.
//!
//! The demo itself is a program of its own, `candor-demo` (tests/driver). This builds it with all that it shows, and hands
//! over to it.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;
use xshell::Cmd;

use crate::artefacts::Programs;
use crate::workspace::{Profile, Workspace, from_here};
use crate::{artefacts, display, setup};

#[derive(clap::Args)]
pub(crate) struct RunOptions {
    /// How many whole segments are recorded if there is no display.
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
    /// Record a screen made for the purpose, even if there is a display.
    #[arg(long)]
    headless: bool,
    /// Having read the notice, accept it: otherwise it is shown and asked about before your own screen is recorded.
    #[arg(long)]
    accept_notice: bool,
    /// Build as what people install is built: it takes longer to compile, and less while it runs.
    #[arg(long)]
    release: bool,
    /// Take what is built already; bring and build nothing.
    #[arg(long, hide = true)]
    as_built: bool,
}

/// Builds what the demo needs and becomes the demo.
pub(crate) fn run(workspace: Workspace, options: &RunOptions) -> Result<()> {
    let workspace = workspace.with_profile(Profile::of(options.release));
    let own_display = if options.headless { None } else { display::of_this_person() };
    if !options.as_built {
        let needs = if own_display.is_some() { setup::Needs::PERSON } else { setup::Needs::DEMO };
        let guests = setup::setup(&workspace, needs)?;
        artefacts::build_programs(&workspace, Programs::Pipeline)?;
        artefacts::build_guests(&workspace, &guests, Programs::Pipeline)?;
    }
    let data = if options.data == Path::new("target/demo") {
        workspace.target().join("demo")
    } else {
        from_here(&options.data)?
    };
    let mut demo = Command::from(demo(&workspace, "run"));
    demo.arg("--segments").arg(options.segments.to_string()).arg("--memo").arg(&options.memo);
    demo.arg("--data").arg(data);
    if options.without_rules {
        demo.arg("--without-rules");
    }
    if options.accept_notice {
        demo.arg("--accept-notice");
    }
    if let Some(report) = &options.report {
        demo.arg("--report").arg(from_here(report)?);
    }
    if let Some(display) = own_display {
        demo.arg("--display").arg(display);
        if !options.as_built {
            // Nobody waits for the window: it is built once tracking has begun.
            let window = artefacts::window_build(&workspace);
            demo.arg("--build-window").arg(window.get_program()).args(window.get_args());
        }
    }
    // In place of this program: Ctrl-C, a terminal and an end by force reach the demo alone.
    Err(demo.exec()).context("cannot start candor-demo")
}

/// Measures what the agent takes while a scripted person works for some minutes. Everything is built.
pub(crate) fn measure_usage(workspace: &Workspace, minutes: u64) -> Result<Value> {
    measure(workspace, "usage", minutes, "bench")
}

/// Measures what the agent takes with and without somebody there. Everything is built.
pub(crate) fn measure_cost(workspace: &Workspace, minutes: u64) -> Result<Value> {
    measure(workspace, "cost", minutes, "bench-agent")
}

fn measure(workspace: &Workspace, what: &str, minutes: u64, folder: &str) -> Result<Value> {
    let demo = demo(workspace, what).arg("--minutes").arg(minutes.to_string());
    let demo = demo.arg("--data").arg(workspace.target().join(folder));
    let figures = demo.read().context("the measurement did not end")?;
    serde_json::from_str(&figures).context("the figures are not JSON")
}

/// The demo's program, standing in the checkout.
fn demo<'a>(workspace: &'a Workspace, what: &str) -> Cmd<'a> {
    let demo = workspace.command(workspace.programs().join("candor-demo")).arg(what);
    demo.env("CANDOR_BIN_DIR", workspace.programs()).env("CANDOR_GUESTS", workspace.guests())
}
