//! The program `candor-backoffice`.

use std::io::Write as _;
use std::process::ExitCode;

use candor_backoffice::cli;
use candor_diary::plain;
use clap::Parser;

fn main() -> ExitCode {
    let command = cli::OfficeCommand::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("CANDOR_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    // A line that cannot be written is lost: to say so on the same standard error would be a panic.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| plain::LogLine(std::io::stderr()))
        .log_internal_errors(false)
        .init();
    match cli::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever texts of others are in it. Nothing more can be done if nobody reads this.
            let _ =
                writeln!(std::io::stderr(), "candor-backoffice: {}", plain::visible(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
