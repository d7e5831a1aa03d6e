//! `candor`: the tracker as a person meets it. Without a command the window opens.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use candor::window;
use clap::{Parser, Subcommand};

/// Candor: an honest time tracker.
#[derive(Parser)]
#[command(version, after_help = "Examples:\n  candor\n  candor --data ~/work/candor")]
struct Cli {
    /// The agent's data folder [default: $XDG_DATA_HOME/candor or ~/.local/share/candor]
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// The program candor-agent, started where no agent runs [default: beside this program]
    #[arg(long, global = true)]
    agent: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Open the window; the same as no command
    Window,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let data = cli.data.map_or_else(default_data, Ok)?;
    match cli.command.unwrap_or(Command::Window) {
        Command::Window => {
            let agent = cli.agent.map_or_else(|| beside("candor-agent"), Ok)?;
            window::open(window::Setup { data, agent })
        }
    }
}

fn default_data() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home);
    Ok(base.context("there is no home folder: name the data folder with --data")?.join("candor"))
}

fn beside(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program's place is unknown")?;
    Ok(program.parent().unwrap_or(Path::new(".")).join(name))
}
