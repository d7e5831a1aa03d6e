//! SIGKILL of the agent at any instant loses nothing that was closed, and delivers nothing twice.
//!
//! The agent is the real one under a fast clock: a segment lasts a second or two, so that fifty kills fall into every
//! phase of many segments, with the processor busy and parcels on their way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::fast::FastAgent;

/// How often the agent is killed, if `CANDOR_TEST_KILLS` names no other number.
const KILLS: u32 = 50;

/// How many times as fast as real time the agent's clock runs: a segment of a minute takes 1.5 s.
const SPEED: u32 = 40;

/// The longest life of an agent, in milliseconds: several segments.
const LIFE_MS: u64 = 3_500;

/// Random enough to fall anywhere; its seed is printed, so that a failure can be looked at again.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Keeps the processor busy until it is dropped.
struct Load(Arc<AtomicBool>);

impl Load {
    fn start() -> Self {
        let go_on = Arc::new(AtomicBool::new(true));
        for _ in 0..2 {
            let go_on = Arc::clone(&go_on);
            std::thread::spawn(move || {
                while go_on.load(Ordering::Relaxed) {
                    std::hint::black_box((0..10_000u64).sum::<u64>());
                }
            });
        }
        Self(go_on)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// What the outbox was seen to hold: each closed segment's parcel, and whether it was acknowledged.
#[derive(Default)]
struct Seen(BTreeMap<String, bool>);

impl Seen {
    fn look(&mut self, agent: &Agent) {
        // An agent that was just killed does not answer.
        let Ok(outbox) = agent.ask(&["outbox"]) else { return };
        for entry in outbox["entries"].as_array().unwrap() {
            let acknowledged = entry["state"] == "delivered";
            let parcel = entry["parcel"].as_str().unwrap().to_owned();
            let known = self.0.entry(parcel.clone()).or_default();
            assert!(acknowledged || !*known, "{parcel} was acknowledged, and is not any more");
            *known |= acknowledged;
        }
    }
}

#[test]
fn invariant_09_fifty_kills_under_load_lose_no_closed_segment_and_deliver_none_twice() {
    let kills = std::env::var("CANDOR_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let seed = now() | 1;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().unwrap();
    let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
    backoffice.add_contract(&terms("kills", backoffice.address(), 2_000)).unwrap();
    let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, "kills").unwrap();
    let real = now();

    let mut seen = Seen::default();
    {
        let _load = Load::start();
        for kill in 0..kills {
            let running = FastAgent::start(&agent, real, SPEED).unwrap();
            if kill % 2 == 0 {
                seen.look(&agent);
            }
            agent.tell(&["start", "--no-sign", "--memo", "killed"]).unwrap();
            std::thread::sleep(Duration::from_millis(dice.throw(LIFE_MS)));
            if kill % 3 == 0 {
                seen.look(&agent);
            }
            running.kill();
        }
    }

    let last = FastAgent::start(&agent, real, SPEED).unwrap();
    agent.tell(&["start", "--no-sign", "--memo", "the last life"]).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    agent.tell(&["stop"]).unwrap();
    let began = Instant::now();
    while agent.tell(&["outbox", "wait", "--timeout-s", "20"]).is_err() {
        assert!(began.elapsed() < Duration::from_secs(120), "{:#}", agent.ask(&["status"]).unwrap());
    }
    seen.look(&agent);
    let journal = agent.ask(&["verify"]).unwrap();
    assert_eq!(journal["first_bad"], serde_json::Value::Null, "{journal:#}");
    assert!(journal["records"].as_u64().unwrap() > u64::from(kills), "{journal:#}");
    drop(last);

    let delivered = backoffice.deliveries("kills").unwrap();
    let text = |name: &str| -> Vec<String> {
        delivered.iter().map(|parcel| parcel[name].as_str().unwrap().to_owned()).collect()
    };
    let parcels: BTreeSet<String> = text("parcel").into_iter().collect();
    assert_eq!(parcels.len(), delivered.len(), "a parcel is there twice");
    let starts: BTreeSet<u64> = delivered.iter().map(|parcel| parcel["start"].as_u64().unwrap()).collect();
    assert_eq!(starts.len(), delivered.len(), "a segment is there twice");
    for (parcel, acknowledged) in &seen.0 {
        assert!(acknowledged, "{parcel} was closed and is not delivered");
        assert!(parcels.contains(parcel), "{parcel} was acknowledged and is not in the back office");
    }
    // Were they killed too early to close anything, this would prove nothing.
    assert!(delivered.len() > 20, "{} segments", delivered.len());
    println!("{} segments closed and delivered over {kills} kills", delivered.len());
}
