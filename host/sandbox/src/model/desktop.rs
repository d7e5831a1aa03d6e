//! What is on the desktop: monitors and windows.

/// A rectangle in desktop pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Area {
    /// Left edge, in pixels from the desktop's origin.
    pub x: i32,
    /// Top edge, in pixels from the desktop's origin.
    pub y: i32,
    /// Width in pixels; 0 for a window that is not on screen.
    pub width: u32,
    /// Height in pixels; 0 for a window that is not on screen.
    pub height: u32,
}

/// A fact that a source may be unable to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// The source says that it is so.
    Yes,
    /// The source says that it is not so.
    No,
    /// No source can tell.
    #[default]
    Unknown,
}

/// A display and its part of the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// The name that the display system gives it, such as `HDMI-1`.
    pub name: String,
    /// The part of the desktop that it shows.
    pub area: Area,
}

/// A window as a collector sees it, or as a policy is asked about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The host's number for it. A policy does not get it.
    pub id: u64,
    /// The application that it belongs to, if known.
    pub app: Option<String>,
    /// Its title; `None` if it has none or it may not be told.
    pub title: Option<String>,
    /// The address that it shows; `None` if it shows none or it may not be told.
    pub url: Option<String>,
    /// Client area and frame together.
    pub area: Area,
    /// The monitor that shows most of it, if any does.
    pub monitor: Option<String>,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// Whether it is a private (incognito) window.
    pub private: Known,
}

/// The judged windows of one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The instant, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The windows, from bottom to top.
    pub windows: Vec<Window>,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every monitor, in one picture of the whole desktop.
    Desktop,
    /// The monitor with the focused window.
    ActiveMonitor,
}
