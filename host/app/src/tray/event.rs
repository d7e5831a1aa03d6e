//! What the tray's loop waits for.

use candor_protocol::Status;

use super::action::TrayAction;

/// An event of the tray's loop.
pub(crate) enum TrayEvent {
    /// The agent's status changed.
    Status(Box<Status>),
    /// The agent does not answer.
    AgentLost,
    /// A button of a notification was pressed; its key.
    NotificationAction(String),
    /// The shortcut was pressed.
    Shortcut,
    /// An entry of the menu was chosen.
    MenuAction(TrayAction),
    /// The agent ends, and the tray ends with it.
    AgentEnded,
    /// The session bus is gone, as at sign-out: nothing can be shown any more.
    BusGone,
}
