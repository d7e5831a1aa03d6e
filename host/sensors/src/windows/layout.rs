//! What is on the desktop at one moment, as the guard judges it.

use crate::area::{Area, Monitor};

/// Every window that is there, and every monitor, from one moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// When it became so, ms since the Unix epoch, UTC.
    pub at: u64,
    /// Counts up by one with every layout of one watch.
    pub generation: u64,
    /// Bottom to top. Windows that are not on the screen (minimised, on another desktop) come first, with an empty area.
    pub windows: Vec<WindowState>,
    /// In the desktop's own order.
    pub monitors: Vec<Monitor>,
}

/// One window. What cannot be told is `None`: nothing is guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowState {
    /// The host's own number for it: the same for as long as the window exists, never used for another.
    pub id: u64,
    /// The application, by `WM_CLASS`; at most 4 KiB.
    pub app: Option<String>,
    /// `_NET_WM_NAME`, or else `WM_NAME`; at most 4 KiB. `None` when unreadable or empty.
    pub title: Option<String>,
    /// The process, as the window itself tells it.
    pub pid: Option<u32>,
    /// For a popup: the window that it belongs to. Where several could be meant, the focused one, else the topmost.
    pub owner: Option<u64>,
    /// Every window that a popup may belong to, `owner` first. More than one when nothing but the program is known (a
    /// tooltip of a program with two windows): a rule for any of them holds for the popup.
    pub may_belong_to: Vec<u64>,
    /// What it covers: its client area, its frame extents and its frame window, whichever reaches farther. Empty when it
    /// is not on the screen.
    pub area: Area,
    /// The part of `area` in which its title may stand: its title bar, or the top of what the program draws itself.
    /// `None` where that cannot be told: it may stand anywhere in the window.
    pub title_bar: Option<Area>,
    /// Whether the whole of `area` hides what is below: not shaped, no alpha channel, no opacity set.
    pub opaque: bool,
    /// Whether it may show other windows' titles: a panel (and its popups), the window manager's own windows (task
    /// switcher, menus, tabs), known task switchers, and whatever has neither title nor application nor owner.
    pub shows_titles: bool,
    /// Whether it may show what other programs say, or what is going on in them, for a moment: a notification, an on-screen
    /// display, a picker or task switcher, what is dragged, a tooltip, and a popup that belongs to no window.
    pub notifies: bool,
    /// Whether it has the keyboard focus.
    pub focused: bool,
    /// What sort of window it is.
    pub kind: WindowKind,
}

/// What sort of window it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowKind {
    /// An application's window.
    Normal,
    /// A menu, tooltip, notification or the like; it belongs to another window or shows for a moment.
    Popup,
    /// A panel or task bar.
    Dock,
    /// The desktop's background with its icons.
    Desktop,
    /// Nothing readable says what it is.
    Unknown,
}
