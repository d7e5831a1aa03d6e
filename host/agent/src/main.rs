//! The agent's command line: enrols this device, shows the notice, runs the agent, and talks to a running one.

// What comes from outside must not reach a terminal as it is: `say` is the way there.
#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use candor_agent::agent::{Agent, Setup};
use candor_agent::clock::SystemClock;
use candor_agent::contract::enrol::enrol;
use candor_agent::contract::invitation::{self, Invitation};
use candor_agent::folder::Folder;
use candor_agent::guard::desktop::{DesktopSource, SensorDesktop};
use candor_agent::plugins::notice::Acceptance;
use candor_agent::plugins::open::open_plugins;
use candor_agent::plugins::own_rules::OwnRulesState;
use candor_agent::settings::Remembered;
use candor_agent::signs::{OnScreen, TrayProgram};
use candor_agent::tracker::input::CounterSource;
use candor_agent::tracker::presence::{HeldDown, SensorPresence};
use candor_diary::plain;
use candor_protocol::{
    Client, GetOutbox, GetStatus, ImportInvitation, LONG, ParcelState, Request, SendAgain, SetMemo,
    StartTracking, Status, StopTracking, USUAL, VerifyJournal,
};
use candor_sensors::{Backend, Sensors};
use clap::{Parser, Subcommand};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLES: &str = "Examples:
  candor-agent enrol 'candor:join?server=https%3A%2F%2Fdiary.example&code=7QK2-9F4M&key=5f21…'
  candor-agent notice && candor-agent accept
  candor-agent run
  candor-agent start --memo 'Invoice import'
  candor-agent status --json
  candor-agent stop --at segment-end";

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
    command: Cmd,
}

