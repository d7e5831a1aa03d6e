//! What a window is told to be: whose popup, which kind, where its title stands, whether it hides what is below.

use candor_sensors::{Area, Backend, WindowKind, WindowState};
use candor_test_display::display::Display;
use x11rb::protocol::xproto::AtomEnum;

use crate::backends::{for_each_backend, open};
use crate::layouts::{RED, position, shown, square, titled, unlisted_windows_are_stood_for, until};
use crate::x_client::XClient;

for_each_backend!("window_kinds":
    invariant_02_menus_and_popups_are_windows_and_belong_to_their_program,
);

fn invariant_02_menus_and_popups_are_windows_and_belong_to_their_program(
    backend: Backend,
) -> anyhow::Result<()> {
    let mut display = Display::start("1280x800x24")?;
    display.openbox()?;
    let watch = open(backend, &display)?;
    let (editor, stranger) = (XClient::start(&display)?, XClient::start(&display)?);
    for (program, title) in [(&editor, "secret letter"), (&stranger, "other")] {
        let window = program.window(square(100, 100, 300), RED, false)?;
        program.name(window, title)?;
        program.class(window, "Editor")?;
        program.show(window)?;
        shown(&watch, title)?;
    }
    let owner = shown(&watch, "secret letter")?.id;
    if backend == Backend::Portable {
        return unlisted_windows_are_stood_for(&watch, &editor);
    }

    let menu = editor.window(square(200, 200, 80), RED, true)?;
    editor.show(menu)?;
    let state = until(&watch, "the menu shows", |layout| {
        layout.windows.iter().find(|window| window.area == square(200, 200, 80)).cloned()
    })?;
    assert_eq!(
        (state.owner, state.title.as_deref()),
        (Some(owner), None),
        "by the program that made it: {state:?}"
    );
    assert_eq!((state.kind, state.shows_titles), (WindowKind::Popup, false));
    editor.destroy(menu)?;

    // A popup that names its window, whoever made it.
    let tip = stranger.window(square(210, 210, 70), RED, true)?;
    let window = display.window_named("secret letter")?;
    stranger.set(tip, "WM_TRANSIENT_FOR", AtomEnum::WINDOW, &[window])?;
    stranger.show(tip)?;
    let state = until(&watch, "the tip shows", |layout| {
        assert!(!layout.windows.iter().any(|window| window.area == square(200, 200, 80)), "the menu is gone");
        layout.windows.iter().find(|window| window.area == square(210, 210, 70)).cloned()
    })?;
    assert_eq!((state.owner, state.may_belong_to), (Some(owner), vec![owner]));

    // A program of which nothing is known.
    let nameless = XClient::start(&display)?;
    let window = nameless.window(square(5, 5, 30), RED, true)?;
    nameless.show(window)?;
    let state = until(&watch, "the nameless one shows", |layout| {
        layout.windows.iter().find(|window| window.area == square(5, 5, 30)).cloned()
    })?;
    assert_eq!((state.title, state.app, state.owner), (None, None, None), "nothing is guessed");
    assert_eq!((state.kind, state.shows_titles), (WindowKind::Unknown, true));
    Ok(())
}

#[test]
fn panels_and_the_window_managers_menus_show_titles() -> anyhow::Result<()> {
    let mut display = Display::start("1280x800x24")?;
    display.openbox()?;
    let watch = open(Backend::X11, &display)?;
    let panel = XClient::start(&display)?;
    let window = panel.window(Area { x: 0, y: 770, width: 1280, height: 30 }, RED, false)?;
    panel.name(window, "panel")?;
    let dock = panel.atom("_NET_WM_WINDOW_TYPE_DOCK")?;
    panel.set(window, "_NET_WM_WINDOW_TYPE", AtomEnum::ATOM, &[dock])?;
    panel.show(window)?;
    let state = shown(&watch, "panel")?;
    assert_eq!((state.kind, state.shows_titles), (WindowKind::Dock, true));

    let before = watch.current()?;
    // openbox's list of windows is its middle button's menu on the desktop.
    display.run("xdotool", &["mousemove", "600", "300", "click", "2"])?;
    let menu = until(&watch, "openbox's menu shows", |layout| {
        let is_new = |window: &&WindowState| position(&before, window.id).is_none() && window.area.x > 0;
        layout.windows.iter().find(is_new).cloned()
    })?;
    assert!(menu.shows_titles, "{menu:?}");
    Ok(())
}

#[test]
fn a_shaped_window_and_one_with_opacity_hide_nothing() -> anyhow::Result<()> {
    use x11rb::protocol::shape::{self, ConnectionExt as _};
    let display = Display::start("640x480x24")?;
    let watch = open(Backend::X11, &display)?;
    let program = XClient::start(&display)?;
    let window = program.window(square(10, 10, 100), RED, true)?;
    program.name(window, "odd")?;
    program.show(window)?;
    assert!(shown(&watch, "odd")?.opaque);
    program.set(window, "_NET_WM_WINDOW_OPACITY", AtomEnum::CARDINAL, &[u32::MAX / 2])?;
    until(&watch, "its opacity is known", |layout| {
        titled(layout, "odd").filter(|window| !window.opaque).map(drop)
    })?;
    program.set(window, "_NET_WM_WINDOW_OPACITY", AtomEnum::CARDINAL, &[u32::MAX])?;
    until(&watch, "it is solid again", |layout| {
        titled(layout, "odd").filter(|window| window.opaque).map(drop)
    })?;

    let (connection, _) = display.connect()?;
    let hole = x11rb::protocol::xproto::Rectangle { x: 20, y: 20, width: 10, height: 10 };
    let (cut, all) = (shape::SO::SUBTRACT, shape::SK::BOUNDING);
    let order = x11rb::protocol::xproto::ClipOrdering::UNSORTED;
    connection.shape_rectangles(cut, all, order, window, 0, 0, &[hole])?.check()?;
    until(&watch, "its hole is known", |layout| {
        titled(layout, "odd").filter(|window| !window.opaque).map(drop)
    })?;
    Ok(())
}

