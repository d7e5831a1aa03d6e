//! The agent's program: runs the agent for as long as the person is signed in. Whatever is asked of it, `candor` asks.

// What comes from outside must not reach a terminal as it is: `print_line` is the way there.
#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use candor_agent::agent::{Agent, Setup};
use candor_agent::clock::SystemClock;
use candor_agent::folder::Folder;
use candor_agent::guard::desktop::{DesktopSource, SensorDesktop};
use candor_agent::signs::{OnScreen, TrayProgram};
use candor_agent::tracker::input::CounterSource;
use candor_agent::tracker::presence::{HeldDown, SensorPresence};
use candor_diary::plain;
use candor_sensors::{Backend, Sensors};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLES: &str = "Examples:
  candor-agent run
  candor-agent --data ~/other run --display :1

`candor` starts it by itself. Joining a contract, tracking and everything else is done with `candor`.";

/// Candor's agent: records by rules that you can read.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    /// The agent's data folder [default: $XDG_DATA_HOME/candor or ~/.local/share/candor]
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// The folder with plugins [default: `plugins` beside this program]
    #[arg(long, global = true)]
    plugins: Option<PathBuf>,
    /// The program candor-compile [default: beside this program]
    #[arg(long, global = true)]
    compiler: Option<PathBuf>,
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Subcommand)]
enum AgentCommand {
    /// Run the agent until it is interrupted
    Run {
        /// The X display [default: $DISPLAY]
        #[arg(long)]
        display: Option<String>,
        /// The program candor-counter [default: beside this program]
        #[arg(long)]
        counter: Option<PathBuf>,
        /// The program candor, whose tray shows that it is recorded [default: beside this program]
        #[arg(long)]
        tray: Option<PathBuf>,
        /// How the screen is read and input is counted; `portable` has to be built in
        #[arg(long, value_enum, default_value_t = BackendChoice::Auto)]
        backend: BackendChoice,
    },
}

/// How the screen is read and input is counted.
#[derive(Clone, Copy, ValueEnum)]
enum BackendChoice {
    /// X11's own if it is there, else the portable one.
    Auto,
    /// By X11's own requests.
    X11,
    /// By xcap and rdev.
    Portable,
}

impl From<BackendChoice> for Backend {
    fn from(choice: BackendChoice) -> Self {
        match choice {
            BackendChoice::Auto => Self::Auto,
            BackendChoice::X11 => Self::X11,
            BackendChoice::Portable => Self::Portable,
        }
    }
}

fn main() -> ExitCode {
    match begin() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever texts of others are in it. Nothing more can be done if nobody reads this.
            let _ = writeln!(std::io::stderr(), "Error: {}", plain::visible(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line to whoever called. Whoever has gone away is no error.
fn print_line(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let printed = writeln!(out, "{}", plain::visible_lines(text)).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("the answer could not be printed"),
    }
}

fn begin() -> Result<()> {
    candor_agent::memory::keep_little();
    candor_agent::private::keep_memory_private()?;
    candor_agent::log::start("warn");
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("the TLS provider was set twice"))?;
    let cli = Cli::parse();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(run(cli))
}

async fn run(cli: Cli) -> Result<()> {
    let data = cli.data.map_or_else(default_data, Ok)?;
    let plugins = cli.plugins.map_or_else(|| beside("plugins"), Ok)?;
    let compiler = cli.compiler.map_or_else(|| beside("candor-compile"), Ok)?;
    let AgentCommand::Run { display, counter, tray, backend } = cli.command;
    let counter = counter.map_or_else(|| beside("candor-counter"), Ok)?;
    let program = tray.map_or_else(|| beside("candor"), Ok)?;
    let tray = TrayProgram { program, data: data.clone(), display };
    serve(&data, plugins, compiler, counter, tray, backend.into()).await
}

fn default_data() -> Result<PathBuf> {
    candor_protocol::default_data().context("there is no home folder: name the data folder with --data")
}

fn beside(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program's place is unknown")?;
    Ok(program.parent().unwrap_or(Path::new(".")).join(name))
}

async fn serve(
    data: &Path,
    plugins: PathBuf,
    compiler: PathBuf,
    counter: PathBuf,
    tray: TrayProgram,
    backend: Backend,
) -> Result<()> {
    let display = tray.display.clone();
    // A display that is not there yet, or goes, is looked for until it is back.
    let sensors = Arc::new(Sensors::start(backend, display.as_deref())?);
    let held = Arc::new(HeldDown::default());
    let presence = Arc::new(SensorPresence::new(Some(Arc::clone(&sensors)), Arc::clone(&held)));
    let desktop: Arc<dyn DesktopSource> = Arc::new(SensorDesktop::new(sensors));
    let witness = Arc::new(OnScreen { program: tray.program.clone(), desktop: Arc::clone(&desktop) });
    let setup = Setup {
        folder: Folder::open(data)?,
        clock: SystemClock::shared(),
        desktop: Ok(desktop),
        input: Arc::new(CounterSource { program: counter, display, backend, held }),
        presence,
        plugins,
        compiler,
        tray: Some(tray),
    };
    let agent = Agent::open(setup).await?;
    agent.set_sign_witness(witness);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let ready = || {
        if let Err(error) = print_line("ready") {
            tracing::warn!("{error:#}");
        }
    };
    Ok(agent.serve(ready, stop).await?)
}
