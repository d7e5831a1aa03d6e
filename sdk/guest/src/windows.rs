//! Permission `windows`: what is on screen, after the guard: fields that a rule hides are none, and if a rule says skip
//! the call is denied.

use crate::bindings::imports::windows as raw;
use crate::types::{Area, Denied, Known, Timestamp};

/// A window as the guard let it through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The host's name for it, the same for as long as the window lives. Not the display system's.
    pub id: u64,
    /// The application: the class of an X11 window, such as `xterm`. None if it cannot be told, or a rule
    /// of the worker's own covers the window.
    pub app: Option<String>,
    /// The title. None if there is none, or a rule hides it or covers the window.
    pub title: Option<String>,
    /// The address of the page shown. None if no source tells, or a rule hides it.
    pub url: Option<String>,
    /// Client area plus frame, in desktop pixels. 0 by 0 for a window that is not on screen.
    pub area: Area,
    /// The name of the monitor that shows most of it; none if it is off every monitor.
    pub monitor: Option<String>,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// Whether it is a private (incognito) window.
    pub private: Known,
}

impl From<raw::Window> for Window {
    fn from(window: raw::Window) -> Self {
        Self {
            id: window.id,
            app: window.app,
            title: window.title,
            url: window.url,
            area: window.area.into(),
            monitor: window.monitor,
            focused: window.focused,
            private: window.private.into(),
        }
    }
}

/// What was there at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// When the windows were like this.
    pub at: Timestamp,
    /// From bottom to top.
    pub windows: Vec<Window>,
}

impl Layout {
    /// The window that has the keyboard, if the guard let it through.
    #[must_use]
    pub fn focused(&self) -> Option<&Window> {
        self.windows.iter().rev().find(|window| window.focused)
    }
}

/// The latest layout that the guard has judged: about 1.5 s old, because a title may follow its content.
///
/// # Errors
/// Why nothing can be told: [`Denied::Skipped`] if a rule says skip, [`Denied::RuleFailed`] if the rules could not judge,
/// [`Denied::Unavailable`] if there is no display or it cannot be read, [`Denied::NotTracking`] if nothing is tracked.
pub fn current() -> Result<Layout, Denied> {
    let layout = raw::current()?;
    Ok(Layout {
        at: Timestamp::from_millis(layout.at),
        windows: layout.windows.into_iter().map(Into::into).collect(),
    })
}