/// A client that draws its own title bar, as GTK does: 400x300 px that can be seen, with a shadow around that cannot.
/// Answers where it can be seen.
fn with_header_bar(program: &XClient, title: &str, shadow: [u32; 4]) -> anyhow::Result<Area> {
    let [left, right, top, bottom] = shadow;
    let seen = Area { x: 100, y: 120, width: 400, height: 300 };
    let place = Area {
        x: seen.x - i32::try_from(left)?,
        y: seen.y - i32::try_from(top)?,
        width: seen.width + left + right,
        height: seen.height + top + bottom,
    };
    let window = program.window(place, RED, false)?;
    program.name(window, title)?;
    program.set(window, "_GTK_FRAME_EXTENTS", AtomEnum::CARDINAL, &shadow)?;
    // No frame of the window manager's.
    program.set(window, "_MOTIF_WM_HINTS", program.atom("_MOTIF_WM_HINTS")?, &[2, 0, 0, 0, 0])?;
    program.show(window)?;
    Ok(seen)
}

#[test]
fn invariant_02_a_title_in_a_header_bar_is_measured_from_what_is_seen_and_by_the_scale() -> anyhow::Result<()>
{
    let mut display = Display::start("1280x800x24")?;
    display.openbox()?;
    let watch = open(Backend::X11, &display)?;
    let program = XClient::start(&display)?;
    let (shadow, doubled) = ([26, 26, 23, 29], [52, 52, 46, 58]);
    let seen = with_header_bar(&program, "usual", shadow)?;
    with_header_bar(&program, "doubled", doubled)?;
    for title in ["usual", "doubled"] {
        assert_eq!(shown(&watch, title)?.title_bar, None, "nothing tells the scale: it may stand anywhere");
    }
    let down_to = |title: &str| -> anyhow::Result<i32> {
        let state = shown(&watch, title)?;
        let bar = state.title_bar.ok_or_else(|| anyhow::anyhow!("it can be told: {state:?}"))?;
        assert!(bar.x <= seen.x && bar.y <= seen.y, "{bar:?}");
        assert!(bar.width >= seen.width, "{bar:?}");
        Ok(bar.y + i32::try_from(bar.height)? - seen.y)
    };
    let resources = |text: &str| program.resources(text);
    resources("Xft.dpi:\t96\n")?;
    watch.barrier()?;
    // A title 27 px below the edge that is seen: 50 px below that of the window.
    assert!(down_to("usual")? >= 64, "{}", down_to("usual")?);
    assert!(down_to("usual")? < 150, "and no more than the top: {}", down_to("usual")?);
    resources("Xft.dpi:\t192\n")?;
    watch.barrier()?;
    assert!(down_to("doubled")? >= 128, "{}", down_to("doubled")?);

    // A window whose frame the window manager draws has its title there, whatever the scale.
    display.xterm("framed", "40x20+700+100", "")?;
    resources("\n")?;
    let framed = shown(&watch, "framed")?;
    let bar = framed.title_bar.ok_or_else(|| anyhow::anyhow!("it is measured: {framed:?}"))?;
    assert!(bar.y == framed.area.y && bar.height < framed.area.height, "{framed:?}");
    Ok(())
}

#[test]
fn invariant_02_what_notifies_is_told_by_its_type() -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let watch = open(Backend::X11, &display)?;
    let program = XClient::start(&display)?;
    for (type_, notifies) in [
        ("_NET_WM_WINDOW_TYPE_NORMAL", false),
        ("_NET_WM_WINDOW_TYPE_NOTIFICATION", true),
        ("_KDE_NET_WM_WINDOW_TYPE_ON_SCREEN_DISPLAY", true),
        ("_KDE_NET_WM_WINDOW_TYPE_CRITICAL_NOTIFICATION", true),
        ("_NET_WM_WINDOW_TYPE_DND", true),
        ("_NET_WM_WINDOW_TYPE_TOOLTIP", true),
    ] {
        let window = program.window(square(10, 10, 100), RED, false)?;
        program.name(window, type_)?;
        // As some programs do: the type that says it comes second.
        let types = [program.atom("_NET_WM_WINDOW_TYPE_UTILITY")?, program.atom(type_)?];
        program.set(window, "_NET_WM_WINDOW_TYPE", AtomEnum::ATOM, &types)?;
        program.show(window)?;
        let state = shown(&watch, type_)?;
        assert_eq!(state.notifies, notifies, "{state:?}");
        program.destroy(window)?;
    }
    Ok(())
}
