//! From facts to a layout: which windows are there, whose they are, and which of them may show other windows' titles.
//! Pure: no connection, no clock.

mod geometry;
mod kinds;
mod listed;
mod owners;

use std::collections::{HashMap, HashSet};

use x11rb::protocol::xproto::Window;

use self::geometry::{covered_area, is_opaque};
use self::kinds::{is_nameless, is_notification, is_switcher, window_kind};
use self::listed::ListedWindow;
use super::desktop::DesktopFacts;
use super::layout::{WindowKind, WindowState};

impl DesktopFacts {
    /// Returns the windows, bottom to top; those that are not on the screen first.
    pub(super) fn arrange(&self) -> Vec<WindowState> {
        let mut inside: HashMap<Window, Vec<Window>> = HashMap::new();
        let mut managed: Vec<Window> =
            self.windows.keys().copied().filter(|window| self.is_managed(*window)).collect();
        // The table has no order of its own, and layouts are compared.
        managed.sort_unstable();
        for window in &managed {
            if let Some(top) = self.windows.get(window).and_then(|facts| facts.top) {
                inside.entry(top).or_default().push(*window);
            }
        }
        let managers = self.window_managers(&inside);
        let listed = self.listed_windows(&managed, &inside, &managers);
        let owners: Vec<Vec<usize>> = listed.iter().map(|window| self.owners(window, &listed)).collect();
        let kinds: Vec<WindowKind> = listed
            .iter()
            .zip(&owners)
            .map(|(window, owners)| window_kind(window, !owners.is_empty()))
            .collect();
        let panel_programs = self.panel_programs(&listed, &kinds);
        let notifications: Vec<bool> = listed
            .iter()
            .zip(&kinds)
            .zip(&owners)
            .map(|((window, kind), owners)| is_notification(window, *kind, !owners.is_empty()))
            .collect();

        let state = |index: usize, window: &ListedWindow<'_>| {
            let owners = owners.get(index).map(Vec::as_slice).unwrap_or_default();
            let kind = kinds.get(index).copied().unwrap_or(WindowKind::Unknown);
            let ids = owners.iter().filter_map(|owner| listed.get(*owner)).map(|owner| owner.facts.id);
            let may_belong_to: Vec<u64> = ids.collect();
            WindowState {
                id: window.facts.id,
                app: window.facts.app.clone(),
                title: window.facts.title.clone(),
                pid: window.facts.pid,
                owner: may_belong_to.first().copied(),
                area: covered_area(window),
                title_bar: self.title_bar(window),
                opaque: is_opaque(window),
                shows_titles: kind == WindowKind::Dock
                    || managers.contains(&self.program_of(window.xid))
                    || is_switcher(window.facts)
                    || is_nameless(window.facts) && may_belong_to.is_empty()
                    || kind != WindowKind::Normal
                        && kind != WindowKind::Desktop
                        && panel_programs.contains(&self.program_of(window.xid))
                    || owners.iter().any(|owner| kinds.get(*owner) == Some(&WindowKind::Dock)),
                may_belong_to,
                notifies: notifications.get(index) == Some(&true)
                    || owners.iter().any(|owner| notifications.get(*owner) == Some(&true)),
                focused: self.is_active(window),
                kind,
            }
        };
        listed.iter().enumerate().map(|(index, window)| state(index, window)).collect()
    }

    /// Returns the programs that show a panel: their menus and tooltips show titles, too.
    fn panel_programs(&self, listed: &[ListedWindow<'_>], kinds: &[WindowKind]) -> HashSet<u32> {
        let docks = listed.iter().zip(kinds).filter(|(_, kind)| **kind == WindowKind::Dock);
        docks.map(|(window, _)| self.program_of(window.xid)).collect()
    }
}

#[cfg(test)]
mod tests;
