//! What a window is by its type and its program, and whether it may show what other programs say.

use super::listed::ListedWindow;
use crate::windows::facts::{WindowType, XWindowFacts};
use crate::windows::layout::WindowKind;

/// Programs whose windows list other windows by title, as lower-case `WM_CLASS`; nothing else about them says so.
const SWITCHERS: [&str; 7] =
    ["alttab", "dmenu", "rofi", "simpleswitcher", "skippy-xd", "wofi", "xfce4-appfinder"];

/// Programs that show notifications or pick among what others hold, as lower-case `WM_CLASS`; not all of them give their
/// windows a type that says so.
const NOTIFIERS: [&str; 13] = [
    "clipmenu",
    "copyq",
    "dunst",
    "mate-notification-daemon",
    "notification-daemon",
    "notify-osd",
    "plasmashell",
    "synapse",
    "tint2",
    "ulauncher",
    "wired",
    "xfce4-notifyd",
    "xosd",
];

/// Returns the kind that a window shows as.
pub(super) fn window_kind(window: &ListedWindow<'_>, has_owner: bool) -> WindowKind {
    match window.facts.window_type {
        WindowType::Dock => WindowKind::Dock,
        WindowType::Desktop => WindowKind::Desktop,
        _ if is_nameless(window.facts) && !has_owner && !window.managed => WindowKind::Unknown,
        WindowType::Popup => WindowKind::Popup,
        WindowType::Other if window.facts.override_redirect => WindowKind::Popup,
        WindowType::Other => WindowKind::Normal,
    }
}

/// Whether it has neither title nor application.
pub(super) fn is_nameless(facts: &XWindowFacts) -> bool {
    facts.title.is_none() && facts.app.is_none()
}

/// Whether its program is a known task switcher.
pub(super) fn is_switcher(facts: &XWindowFacts) -> bool {
    is_one_of(facts, &SWITCHERS)
}

fn is_one_of(facts: &XWindowFacts, programs: &[&str]) -> bool {
    facts.app.as_ref().is_some_and(|app| programs.contains(&app.to_lowercase().as_str()))
}

/// Whether it shows for a moment what other programs say. A popup without an owner belongs to a program that shows
/// nothing else: most of those notify or pick.
pub(super) fn is_notification(window: &ListedWindow<'_>, kind: WindowKind, has_owner: bool) -> bool {
    let popup = matches!(kind, WindowKind::Popup | WindowKind::Unknown);
    window.facts.notifies
        || popup && !has_owner
        || kind != WindowKind::Desktop && is_one_of(window.facts, &NOTIFIERS)
        || is_switcher(window.facts)
}
