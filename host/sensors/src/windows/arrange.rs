//! From facts to a layout: which windows are there, whose they are, and which of them may show other windows' titles.
//! Pure: no connection, no clock.

use std::collections::{HashMap, HashSet};

use x11rb::protocol::xproto::Window;

use super::layout::{WindowKind, WindowState};
use super::reading::{Facts, Type};
use crate::area::Area;

/// Programs whose windows list other windows by title, by `WM_CLASS`, lower case: they say so in no other way.
const SWITCHERS: [&str; 7] =
    ["alttab", "dmenu", "rofi", "simpleswitcher", "skippy-xd", "wofi", "xfce4-appfinder"];

/// Programs that show notifications or pick among what others hold, by `WM_CLASS`, lower case; not all of them give their
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

/// How much of the top of what a program draws itself may be its title, in pixels of an unscaled screen: room for a header
/// bar and a row of tabs.
const HEADER: u32 = 96;

/// All that is known of a desktop.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// The root's children, bottom to top.
    pub(super) order: Vec<Window>,
    /// The windows that the window manager says it looks after.
    pub(super) clients: Vec<Window>,
    /// What is known of each.
    pub(super) seen: HashMap<Window, Facts>,
    /// The window with the focus, or one inside it.
    pub(super) active: Option<Window>,
    /// The window manager's own window.
    pub(super) manager: Option<Window>,
    /// The window of the program that paints all others' contents, if there is one.
    pub(super) compositor: Option<Window>,
    /// The bits of a window's id that are not its program's.
    pub(super) id_mask: u32,
    /// By how much programs scale what they draw, percent; `None` where nothing tells.
    pub(super) scale: Option<u32>,
}

/// A window to be listed, before it is known whose it is.
struct Subject<'a> {
    window: Window,
    top: Window,
    facts: &'a Facts,
    frame: &'a Facts,
    /// It holds the window of another program, or is looked after: not a bare popup.
    managed: bool,
    on_screen: bool,
}

impl Desk {
    /// Whether the window manager looks after it.
    pub(super) fn is_managed(&self, window: Window) -> bool {
        self.clients.contains(&window) || self.seen.get(&window).is_some_and(|facts| facts.managed)
    }

    /// The connection to the X server that a window was made over: which program it belongs to, whatever it says itself.
    fn program(&self, window: Window) -> u32 {
        window & !self.id_mask
    }

