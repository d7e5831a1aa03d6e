//! What the X server says of one window. What it means is for [`arrange`](super::arrange) to say.

use x11rb::protocol::xproto::Window;

use crate::area::Area;

/// What the X server says of a window.
#[derive(Debug, Clone, Default)]
pub(super) struct XWindowFacts {
    /// The host's own number for it.
    pub(super) id: u64,
    /// The root's child that holds it, or is it; `None` until it is found.
    pub(super) top: Option<Window>,
    pub(super) viewable: bool,
    pub(super) input_only: bool,
    pub(super) override_redirect: bool,
    /// Its area with the border, relative to its parent.
    pub(super) outer: Area,
    /// Its area without the border, on the desktop.
    pub(super) inner: Area,
    pub(super) depth: u8,
    pub(super) shaped: bool,
    pub(super) title: Option<String>,
    pub(super) app: Option<String>,
    pub(super) pid: Option<u32>,
    pub(super) window_type: WindowType,
    /// Whether any of its types is that of a notification or the like.
    pub(super) notifies: bool,
    pub(super) transient_for: Option<Window>,
    pub(super) leader: Option<Window>,
    pub(super) translucent: bool,
    /// The widths of the frame around it, pixels: left, right, top, bottom.
    pub(super) extents: [u32; 4],
    /// The widths of the shadow that a program draws around its own title bar, within its window, pixels: left, right,
    /// top, bottom. `None` if it does not say that it draws one.
    pub(super) shadow: Option<[u32; 4]>,
    /// Whether a window manager manages it, by `WM_STATE`.
    pub(super) managed: bool,
    /// What must be read, or read again.
    pub(super) stale: StaleParts,
}

/// The first of a window's types that says something about its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum WindowType {
    #[default]
    Other,
    Dock,
    Desktop,
    Popup,
}

/// Which facts of a window must be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct StaleParts {
    /// Its place and shape, and whether it shows.
    pub(super) place: bool,
    pub(super) title: bool,
    /// All its other properties.
    pub(super) rest: bool,
}

impl StaleParts {
    pub(super) const ALL: Self = Self { place: true, title: true, rest: true };
    pub(super) const NOTHING: Self = Self { place: false, title: false, rest: false };
}
