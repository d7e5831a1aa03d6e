//! Tracking, memos and contracts.

use candor_diary::memo::MAX_MEMO;

use super::*;

#[test]
fn tracking_commands_ask_for_what_they_say() {
    let agent = Agent::new();
    assert!(says(&agent, &["start", "--memo", "Bank rules"]).contains("Tracking 'Invoice service'"));
    says(&agent, &["stop", "--at", "segment-end"]);
    says(&agent, &["pause"]);
    says(&agent, &["memo", "Planning call"]);
    says(&agent, &["label", "Meeting"]);
    says(&agent, &["label", "--none"]);
    says(&agent, &["idle", "leave-out"]);
    says(&agent, &["idle", "manual", "Call with Lena"]);
    let json: Value = serde_json::from_str(&says(&agent, &["stop", "--json"])).unwrap();
    assert_eq!(json, json!({ "done": true }));
    assert_eq!(
        agent.deeds(),
        [
            StartTracking { memo: Some("Bank rules".into()), no_sign: false }.into(),
            StopTracking { at_segment_end: true }.into(),
            PauseTracking.into(),
            SetMemo { memo: "Planning call".into() }.into(),
            SetLabel { label: Some("Meeting".into()) }.into(),
            SetLabel { label: None }.into(),
            AnswerIdle { answer: IdleAnswer::LeaveOut }.into(),
            AnswerIdle { answer: IdleAnswer::Manual("Call with Lena".into()) }.into(),
            StopTracking { at_segment_end: false }.into(),
        ]
    );
    assert!(says(&agent, &["memo"]).contains("before: Bank rules"));
    assert!(says(&agent, &["label"]).contains("  Development"));
    let long = "x".repeat(MAX_MEMO + 1);
    assert!(fails(agent.data(), &["memo", &long]).contains("shorten it to 500"));
}

#[test]
fn the_memo_of_an_earlier_segment_is_changed_and_its_label_stays() {
    let agent = Agent::new();
    says(&agent, &["memo", "--at", "2025-11-27T17:52", "Review"]);
    says(&agent, &["label", "--at", "2025-11-27T17:52", "Meeting"]);
    let label = Some("Development".into());
    assert_eq!(
        agent.deeds(),
        [
            EditSegment { start: START, memo: "Review".into(), label }.into(),
            EditSegment { start: START, memo: "Invoice import".into(), label: Some("Meeting".into()) }.into(),
        ]
    );
    let error = fails(agent.data(), &["memo", "--at", "2025-11-27T12:00", "Review"]);
    assert!(error.contains("nothing was recorded at") && error.contains("`candor today`"), "{error}");
}

#[test]
fn contracts_are_listed_switched_joined_and_accepted() {
    let agent = Agent::new();
    let text = says(&agent, &["contract"]);
    assert!(text.contains("* 01j9a  Invoice service · Fieldhouse Supply"), "{text}");
    says(&agent, &["contract", "use", "shop_FRONT"]);
    assert!(fails(agent.data(), &["contract", "use", "01"]).contains("more than one contract fits"));

    let file = agent.data().join("invitation.candor");
    std::fs::write(&file, "{\"code\": \"7QK2-9F4M\"}\n").unwrap();
    says(&agent, &["join", file.to_str().unwrap()]);
    says(&agent, &["join", "https://diary.example/join#7QK2-9F4M"]);
    assert!(fails(agent.data(), &["join", "nonsense"]).contains("neither a link"));

    assert!(says(&agent, &["notice"]).contains("Not accepted: nothing is recorded."));
    assert!(fails(agent.data(), &["accept"]).contains("--by"));
    assert!(fails(agent.data(), &["accept", "--by", "Mara", "--digest", "0"]).contains("has changed"));
    says(&agent, &["accept", "--by", " Mara Lind ", "--digest", "8c1e"]);
    let deeds = agent.deeds();
    for deed in [
        SwitchContract { contract: "01k2b".into() }.into(),
        ImportInvitation { invitation: "{\"code\": \"7QK2-9F4M\"}".into(), device_name: None }.into(),
        ImportInvitation { invitation: "https://diary.example/join#7QK2-9F4M".into(), device_name: None }
            .into(),
        AcceptNotice { contract: "01j9a".into(), digest: "8c1e".into(), by: "Mara Lind".into() }.into(),
    ] {
        assert!(deeds.contains(&deed), "{deed:?} is not in {deeds:?}");
    }
    assert_eq!(deeds.iter().filter(|d| matches!(d, AnyRequest::AcceptNotice(_))).count(), 1);
    let terms = says(&agent, &["terms"]);
    assert!(terms.contains("Invoice service, terms 3") && terms.contains("30:00"), "{terms}");
}
