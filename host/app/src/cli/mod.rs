//! The command line. Each command asks the agent and reports the result: in plain sentences, or with `--json` as the
//! agent's own answer.
//!
//! A command never prints by itself: it returns a `CommandOutput`, which is printed once, whole. Start reading at
//! [`run`].

pub mod args;
mod context;
mod contract;
mod delivery_state;
mod desktop;
mod dispatch;
mod doctor;
mod outbox;
mod own_data;
mod prompt;
mod report;
mod segments;
mod settings;
mod terms;
mod time_input;
mod tracking;

pub use args::CliCommand;
pub use dispatch::run;
pub use report::print_error;
