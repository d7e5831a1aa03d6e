//! Under terms by which all time is typed in, nothing is tracked, whoever asks for it and however it came to those terms
//! (invariant 6).

use candor_diary::terms::ManualTime;
use candor_protocol::{
    AcceptNotice, AddManualTime, GetNotice, ImportInvitation, QuitAgent, Segment, StartTracking,
};
use candor_test_driver::backoffice::terms;
use candor_test_driver::desk::{CONTRACT, Desk, now};
use candor_test_driver::fast::FastAgent;
use serde_json::{Value, json};

/// A segment of a minute takes three seconds.
const SPEED: u32 = 20;

const MINUTE: u64 = 60_000;

fn only(terms: &mut Value) {
    terms["manual-time"] = json!("only");
}

/// Asks to start in each way there is, and checks that it is refused with what to do.
fn refused(desk: &Desk) {
    for no_sign in [true, false] {
        let said = desk.tell(&StartTracking { memo: Some("VAT".into()), no_sign }).unwrap_err().to_string();
        assert!(said.contains("takes typed-in time only") && said.contains("`candor manual`"), "{said}");
    }
    let said = desk.agent.tell(&["start"]).unwrap_err().to_string();
    assert!(said.contains("takes typed-in time only"), "{said}");
    let status = desk.status().unwrap();
    assert_eq!((status.tracking, status.manual_time, status.tracks_time()), (false, ManualTime::Only, false));
    assert!(!status.sign.wanted, "nothing is recorded, so nothing has to show it: {status:#?}");
}

fn kinds(desk: &Desk) -> Vec<String> {
    let records = desk.records().unwrap();
    records.iter().filter_map(|record| record["kind"].as_str().map(str::to_owned)).collect()
}

#[test]
fn invariant_06_where_all_time_is_typed_in_a_start_is_refused_from_the_first_moment_on() {
    let mut desk = Desk::open(0, SPEED, only).unwrap();
    refused(&desk);
    desk.tell(&QuitAgent).unwrap();
    desk.running.ended().unwrap();
    // First thing after the agent starts, before anything of the contract need be put together.
    desk.running = FastAgent::start(&desk.agent, now(), SPEED).unwrap();
    refused(&desk);
    let shown = desk.status().unwrap().now;
    desk.until("some minutes", |d| Ok((d.status()?.now > shown + 2 * MINUTE).then_some(()))).unwrap();
    assert_eq!(kinds(&desk), Vec::<String>::new(), "nothing was counted, seen or noted");

    // What is typed in is taken.
    let from = (desk.status().unwrap().now - 30 * MINUTE) / (10 * MINUTE) * (10 * MINUTE);
    let typed = AddManualTime { from, to: from + 10 * MINUTE, memo: "Planning call".into(), reason: None };
    desk.tell(&typed).unwrap();
    let manual = |segment: &Segment| segment.start >= from && segment.manual;
    desk.until("the manual time", |d| Ok(d.segments()?.iter().any(manual).then_some(()))).unwrap();
    desk.until("its delivery", |d| Ok((!d.delivered()?.is_empty()).then_some(()))).unwrap();
}

#[test]
fn invariant_06_tracking_ends_when_the_terms_change_to_typed_in_time_only() {
    let desk = Desk::open(0, SPEED, |_| {}).unwrap();
    desk.tell(&StartTracking { memo: None, no_sign: true }).unwrap();
    desk.until("worked time", |d| Ok((d.status()?.week_ms > 0).then_some(()))).unwrap();
    let mut newer = terms(CONTRACT, desk.backoffice.address(), 0);
    newer["sequence"] = json!(2);
    only(&mut newer);
    desk.backoffice.add_contract(&newer).unwrap();
    let invitation = desk.backoffice.invitation(CONTRACT).unwrap();
    desk.tell(&ImportInvitation { invitation, device_name: None }).unwrap();
    let ended = desk.status().unwrap();
    assert!(!ended.tracking, "{ended:#?}");
    refused(&desk);
    let notice = desk.get(&GetNotice { contract: None }).unwrap();
    let accept = AcceptNotice { contract: CONTRACT.to_owned(), digest: notice.digest, by: "Mara".to_owned() };
    desk.tell(&accept).unwrap();
    refused(&desk);
    let spans = || kinds(&desk).iter().filter(|kind| *kind == "span").count();
    let before = spans();
    assert!(before > 0, "what was tracked before stays");
    let shown = desk.status().unwrap().now;
    desk.until("some minutes", |d| Ok((d.status()?.now > shown + 2 * MINUTE).then_some(()))).unwrap();
    assert_eq!(spans(), before);
}
