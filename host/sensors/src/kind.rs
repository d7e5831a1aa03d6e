//! What sort of display this session has, and what cannot be seen or counted on it.

use std::fmt;

/// What sort of display this session has. Its [`fmt::Display`] is the short name that people know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisplayKind {
    /// An X11 server: everything can be seen and counted.
    X11,
    /// A Wayland session whose X11 programs run under XWayland: only those could be seen and counted.
    XWayland,
    /// A Wayland session without XWayland.
    Wayland,
    /// macOS or Windows.
    Native,
    /// No display at all: a service, a terminal, an SSH session.
    None,
}

impl DisplayKind {
    /// What cannot be had on such a display, in a sentence for people that says what to do; `None` where nothing is
    /// missing. The same sentence goes with the gaps and into `candor doctor`.
    #[must_use]
    pub fn missing(self) -> Option<&'static str> {
        match self {
            Self::X11 => None,
            Self::XWayland | Self::Wayland => Some(
                "On Wayland, Candor cannot take pictures, see windows or count input, so the time shows as no evidence. To record, choose a session 'on Xorg' when you sign in.",
            ),
            Self::Native => Some(
                "On this system the titles of menus and other small windows cannot be told: a rule about titles covers the \
                 whole picture. How long nobody touched anything, and whether the screen is locked, cannot be told either.",
            ),
            Self::None => Some(
                "There is no display, so the time shows as no evidence. Start Candor in a desktop session.",
            ),
        }
    }

    /// Whether windows and pixels can be had at all.
    #[must_use]
    pub fn can_be_seen(self) -> bool {
        matches!(self, Self::X11 | Self::Native)
    }

    /// Whether presses can be counted. (Under XWayland some could: those that go to X11 programs. A count that is known to
    /// be too low is worse than none.)
    #[must_use]
    pub fn can_be_counted(self) -> bool {
        matches!(self, Self::X11 | Self::Native)
    }
}

impl fmt::Display for DisplayKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X11 => "X11",
            Self::XWayland => "Wayland with XWayland",
            Self::Wayland => "Wayland",
            Self::Native => std::env::consts::OS,
            Self::None => "no display",
        })
    }
}

/// What sort of display this is; `None` means that of this session (`$DISPLAY`, `$WAYLAND_DISPLAY`). Blocks for a
/// millisecond or so.
#[cfg(target_os = "linux")]
#[must_use]
pub fn display_kind(display: Option<&str>) -> DisplayKind {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // What the environment says is said of its own display: one that was named may be another.
    let is_ours = display.is_none() || display == set("DISPLAY").as_deref();
    let wayland = is_ours
        && (set("WAYLAND_DISPLAY").is_some() || set("XDG_SESSION_TYPE").as_deref() == Some("wayland"));
    classify(crate::display::is_xwayland(display), wayland)
}

/// What sort of display this is.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn display_kind(_display: Option<&str>) -> DisplayKind {
    DisplayKind::Native
}

/// From the X server (`None` where there is none, else whether it says to be XWayland) and the environment.
#[cfg(target_os = "linux")]
fn classify(xwayland: Option<bool>, wayland: bool) -> DisplayKind {
    match (xwayland, wayland) {
        // XWayland of before 23.1 does not always say what it is; a Wayland session has no other X server.
        (Some(true), _) | (Some(false), true) => DisplayKind::XWayland,
        (Some(false), false) => DisplayKind::X11,
        (None, true) => DisplayKind::Wayland,
        (None, false) => DisplayKind::None,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_display_is_told_by_its_server_and_the_environment() {
        for (xwayland, wayland, kind) in [
            (Some(false), false, DisplayKind::X11),
            (Some(true), false, DisplayKind::XWayland),
            (Some(false), true, DisplayKind::XWayland),
            (Some(true), true, DisplayKind::XWayland),
            (None, true, DisplayKind::Wayland),
            (None, false, DisplayKind::None),
        ] {
            assert_eq!(classify(xwayland, wayland), kind);
        }
    }

    #[test]
    fn only_where_all_is_seen_nothing_is_missing() {
        for kind in [
            DisplayKind::X11,
            DisplayKind::XWayland,
            DisplayKind::Wayland,
            DisplayKind::Native,
            DisplayKind::None,
        ] {
            assert_eq!(kind.missing().is_none(), kind == DisplayKind::X11, "{kind}");
            assert_eq!(kind.can_be_seen(), kind.can_be_counted());
        }
    }
}
