//! Finds out what kind of display this session has.

use crate::kind::DisplayKind;

/// Returns the kind of a display; `None` means that of this session (`$DISPLAY`, `$WAYLAND_DISPLAY`). Blocks for about a
/// millisecond.
#[cfg(target_os = "linux")]
#[must_use]
pub fn display_kind(display: Option<&str>) -> DisplayKind {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // The environment speaks of `$DISPLAY` alone: one that was named may be another.
    let is_ours = display.is_none() || display == set("DISPLAY").as_deref();
    let wayland = is_ours
        && (set("WAYLAND_DISPLAY").is_some() || set("XDG_SESSION_TYPE").as_deref() == Some("wayland"));
    classify(crate::display::is_xwayland(display), wayland)
}

/// Returns the kind of a display.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn display_kind(_display: Option<&str>) -> DisplayKind {
    DisplayKind::Native
}

/// Returns the kind by what the X server (`None` if there is none) says about being XWayland, and by the environment.
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
}
