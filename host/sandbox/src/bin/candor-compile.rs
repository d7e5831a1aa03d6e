//! Compiles one plugin and ends. A compiler meets hostile input and takes much memory: in a process of its own, with
//! its own limits, neither reaches the agent. Should the input take the compiler over, there is no way on: no network, no
//! other program, no look into another process ([`lockdown`]).

#[path = "candor-compile/lockdown.rs"]
mod lockdown;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use rustix::process::{Resource, Rlimit, setrlimit};

/// Compiles a plugin's component for this machine. Run by the agent.
#[derive(Parser)]
#[command(version)]
struct CompileArguments {
    /// The file with the component.
    #[arg(long)]
    component: PathBuf,
    /// Its SHA-256, 64 lowercase hex digits.
    #[arg(long)]
    sha256: String,
    /// Where the artefact goes; must not be there yet.
    #[arg(long)]
    output: PathBuf,
    /// Address space that may be used, in bytes.
    #[arg(long)]
    memory: u64,
    /// Processor time that may be used, in seconds.
    #[arg(long)]
    seconds: u64,
}

fn main() -> ExitCode {
    let Err(error) = run(&CompileArguments::parse()) else { return ExitCode::SUCCESS };
    // One sentence, which a person may read in the notice. An error of the compiler's own tells its cause itself.
    let words =
        if error.is::<candor_sandbox::CompileError>() { error.to_string() } else { format!("{error:#}") };
    // If nobody reads it, nothing more can be done.
    let _ = writeln!(std::io::stderr(), "{words}");
    ExitCode::FAILURE
}

fn run(arguments: &CompileArguments) -> Result<()> {
    for (resource, limit) in [
        (Resource::As, arguments.memory),
        // Several threads compile, so processor time runs faster than the clock.
        (Resource::Cpu, arguments.seconds.saturating_mul(16)),
        (Resource::Core, 0),
    ] {
        let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
        setrlimit(resource, limit).context("the limits of this process could not be lowered")?;
    }
    lockdown::apply().context("it cannot lock itself in, so nothing is compiled")?;
    candor_sandbox::compile(&arguments.component, &arguments.sha256, &arguments.output)?;
    Ok(())
}
