//! Whether anybody can be working at this screen, or it is locked or covered by a screen saver.

use crate::area::Monitor;
use crate::windows::{Layout, WindowKind, WindowState};

/// Whether the screen is locked, as far as that can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LockState {
    /// A program that does nothing but lock covers a monitor.
    Yes,
    /// Nothing that could be a lock covers a monitor.
    No,
    /// That is not known: a screen saver runs, which may or may not ask for a password; or something covers a whole
    /// monitor and does not say what it is; or this system does not tell.
    Unknown,
}

/// The state of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScreenState {
    /// Whether the screen is locked.
    pub locked: LockState,
    /// Whether a screen saver covers it: the X server's own, or a program.
    pub saver: bool,
}

impl ScreenState {
    /// Whether a picture would show no work: the screen is surely locked, or a screen saver covers it.
    #[must_use]
    pub fn is_covered(self) -> bool {
        self.saver || self.locked == LockState::Yes
    }
}

/// Programs that do nothing but lock, as lower-case `WM_CLASS`.
const LOCKERS: [&str; 6] = ["i3lock", "kscreenlocker_greet", "light-locker", "slock", "xlock", "xsecurelock"];
/// Programs that blank the screen and may be set to lock it, which their window does not show.
const SAVERS: [&str; 5] =
    ["cinnamon-screensaver", "gnome-screensaver", "mate-screensaver", "xfce4-screensaver", "xscreensaver"];

/// Judges the screen by its windows and by what the X server says of its own screen saver (`None` if that is not known).
pub(crate) fn judge_screen(layout: &Layout, server_saver: Option<bool>) -> ScreenState {
    let covering = layout.windows.iter().filter(|window| covers_a_monitor(window, &layout.monitors));
    let mut saver = server_saver.unwrap_or(false);
    let mut locked = if server_saver.is_some() { LockState::No } else { LockState::Unknown };
    for window in covering {
        let app = window.app.as_deref().unwrap_or_default().to_lowercase();
        if LOCKERS.contains(&app.as_str()) {
            locked = LockState::Yes;
        } else if SAVERS.contains(&app.as_str()) {
            saver = true;
        } else if matches!(window.kind, WindowKind::Popup | WindowKind::Unknown) && locked == LockState::No {
            locked = LockState::Unknown;
        }
    }
    if saver && locked == LockState::No {
        locked = LockState::Unknown;
    }
    ScreenState { locked, saver }
}

/// Whether a window covers a whole monitor, as lockers do. A locker's window in a corner is its settings.
fn covers_a_monitor(window: &WindowState, monitors: &[Monitor]) -> bool {
    monitors.iter().any(|monitor| !monitor.area.is_empty() && window.area.contains(monitor.area))
        && window.kind != WindowKind::Desktop
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::Area;

    const MONITOR: Area = Area { x: 0, y: 0, width: 100, height: 80 };

    fn window(app: Option<&str>, area: Area, kind: WindowKind) -> WindowState {
        WindowState {
            id: 1,
            app: app.map(str::to_owned),
            title: None,
            pid: None,
            owner: None,
            may_belong_to: Vec::new(),
            area,
            title_bar: None,
            opaque: true,
            shows_titles: false,
            notifies: false,
            focused: false,
            kind,
        }
    }

    fn judged(windows: Vec<WindowState>, server_saver: Option<bool>) -> (LockState, bool) {
        let monitors = vec![Monitor { name: "one".to_owned(), area: MONITOR }];
        let state = judge_screen(&Layout { at: 0, generation: 1, windows, monitors }, server_saver);
        (state.locked, state.saver)
    }

    #[test]
    fn a_screen_is_locked_covered_or_neither() {
        use WindowKind::{Desktop, Normal, Popup, Unknown};
        let corner = Area { width: 50, ..MONITOR };
        for (what, windows, server_saver, expected) in [
            ("nothing there", vec![], Some(false), (LockState::No, false)),
            ("a locker", vec![window(Some("i3lock"), MONITOR, Popup)], Some(false), (LockState::Yes, false)),
            (
                "by class",
                vec![window(Some("XSecureLock"), MONITOR, Popup)],
                Some(false),
                (LockState::Yes, false),
            ),
            (
                "that of KDE",
                vec![window(Some("kscreenlocker_greet"), MONITOR, Popup)],
                Some(false),
                (LockState::Yes, false),
            ),
            ("in a corner", vec![window(Some("i3lock"), corner, Popup)], Some(false), (LockState::No, false)),
            (
                "a saver",
                vec![window(Some("XScreenSaver"), MONITOR, Popup)],
                Some(false),
                (LockState::Unknown, true),
            ),
            ("the server's", vec![], Some(true), (LockState::Unknown, true)),
            ("both", vec![window(Some("i3lock"), MONITOR, Popup)], Some(true), (LockState::Yes, true)),
            ("who knows", vec![window(None, MONITOR, Unknown)], Some(false), (LockState::Unknown, false)),
            ("a film", vec![window(Some("mpv"), MONITOR, Normal)], Some(false), (LockState::No, false)),
            ("a wallpaper", vec![window(None, MONITOR, Desktop)], Some(false), (LockState::No, false)),
            ("nobody tells", vec![], None, (LockState::Unknown, false)),
        ] {
            assert_eq!(judged(windows, server_saver), expected, "{what}");
        }
    }
}
