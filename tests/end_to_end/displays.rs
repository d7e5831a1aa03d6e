//! The real agent on displays that go, freeze and come back: the time is a gap, status and doctor say so, and it goes on by
//! itself.

use std::time::{Duration, Instant};

use candor_protocol::{Check, GetSegments, RunDoctor};
use candor_test_display::display::{Display, eventually};
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use serde_json::json;

const SIZE: &str = "640x480x24";

/// What doctor says of the display.
fn doctor(agent: &Agent) -> Check {
    let checks = agent.request(&RunDoctor).unwrap();
    checks.into_iter().find(|check| check.name == "display").unwrap()
}

/// Waits until status says that there is, or is not, something about the screen.
fn status_says(agent: &Agent, trouble: bool) {
    eventually("status says how it is with the screen", || {
        let status = agent.ask(&["status"])?;
        Ok((status["problems"].to_string().contains("Screen: ") == trouble).then_some(()))
    })
    .unwrap();
}

/// Counters that this agent runs.
fn counters(agent: u32) -> usize {
    let stats = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = stats.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let children = stats.filter(|stat| {
        let after = stat.rsplit(')').next().unwrap_or_default();
        let mut fields = after.split_whitespace();
        let (state, parent) = (fields.next(), fields.next());
        stat.contains("(candor-counter)") && state != Some("Z") && parent == Some(&agent.to_string())
    });
    children.count()
}

#[test]
fn invariant_09_a_display_that_goes_is_a_gap_and_is_found_again_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut display = Display::start_apart(SIZE).unwrap();
    let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
    backoffice.add_contract(&terms("displays", backoffice.address(), 0)).unwrap();
    let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, "displays").unwrap();
    // It is started before there is a display at all.
    display.kill_server().unwrap();
    let running = agent
        .run(|run| {
            run.env("DISPLAY", &display.name);
        })
        .unwrap();
    let check = doctor(&agent);
    assert!(!check.ok, "{check:?}");
    agent.tell(&["start", "--no-sign"]).unwrap();
    status_says(&agent, true);

    // The first round is the display that comes late, the second one the display that goes and comes back.
    for _ in 0..2 {
        display.start_server_again(SIZE).unwrap();
        eventually("doctor finds it", || Ok(doctor(&agent).ok.then_some(()))).unwrap();
        status_says(&agent, false);
        eventually("it counts", || Ok((counters(running.id()) == 1).then_some(()))).unwrap();
        // Some seconds of work.
        std::thread::sleep(Duration::from_secs(3));
        display.kill_server().unwrap();
        status_says(&agent, true);
        assert!(!doctor(&agent).ok);
        eventually("nothing counts", || Ok((counters(running.id()) == 0).then_some(()))).unwrap();
    }
    agent.tell(&["stop"]).unwrap();
    let segments = json!(agent.request(&GetSegments { from: 0, to: 1 << 50 }).unwrap());
    let segments = segments.as_array().unwrap();
    let gaps =
        |segment: &serde_json::Value| segment["gaps"].as_array().unwrap().contains(&json!("display-lost"));
    assert!(segments.iter().any(gaps), "{segments:#?}");
    assert!(
        segments.iter().any(|segment| segment["tracked_ms"] != 0),
        "what was seen is tracked: {segments:#?}"
    );
}

#[test]
fn a_frozen_display_holds_up_neither_control_nor_stop() {
    let folder = tempfile::tempdir().unwrap();
    let display = Display::start_apart(SIZE).unwrap();
    let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
    backoffice.add_contract(&terms("frozen", backoffice.address(), 0)).unwrap();
    let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, "frozen").unwrap();
    let _running = agent
        .run(|run| {
            run.env("DISPLAY", &display.name);
        })
        .unwrap();
    agent.tell(&["start", "--no-sign"]).unwrap();
    status_says(&agent, false);
    display.freeze().unwrap();
    status_says(&agent, true);
    let begun = Instant::now();
    agent.tell(&["stop"]).unwrap();
    assert_eq!(agent.ask(&["status"]).unwrap()["tracking"], false);
    // The collectors may take their time to finish; the display is not waited for.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    display.thaw().unwrap();
    eventually("doctor finds it", || Ok(doctor(&agent).ok.then_some(()))).unwrap();
}
