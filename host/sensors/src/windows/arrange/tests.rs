//! Layouts of desktops that are made up.

use super::*;
use crate::area::Area;
use crate::windows::facts::{WindowType, XWindowFacts};

const MASK: u32 = 0x1F_FFFF;
/// Window ids of three programs.
const MANAGER: u32 = 0x20_0000;
const EDITOR: u32 = 0x40_0000;
const OTHER: u32 = 0x60_0000;

fn square(x: i32, y: i32, side: u32) -> Area {
    Area { x, y, width: side, height: side }
}

fn desktop() -> DesktopFacts {
    DesktopFacts { id_mask: MASK, manager: Some(MANAGER + 1), ..DesktopFacts::default() }
}

/// Adds a window on the root, on top of the others.
fn add(desktop: &mut DesktopFacts, window: Window, change: impl FnOnce(&mut XWindowFacts)) {
    let mut facts = XWindowFacts {
        id: u64::from(window),
        top: Some(window),
        viewable: true,
        outer: square(0, 0, 100),
        inner: square(0, 0, 100),
        depth: 24,
        ..XWindowFacts::default()
    };
    change(&mut facts);
    desktop.stack.push(window);
    desktop.windows.insert(window, facts);
}

/// Adds a framed window: a frame of the manager's, 20 px higher, with the program's window inside.
fn add_framed(desktop: &mut DesktopFacts, window: Window, title: &str) {
    let frame = MANAGER + 0x100 + u32::try_from(desktop.stack.len()).unwrap();
    add(desktop, frame, |facts| facts.outer = Area { x: 0, y: -20, width: 100, height: 120 });
    add(desktop, window, |facts| {
        facts.top = Some(frame);
        facts.title = Some(title.to_owned());
        facts.managed = true;
    });
    desktop.stack.pop();
    desktop.clients.push(window);
}

fn state(desktop: &DesktopFacts, window: Window) -> WindowState {
    desktop.arrange().into_iter().find(|state| state.id == u64::from(window)).expect("listed")
}

#[test]
fn a_framed_window_is_one_window_whose_area_has_the_title_bar() {
    let mut desktop = desktop();
    add_framed(&mut desktop, EDITOR + 1, "letter");
    let states = desktop.arrange();
    assert_eq!(states.len(), 1, "{states:?}");
    assert_eq!(states[0].area, Area { x: 0, y: -20, width: 100, height: 120 });
    assert!(states[0].opaque && !states[0].shows_titles);
    assert_eq!(states[0].kind, WindowKind::Normal);
}

#[test]
fn frame_extents_count_where_they_reach_farther_than_the_frame() {
    let mut desktop = desktop();
    add_framed(&mut desktop, EDITOR + 1, "letter");
    desktop.windows.get_mut(&(EDITOR + 1)).unwrap().extents = [5, 6, 30, 7];
    let state = state(&desktop, EDITOR + 1);
    assert_eq!(state.area, Area { x: -5, y: -30, width: 111, height: 137 });
    assert!(!state.opaque, "nobody paints as far as that");
}

#[test]
fn what_hides_nothing_is_not_opaque() {
    for change in [
        (|facts: &mut XWindowFacts| facts.shaped = true) as fn(&mut XWindowFacts),
        |facts| facts.translucent = true,
        |facts| facts.depth = 32,
    ] {
        let mut desktop = desktop();
        add(&mut desktop, OTHER + 1, change);
        assert!(!state(&desktop, OTHER + 1).opaque);
    }
}

#[test]
fn a_minimised_window_is_listed_first_and_covers_nothing() {
    let mut desktop = desktop();
    add_framed(&mut desktop, EDITOR + 1, "shown");
    add_framed(&mut desktop, EDITOR + 2, "minimised");
    let frame = desktop.stack[1];
    desktop.windows.get_mut(&frame).unwrap().viewable = false;
    let states = desktop.arrange();
    let titles: Vec<_> = states.iter().map(|state| state.title.as_deref().unwrap()).collect();
    assert_eq!(titles, ["minimised", "shown"]);
    assert!(states[0].area.is_empty() && !states[0].opaque);
}

#[test]
fn windows_that_paint_nothing_are_not_listed() {
    let mut desktop = desktop();
    add(&mut desktop, OTHER + 1, |facts| facts.viewable = false);
    add(&mut desktop, OTHER + 2, |facts| facts.input_only = true);
    assert_eq!(desktop.arrange(), []);
}

#[test]
fn a_popup_belongs_to_the_window_it_names() {
    let mut desktop = desktop();
    add_framed(&mut desktop, EDITOR + 1, "one");
    add_framed(&mut desktop, OTHER + 2, "two");
    add(&mut desktop, OTHER + 9, |facts| {
        facts.override_redirect = true;
        facts.transient_for = Some(EDITOR + 1);
    });
    let popup = state(&desktop, OTHER + 9);
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
        (|facts: &mut XWindowFacts, _| facts.pid = Some(77)) as fn(&mut XWindowFacts, u32),
        |facts, leader| facts.leader = Some(leader),
        |_, _| (),
    ] {
        let mut desktop = desktop();
        for (window, title) in [(EDITOR + 1, "one"), (EDITOR + 2, "two"), (OTHER + 3, "stranger")] {
            add_framed(&mut desktop, window, title);
        }
        let popup = EDITOR + 9;
        add(&mut desktop, popup, |facts| facts.override_redirect = true);
        for window in [EDITOR + 1, EDITOR + 2, popup] {
            relate(desktop.windows.get_mut(&window).unwrap(), leader);
        }
        let owners = |desktop: &DesktopFacts| state(desktop, popup).may_belong_to;
        assert_eq!(owners(&desktop), [EDITOR + 2, EDITOR + 1].map(u64::from), "the topmost first");
        desktop.active = Some(EDITOR + 1);
        assert_eq!(owners(&desktop), [EDITOR + 1, EDITOR + 2].map(u64::from), "the focused first");
    }
}

