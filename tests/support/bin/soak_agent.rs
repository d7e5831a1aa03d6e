//! The agent's own library on the simulated computer of the soak ([`candor_tests::soak`]).
//!
//! Everything from the guard on is the real thing: real plugins in the real sandbox, the real journal, the real
//! uploader over real HTTP. Only clocks, screen and keys are a simulation.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use candor_agent::agent::{Agent, Setup};
use candor_agent::folder::Folder;
use candor_tests::soak::senses::{Counters, Senses};
use candor_tests::soak::world::Timebase;

fn argument(name: &str) -> Result<String> {
    let mut arguments = std::env::args();
    arguments.find(|a| a == name).with_context(|| format!("{name} is missing"))?;
    arguments.next().with_context(|| format!("{name} has no value"))
}

/// `--data DIR --plugins DIR --compiler FILE --world FILE --anchor US --speed N --epoch MS`
#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    candor_agent::log::start("info");
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("the TLS provider was set twice"))?;
    let number = |name| -> Result<u64> { Ok(argument(name)?.parse()?) };
    let timebase =
        Timebase { anchor: number("--anchor")?, speed: number("--speed")?, epoch: number("--epoch")? };
    let senses = Senses::open(&PathBuf::from(argument("--world")?), timebase)?;
    let setup = Setup {
        tray: None,
        folder: Folder::open(&PathBuf::from(argument("--data")?))?,
        input: Arc::new(Counters(Arc::clone(&senses))),
        clock: Arc::clone(&senses) as _,
        desktop: Ok(Arc::clone(&senses) as _),
        presence: senses,
        plugins: PathBuf::from(argument("--plugins")?),
        compiler: PathBuf::from(argument("--compiler")?),
    };
    let agent = Agent::open(setup).await?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let stop = async move {
        terminate.recv().await;
    };
    Ok(agent.serve(|| println!("ready"), stop).await?)
}
