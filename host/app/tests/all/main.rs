//! The command line and the tray, as programs: against a socket that speaks the agent's protocol, and on a real
//! desktop (Xvfb, a session bus, xfce4-notifyd, xfce4-panel).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod agent;
mod command_line;
mod desktop;
mod doctor;
mod notifications;
mod shortcut;
mod tray;