#[test]
fn what_has_no_title_application_or_owner_is_unknown_and_may_show_titles() {
    let mut desktop = desktop();
    add(&mut desktop, OTHER + 1, |facts| facts.override_redirect = true);
    let unknown = state(&desktop, OTHER + 1);
    assert_eq!(
        (unknown.kind, unknown.title, unknown.app, unknown.owner),
        (WindowKind::Unknown, None, None, None)
    );
    assert!(unknown.shows_titles);
}

#[test]
fn panels_their_popups_switchers_and_the_managers_own_windows_show_titles() {
    let mut desktop = desktop();
    add_framed(&mut desktop, EDITOR + 1, "letter");
    add(&mut desktop, OTHER + 1, |facts| {
        facts.window_type = WindowType::Dock;
        facts.title = Some("panel".to_owned());
        facts.managed = true;
    });
    add(&mut desktop, OTHER + 2, |facts| {
        facts.override_redirect = true;
        facts.title = Some("panel's menu".to_owned());
    });
    add(&mut desktop, MANAGER + 7, |facts| facts.override_redirect = true);
    add(&mut desktop, 0x80_0001, |facts| facts.app = Some("Rofi".to_owned()));
    add(&mut desktop, 0xA0_0001, |facts| facts.app = Some("XTerm".to_owned()));
    for (window, shows_titles) in [
        (EDITOR + 1, false),
        (OTHER + 1, true),
        (OTHER + 2, true),
        (MANAGER + 7, true),
        (0x80_0001, true),
        (0xA0_0001, false),
    ] {
        assert_eq!(state(&desktop, window).shows_titles, shows_titles, "{window:#x}");
    }
    assert_eq!(state(&desktop, OTHER + 1).kind, WindowKind::Dock);
}

#[test]
fn invariant_02_what_shows_other_programs_words_for_a_moment_is_told() {
    let mut desktop = desktop();
    add_framed(&mut desktop, EDITOR + 1, "letter");
    let popup = |facts: &mut XWindowFacts| {
        facts.override_redirect = true;
        facts.transient_for = Some(EDITOR + 1);
    };
    add(&mut desktop, EDITOR + 2, popup);
    add(&mut desktop, EDITOR + 3, |facts| {
        popup(facts);
        facts.notifies = true;
    });
    add(&mut desktop, EDITOR + 4, |facts| {
        facts.override_redirect = true;
        facts.transient_for = Some(EDITOR + 3);
    });
    // One of a program that has no other window, whatever it calls itself.
    add(&mut desktop, OTHER + 1, |facts| {
        facts.override_redirect = true;
        facts.app = Some("Nobody-knows".to_owned());
    });
    add(&mut desktop, 0x80_0001, |facts| facts.app = Some("Rofi".to_owned()));
    add(&mut desktop, 0xA0_0001, |facts| facts.app = Some("Dunst".to_owned()));
    add(&mut desktop, 0xC0_0001, |facts| facts.app = Some("XTerm".to_owned()));
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
        assert_eq!(state(&desktop, window).notifies, notifies, "{window:#x}");
    }
}

#[test]
fn invariant_02_a_title_stands_in_the_title_bar_or_in_the_top_of_what_the_program_draws() {
    let place = |height| Area { x: 0, y: 0, width: 400, height };
    let header_bar = |shadow: Option<[u32; 4]>, scale: Option<u32>| {
        let mut desktop = DesktopFacts { scale, ..desktop() };
        add(&mut desktop, EDITOR + 1, |facts| {
            (facts.outer, facts.inner) = (place(700), place(700));
            facts.shadow = shadow;
        });
        state(&desktop, EDITOR + 1).title_bar
    };
    let shadow = Some([26, 26, 23, 29]);
    assert_eq!(header_bar(shadow, Some(100)), Some(place(23 + 96)));
    assert_eq!(header_bar(Some([52, 52, 46, 58]), Some(200)), Some(place(46 + 192)));
    assert_eq!(header_bar(Some([0; 4]), Some(150)), Some(place(144)));
    assert_eq!(header_bar(None, Some(100)), Some(place(96)), "it draws what title it has itself");
    for shadow in [shadow, Some([0; 4]), None] {
        assert_eq!(header_bar(shadow, None), None, "who knows how high");
    }
    assert_eq!(header_bar(Some([0, 0, 1_000, 0]), Some(300)), Some(place(700)), "no more than the window");

    let mut desktop = desktop();
    add_framed(&mut desktop, EDITOR + 1, "letter");
    let bar = state(&desktop, EDITOR + 1).title_bar.expect("it has one");
    assert_eq!((bar.y, bar.height), (-20, 116), "the title bar is measured");
}

#[test]
fn the_overlay_of_a_compositor_counts_only_where_the_window_manager_paints_it() {
    const OVERLAY: u32 = 0x1F0;
    let mut desktop = desktop();
    add(&mut desktop, OVERLAY, |_| ());
    desktop.compositor = Some(OTHER + 1);
    assert_eq!(desktop.arrange(), []);
    desktop.compositor = Some(MANAGER + 3);
    assert!(state(&desktop, OVERLAY).shows_titles);
}
