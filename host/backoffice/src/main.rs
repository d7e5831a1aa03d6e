//! The program `candor-backoffice`.

use std::process::ExitCode;

use candor_backoffice::cli;
use clap::Parser;

fn main() -> ExitCode {
    let command = cli::Command::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("CANDOR_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    // A line that cannot be written is lost: to say so on the same standard error would be a panic.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    match cli::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("candor-backoffice: {error:#}");
            ExitCode::FAILURE
        }
    }
}
