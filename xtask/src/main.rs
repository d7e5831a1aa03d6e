//! `cargo xtask`: the one way to set up, run, test, check and measure Candor.
//!
//! Nothing here is part of the product. Each subcommand is one module; start reading in [`cli`]. Everything that a
//! fresh machine lacks is brought by [`setup`], and every other subcommand begins with it.

mod artefacts;
mod bench;
mod check;
mod circles;
mod cli;
mod demo;
mod display;
mod process;
mod setup;
mod side_by_side;
mod test;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
