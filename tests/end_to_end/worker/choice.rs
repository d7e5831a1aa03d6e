//! What the worker chooses and takes along: contracts, own rules, an export of everything.

use candor_protocol::{
    AcceptNotice, EditSegment, ExportData, GetNotice, GetOwnRules, GetPreview, ImportInvitation, OwnRule,
    RemovePicture, RemoveSegment, RunDoctor, SendNow, SetOwnRules, StartTracking, SwitchContract,
};
use candor_test_driver::backoffice::terms;
use serde_json::{Value, json};

use super::desk::{CONTRACT, Desk, SPEED, start, walk};

#[test]
fn contracts_are_joined_by_link_and_switched_while_tracking() {
    let desk = Desk::open(0, SPEED, |_| {});
    let mut other = terms("other", desk.backoffice.address(), 0);
    other["title"] = json!("Another contract");
    desk.backoffice.add_contract(&other).unwrap();
    let link = desk.backoffice.invitation("other").unwrap();
    assert!(
        desk.refused(ImportInvitation { invitation: "hello".into(), device_name: None })
            .contains("not an invitation")
    );
    desk.tell(SwitchContract { contract: CONTRACT.into() });
    desk.tell(StartTracking { memo: Some("Both".into()), no_sign: true });
    desk.tell(ImportInvitation { invitation: link, device_name: None });
    // Tracking goes on under the first, in sight; under the other nothing is recorded before its notice is accepted.
    let status = desk.status();
    assert_eq!((status.contract(), status.tracking, status.contracts.len()), (Some(CONTRACT), true, 2));
    assert!(desk.refused(SwitchContract { contract: "other".into() }).contains("not accepted"));
    assert!(desk.status().tracking);
    let notice = json!(desk.get(GetNotice { contract: Some("other".into()) }));
    assert_eq!(notice["accepted"], false);
    let accept = |digest: &str| AcceptNotice {
        contract: "other".into(),
        digest: digest.into(),
        by: "A worker".into(),
    };
    assert!(desk.refused(accept("0")).contains("has changed"));
    desk.tell(accept(notice["digest"].as_str().unwrap()));
    assert_eq!(desk.status().contract(), Some(CONTRACT));
    desk.tell(SwitchContract { contract: "other".into() });
    let status = desk.status();
    assert_eq!((status.title(), status.tracking), ("Another contract", true));
    assert_eq!(status.memo, None, "what is done for one client is not told to another");
    desk.until("both delivered", |d| {
        let both = [CONTRACT, "other"].map(|c| d.backoffice.deliveries(c).unwrap().len());
        both.iter().all(|count| *count > 0).then_some(())
    });
}

#[test]
fn own_rules_only_tighten_and_a_preview_shows_them() {
    let desk = Desk::open(0, SPEED, |_| {});
    let preview = json!(desk.get(GetPreview { contract: None, own_rules: None, max_width: 200 }));
    assert_eq!(preview["redactions"].as_array().unwrap().len(), 1, "the client's rule: {preview:#}");
    let rule = |pattern: &str, action: &str| OwnRule {
        field: "title".into(),
        by: "contains".into(),
        pattern: pattern.into(),
        action: action.into(),
    };
    let own = vec![rule("notes", "fill")];
    let preview =
        json!(desk.get(GetPreview { contract: None, own_rules: Some(own.clone()), max_width: 200 }));
    assert_eq!(preview["redactions"].as_array().unwrap().len(), 2, "{preview:#}");
    assert_eq!(desk.get(GetOwnRules), [], "a preview sets nothing");

    // A time that no calendar has is refused, and the agent goes on.
    let never = u64::MAX;
    assert!(!desk.refused(SendNow { start: never }).is_empty());
    assert!(desk.refused(SendNow { start: 600_000 }).contains("no such segment"));
    assert!(!desk.refused(RemoveSegment { start: never }).is_empty());
    assert!(!desk.refused(EditSegment { start: never, memo: "late".into(), label: None }).is_empty());
    assert!(!desk.refused(RemovePicture { start: never }).is_empty());

    let bad = OwnRule { by: "regex".into(), ..rule("(", "fill") };
    assert!(!desk.refused(SetOwnRules { rules: vec![bad] }).is_empty());
    desk.tell(SetOwnRules { rules: own.clone() });
    assert_eq!(desk.get(GetOwnRules), own);
    desk.tell(StartTracking { memo: None, no_sign: true });
    let covered = |segment: &Value| segment["snapshot"]["redactions"].as_array().map_or(0, Vec::len);
    let found = desk.until("picture", |d| d.delivered().into_iter().find(|s| covered(s) > 0));
    assert_eq!(covered(&found), 2, "{found:#}");
    // No notice changed: the worker's own rules ask nothing of the worker.
    assert!(desk.status().notice_accepted);
    desk.tell(SetOwnRules { rules: vec![] });
    let at = desk.status().now;
    let found = desk.until("later picture", |d| {
        d.delivered().into_iter().find(|s| start(s) > at && !s["snapshot"].is_null())
    });
    assert_eq!(covered(&found), 1, "{found:#}");
}

#[test]
fn everything_of_ones_own_can_be_exported() {
    let desk = Desk::open(0, SPEED, |_| {});
    desk.tell(StartTracking { memo: Some("For myself".into()), no_sign: true });
    desk.pictured();
    let to = desk.folder.path().join("mine");
    let exported = json!(desk.get(ExportData { to: to.display().to_string() }));
    assert!(exported["records"].as_u64().unwrap() > 5 && exported["pictures"].as_u64().unwrap() >= 1);
    let records = std::fs::read_to_string(to.join("records.jsonl")).unwrap();
    assert!(records.lines().any(|l| l.contains("For myself")));
    // A person reads it, too: a table, an index of days, and pictures by day and time.
    let table = std::fs::read_to_string(to.join("segments.csv")).unwrap();
    let pictured = table.lines().find(|line| line.contains("For myself") && line.contains(".webp")).unwrap();
    let picture = pictured.split(',').find(|field| field.ends_with(".webp")).unwrap();
    assert!(std::fs::read(to.join(picture)).unwrap().starts_with(b"RIFF"), "{picture}");
    let known: Vec<Value> =
        serde_json::from_slice(&std::fs::read(to.join("segments.json")).unwrap()).unwrap();
    assert!(known.iter().any(|segment| segment["picture-file"] == picture), "{known:#?}");
    let index = std::fs::read_to_string(to.join("index.html")).unwrap();
    let (_, rest) = index.split_once("href=\"days/").unwrap();
    let (day, _) = rest.split_once('"').unwrap();
    let day = std::fs::read_to_string(to.join("days").join(day)).unwrap();
    assert!(day.contains("For myself") && day.contains(&format!("../{picture}")), "{day}");
    assert!(
        walk(&to.join("pictures")) >= 1 && walk(&to.join("parcels")) >= 2 && walk(&to.join("terms")) == 1
    );
    assert!(desk.refused(ExportData { to: to.display().to_string() }).contains("there already"));
    let checks = desk.get(RunDoctor);
    for name in ["display", "counting", "disk", "memory", "load", "back-office", "clock"] {
        assert!(checks.iter().any(|c| c.name == name), "{name}: {checks:#?}");
    }
}