#[derive(Subcommand)]
enum Cmd {
    /// Enrol this device with an invitation from the client
    Enrol {
        /// The link that begins with candor:join or https:
        #[arg(required_unless_present = "server", conflicts_with_all = ["server", "code", "key"])]
        invitation: Option<String>,
        /// Instead of a link: the back office's address
        #[arg(long, requires = "code")]
        server: Option<String>,
        /// The one-time code
        #[arg(long, requires = "key")]
        code: Option<String>,
        /// The fingerprint of the back office's key, 64 hex digits: whoever answers has to have it
        #[arg(long, requires = "server")]
        key: Option<String>,
        /// This device's name in the Work Diary [default: the host's name]
        #[arg(long)]
        name: Option<String>,
    },
    /// Show what is recorded
    Notice,
    /// Accept the notice; nothing is recorded before
    Accept {
        /// Your name
        #[arg(long)]
        by: Option<String>,
    },
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
        #[arg(long, value_parser = ["auto", "x11", "portable"], default_value = "auto")]
        backend: String,
    },
    /// Show what the running agent does
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Begin tracking
    Start {
        /// What you work on
        #[arg(long)]
        memo: Option<String>,
        /// Track even if nothing on the screen shows it, as on a server; the Work Diary says so
        #[arg(long)]
        no_sign: bool,
    },
    /// End tracking
    Stop {
        /// When: now, or when the running segment ends
        #[arg(long, value_parser = ["now", "segment-end"], default_value = "now")]
        at: String,
    },
    /// Say what you work on
    Memo {
        /// The text; empty clears it
        text: String,
    },
    /// Wait until everything is delivered
    Drain {
        /// Give up after this many seconds
        #[arg(long, default_value_t = 120)]
        timeout_s: u64,
    },
    /// List parcels: what waits and what was delivered
    Outbox {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a parcel again that was refused
    SendAgain {
        /// The parcel's id, or the beginning of it
        id: String,
    },
    /// Recompute the journal's hash chain
    Verify {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    match begin() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever texts of others are in it. Nothing more can be done where nobody reads this.
            let _ = writeln!(std::io::stderr(), "Error: {}", plain::visible(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// Says something to whoever called; what came from outside is visible in it.
fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let said = writeln!(out, "{}", plain::visible_lines(text)).and_then(|()| out.flush());
    match said {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        said => said.context("the answer could not be printed"),
    }
}

/// Says something on the standard error, in the same way. Nothing more can be done where nobody reads this.
fn aside(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", plain::visible_lines(text));
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
    let data = match &cli.data {
        Some(data) => data.clone(),
        None => default_data()?,
    };
    let plugins = || cli.plugins.clone().map_or_else(|| beside("plugins"), Ok);
    let compiler = || cli.compiler.clone().map_or_else(|| beside("candor-compile"), Ok);
    match cli.command {
        Cmd::Enrol { invitation, server, code, key, name } => {
            let invitation = match (invitation, server) {
                (Some(link), _) => invitation::read(&link)?,
                (None, server) => {
                    invitation::whole(server.unwrap_or_default(), code.unwrap_or_default(), key)?
                }
            };
            let folder = Folder::open(&data)?;
            if Client::new(&data).runs() {
                // It would go on under the terms that it has: it takes the new ones itself.
                return imported(&data, &invitation);
            }
            let name =
                name.unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned());
            let enrolment = enrol(&folder, &invitation, &name, SystemClock::shared().now()).await?;
            say(&format!("Enrolled for '{}' of {}.", enrolment.terms.title, enrolment.terms.client))?;
            say("Next: read `candor-agent notice`, then run `candor-agent accept`.")
        }
        Cmd::Notice => {
            let folder = Folder::open(&data)?;
            let (_, session) = session(&data)?;
            let own = OwnRulesState::load(&folder);
            let (_, notice) =
                open_plugins(&folder, &session, &session.enrolment()?, &plugins()?, &compiler()?, own)
                    .await?;
            say(notice.text.trim_end_matches('\n'))
        }
        Cmd::Accept { by } => accept(&data, &plugins()?, &compiler()?, by).await,
        Cmd::Run { display, counter, tray, backend } => {
            let backend = match backend.as_str() {
                "x11" => Backend::X11,
                "portable" => Backend::Portable,
                _ => Backend::Auto,
            };
            let counter = counter.map_or_else(|| beside("candor-counter"), Ok)?;
            let program = tray.map_or_else(|| beside("candor"), Ok)?;
            let tray = TrayProgram { program, data: data.clone(), display: display.clone() };
            serve(&data, plugins()?, compiler()?, counter, tray, backend).await
        }
        Cmd::Status { json } => status(&data, json).await,
        Cmd::Start { memo, no_sign } => tell(&data, &StartTracking { memo, no_sign }, "Tracking.").await,
        Cmd::Stop { at } => {
            let at_segment_end = at == "segment-end";
            let done = if at_segment_end { "Tracking stops when this segment ends." } else { "Stopped." };
            tell(&data, &StopTracking { at_segment_end }, done).await
        }
        Cmd::Memo { text } => tell(&data, &SetMemo { memo: text }, "Memo set.").await,
        Cmd::Drain { timeout_s } => drain(&data, Duration::from_secs(timeout_s)).await,
        Cmd::Outbox { json } => outbox(&data, json).await,
        Cmd::SendAgain { id } => send_again(&data, &id).await,
        Cmd::Verify { json } => verify(&data, json).await,
    }
}

fn default_data() -> Result<PathBuf> {
    candor_protocol::default_data().context("there is no home folder: name the data folder with --data")
}

fn beside(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program's place is unknown")?;
    Ok(program.parent().unwrap_or(Path::new(".")).join(name))
}

/// The data folder and in it the current contract's: the one that was chosen, else the first.
fn session(data: &Path) -> Result<(Folder, Folder)> {
    let folder = Folder::open(data)?;
    let chosen = Remembered::load(&folder).contract;
    let mut session = None;
    for place in folder.contracts()? {
        let enrolment = place.enrolment()?;
        let meant = chosen
            .as_ref()
            .is_some_and(|name| *name == place.session_name(&enrolment) || name == enrolment.handle());
        if meant || session.is_none() {
            session = Some(place);
        }
        if meant {
            break;
        }
    }
    let session = session.context(
        "this device has no contract yet: run `candor-agent enrol LINK` with the link from the client",
    )?;
    Ok((folder, session))
}

async fn accept(data: &Path, plugins: &Path, compiler: &Path, by: Option<String>) -> Result<()> {
    let (folder, session) = session(data)?;
    let own = OwnRulesState::load(&folder);
    let (_, notice) = open_plugins(&folder, &session, &session.enrolment()?, plugins, compiler, own).await?;
    let by = by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "the person at this account".into());
    let acceptance = Acceptance {
        notice: notice.digest(),
        by,
        uid: rustix::process::getuid().as_raw(),
        at: SystemClock::shared().now(),
        grants: notice.grants,
    };
    session.write_json("acceptance.json", &acceptance)?;
    say("Accepted. Tracking begins when you run `candor-agent start`.")
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
        if let Err(error) = say("ready") {
            tracing::warn!("{error:#}");
        }
    };
    Ok(agent.serve(ready, stop).await?)
}

/// Asks the running agent; its refusal is this program's error.
async fn asked<R: Request>(data: &Path, request: &R) -> Result<R::Answer> {
    // It blocks this thread, which has nothing else to do.
    Ok(Client::new(data).ask_exact(request, USUAL)?)
}

async fn tell(data: &Path, request: &impl Request, done: &str) -> Result<()> {
    asked(data, request).await?;
    say(done)
}

async fn read_status(data: &Path) -> Result<Status> {
    Ok(Client::new(data).status()?)
}

