//! All that is known of a desktop, as the X server tells it.

use std::collections::HashMap;

use x11rb::protocol::xproto::Window;

use super::facts::XWindowFacts;

/// The windows of a desktop, and who manages them.
#[derive(Debug, Default)]
pub(super) struct DesktopFacts {
    /// The root's children, bottom to top.
    pub(super) stack: Vec<Window>,
    /// The windows that the window manager lists as managed.
    pub(super) clients: Vec<Window>,
    /// What is known of each.
    pub(super) windows: HashMap<Window, XWindowFacts>,
    /// The window with the focus, or one inside it.
    pub(super) active: Option<Window>,
    /// The window manager's own window.
    pub(super) manager: Option<Window>,
    /// The window of the program that paints all others' contents, if there is one.
    pub(super) compositor: Option<Window>,
    /// The bits of a window's id that are not its program's.
    pub(super) id_mask: u32,
    /// By how much programs scale what they draw, percent; `None` if nothing tells.
    pub(super) scale: Option<u32>,
}

impl DesktopFacts {
    /// Whether the window manager manages it.
    pub(super) fn is_managed(&self, window: Window) -> bool {
        self.clients.contains(&window) || self.windows.get(&window).is_some_and(|facts| facts.managed)
    }

    /// Returns the connection to the X server over which a window was made: the program it belongs to, whatever the
    /// window itself says.
    pub(super) fn program_of(&self, window: Window) -> u32 {
        window & !self.id_mask
    }
}
