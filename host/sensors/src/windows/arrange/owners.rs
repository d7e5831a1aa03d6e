//! Which windows a popup may belong to.

use super::listed::ListedWindow;
use crate::windows::desktop::DesktopFacts;
use crate::windows::facts::WindowType;

impl DesktopFacts {
    /// Returns the indices of the windows that a popup may belong to, the likeliest first: the one it names itself, or
    /// else those of the same group, process or program. A managed window belongs only to the one that it names itself.
    pub(super) fn owners(&self, popup: &ListedWindow<'_>, listed: &[ListedWindow<'_>]) -> Vec<usize> {
        let other = |index: usize| listed.get(index).filter(|other| other.xid != popup.xid);
        if let Some(named) = popup.facts.transient_for {
            let is_named = |index: &usize| {
                other(*index).is_some_and(|other| {
                    other.xid == named
                        || other.top == named
                        || other.facts.leader == Some(named) && other.facts.leader != popup.facts.leader
                })
            };
            let mut found: Vec<usize> = (0..listed.len()).filter(is_named).collect();
            if !found.is_empty() {
                self.sort_likeliest_first(&mut found, listed);
                return found;
            }
        }
        if popup.managed {
            return Vec::new();
        }
        let same_leader = |other: &ListedWindow<'_>| {
            popup.facts.leader.is_some_and(|leader| other.facts.leader == Some(leader) || other.xid == leader)
        };
        let same_pid =
            |other: &ListedWindow<'_>| popup.facts.pid.is_some() && other.facts.pid == popup.facts.pid;
        let same_program =
            |other: &ListedWindow<'_>| self.program_of(other.xid) == self.program_of(popup.xid);
        let relations: [&dyn Fn(&ListedWindow<'_>) -> bool; 3] = [&same_leader, &same_pid, &same_program];
        for related in relations {
            let is_owner = |index: &usize| {
                other(*index).is_some_and(|other| {
                    !other.facts.override_redirect
                        && other.facts.window_type != WindowType::Popup
                        && related(other)
                })
            };
            let mut found: Vec<usize> = (0..listed.len()).filter(is_owner).collect();
            if !found.is_empty() {
                self.sort_likeliest_first(&mut found, listed);
                return found;
            }
        }
        Vec::new()
    }

    /// Sorts the focused one first, then from the top of the stack downwards.
    fn sort_likeliest_first(&self, found: &mut [usize], listed: &[ListedWindow<'_>]) {
        found.sort_by_key(|index| {
            let focused = listed.get(*index).is_some_and(|owner| self.is_active(owner));
            (std::cmp::Reverse(focused), std::cmp::Reverse(*index))
        });
    }
}
