//! The layout of a desktop at one moment, as the guard judges it.

use crate::area::{Area, Monitor};

/// Every window and every monitor, from one moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// When the layout began, ms since the Unix epoch, UTC.
    pub at: u64,
    /// The number of the layout, one more for each layout of a watch.
    pub generation: u64,
    /// The windows, bottom to top. Those that are not on the screen (minimised, on another desktop) come first, with an
    /// empty area.
    pub windows: Vec<WindowState>,
    /// The monitors, in the desktop's own order.
    pub monitors: Vec<Monitor>,
}

/// One window. What is not known is `None`: nothing is guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowState {
    /// The host's own number for it: the same for as long as the window exists, and never used for another.
    pub id: u64,
    /// The application's name, by `WM_CLASS`; at most 4 KiB.
    pub app: Option<String>,
    /// The title: `_NET_WM_NAME`, or else `WM_NAME`; at most 4 KiB. `None` if it is unreadable or empty.
    pub title: Option<String>,
    /// The process id, as the window itself states it.
    pub pid: Option<u32>,
    /// For a popup, the window that it belongs to; of several possible ones the focused one, else the topmost.
    pub owner: Option<u64>,
    /// Every window that a popup may belong to, `owner` first. There are several if only the program is known (a
    /// tooltip of a program with two windows): a rule for any of them holds for the popup.
    pub may_belong_to: Vec<u64>,
    /// What it covers: its client area, its frame extents and its frame window, whichever reaches farther. Empty if it is
    /// not on the screen.
    pub area: Area,
    /// The part of `area` in which its title may stand: its title bar, or the top of what the program draws itself.
    /// `None` if that is not known: the title may stand anywhere in the window.
    pub title_bar: Option<Area>,
    /// Whether the whole of `area` hides what is below: not shaped, no alpha channel, no opacity set.
    pub opaque: bool,
    /// Whether it may show other windows' titles: a panel (and its popups), the window manager's own windows (task
    /// switcher, menus, tabs), known task switchers, and whatever has neither title nor application nor owner.
    pub shows_titles: bool,
    /// Whether it may show what other programs say, or what is going on in them, for a moment: a notification, an
    /// on-screen display, a picker or task switcher, what is dragged, a tooltip, and a popup that belongs to no window.
    pub notifies: bool,
    /// Whether it has the keyboard focus.
    pub focused: bool,
    /// The kind of the window.
    pub kind: WindowKind,
}

/// The kind of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowKind {
    /// The window of an application.
    Normal,
    /// A menu, tooltip, notification or the like; it belongs to another window or shows for a moment.
    Popup,
    /// A panel or a task bar.
    Dock,
    /// The desktop's background with its icons.
    Desktop,
    /// A window of which nothing readable says what it is.
    Unknown,
}
