//! Which windows are listed: those on the screen, and those that the window manager manages.

use std::collections::{HashMap, HashSet};

use x11rb::protocol::xproto::Window;

use crate::windows::desktop::DesktopFacts;
use crate::windows::facts::XWindowFacts;

/// A window to be listed, before its owner is known.
pub(super) struct ListedWindow<'a> {
    pub(super) xid: Window,
    /// The root's child that holds it, or is it.
    pub(super) top: Window,
    pub(super) facts: &'a XWindowFacts,
    /// The facts of `top`.
    pub(super) frame: &'a XWindowFacts,
    /// Whether the window manager manages it; otherwise it is a bare popup.
    pub(super) managed: bool,
    pub(super) on_screen: bool,
}

impl DesktopFacts {
    /// Returns the programs that manage windows: the one that says so, and any that put others' windows into frames.
    pub(super) fn window_managers(&self, inside: &HashMap<Window, Vec<Window>>) -> HashSet<u32> {
        let framed = inside.iter().map(|(top, windows)| (self.program_of(*top), windows));
        let framed = framed
            .filter(|(program, windows)| windows.iter().any(|window| self.program_of(*window) != *program));
        let framed = framed.map(|(program, _)| program);
        framed
            .chain(self.manager.map(|manager| self.program_of(manager)))
            .filter(|program| *program != 0)
            .collect()
    }

    /// Returns the windows to list, bottom to top; those that are not on the screen first.
    pub(super) fn listed_windows<'a>(
        &'a self,
        managed: &[Window],
        inside: &HashMap<Window, Vec<Window>>,
        managers: &HashSet<u32>,
    ) -> Vec<ListedWindow<'a>> {
        let shown: Vec<(Window, &XWindowFacts)> = self
            .stack
            .iter()
            .filter_map(|top| Some((*top, self.windows.get(top)?)))
            .filter(|(top, facts)| facts.viewable && !facts.input_only && !self.is_overlay(*top, managers))
            .collect();
        let on_screen: HashSet<Window> = shown.iter().map(|(top, _)| *top).collect();
        let mut listed = Vec::with_capacity(shown.len() + managed.len());
        for window in managed {
            let Some(facts) = self.windows.get(window) else { continue };
            let top = facts.top.unwrap_or(*window);
            if !on_screen.contains(&top) {
                listed.push(ListedWindow {
                    xid: *window,
                    top,
                    facts,
                    frame: facts,
                    managed: true,
                    on_screen: false,
                });
            }
        }
        for (top, frame) in shown {
            match inside.get(&top) {
                Some(windows) => {
                    for window in windows {
                        let Some(facts) = self.windows.get(window) else { continue };
                        listed.push(ListedWindow {
                            xid: *window,
                            top,
                            facts,
                            frame,
                            managed: true,
                            on_screen: true,
                        });
                    }
                }
                None => {
                    let (xid, facts) = (top, frame);
                    listed.push(ListedWindow { xid, top, facts, frame, managed: false, on_screen: true });
                }
            }
        }
        listed
    }

    /// Whether this is the X server's own window that a compositor paints everything into, and only repeats the windows.
    /// A compositor that is the window manager as well paints its own panels and task switcher there: then the overlay
    /// is listed, as a window of which nothing is known.
    fn is_overlay(&self, top: Window, managers: &HashSet<u32>) -> bool {
        let painted_by_manager =
            self.compositor.is_some_and(|window| managers.contains(&self.program_of(window)));
        self.program_of(top) == 0 && !painted_by_manager
    }

    /// Whether it has the focus.
    pub(super) fn is_active(&self, window: &ListedWindow<'_>) -> bool {
        self.active.is_some_and(|active| active == window.xid || active == window.top && !window.managed)
    }
}