    /// The windows, bottom to top; those that are not on the screen first.
    pub(super) fn arrange(&self) -> Vec<WindowState> {
        let mut inside: HashMap<Window, Vec<Window>> = HashMap::new();
        let mut managed: Vec<Window> =
            self.seen.keys().copied().filter(|window| self.is_managed(*window)).collect();
        // The table has no order of its own, and layouts are compared.
        managed.sort_unstable();
        for window in &managed {
            if let Some(top) = self.seen.get(window).and_then(|facts| facts.top) {
                inside.entry(top).or_default().push(*window);
            }
        }
        let managers = self.managers(&inside);
        let subjects = self.subjects(&managed, &inside, &managers);
        let owners: Vec<Vec<usize>> =
            subjects.iter().map(|subject| self.owners(subject, &subjects)).collect();
        let kinds: Vec<WindowKind> =
            subjects.iter().zip(&owners).map(|(subject, owners)| kind(subject, !owners.is_empty())).collect();
        let of_panels = self.of_panels(&subjects, &kinds);
        let notices: Vec<bool> = subjects
            .iter()
            .zip(&kinds)
            .zip(&owners)
            .map(|((subject, kind), owners)| is_notice(subject, *kind, !owners.is_empty()))
            .collect();

        let state = |index: usize, subject: &Subject<'_>| {
            let owners = owners.get(index).map(Vec::as_slice).unwrap_or_default();
            let kind = kinds.get(index).copied().unwrap_or(WindowKind::Unknown);
            let ids = owners.iter().filter_map(|owner| subjects.get(*owner)).map(|owner| owner.facts.id);
            let may_belong_to: Vec<u64> = ids.collect();
            WindowState {
                id: subject.facts.id,
                app: subject.facts.app.clone(),
                title: subject.facts.title.clone(),
                pid: subject.facts.pid,
                owner: may_belong_to.first().copied(),
                area: area(subject),
                title_bar: self.title_bar(subject),
                opaque: is_opaque(subject),
                shows_titles: kind == WindowKind::Dock
                    || managers.contains(&self.program(subject.window))
                    || is_switcher(subject.facts)
                    || is_nameless(subject.facts) && may_belong_to.is_empty()
                    || kind != WindowKind::Normal
                        && kind != WindowKind::Desktop
                        && of_panels.contains(&self.program(subject.window))
                    || owners.iter().any(|owner| kinds.get(*owner) == Some(&WindowKind::Dock)),
                may_belong_to,
                notifies: notices.get(index) == Some(&true)
                    || owners.iter().any(|owner| notices.get(*owner) == Some(&true)),
                focused: self.is_active(subject),
                kind,
            }
        };
        subjects.iter().enumerate().map(|(index, subject)| state(index, subject)).collect()
    }

    /// The programs that manage windows: the one that says so, and whoever put others' windows into frames.
    fn managers(&self, inside: &HashMap<Window, Vec<Window>>) -> HashSet<u32> {
        let framed = inside.iter().map(|(top, windows)| (self.program(*top), windows));
        let framed = framed
            .filter(|(program, windows)| windows.iter().any(|window| self.program(*window) != *program));
        let framed = framed.map(|(program, _)| program);
        framed
            .chain(self.manager.map(|manager| self.program(manager)))
            .filter(|program| *program != 0)
            .collect()
    }

    fn subjects<'a>(
        &'a self,
        managed: &[Window],
        inside: &HashMap<Window, Vec<Window>>,
        managers: &HashSet<u32>,
    ) -> Vec<Subject<'a>> {
        let shown: Vec<(Window, &Facts)> = self
            .order
            .iter()
            .filter_map(|top| Some((*top, self.seen.get(top)?)))
            .filter(|(top, facts)| facts.viewable && !facts.input_only && !self.is_overlay(*top, managers))
            .collect();
        let on_screen: HashSet<Window> = shown.iter().map(|(top, _)| *top).collect();
        let mut subjects = Vec::with_capacity(shown.len() + managed.len());
        for window in managed {
            let Some(facts) = self.seen.get(window) else { continue };
            let top = facts.top.unwrap_or(*window);
            if !on_screen.contains(&top) {
                subjects.push(Subject {
                    window: *window,
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
                        let Some(facts) = self.seen.get(window) else { continue };
                        subjects.push(Subject {
                            window: *window,
                            top,
                            facts,
                            frame,
                            managed: true,
                            on_screen: true,
                        });
                    }
                }
                None => {
                    let (window, facts) = (top, frame);
                    subjects.push(Subject { window, top, facts, frame, managed: false, on_screen: true });
                }
            }
        }
        subjects
    }

    /// The X server's own window that a compositor paints everything into. It is passed over where that only repeats the
    /// windows; a compositor that is the window manager as well paints its own panels and task switcher there, so that
    /// the overlay stays, as a window of which nothing is known.
    fn is_overlay(&self, top: Window, managers: &HashSet<u32>) -> bool {
        let painted_by_manager =
            self.compositor.is_some_and(|window| managers.contains(&self.program(window)));
        self.program(top) == 0 && !painted_by_manager
    }

    /// The windows that a popup may belong to, the likeliest first: the one it names itself, or else those of the same
    /// group, process or program. Of a window that is looked after, only the one that it names itself.
    fn owners(&self, subject: &Subject<'_>, subjects: &[Subject<'_>]) -> Vec<usize> {
        let other = |index: usize| subjects.get(index).filter(|other| other.window != subject.window);
        if let Some(named) = subject.facts.transient_for {
            let is_named = |index: &usize| {
                other(*index).is_some_and(|other| {
                    other.window == named
                        || other.top == named
                        || other.facts.leader == Some(named) && other.facts.leader != subject.facts.leader
                })
            };
            let mut found: Vec<usize> = (0..subjects.len()).filter(is_named).collect();
            if !found.is_empty() {
                self.likeliest_first(&mut found, subjects);
                return found;
            }
        }
        if subject.managed {
            return Vec::new();
        }
        let same_leader = |other: &Subject<'_>| {
            subject
                .facts
                .leader
                .is_some_and(|leader| other.facts.leader == Some(leader) || other.window == leader)
        };
        let same_pid =
            |other: &Subject<'_>| subject.facts.pid.is_some() && other.facts.pid == subject.facts.pid;
        let same_program = |other: &Subject<'_>| self.program(other.window) == self.program(subject.window);
        let relations: [&dyn Fn(&Subject<'_>) -> bool; 3] = [&same_leader, &same_pid, &same_program];
        for related in relations {
            let is_owner = |index: &usize| {
                other(*index).is_some_and(|other| {
                    !other.facts.override_redirect && other.facts.type_ != Type::Popup && related(other)
                })
            };
            let mut found: Vec<usize> = (0..subjects.len()).filter(is_owner).collect();
            if !found.is_empty() {
                self.likeliest_first(&mut found, subjects);
                return found;
            }
        }
        Vec::new()
    }

    /// The focused one, then from the top of the stack downwards.
    fn likeliest_first(&self, found: &mut [usize], subjects: &[Subject<'_>]) {
        found.sort_by_key(|index| {
            let focused = subjects.get(*index).is_some_and(|subject| self.is_active(subject));
            (std::cmp::Reverse(focused), std::cmp::Reverse(*index))
        });
    }

    fn is_active(&self, subject: &Subject<'_>) -> bool {
        self.active
            .is_some_and(|active| active == subject.window || active == subject.top && !subject.managed)
    }

    /// Where the title of a window may stand. Above what its program draws: the title bar that the window manager draws. And
    /// the top of what the program draws itself, from where it can be seen: a header bar, tabs. How high that is, is a
    /// matter of scale; where no title bar stands above it and nothing tells the scale, the title may stand anywhere.
    fn title_bar(&self, subject: &Subject<'_>) -> Option<Area> {
        let whole = area(subject);
        let inner = subject.facts.inner;
        let framed = subject.facts.shadow.is_none() && inner.y > whole.y;
        let scale = self.scale.or(framed.then_some(100))?;
        let header = u32::try_from(u64::from(HEADER) * u64::from(scale) / 100).unwrap_or(u32::MAX);
        let [_, _, shadow, _] = subject.facts.shadow.unwrap_or_default();
        let above = u32::try_from(i64::from(inner.y) - i64::from(whole.y)).unwrap_or(0);
        let height = above.saturating_add(shadow).saturating_add(header).min(whole.height);
        Some(Area { height, ..whole })
    }

    /// The programs that show a panel: their menus and tooltips show titles, too.
    fn of_panels(&self, subjects: &[Subject<'_>], kinds: &[WindowKind]) -> HashSet<u32> {
        let docks = subjects.iter().zip(kinds).filter(|(_, kind)| **kind == WindowKind::Dock);
        docks.map(|(subject, _)| self.program(subject.window)).collect()
    }
}

fn kind(subject: &Subject<'_>, has_owner: bool) -> WindowKind {
    match subject.facts.type_ {
        Type::Dock => WindowKind::Dock,
        Type::Desktop => WindowKind::Desktop,
        _ if is_nameless(subject.facts) && !has_owner && !subject.managed => WindowKind::Unknown,
        Type::Popup => WindowKind::Popup,
        Type::Other if subject.facts.override_redirect => WindowKind::Popup,
        Type::Other => WindowKind::Normal,
    }
}

fn is_nameless(facts: &Facts) -> bool {
    facts.title.is_none() && facts.app.is_none()
}

fn is_switcher(facts: &Facts) -> bool {
    is_one_of(facts, &SWITCHERS)
}

fn is_one_of(facts: &Facts, programs: &[&str]) -> bool {
    facts.app.as_ref().is_some_and(|app| programs.contains(&app.to_lowercase().as_str()))
}

/// Whether it tells for a moment what other programs say. A popup that belongs to no window is one of a program that shows
/// nothing else: most of those notify or pick.
fn is_notice(subject: &Subject<'_>, kind: WindowKind, has_owner: bool) -> bool {
    let popup = matches!(kind, WindowKind::Popup | WindowKind::Unknown);
    subject.facts.notifies
        || popup && !has_owner
        || kind != WindowKind::Desktop && is_one_of(subject.facts, &NOTIFIERS)
        || is_switcher(subject.facts)
}

fn area(subject: &Subject<'_>) -> Area {
    if !subject.on_screen {
        return Area::default();
    }
    let [left, right, top, bottom] = subject.facts.extents;
    let inner = subject.facts.inner;
    let signed = |value: u32| i32::try_from(value).unwrap_or(0);
    let with_extents = Area {
        x: inner.x.saturating_sub(signed(left)),
        y: inner.y.saturating_sub(signed(top)),
        width: inner.width.saturating_add(left).saturating_add(right),
        height: inner.height.saturating_add(top).saturating_add(bottom),
    };
    subject.frame.outer.union(with_extents)
}

/// Only what surely hides the whole of its area hides anything: where the area is larger than the window that is painted
/// (by what the frame extents say), it does not.
fn is_opaque(subject: &Subject<'_>) -> bool {
    let solid = |facts: &Facts| !facts.shaped && !facts.translucent && facts.depth != 32;
    let no_shadow = subject.facts.shadow.is_none_or(|sides| sides == [0; 4]);
    subject.on_screen
        && no_shadow
        && solid(subject.facts)
        && solid(subject.frame)
        && area(subject) == subject.frame.outer
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: u32 = 0x1F_FFFF;
    /// Window ids of three programs.
    const MANAGER: u32 = 0x20_0000;
    const EDITOR: u32 = 0x40_0000;
    const OTHER: u32 = 0x60_0000;

    fn square(x: i32, y: i32, side: u32) -> Area {
        Area { x, y, width: side, height: side }
    }

    fn desk() -> Desk {
        Desk { id_mask: MASK, manager: Some(MANAGER + 1), ..Desk::default() }
    }

    /// Adds a window on the root, on top of the others.
    fn add(desk: &mut Desk, window: Window, change: impl FnOnce(&mut Facts)) {
        let mut facts = Facts {
            id: u64::from(window),
            top: Some(window),
            viewable: true,
            outer: square(0, 0, 100),
            inner: square(0, 0, 100),
            depth: 24,
            ..Facts::default()
        };
        change(&mut facts);
        desk.order.push(window);
        desk.seen.insert(window, facts);
    }

    /// Adds a framed window: a frame of the manager's, 20 px higher, with the program's window inside.
    fn add_framed(desk: &mut Desk, window: Window, title: &str) {
        let frame = MANAGER + 0x100 + u32::try_from(desk.order.len()).unwrap();
        add(desk, frame, |facts| facts.outer = Area { x: 0, y: -20, width: 100, height: 120 });
        add(desk, window, |facts| {
            facts.top = Some(frame);
            facts.title = Some(title.to_owned());
            facts.managed = true;
        });
        desk.order.pop();
        desk.clients.push(window);
    }

    fn state(desk: &Desk, window: Window) -> WindowState {
        desk.arrange().into_iter().find(|state| state.id == u64::from(window)).expect("listed")
    }

    #[test]
    fn a_framed_window_is_one_window_whose_area_has_the_title_bar() {
        let mut desk = desk();
        add_framed(&mut desk, EDITOR + 1, "letter");
        let states = desk.arrange();
        assert_eq!(states.len(), 1, "{states:?}");
        assert_eq!(states[0].area, Area { x: 0, y: -20, width: 100, height: 120 });
        assert!(states[0].opaque && !states[0].shows_titles);
        assert_eq!(states[0].kind, WindowKind::Normal);
    }

    #[test]
    fn frame_extents_count_where_they_reach_farther_than_the_frame() {
        let mut desk = desk();
        add_framed(&mut desk, EDITOR + 1, "letter");
        desk.seen.get_mut(&(EDITOR + 1)).unwrap().extents = [5, 6, 30, 7];
        let state = state(&desk, EDITOR + 1);
        assert_eq!(state.area, Area { x: -5, y: -30, width: 111, height: 137 });
        assert!(!state.opaque, "nobody paints as far as that");
    }

    #[test]
    fn what_hides_nothing_is_not_opaque() {
        for change in [
            (|facts: &mut Facts| facts.shaped = true) as fn(&mut Facts),
            |facts| facts.translucent = true,
            |facts| facts.depth = 32,
        ] {
            let mut desk = desk();
            add(&mut desk, OTHER + 1, change);
            assert!(!state(&desk, OTHER + 1).opaque);
        }
    }

    #[test]
    fn a_minimised_window_is_listed_first_and_covers_nothing() {
        let mut desk = desk();
        add_framed(&mut desk, EDITOR + 1, "shown");
        add_framed(&mut desk, EDITOR + 2, "minimised");
        let frame = desk.order[1];
        desk.seen.get_mut(&frame).unwrap().viewable = false;
        let states = desk.arrange();
        let titles: Vec<_> = states.iter().map(|state| state.title.as_deref().unwrap()).collect();
        assert_eq!(titles, ["minimised", "shown"]);
        assert!(states[0].area.is_empty() && !states[0].opaque);
    }

    #[test]
    fn windows_that_paint_nothing_are_not_listed() {
        let mut desk = desk();
        add(&mut desk, OTHER + 1, |facts| facts.viewable = false);
        add(&mut desk, OTHER + 2, |facts| facts.input_only = true);
        assert_eq!(desk.arrange(), []);
    }

    #[test]
    fn a_popup_belongs_to_the_window_it_names() {
        let mut desk = desk();
        add_framed(&mut desk, EDITOR + 1, "one");
        add_framed(&mut desk, OTHER + 2, "two");
        add(&mut desk, OTHER + 9, |facts| {
            facts.override_redirect = true;
            facts.transient_for = Some(EDITOR + 1);
        });
        let popup = state(&desk, OTHER + 9);
        assert_eq!(
            (popup.owner, popup.may_belong_to),
            (Some(u64::from(EDITOR + 1)), vec![u64::from(EDITOR + 1)])
        );
        assert_eq!(popup.kind, WindowKind::Popup);
        assert!(!popup.shows_titles);
    }

    #[test]
    fn a_popup_that_names_no_window_may_belong_to_each_of_its_program_the_focused_first() {
        let leader = EDITOR + 0x50;
        for relate in [
            (|facts: &mut Facts, _| facts.pid = Some(77)) as fn(&mut Facts, u32),
            |facts, leader| facts.leader = Some(leader),
            |_, _| (),
        ] {
            let mut desk = desk();
            for (window, title) in [(EDITOR + 1, "one"), (EDITOR + 2, "two"), (OTHER + 3, "stranger")] {
                add_framed(&mut desk, window, title);
            }
            let popup = EDITOR + 9;
            add(&mut desk, popup, |facts| facts.override_redirect = true);
            for window in [EDITOR + 1, EDITOR + 2, popup] {
                relate(desk.seen.get_mut(&window).unwrap(), leader);
            }
            let owners = |desk: &Desk| state(desk, popup).may_belong_to;
            assert_eq!(owners(&desk), [EDITOR + 2, EDITOR + 1].map(u64::from), "the topmost first");
            desk.active = Some(EDITOR + 1);
            assert_eq!(owners(&desk), [EDITOR + 1, EDITOR + 2].map(u64::from), "the focused first");
        }
    }

    #[test]
    fn what_has_no_title_application_or_owner_is_unknown_and_may_show_titles() {
        let mut desk = desk();
        add(&mut desk, OTHER + 1, |facts| facts.override_redirect = true);
        let unknown = state(&desk, OTHER + 1);
        assert_eq!(
            (unknown.kind, unknown.title, unknown.app, unknown.owner),
            (WindowKind::Unknown, None, None, None)
        );
        assert!(unknown.shows_titles);
    }

    #[test]
    fn panels_their_popups_switchers_and_the_managers_own_windows_show_titles() {
        let mut desk = desk();
        add_framed(&mut desk, EDITOR + 1, "letter");
        add(&mut desk, OTHER + 1, |facts| {
            facts.type_ = Type::Dock;
            facts.title = Some("panel".to_owned());
            facts.managed = true;
        });
        add(&mut desk, OTHER + 2, |facts| {
            facts.override_redirect = true;
            facts.title = Some("panel's menu".to_owned());
        });
        add(&mut desk, MANAGER + 7, |facts| facts.override_redirect = true);
        add(&mut desk, 0x80_0001, |facts| facts.app = Some("Rofi".to_owned()));
        add(&mut desk, 0xA0_0001, |facts| facts.app = Some("XTerm".to_owned()));
        for (window, shows_titles) in [
            (EDITOR + 1, false),
            (OTHER + 1, true),
            (OTHER + 2, true),
            (MANAGER + 7, true),
            (0x80_0001, true),
            (0xA0_0001, false),
        ] {
            assert_eq!(state(&desk, window).shows_titles, shows_titles, "{window:#x}");
        }
        assert_eq!(state(&desk, OTHER + 1).kind, WindowKind::Dock);
    }

    #[test]
    fn invariant_02_what_shows_other_programs_words_for_a_moment_is_told() {
        let mut desk = desk();
        add_framed(&mut desk, EDITOR + 1, "letter");
        let popup = |facts: &mut Facts| {
            facts.override_redirect = true;
            facts.transient_for = Some(EDITOR + 1);
        };
        add(&mut desk, EDITOR + 2, popup);
        add(&mut desk, EDITOR + 3, |facts| {
            popup(facts);
            facts.notifies = true;
        });
        add(&mut desk, EDITOR + 4, |facts| {
            facts.override_redirect = true;
            facts.transient_for = Some(EDITOR + 3);
        });
        // One of a program that has no other window, whatever it calls itself.
        add(&mut desk, OTHER + 1, |facts| {
            facts.override_redirect = true;
            facts.app = Some("Nobody-knows".to_owned());
        });
        add(&mut desk, 0x80_0001, |facts| facts.app = Some("Rofi".to_owned()));
        add(&mut desk, 0xA0_0001, |facts| facts.app = Some("Dunst".to_owned()));
        add(&mut desk, 0xC0_0001, |facts| facts.app = Some("XTerm".to_owned()));
        for (window, notifies) in [
            (EDITOR + 1, false),
            (EDITOR + 2, false),
            (EDITOR + 3, true),
            (EDITOR + 4, true),
            (OTHER + 1, true),
            (0x80_0001, true),
            (0xA0_0001, true),
            (0xC0_0001, false),
        ] {
            assert_eq!(state(&desk, window).notifies, notifies, "{window:#x}");
        }
    }

    #[test]
    fn invariant_02_a_title_stands_in_the_title_bar_or_in_the_top_of_what_the_program_draws() {
        let place = |height| Area { x: 0, y: 0, width: 400, height };
        let header_bar = |shadow: Option<[u32; 4]>, scale: Option<u32>| {
            let mut desk = Desk { scale, ..desk() };
            add(&mut desk, EDITOR + 1, |facts| {
                (facts.outer, facts.inner) = (place(700), place(700));
                facts.shadow = shadow;
            });
            state(&desk, EDITOR + 1).title_bar
        };
        let shadow = Some([26, 26, 23, 29]);
        assert_eq!(header_bar(shadow, Some(100)), Some(place(23 + 96)));
        assert_eq!(header_bar(Some([52, 52, 46, 58]), Some(200)), Some(place(46 + 192)));
        assert_eq!(header_bar(Some([0; 4]), Some(150)), Some(place(144)));
        assert_eq!(header_bar(None, Some(100)), Some(place(96)), "it draws what title it has itself");
        for shadow in [shadow, Some([0; 4]), None] {
            assert_eq!(header_bar(shadow, None), None, "who knows how high");
        }
        assert_eq!(
            header_bar(Some([0, 0, 1_000, 0]), Some(300)),
            Some(place(700)),
            "no more than the window"
        );

        let mut desk = desk();
        add_framed(&mut desk, EDITOR + 1, "letter");
        let bar = state(&desk, EDITOR + 1).title_bar.expect("it has one");
        assert_eq!((bar.y, bar.height), (-20, 116), "the title bar is measured");
    }

    #[test]
    fn the_overlay_of_a_compositor_counts_only_where_the_window_manager_paints_it() {
        const OVERLAY: u32 = 0x1F0;
        let mut desk = desk();
        add(&mut desk, OVERLAY, |_| ());
        desk.compositor = Some(OTHER + 1);
        assert_eq!(desk.arrange(), []);
        desk.compositor = Some(MANAGER + 3);
        assert!(state(&desk, OVERLAY).shows_titles);
    }
}
