//! The tracker window: what the agent does, in sight, and in reach of the person at the keyboard.
//!
//! It must never wait for the agent where it draws, never show what the agent did not say, and never hide 'What is
//! recorded'. `app` is the loop; `model` what is shown; `view` how; `worker` the threads that wait.

mod app;
mod banner;
mod client;
mod day;
mod instance;
mod intent;
mod manual;
mod model;
mod parts;
mod sign;
mod software;
#[cfg(test)]
mod tests;
mod theme;
mod update;
mod view;
mod words;
mod worker;

use std::path::PathBuf;

pub use app::open;
pub use instance::Call;

/// What the window is opened with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The agent's data folder.
    pub data: PathBuf,
    /// The program `candor-agent`, started where no agent answers.
    pub agent: PathBuf,
    /// What is shown first.
    pub call: Call,
}