async fn status(data: &Path, json: bool) -> Result<()> {
    if json {
        return print_json(&asked(data, &GetStatus { after: None }).await?);
    }
    let status = read_status(data).await?;
    let mut text = format!("{} · {}\n", status.title(), status.client());
    match (status.tracking, status.since) {
        (true, Some(since)) => {
            let seconds = SystemClock::shared().now().saturating_sub(since) / 1_000;
            let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            text.push_str(&format!("Tracking for {hours}:{minutes:02}:{seconds:02}.\n"));
        }
        _ if !status.notice_accepted => text.push_str("Not recording: the notice was not accepted yet.\n"),
        _ => text.push_str("Not recording.\n"),
    }
    text.push_str(&format!(
        "Memo: {}\nSegments: {} closed, {} delivered.\nOutbox: {} held, {} waiting.",
        status.memo.as_deref().unwrap_or("–"),
        status.segments.closed,
        status.segments.delivered,
        status.outbox.held,
        status.outbox.waiting
    ));
    if status.outbox.rejected > 0 {
        text.push_str(&format!(
            "\nRefused, not counted: {}. See `candor-agent outbox`; `candor-agent send-again ID` sends one again.",
            status.outbox.rejected
        ));
    }
    for problem in status.problems {
        text.push_str(&format!("\nProblem: {problem}"));
    }
    say(&text)
}

/// JSON for programs; a person may read it, too.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let text = serde_json::to_string_pretty(value)?;
    writeln!(out, "{}", plain::escaped_json(&text)).context("the answer could not be printed")
}

async fn drain(data: &Path, limit: Duration) -> Result<()> {
    let started = Instant::now();
    loop {
        let status = read_status(data).await?;
        let left = status.outbox.held + status.outbox.waiting + status.segments.open as u64;
        let refused = status.outbox.rejected;
        let refused = match refused {
            0 => String::new(),
            n => format!(
                "{n} segments were refused and are not counted: `candor-agent outbox` says why, \
                 `candor-agent send-again ID` sends one again."
            ),
        };
        if left == 0 {
            if !refused.is_empty() {
                bail!("{refused}");
            }
            return match status.outbox.cancelled {
                0 => say("Everything is delivered."),
                n => say(&format!("Everything is sent, except {n} taken back.")),
            };
        }
        if started.elapsed() > limit {
            bail!(
                "{left} segments are not delivered yet; they are kept on this computer. {refused} {}",
                status.problems.join(" ")
            );
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

async fn outbox(data: &Path, json: bool) -> Result<()> {
    if json {
        return print_json(&asked(data, &GetOutbox).await?.entries);
    }
    let entries = Client::new(data).ask(&GetOutbox, USUAL)?.entries;
    if entries.is_empty() {
        say("Nothing was closed yet: a segment shows here when it has ended.")?;
    }
    for entry in entries {
        let why = entry.last_error.unwrap_or_default();
        say(&format!(
            "{} {:>9}  tries: {}  {}  {why}",
            entry.parcel,
            if entry.state == ParcelState::Rejected { "refused" } else { entry.state.as_str() },
            entry.attempts,
            entry.bytes
        ))?;
    }
    Ok(())
}

async fn send_again(data: &Path, id: &str) -> Result<()> {
    let entries = asked(data, &GetOutbox).await?.entries;
    let mut meant = entries.iter().filter(|e| !id.is_empty() && e.parcel.starts_with(id));
    match (meant.next(), meant.next()) {
        (Some(one), None) => tell(data, &SendAgain { parcel: one.parcel.clone() }, "It is sent again.").await,
        (None, _) => bail!("there is no parcel {id:?}: `candor-agent outbox` lists them"),
        (Some(_), Some(_)) => bail!("more than one parcel begins with {id:?}: write more of its id"),
    }
}

/// Has the running agent take an invitation.
fn imported(data: &Path, invitation: &Invitation) -> Result<()> {
    let Invitation { server, code, key } = invitation;
    let file = json!({ "candor-invitation": 1, "server": server, "code": code, "key": key });
    let contract = Client::new(data).ask_exact(&ImportInvitation { invitation: file.to_string() }, LONG)?;
    say(&format!("Enrolled for '{}' of {}.", contract.title, contract.client))?;
    say("Next: read `candor-agent notice`, then run `candor-agent accept`.")
}

async fn verify(data: &Path, json: bool) -> Result<()> {
    let found = asked(data, &VerifyJournal).await?;
    if json {
        print_json(&found)?;
    } else {
        say(&found.sentence())?;
    }
    let at = |start: u64| i64::try_from(start).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    for bad in &found.bad_pictures {
        let of = bad.segment_start.and_then(at).map_or("no segment any more".to_owned(), |at| at.to_string());
        aside(&format!("The picture {} of {of} does not verify: {}", bad.picture, bad.reason));
    }
    for start in &found.bad_parcels {
        let of = at(*start).map_or(start.to_string(), |at| at.to_string());
        aside(&format!("The parcel of {of} cannot be read any more"));
    }
    match &found.first_bad {
        Some(bad) => bail!("record {} does not verify: {}", bad.sequence, bad.reason),
        None if found.is_good() => Ok(()),
        None => bail!(
            "{} pictures and {} parcels do not verify; time is kept and sent without them",
            found.bad_pictures.len(),
            found.bad_parcels.len()
        ),
    }
}
