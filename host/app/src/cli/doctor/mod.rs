//! `candor doctor`: checks everything that tracking needs, from here and by the agent.
//!
//! It works without an agent. If one runs, its findings count for what it does itself (the display that it reads, the
//! counter that it started), and this program's for what this desktop shows.

mod check;
mod desktop;
mod machine;
mod network;
mod report;

pub(super) use report::run_doctor;
