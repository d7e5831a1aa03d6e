//! What a later start finds: open segments, the week, damaged files.

use candor_protocol::{Client, GetStatus, QuitAgent, Status};
use candor_test_driver::agent::Agent;
use candor_test_driver::desk::{CONTRACT, Desk, now};
use candor_test_driver::fast::FastAgent;
use candor_test_driver::places;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::desk::{MINUTE, SPEED, closed, start};

#[test]
fn invariant_09_what_was_not_closed_is_closed_however_long_nobody_looked() {
    let mut desk = Desk::open(0, SPEED, |terms| terms["segment"] = json!(10)).unwrap();
    desk.tell(&start()).unwrap();
    desk.until("three minutes", |d| Ok((d.status()?.on_ms > 3 * MINUTE).then_some(()))).unwrap();
    desk.tell(&QuitAgent).unwrap();
    desk.running.ended().unwrap();
    // Six weeks later.
    let later = now() + 42 * 24 * 60 * MINUTE;
    desk.running = FastAgent::start_as(&desk.agent, now(), SPEED, &places::guests(), |command| {
        command.args(["--shown", &later.to_string()]);
    })
    .unwrap();
    let found = desk.until("the segment", |d| Ok(closed(d).into_iter().find(|s| s.tracked_ms > 2 * MINUTE)));
    let start = found.unwrap().start;
    desk.until("its delivery", |d| Ok(d.delivered()?.into_iter().find(|s| s["start"] == start))).unwrap();
}

#[test]
fn the_week_is_that_of_the_diary_whatever_device_it_was_worked_on() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    let second = Agent::enrol(&desk.folder.path().join("second"), &desk.backoffice, CONTRACT).unwrap();
    let week = |agent: &Agent| -> Status { agent.request(&GetStatus { after: None }).unwrap() };
    desk.tell(&start()).unwrap();
    desk.until("three segments", |d| Ok((d.delivered()?.len() >= 3).then_some(()))).unwrap();
    desk.stop().unwrap();
    desk.until("delivery", |d| Ok((d.status()?.outbox.waiting == 0).then_some(()))).unwrap();
    // The other computer was never worked on. It learns what there is when it begins to look.
    let _running = FastAgent::start(&second, now(), SPEED).unwrap();
    let here = desk.status().unwrap().week_ms;
    desk.until("the same week there", |_| Ok((week(&second).week_ms == here).then_some(()))).unwrap();
    second.tell(&["start", "--no-sign"]).unwrap();
    desk.until("time there", |_| Ok((week(&second).week_ms > here + MINUTE).then_some(()))).unwrap();
    second.tell(&["stop"]).unwrap();
    let settled = |status: &Status| status.segments.open == 0 && status.outbox.waiting == 0;
    desk.until("delivery there", |_| Ok(settled(&week(&second)).then_some(()))).unwrap();
    let minutes = |d: &Desk| -> u64 {
        // A minute that both were worked on counts once.
        let segments = d.delivered().unwrap();
        let active = segments.iter().filter(|s| s["minutes_active"].as_u64() > Some(0));
        let starts: BTreeSet<u64> = active.map(|s| s["start"].as_u64().unwrap()).collect();
        starts.len() as u64 * MINUTE
    };
    // What this one works next tells it of what the other did.
    desk.tell(&start()).unwrap();
    let before = desk.delivered().unwrap().len();
    desk.until("more", |d| Ok((d.delivered()?.len() > before).then_some(()))).unwrap();
    desk.stop().unwrap();
    desk.until("the same week as in the diary", |d| {
        let status = d.status()?;
        Ok((settled(&status) && status.week_ms == minutes(d)).then_some(()))
    })
    .unwrap();
}

#[test]
fn a_file_that_is_damaged_is_named_when_the_agent_does_not_start() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    let session = desk.agent.session(CONTRACT).unwrap();
    let mut desk = desk;
    desk.tell(&QuitAgent).unwrap();
    desk.running.ended().unwrap();
    for file in [desk.agent.data().join("preferences.json"), session.join("enrolment.json")] {
        let before = std::fs::read(&file).ok();
        std::fs::write(&file, "{\"x").unwrap();
        let said = started(&desk.agent);
        assert!(said.contains(&file.display().to_string()) && !said.contains("panicked"), "{said}");
        match before {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
    }
}

/// What the agent's program says when it does not start.
fn started(agent: &Agent) -> String {
    let mut command = agent.command(&["run"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    let runs = Client::new(agent.data()).ask(&GetStatus { after: None }, Duration::from_secs(1));
    assert!(runs.is_err(), "{}", Path::new(agent.data()).display());
    String::from_utf8_lossy(&output.stderr).into_owned()
}
