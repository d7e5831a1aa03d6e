//! `candor`: the window, and with a command, what the command says.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use candor::cli::args::Page;
use candor::cli::{self, Command};
use candor::window::Call;
use candor::{tray, window};
use candor_protocol::Client;
use clap::{CommandFactory as _, Parser};

const EXAMPLES: &str = "Examples:
  candor                               (the window)
  candor join 'https://diary.example/join#7QK2-9F4M.5f21…'
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
    /// The program candor-agent, started where no agent runs [default: beside this program]
    #[arg(long, global = true, value_name = "FILE")]
    agent: Option<PathBuf>,
    /// Answer as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> ExitCode {
    let Cli { data, agent, json, command } = Cli::parse();
    let data = match folder(data) {
        Ok(data) => data,
        Err(error) => return cli::fail(&error, json),
    };
    let client = Client::new(&data);
    let done = match command {
        None => window(data, agent, Call { page: Page::Now, invitation: None }),
        Some(Command::Window { page, invitation }) => {
            // The window that runs may stand elsewhere.
            let place = |text: String| {
                // Desktops name files by their address.
                let file = url::Url::parse(&text).ok().filter(|url| url.scheme() == "file");
                match file.and_then(|url| url.to_file_path().ok()) {
                    Some(path) => Ok(path.display().to_string()),
                    None if text.contains(':') => Ok(text),
                    None => std::path::absolute(&text).map(|path| path.display().to_string()),
                }
            };
            match invitation.map(place).transpose().context("the invitation's place is unknown") {
                Ok(invitation) => window(data, agent, Call { page, invitation }),
                Err(error) => Err(error),
            }
        }
        Some(Command::Tray { by_agent }) => tray::run(client, agent, by_agent),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "candor", &mut text);
            cli::print(&text).context("the completions could not be written")
        }
        Some(command) => return cli::run(command, client, agent.as_deref(), json),
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
        None => candor_protocol::default_data()
            .context("there is no home folder: name the data folder with --data")?,
    };
    std::path::absolute(&folder).with_context(|| format!("{} is no folder: name another", folder.display()))
}

/// Opens the window.
fn window(data: PathBuf, agent: Option<PathBuf>, call: Call) -> Result<()> {
    let beside = || {
        let program = std::env::current_exe().context("this program's place is unknown")?;
        anyhow::Ok(program.with_file_name("candor-agent"))
    };
    let agent = agent.map_or_else(beside, Ok)?;
    window::open(window::Setup { data, agent, call })
}
