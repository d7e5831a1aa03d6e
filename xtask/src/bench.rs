//! `bench NAME`: measures and prints a table.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::workspace::Workspace;
use crate::{artefacts, cli, process, setup};

/// Options of `bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to measure.
    name: Name,
    /// Also write the figures into this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What can be measured.
#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// From a captured picture to a committed record, and what the agent costs while a person works.
    Pipeline,
}

/// Builds what is measured, and measures it.
pub(crate) fn bench(workspace: &Workspace, options: &Options) -> Result<()> {
    let Name::Pipeline = options.name;
    let guests = setup::setup(workspace, setup::Needs::DEMO)?;
    artefacts::programs(workspace)?;
    artefacts::guests(workspace, &guests)?;
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--quiet", "--package", "candor-tests", "--bin", "bench-pipeline", "--"]);
    if let Some(file) = &options.json {
        cargo.arg("--json").arg(cli::from_here(file)?);
    }
    cargo.env("CANDOR_BIN_DIR", workspace.programs()).env("CANDOR_GUESTS", workspace.guests());
    process::run(&mut cargo).context("the measurement did not end")
}
