//! The command line and the tray, as programs: against a socket that speaks the agent's protocol, and on a real
//! desktop (Xvfb, a session bus, xfce4-notifyd, xfce4-panel).

mod agent;
mod command_line;
mod desktop;
mod doctor;
mod notifications;
mod shortcut;
mod tray;
