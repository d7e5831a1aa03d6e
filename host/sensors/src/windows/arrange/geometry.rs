//! What a window covers, where its title may stand, and whether it hides what is below.

use super::listed::ListedWindow;
use crate::area::Area;
use crate::windows::desktop::DesktopFacts;
use crate::windows::facts::XWindowFacts;

/// How much of the top of what a program draws itself may be its title, in pixels of an unscaled screen: enough for a
/// header bar and a row of tabs.
const HEADER: u32 = 96;

impl DesktopFacts {
    /// Returns where the title of a window may stand: the title bar that the window manager draws, and the top of what
    /// the program draws itself (a header bar, tabs), from its visible edge. How high that top is depends on the scale.
    /// `None` if no title bar stands above it and the scale is not known: the title may stand anywhere.
    pub(super) fn title_bar(&self, window: &ListedWindow<'_>) -> Option<Area> {
        let whole = covered_area(window);
        let inner = window.facts.inner;
        let framed = window.facts.shadow.is_none() && inner.y > whole.y;
        let scale = self.scale.or(framed.then_some(100))?;
        let header = u32::try_from(u64::from(HEADER) * u64::from(scale) / 100).unwrap_or(u32::MAX);
        let [_, _, shadow, _] = window.facts.shadow.unwrap_or_default();
        let above = u32::try_from(i64::from(inner.y) - i64::from(whole.y)).unwrap_or(0);
        let height = above.saturating_add(shadow).saturating_add(header).min(whole.height);
        Some(Area { height, ..whole })
    }
}

/// Returns what a window covers: its frame, or its frame extents if they reach farther. Empty if it is not on the screen.
pub(super) fn covered_area(window: &ListedWindow<'_>) -> Area {
    if !window.on_screen {
        return Area::default();
    }
    let [left, right, top, bottom] = window.facts.extents;
    let inner = window.facts.inner;
    let signed = |value: u32| i32::try_from(value).unwrap_or(0);
    let with_extents = Area {
        x: inner.x.saturating_sub(signed(left)),
        y: inner.y.saturating_sub(signed(top)),
        width: inner.width.saturating_add(left).saturating_add(right),
        height: inner.height.saturating_add(top).saturating_add(bottom),
    };
    window.frame.outer.union(with_extents)
}

/// Whether a window surely hides all that is below its area. It does not if the area is larger than the window that is
/// painted, as frame extents may say.
pub(super) fn is_opaque(window: &ListedWindow<'_>) -> bool {
    let solid = |facts: &XWindowFacts| !facts.shaped && !facts.translucent && facts.depth != 32;
    let no_shadow = window.facts.shadow.is_none_or(|sides| sides == [0; 4]);
    window.on_screen
        && no_shadow
        && solid(window.facts)
        && solid(window.frame)
        && covered_area(window) == window.frame.outer
}
