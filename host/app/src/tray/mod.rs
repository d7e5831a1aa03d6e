//! The tray: an icon with a menu, notifications, and the shortcut that pauses. A client of the agent like any other.
//!
//! Threads send to one bounded queue: one follows the agent's status, one receives the notifications' actions, one waits
//! for the shortcut, and ksni's serves the icon. [`run`] takes from the queue and does one thing at a time. Which
//! notifications are shown, and when, is decided in `notification_planner`. Another thread maintains the indicator that
//! something is recorded (`recording_indicator`), whatever these wait for.

mod action;
mod app;
pub(crate) mod bus;
mod event;
mod follow;
mod icon;
mod indicator_mailbox;
mod instance;
mod item;
mod notification;
mod notification_planner;
pub(crate) mod notifier;
mod recording_indicator;
pub(crate) mod shortcut;

pub use app::run;
pub(crate) use instance::is_running;
