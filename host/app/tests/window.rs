//! The real window on a display of its own, with an agent that speaks the real protocol and holds whatever state is to be
//! seen. What a person does at the window is tested with the real agent: `tests/end_to_end/window.rs` of the workspace.
//!
//! `CANDOR_PICTURES=folder cargo test -p candor --test window pictures` keeps a picture of each state.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]
#![allow(unreachable_pub, reason = "the helpers are shared with other tests")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/drop.rs"]
mod drop;
#[path = "support/states.rs"]
mod states;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candor_protocol::{AnyRequest, GetPreferences, ImportInvitation, Theme};
use desk::{Agent, Display, PATIENCE, no_agent, pixels};
use states::{themed, world};

const INVITATION: &str = "https://diary.example/join#7QK2-9F4M";

/// Lets go of what has the keyboard, goes on by Tab so many times, back where there are fewer than none, and presses Enter
/// there.
fn press(display: &Display, steps: isize) {
    std::thread::sleep(Duration::from_millis(700));
    display.keys(&["Escape"]);
    let key = if steps < 0 { "shift+Tab" } else { "Tab" };
    display.keys(&vec![key; steps.unsigned_abs()]);
    display.keys(&["Return"]);
}

#[test]
fn an_invitation_file_is_dropped_onto_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::serve(folder.path(), world("join"));
    let mut display = Display::start("800x700x24");
    display.openbox();
    display.open(folder.path(), &no_agent(folder.path()));
    wait("the window asks", || agent.asked().contains(&GetPreferences.into()));
    // A name with a space in it is escaped in the list that is dropped.
    let file = folder.path().join("from the client.json");
    std::fs::write(&file, INVITATION).unwrap();
    let escaped = PathBuf::from(file.display().to_string().replace(' ', "%20"));
    drop::file(display.name(), display.window(), &escaped);
    agent.until_asked(&ImportInvitation { invitation: INVITATION.into(), device_name: None }.into());
    assert!(display.runs());
}

#[test]
fn the_window_says_so_while_it_starts_the_agent_and_when_none_can_be_started() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let started = folder.path().join("started");
    let program = folder.path().join("agent");
    std::fs::write(&program, format!("#!/bin/sh\necho \"$@\" > {}\nexec sleep 60\n", started.display()))
        .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut display = Display::start("400x600x24");
    display.open(&data, &program);
    wait("the agent is started", || std::fs::read_to_string(&started).is_ok_and(|s| s.ends_with('\n')));
    let arguments = std::fs::read_to_string(&started).unwrap();
    assert_eq!(arguments.trim(), format!("--data {} run", data.display()));
    // It answers now: the window shows what it says.
    let agent = Agent::serve(&data, world("tracking"));
    wait("the status is followed", || agent.asked().iter().any(|r| matches!(r, AnyRequest::GetSegments(_))));
    assert!(display.runs());
}

fn wait(what: &str, so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The tokens that a picture of a theme has to have: paper, surface, ink.
fn tokens(theme: Theme) -> [[u8; 3]; 2] {
    match theme {
        Theme::Dark => [[0x12, 0x13, 0x15], [0x1a, 0x1c, 0x1f]],
        _ => [[0xf8, 0xf8, 0xf6], [0xff, 0xff, 0xff]],
    }
}

/// A state, what is pressed in it, by how many Tabs it is away, and the picture's name.
fn shots() -> Vec<(&'static str, &'static [isize], &'static str)> {
    let scenes = states::NAMES.iter().map(|name| (*name, &[][..], *name));
    let pages: [(_, &[isize], _); 14] = [
        ("tracking", &[1], "menu"),
        ("stopped", &[1, 5], "segments"),
        ("stopped", &[1, 5, 5], "segment"),
        ("stopped", &[1, 5, 3], "manual"),
        ("stopped", &[-3], "week"),
        ("tracking", &[1, 6], "recorded"),
        ("offline", &[1, 7], "outbox"),
        ("tracking", &[1, 8], "rules"),
        ("tracking", &[1, 9], "preferences"),
        ("tracking", &[1, 10], "plugins"),
        ("bare", &[1, 5], "no-segments"),
        ("bare", &[1, 7], "empty-outbox"),
        ("snapshot", &[4], "said"),
        ("tracking", &[], "closing"),
    ];
    scenes.chain(pages).collect()
}

fn take(folder: &Path, theme: Theme, size: (u32, u32)) -> BTreeMap<PathBuf, Vec<[u8; 3]>> {
    let mut display = Display::start("800x800x24");
    display.openbox();
    // One by OpenGL, as with a graphics card, the other without.
    display.renderer = if theme == Theme::Dark { "opengl" } else { "software" };
    let data = tempfile::tempdir().unwrap();
    let agent = Agent::serve(data.path(), themed("tracking", theme));
    display.open(data.path(), &no_agent(data.path()));
    display.resize(size.0, size.1);
    let mut taken = BTreeMap::new();
    for (state, pressed, name) in shots() {
        agent.change(|world| {
            let revision = world.status.revision;
            *world = themed(state, theme);
            world.status.revision = revision;
        });
        for steps in pressed {
            press(&display, *steps);
        }
        if name == "closing" {
            display.keys(&["alt+F4"]);
        }
        std::thread::sleep(Duration::from_millis(900));
        let word = if theme == Theme::Dark { "dark" } else { "light" };
        let file = folder.join(format!("{name}-{word}-{}.png", size.0));
        display.shoot(&file);
        taken.insert(file.clone(), pixels(&file));
        // Back to the first page, whatever has the keyboard.
        if !pressed.is_empty() || name == "closing" {
            for _ in 0..5 {
                display.keys(&["Escape"]);
                std::thread::sleep(Duration::from_millis(150));
            }
        }
    }
    taken
}

#[test]
fn pictures_of_each_state_have_the_colours_of_their_theme_and_differ() {
    let kept = std::env::var_os("CANDOR_PICTURES").map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder).unwrap();
    for (theme, size) in [(Theme::Light, (340, 560)), (Theme::Dark, (320, 560))] {
        let taken = take(folder, theme, size);
        for (file, pixels) in &taken {
            assert_eq!(pixels.len(), (size.0 * size.1) as usize, "{}", file.display());
            for token in tokens(theme) {
                assert!(pixels.contains(&token), "{} has no {token:?}", file.display());
            }
            let same = taken.iter().filter(|(_, other)| *other == pixels).count();
            assert_eq!(same, 1, "{} looks like another state", file.display());
        }
    }
}
