//! Candor's front ends: the window, the tray with notifications, and the command line.
//!
//! All of them are clients of the agent's control socket and bypass nothing: what they show is what the agent
//! answers, what they do is what it does for them. No sensor, no journal and no plugin is touched here.
//!
//! Start reading at `candor_protocol::Client` (the way to the agent), then [`window`], [`cli`] or [`tray`].

// What comes from outside must not reach a terminal as it is: `terminal` is the only way there.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
mod format;
pub mod launch;
pub mod terminal;
pub mod tray;
pub mod window;
