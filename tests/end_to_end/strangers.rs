//! Two clients, one worker: whatever a second back office calls its contract, what belongs to the first stays with the
//! first. The agent runs under a fast clock and a painted screen; all else is real.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use candor_protocol::{
    AcceptNotice, Contract, GetNotice, GetOutbox, GetSegments, GetStatus, ImportInvitation, NoticeAnswer,
    OutboxAnswer, PauseTracking, Request, Segment, SendNow, SetMemo, StartTracking, Status, StopTracking,
    SwitchContract, TryNow,
};
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::fast::FastAgent;
use serde_json::Value;

/// A segment of a minute takes three seconds.
const SPEED: u32 = 20;
const CONTRACT: &str = "work";

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn get<R: Request>(agent: &Agent, request: &R) -> R::Answer {
    agent.request(request).unwrap()
}

fn status(agent: &Agent) -> Status {
    get(agent, &GetStatus { after: None })
}

fn until<T>(agent: &Agent, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(150), "no {what}: {:#?}", status(agent));
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A back office with the contract `work` between the same two names.
fn office(folder: &Path, name: &str, hold_ms: u64) -> BackOffice {
    let office = BackOffice::start(&folder.join(name), 0).unwrap();
    office.add_contract(&terms(CONTRACT, office.address(), hold_ms)).unwrap();
    office
}

/// Every file of the sessions, with what is in it.
fn sessions(agent: &Agent) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for session in std::fs::read_dir(agent.data().join("contracts")).unwrap() {
        for file in std::fs::read_dir(session.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            files.push((path.clone(), std::fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn invariant_06_a_second_contract_of_the_same_name_gets_nothing_of_the_first_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (office(folder.path(), "first", 3_600_000), office(folder.path(), "second", 0));
    let agent = Agent::enrol(&folder.path().join("agent"), &first, CONTRACT).unwrap();
    let running = FastAgent::start(&agent, now(), SPEED).unwrap();
    agent
        .request(&StartTracking { memo: Some("Secret project for client A".into()), no_sign: true })
        .unwrap();
    let held = until(&agent, "held picture", || {
        let all: Vec<Segment> = get(&agent, &GetSegments { from: 0, to: 1 << 50 });
        all.into_iter().find(|s| s.picture.is_some() && s.parcel.is_some())
    });

    // Whoever answers in the place of the back office that is named is refused, and nothing changes.
    let before = sessions(&agent);
    let (named, stranger) = (first.invitation(CONTRACT).unwrap(), second.invitation(CONTRACT).unwrap());
    let key = |link: &str| link.rsplit("&key=").next().unwrap().to_owned();
    let swapped = stranger.replace(&key(&stranger), &key(&named));
    let bare = stranger.split("&key=").next().unwrap().to_owned();
    let changed = named.replace(&key(&named), &key(&stranger));
    for (invitation, says) in [
        (swapped, "not the back office that the invitation names"),
        (bare, "does not say which key"),
        (changed, "Ask the client"),
    ] {
        let refused = agent
            .request(&ImportInvitation { invitation: invitation.clone(), device_name: None })
            .unwrap_err()
            .to_string();
        assert!(refused.contains(says), "{invitation}: {refused}");
    }
    assert_eq!(sessions(&agent), before);

    // The code was used up by the attempt: a new one. The second contract is another one, under another name.
    let invitation = second.invitation(CONTRACT).unwrap();
    let joined: Contract = get(&agent, &ImportInvitation { invitation, device_name: None });
    assert!(joined.id.starts_with("work@") && !joined.accepted, "{joined:?}");
    let notice: NoticeAnswer = get(&agent, &GetNotice { contract: Some(joined.id.clone()) });
    let accept = AcceptNotice { contract: joined.id.clone(), digest: notice.digest, by: "A worker".into() };
    agent.request(&accept).unwrap();
    let now = status(&agent);
    assert!(now.tracking && now.contract() == Some(CONTRACT), "tracking goes on where it was: {now:#?}");
    assert_eq!(now.contracts.len(), 2);
    let after = sessions(&agent);
    for (path, bytes) in before.iter().filter(|(path, _)| !path.ends_with("state.json")) {
        assert!(after.iter().any(|(p, b)| p == path && b == bytes), "{} was touched", path.display());
    }
    agent.request(&TryNow).unwrap();
    agent.request(&SendNow { start: held.start }).unwrap();
    until(&agent, "delivery to the first", || {
        first.deliveries(CONTRACT).unwrap().into_iter().find(|s| s["start"] == held.start)
    });
    assert!(second.deliveries(CONTRACT).unwrap().is_empty(), "nothing was recorded for the second");

    // An explicit switch while tracking goes on there. The memo and what was worked on before stay with the first.
    agent.request(&SwitchContract { contract: joined.id.clone() }).unwrap();
    let now = status(&agent);
    assert!(now.tracking && now.contract() == Some(joined.id.as_str()), "{now:#?}");
    assert!(now.memo.is_none() && now.recent_memos.is_empty() && now.label.is_none(), "{now:#?}");
    let delivered =
        until(&agent, "delivery to the second", || second.deliveries(CONTRACT).unwrap().into_iter().next());
    assert_eq!(delivered["memo"], Value::Null, "{delivered:#}");
    // A pause is a pause, whichever contract is chosen in it.
    agent.request(&PauseTracking).unwrap();
    agent.request(&SwitchContract { contract: CONTRACT.into() }).unwrap();
    let now = status(&agent);
    assert!(
        !now.tracking && now.contract() == Some(CONTRACT),
        "choosing another contract ends no pause: {now:#?}"
    );
    agent.request(&SwitchContract { contract: joined.id.clone() }).unwrap();
    assert!(!status(&agent).tracking);
    agent.request(&StartTracking { memo: None, no_sign: true }).unwrap();
    agent.request(&SetMemo { memo: "For B".into() }).unwrap();
    agent.request(&StopTracking { at_segment_end: false }).unwrap();
    agent.request(&SwitchContract { contract: CONTRACT.into() }).unwrap();
    let now = status(&agent);
    assert!(!now.tracking, "a switch starts nothing");
    assert_eq!(now.memo.as_deref(), Some("Secret project for client A"));
    assert_eq!(now.recent_memos, ["Secret project for client A"]);
    let outbox: OutboxAnswer = get(&agent, &GetOutbox);
    let at = |delivery: &Value| delivery["parcel"].as_str().unwrap().to_owned();
    let of = |contract: &str| -> Vec<String> {
        outbox.entries.iter().filter(|e| e.contract == contract).map(|e| e.parcel.clone()).collect()
    };
    assert!(first.deliveries(CONTRACT).unwrap().iter().all(|d| of(CONTRACT).contains(&at(d))));
    assert!(second.deliveries(CONTRACT).unwrap().iter().all(|d| of(&joined.id).contains(&at(d))));

    // The same after a restart.
    running.kill();
    let _running = FastAgent::start(&agent, self::now(), SPEED).unwrap();
    let now = status(&agent);
    assert_eq!((now.contract(), now.memo.as_deref()), (Some(CONTRACT), Some("Secret project for client A")));
    agent.request(&SwitchContract { contract: joined.id }).unwrap();
    assert_eq!(status(&agent).memo.as_deref(), Some("For B"));
}
