//! What the worker chooses.

use serde::{Deserialize, Serialize};

/// What the worker chooses. The terms of a monitoring contract override them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Preferences {
    /// Only the monitor with the focused window is in the picture.
    pub active_monitor_only: bool,
    /// A notification at each picture.
    pub notify_on_capture: bool,
    /// Remind of the memo after this many minutes of tracking under the same one; 0 never does.
    pub memo_reminder_minutes: u32,
    /// Ask about time without keys, clicks and scrolls of at least this many minutes, 1 to 60.
    pub idle_minutes: u32,
    /// Start the agent at login.
    pub start_at_login: bool,
    /// Pictures are taken, if the terms leave it to the worker.
    pub pictures: bool,
    /// Keys, clicks and scrolls are counted, if the terms leave it to the worker.
    pub activity: bool,
    /// The colours of the window.
    pub theme: Theme,
    /// What the window's closing does while tracking is on.
    pub on_close: OnClose,
    /// Bytes that pictures and journal may take on disk; beyond it no picture is taken, time goes on.
    pub disk_limit: u64,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            active_monitor_only: false,
            notify_on_capture: true,
            memo_reminder_minutes: 60,
            idle_minutes: 10,
            start_at_login: false,
            pictures: true,
            activity: true,
            theme: Theme::System,
            on_close: OnClose::Ask,
            disk_limit: 2 << 30,
        }
    }
}

/// What becomes of tracking when the window is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnClose {
    /// The window asks, once.
    #[default]
    Ask,
    /// It goes on in the background.
    KeepTracking,
    /// Tracking stops without a question.
    Stop,
}

/// The colours of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// As the desktop has them.
    #[default]
    System,
    /// Dark text on a light ground.
    Light,
    /// Light text on a dark ground.
    Dark,
}
