//! `candor doctor`, where things are there and where they are not.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use candor_protocol::Check;

use crate::agent::Agent;
use crate::desktop::{Desktop, wait};

/// A back office whose clock stands.
fn back_office(date: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let answer = format!("HTTP/1.1 404 Not Found\r\ndate: {date}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

fn checks(mut command: Command) -> (BTreeMap<String, Check>, i32) {
    let output = command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let checks: Vec<Check> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    (checks.into_iter().map(|c| (c.name.clone(), c)).collect(), output.status.code().unwrap())
}

#[test]
fn without_agent_and_desktop_each_thing_that_is_missing_comes_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let server = back_office("Thu, 27 Nov 2025 15:53:20 GMT");
    let seat = folder.path().join("contracts/work");
    std::fs::create_dir_all(&seat).unwrap();
    std::fs::write(seat.join("enrolment.json"), format!("{{\"server\": \"{server}\"}}")).unwrap();
    let doctor = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
        command.arg("--data").arg(folder.path()).arg("doctor").env_remove("DISPLAY");
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere").env("WAYLAND_DISPLAY", "wayland-0");
        command
    };
    let (checks, code) = checks(doctor());
    assert_eq!(code, 1);
    for name in [
        "agent",
        "display",
        "counting",
        "tray",
        "notifications",
        "keyring",
        "pause-shortcut",
        "disk",
        "memory",
        "load",
        "back-office",
        "clock",
    ] {
        let check = checks.get(name).unwrap_or_else(|| panic!("{name} was not looked at"));
        assert!(check.ok || check.advice.is_some(), "{check:?}");
    }
    for (name, words) in [
        ("agent", "none runs on"),
        ("display", "Wayland without X11"),
        ("tray", "no session bus"),
        ("notifications", "no session bus"),
        ("pause-shortcut", "no X11 display"),
        ("clock", "ahead of the back office's"),
    ] {
        let check = &checks[name];
        assert!(!check.ok && check.found.contains(words), "{check:?}");
    }
    assert!(checks["back-office"].ok, "{:?}", checks["back-office"]);
    let text = String::from_utf8(doctor().output().unwrap().stdout).unwrap();
    assert!(text.contains("problem  agent"), "{text}");
    assert!(text.contains("`candor start`"), "{text}");
}

#[test]
fn on_a_desktop_it_finds_what_is_there_and_takes_the_agents_word() {
    let agent = Agent::new();
    let counting = Check {
        name: "counting".into(),
        ok: false,
        found: "the counter ended".into(),
        advice: Some("Start the agent again.".into()),
    };
    agent.change(|state| state.checks = vec![counting.clone()]);
    let mut desktop = Desktop::new();
    let (before, code) = checks(desktop.candor(agent.data(), "doctor"));
    assert_eq!(code, 1);
    assert_eq!(before["counting"], counting);
    assert_eq!(before["display"].found, "X11, 1280 × 800");
    assert_eq!(before["notifications"].found, "shown, with buttons");
    assert!(before["keyring"].found.contains("this desktop has one"), "{:?}", before["keyring"]);
    assert!(before["tray"].found.contains("no tray icons"), "{:?}", before["tray"]);
    assert!(before["pause-shortcut"].found.contains("does not run"), "{:?}", before["pause-shortcut"]);
    // Nothing listens on the discard port.
    assert!(before["back-office"].found.contains("does not answer"), "{:?}", before["back-office"]);

    let tray = desktop.candor(agent.data(), "tray");
    desktop.run(tray);
    wait("the shortcut", || {
        let (after, _) = checks(desktop.candor(agent.data(), "doctor"));
        let shortcut = &after["pause-shortcut"];
        (shortcut.ok && shortcut.found.contains("Ctrl+Alt+P pauses")).then_some(())
    });
}
