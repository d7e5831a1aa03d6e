//! The subcommands and their options.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::{Workspace, from_here};
use crate::{artefacts, bench, check, demo, setup, test};

/// Sets up, runs, tests, checks and measures Candor.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Brings what is missing on this machine, and nothing else.
    Setup {
        /// Also what only the tests need.
        #[arg(long)]
        test: bool,
    },
    /// Builds the plugins and the guests of examples and tests into target/guest.
    Guests {
        /// Also the examples in JavaScript; it needs what the tests need.
        #[arg(long)]
        javascript: bool,
    },
    /// Records a screen through sandboxed plugins and shows it in a Work Diary page.
    Run(demo::RunOptions),
    /// Formats nothing, checks the format, builds everything and runs all tests.
    Test(test::TestOptions),
    /// Format, circles among files, clippy, docs and licences, all without a warning.
    Check(check::CheckOptions),
    /// Measures and prints a table.
    Bench(bench::BenchOptions),
    /// Takes a picture of each state of the window, light and dark, into a folder.
    Pictures {
        /// The folder that they go into.
        #[arg(default_value = "target/pictures")]
        folder: PathBuf,
    },
}

/// Parses the command line and does what it says.
pub(crate) fn main() -> Result<()> {
    let cli = Cli::parse();
    let workspace = Workspace::find()?;
    match cli.task {
        Task::Setup { test } => {
            let needs = if test { setup::Needs::TEST } else { setup::Needs::DEMO };
            setup::setup(&workspace, needs).map(drop)
        }
        Task::Guests { javascript } => {
            let needs = if javascript { setup::Needs::TEST } else { setup::Needs::BUILD };
            let guests = setup::setup(&workspace, needs)?;
            artefacts::build_guests(&workspace, &guests, artefacts::Programs::All)?;
            if javascript { artefacts::build_javascript_guests(&workspace) } else { Ok(()) }
        }
        Task::Run(options) => demo::run(workspace, &options),
        Task::Test(options) => test::test(&workspace, &options),
        Task::Check(options) => check::check(&workspace, &options),
        Task::Bench(options) => bench::bench(workspace, &options),
        Task::Pictures { folder } => test::take_pictures(&workspace, &from_here(&folder)?),
    }
}
