//! `candor`: the window, and with a command, what the command says.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use candor::cli::{self, CliCommand};
use candor::window::{StartPage, WindowRequest, WindowSetup};
use candor::{terminal, tray, window};
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
struct CandorArguments {
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
    command: Option<CliCommand>,
}

fn main() -> ExitCode {
    let CandorArguments { data, agent, json, command } = CandorArguments::parse();
    let data = match data_folder(data) {
        Ok(data) => data,
        Err(error) => return cli::print_error(&error, json),
    };
    let client = Client::new(&data);
    let done = match command {
        None => show_window(data, agent, WindowRequest { page: StartPage::Now, invitation: None }),
        Some(CliCommand::Window { page, invitation }) => {
            // A window that runs already may run in another folder.
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
                Ok(invitation) => show_window(data, agent, WindowRequest { page, invitation }),
                Err(error) => Err(error),
            }
        }
        Some(CliCommand::Tray { by_agent }) => tray::run(client, agent, by_agent),
        Some(CliCommand::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut CandorArguments::command(), "candor", &mut text);
            terminal::print(&text).context("the completions could not be written")
        }
        Some(command) => return cli::run(command, client, agent.as_deref(), json),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::print_error(&error, json),
    }
}

/// Returns the data folder, as an absolute path: the agent that is started runs in another folder.
fn data_folder(named: Option<PathBuf>) -> Result<PathBuf> {
    let folder = match named {
        Some(folder) => folder,
        None => candor_protocol::default_data()
            .context("there is no home folder: name the data folder with --data")?,
    };
    std::path::absolute(&folder).with_context(|| format!("{} is no folder: name another", folder.display()))
}

/// Opens the window, with the agent's program beside this one unless another is named.
fn show_window(data: PathBuf, agent: Option<PathBuf>, request: WindowRequest) -> Result<()> {
    let beside = || {
        let program = std::env::current_exe().context("this program's place is unknown")?;
        anyhow::Ok(program.with_file_name("candor-agent"))
    };
    let agent = agent.map_or_else(beside, Ok)?;
    window::open_window(WindowSetup { data, agent, request })
}
