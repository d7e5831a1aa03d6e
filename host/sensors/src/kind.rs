//! The kinds of displays, and what cannot be seen or counted on each.

use std::fmt;

/// The kind of a display. Its [`fmt::Display`] is the short name that people know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisplayKind {
    /// An X11 server: everything can be seen and counted.
    X11,
    /// A Wayland session whose X11 programs run under XWayland: only those could be seen and counted.
    XWayland,
    /// A Wayland session without XWayland.
    Wayland,
    /// The display of macOS or Windows.
    Native,
    /// No display at all: a service, a terminal, an SSH session.
    None,
}

impl DisplayKind {
    /// Returns a sentence for people that says what is missing on such a display and what to do; `None` if nothing is
    /// missing. It goes with the gaps and into `candor doctor`.
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

    /// Whether windows and pixels can be seen at all.
    #[must_use]
    pub fn can_be_seen(self) -> bool {
        matches!(self, Self::X11 | Self::Native)
    }

    /// Whether presses can be counted. (Under XWayland those that go to X11 programs could be; a count that is known to
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

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
