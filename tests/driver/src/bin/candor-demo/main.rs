//! The whole of Candor at work, from a screen to a Work Diary page: what `cargo xtask run` shows, and what the figures of
//! `cargo xtask bench` are taken from.
//!
//! It starts a back office, makes a client, a worker and a contract in it, enrols an agent, and tracks: the screen that
//! the person sits at, or one made for the purpose. Everything lies in one data folder, so that a later run goes on where
//! this one stopped. Everything is built; `cargo xtask` sees to that.

mod agent;
mod backoffice;
mod children;
mod cost;
mod display;
mod interrupt;
mod meter;
mod progress;
mod report;
mod run;
mod session;
mod state;
mod terms;
mod window;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde::Serialize;

/// Shows Candor at work, and measures it.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Records a screen through sandboxed plugins and shows it in a Work Diary page.
    Run(run::RunOptions),
    /// Measures what the agent takes while a scripted person works, and prints it as JSON.
    Usage(Measured),
    /// Measures what the agent takes with and without somebody there, and prints it as JSON.
    Cost(Measured),
}

#[derive(clap::Args)]
struct Measured {
    /// For how many minutes.
    #[arg(long, value_name = "N")]
    minutes: u64,
    /// Where back offices and agents keep their data.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

fn main() -> ExitCode {
    let done = match Cli::parse().what {
        What::Run(options) => run::run(options),
        What::Usage(Measured { minutes, data }) => run::usage(data, minutes).and_then(|usage| print(&usage)),
        What::Cost(Measured { minutes, data }) => cost::cost(&data, minutes).and_then(|cost| print(&cost)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print(figures: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}
