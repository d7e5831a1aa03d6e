//! Whatever a policy or a collector does, the agent keeps the time and shows no unjudged picture; and nothing is
//! recorded before the notice is accepted.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use candor_protocol::{GetOutbox, GetParcel, GetSegments, RunDoctor};
use candor_test_display::display::eventually;
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::fast::FastAgent;
use serde_json::{Value, json};

/// A segment of a minute takes six seconds.
const SPEED: u32 = 10;

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Tracks until two segments are delivered; what the back office has of them.
fn track(
    folder: &Path,
    backoffice: &BackOffice,
    contract: &str,
    change: impl FnOnce(&mut Value),
) -> Vec<Value> {
    track_until(folder, backoffice, contract, change, |_| true)
}

/// The same; it goes on until `enough`, too.
fn track_until(
    folder: &Path,
    backoffice: &BackOffice,
    contract: &str,
    change: impl FnOnce(&mut Value),
    enough: impl Fn(&Agent) -> bool,
) -> Vec<Value> {
    let mut terms = terms(contract, backoffice.address(), 0);
    change(&mut terms);
    backoffice.add_contract(&terms).unwrap();
    let agent = Agent::enrol(&folder.join(contract), backoffice, contract).unwrap();
    let _running = FastAgent::start(&agent, now(), SPEED).unwrap();
    agent.tell(&["start", "--no-sign", "--memo", "under test"]).unwrap();
    let began = Instant::now();
    loop {
        let delivered = backoffice.deliveries(contract).unwrap();
        // The first began somewhere in its minute.
        if delivered.len() >= 3 && enough(&agent) {
            return delivered[1..].to_vec();
        }
        assert!(began.elapsed() < Duration::from_secs(180), "{:#}", agent.ask(&["status"]).unwrap());
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn invariant_03_the_guard_fails_closed_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
    let cases: [(&str, Value); 5] = [
        ("traps", json!({"plugin": "hostile-policy", "settings": "trap"})),
        ("loops", json!({"plugin": "hostile-policy", "settings": "loop"})),
        ("eats-memory", json!({"plugin": "hostile-policy", "settings": "memory"})),
        ("misbehaves", json!({"plugin": "hostile-policy", "settings": "window out of bounds"})),
        ("is-missing", json!({"plugin": "not-there", "settings": {}})),
    ];
    std::thread::scope(|scope| {
        for (name, policy) in cases {
            let (folder, backoffice) = (folder.path(), &backoffice);
            scope.spawn(move || {
                for segment in track(folder, backoffice, name, |terms| terms["policy"] = policy) {
                    assert_eq!(segment["snapshot"], Value::Null, "{name}: {segment:#}");
                    assert_eq!(
                        segment["no_snapshot_because"], "No picture: rule failed, nothing was kept",
                        "{name}: {segment:#}"
                    );
                    assert_eq!(segment["minutes_active"], 1, "{name}: the time is kept: {segment:#}");
                }
            });
        }
    });
}

/// The notes of a plugin's own making in all segments that are closed.
fn notes(agent: &Agent) -> Vec<Value> {
    let outbox = agent.request(&GetOutbox).unwrap();
    let parcels = outbox.entries.into_iter().map(|entry| entry.parcel);
    parcels
        .flat_map(|parcel| {
            let shown = agent.request(&GetParcel { parcel }).unwrap();
            let details = shown.details.into_iter().filter(|detail| detail.kind == "notes");
            let notes = details.filter_map(|detail| serde_json::from_str::<Value>(&detail.text?).ok());
            notes
                .flat_map(|notes| notes["detail"]["notes"].as_array().cloned().unwrap_or_default())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Whether the agent says that the hostile plugin failed, and how.
fn told_of(agent: &Agent) -> bool {
    agent.ask(&["status"]).unwrap()["problems"].to_string().contains("hostile-collector")
}

#[test]
fn invariant_13_a_plugin_that_misbehaves_whenever_it_is_woken_can_hurt_only_itself() {
    // Each is woken by timer, minute, segment, change of windows and random moment, and does it again.
    type Holds = fn(&Agent) -> bool;
    let deeds: [(&str, Holds); 7] = [
        ("loop again", told_of),
        ("trap again", told_of),
        ("memory again", told_of),
        ("error again", told_of),
        ("log flood again", |agent| notes(agent).len() > 2),
        ("flood again", |agent| notes(agent).len() > 2),
        ("slow again", |agent| notes(agent).len() > 2),
    ];
    let folder = tempfile::tempdir().unwrap();
    let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
    std::thread::scope(|scope| {
        for (deed, did) in deeds {
            let (folder, backoffice) = (folder.path(), &backoffice);
            scope.spawn(move || {
                let contract = deed.replace(' ', "-");
                let change = |terms: &mut Value| {
                    let hostile = json!({"plugin": "hostile-collector", "settings": deed});
                    terms["collectors"].as_array_mut().unwrap().push(hostile);
                };
                let segments = track_until(folder, backoffice, &contract, change, did);
                let pictures = segments.iter().filter(|segment| !segment["snapshot"].is_null()).count();
                assert!(pictures > 0, "{deed}: the others go on: {segments:#?}");
                for segment in segments {
                    assert_eq!(segment["minutes_active"], 1, "{deed}: {segment:#}");
                }
            });
        }
    });
}

#[test]
fn invariant_06_nobody_is_recorded_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
    backoffice.add_contract(&terms("asked", backoffice.address(), 0)).unwrap();
    let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, "asked").unwrap();
    let acceptance = agent.session("asked").unwrap().join("acceptance.json");
    let accepted = std::fs::read(&acceptance).unwrap();
    std::fs::remove_file(&acceptance).unwrap();
    let _running = FastAgent::start(&agent, now(), SPEED).unwrap();

    let refused = agent.tell(&["start", "--no-sign"]).unwrap_err().to_string();
    assert!(refused.contains("candor notice"), "{refused}");
    let status = agent.ask(&["status"]).unwrap();
    assert_eq!(
        (&status["tracking"], &status["notice_accepted"]),
        (&json!(false), &json!(false)),
        "{status:#}"
    );

    // An acceptance of another notice is none.
    let other = String::from_utf8(accepted).unwrap().replace("\"notice\": \"", "\"notice\": \"0");
    std::fs::write(&acceptance, other).unwrap();
    agent.tell(&["start", "--no-sign"]).unwrap_err();
    // Nor is one that cannot be read; the notice can be read and accepted again.
    std::fs::write(&acceptance, "{\"x").unwrap();
    let refused = agent.tell(&["start", "--no-sign"]).unwrap_err().to_string();
    assert!(refused.contains("candor notice"), "{refused}");
    assert!(agent.tell(&["notice"]).unwrap().contains("Not accepted"));
    assert_eq!(agent.ask(&["verify"]).unwrap()["records"], 0);
    agent.tell(&["accept", "--by", "Mara"]).unwrap();
    // Who accepted it first did so.
    agent.tell(&["accept", "--by", "Somebody else"]).unwrap();
    let kept: Value = serde_json::from_slice(&std::fs::read(&acceptance).unwrap()).unwrap();
    assert_eq!(kept["by"], "Mara");

    agent.tell(&["start", "--no-sign"]).unwrap();
    eventually("something is recorded", || {
        Ok((agent.ask(&["verify"])?["records"].as_u64() > Some(0)).then_some(()))
    })
    .unwrap();
    // While it records, whoever asks is told.
    assert_eq!(agent.ask(&["status"]).unwrap()["tracking"], true);
}

#[test]
fn on_wayland_what_is_missing_is_said_and_the_time_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
    backoffice.add_contract(&terms("wayland", backoffice.address(), 0)).unwrap();
    let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, "wayland").unwrap();
    // A compositor is not needed: it is not even tried to see through it.
    let _running = agent
        .run(|run| {
            run.env_remove("DISPLAY").env("WAYLAND_DISPLAY", "wayland-0");
        })
        .unwrap();

    let checks = agent.request(&RunDoctor).unwrap();
    for name in ["display", "counting"] {
        let check = checks.iter().find(|check| check.name == name).unwrap();
        assert!(!check.ok && check.found.contains("On Wayland"), "{check:?}");
        let advice = check.advice.as_ref().unwrap();
        assert!(advice.contains("X11 session"), "{check:?}");
    }

    agent.tell(&["start", "--no-sign"]).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let status = agent.ask(&["status"]).unwrap();
    assert!(status["problems"].to_string().contains("On Wayland"), "{status:#}");
    agent.tell(&["stop"]).unwrap();
    let segments = json!(agent.request(&GetSegments { from: 0, to: 1 << 50 }).unwrap());
    for segment in segments.as_array().unwrap() {
        assert_eq!(segment["gaps"], json!(["display-lost"]), "{segment:#}");
        assert_eq!(segment["tracked_ms"], 0, "{segment:#}");
    }
    assert!(!segments.as_array().unwrap().is_empty());
}
