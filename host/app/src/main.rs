//! `candor`: the window, and with a command, what the command says.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use candor::cli::args::Page;
use candor::cli::{self, Command};
use candor::client::Client;
use candor::tray;
use clap::{CommandFactory as _, Parser};

const EXAMPLES: &str = "Examples:
  candor                               (the window)
  candor join 'https://diary.example/join#7QK2-9F4M'
  candor start --memo 'Invoice import'
  candor status --json
  candor forget --last 10m
  candor doctor";

/// An honest time tracker: you see what is recorded, before and after.
#[derive(Parser)]
#[command(name = "candor", version, after_help = EXAMPLES)]
struct Cli {
    /// The data folder [default: $XDG_DATA_HOME/candor or ~/.local/share/candor]
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Answer as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> ExitCode {
    let Cli { data, json, command } = Cli::parse();
    let client = match folder(data) {
        Ok(folder) => Client::new(&folder),
        Err(error) => return cli::fail(&error, json),
    };
    let done = match command {
        None => window(&client, Page::Now),
        Some(Command::Window { page }) => window(&client, page),
        Some(Command::Tray) => tray::run(client),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "candor", &mut text);
            cli::print(&text).context("the completions could not be written")
        }
        Some(command) => return cli::run(command, client, json),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::fail(&error, json),
    }
}

/// The data folder, absolute: the agent that is started stands elsewhere.
fn folder(named: Option<PathBuf>) -> Result<PathBuf> {
    let folder = match named {
        Some(folder) => folder,
        None => {
            let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
            let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home);
            base.context("there is no home folder: name the data folder with --data")?.join("candor")
        }
    };
    std::path::absolute(&folder).with_context(|| format!("{} is no folder: name another", folder.display()))
}

/// Opens the window.
fn window(_client: &Client, _page: Page) -> Result<()> {
    anyhow::bail!("this program was built without the window: `candor --help` lists the commands")
}
