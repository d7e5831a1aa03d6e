//! The outbox, rules, preferences, and the person's own data.

use super::*;

#[test]
fn the_outbox_is_listed_and_worked_on() {
    let agent = Agent::new();
    let parcel = |id: &str, start: u64, state: ParcelState| OutboxParcel {
        parcel: id.into(),
        contract: "01j9a".into(),
        segment_start: start,
        revision: 0,
        sequence: 7,
        target: "backoffice".into(),
        state,
        hold_until: u64::MAX / 2,
        attempts: 2,
        next_try_at: NOW,
        last_error: (state == ParcelState::Waiting).then(|| "the back office does not answer".into()),
        attachments: 1,
        bytes: 46_000,
        holds: Some("picture, activity".into()),
        delivered_at: None,
    };
    agent.change(|state| {
        state.outbox.entries = vec![
            parcel("8c1e77d0a94b", START, ParcelState::Held),
            parcel("77aa", START - 600_000, ParcelState::Waiting),
        ];
    });
    let text = says(&agent, &["outbox"]);
    for words in [
        "8c1e 77d0",
        "picture, activity",
        "46 kB",
        "sends in",
        "after 2 tries: the back office does not answer",
        "On this computer: 214 kB",
    ] {
        assert!(text.contains(words), "{words:?} is not in:\n{text}");
    }
    assert!(says(&agent, &["outbox", "show", "8c1e"]).contains("{\"payload\":\"eyJ9\"}"));
    says(&agent, &["outbox", "cancel", "8c1e 77d0"]);
    says(&agent, &["outbox", "undo", "77"]);
    assert!(says(&agent, &["outbox", "send"]).contains("1 segment is sent now."));
    says(&agent, &["outbox", "try"]);
    assert!(fails(agent.data(), &["outbox", "send", "77"]).contains("not held"));
    assert!(fails(agent.data(), &["outbox", "show", "ff"]).contains("there is no parcel"));
    let deeds: Vec<AnyRequest> = agent
        .deeds()
        .into_iter()
        .filter(|d| !matches!(d, AnyRequest::GetOutbox(_) | AnyRequest::GetParcel(_)))
        .collect();
    assert_eq!(
        deeds,
        [
            CancelParcel { parcel: "8c1e77d0a94b".into() }.into(),
            UncancelParcel { parcel: "77aa".into() }.into(),
            SendNow { start: START }.into(),
            TryNow.into(),
        ]
    );
}

#[test]
fn rules_and_preferences_are_changed_one_at_a_time() {
    let agent = Agent::new();
    assert!(says(&agent, &["rules"]).contains("You have no rules of your own."));
    says(&agent, &["rules", "add", "title", "contains", "payroll", "fill"]);
    says(&agent, &["rules", "add", "application", "exact", "Messages", "hide-title"]);
    let text = says(&agent, &["rules"]);
    assert!(
        text.contains("1. where the title contains \"payroll\": cover the window with one colour"),
        "{text}"
    );
    says(&agent, &["rules", "remove", "1"]);
    let left = OwnRule {
        field: "application".into(),
        by: "exact".into(),
        pattern: "Messages".into(),
        action: "hide-title".into(),
    };
    assert_eq!(agent.state().rules, [left]);
    assert!(fails(agent.data(), &["rules", "remove", "2"]).contains("there is no rule 2"));

    says(&agent, &["preferences", "set", "idle-minutes", "15"]);
    says(&agent, &["preferences", "set", "notify-on-capture", "off"]);
    let text = says(&agent, &["preferences"]);
    assert!(text.contains("idle-minutes           15"), "{text}");
    let preferences = agent.state().preferences;
    assert_eq!((preferences.idle_minutes, preferences.notify_on_capture), (15, false));
}

#[test]
fn data_is_exported_to_where_the_person_stands() {
    let agent = Agent::new();
    let here = tempfile::tempdir().unwrap();
    let output = candor(agent.data()).current_dir(here.path()).args(["export", "mine"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("1,284 records and 1 picture are in"), "{text}");
    let to = here.path().canonicalize().unwrap().join("mine").to_str().unwrap().to_owned();
    assert_eq!(agent.deeds(), [ExportData { to }.into()]);
    let there = here.path().to_str().unwrap();
    assert!(fails(agent.data(), &["export", there]).contains("is there already"));
    assert!(says(&agent, &["verify"]).contains("All 12 records intact; 1 erased."));
}

#[test]
fn a_ledger_is_checked_where_the_person_stands_and_a_difference_is_the_exit_code() {
    let agent = Agent::new();
    let here = tempfile::tempdir().unwrap();
    let verify = |arguments: &[&str]| {
        let mut command = candor(agent.data());
        command.current_dir(here.path()).args(["verify", "--ledger", "ledger.jsonl"]).args(arguments);
        command.output().unwrap()
    };
    agent.change(|state| {
        state.ledger = VerifiedLedger {
            contract: "Invoice import".into(),
            entries: 1_284,
            erased: 2,
            signed: Some(1_284),
            parcels: 12,
            equal: 11,
            later: 1,
            ..VerifiedLedger::default()
        };
    });
    let good = verify(&[]);
    let text = String::from_utf8(good.stdout).unwrap();
    assert!(good.status.success(), "{text}");
    for words in [
        "The ledger of Invoice import: 1,284 entries that follow from each other, 2 erased; signed by the back office up to entry 1,284.",
        "12 delivered parcels in the journal: 11 as in the ledger, 1 delivered after the file was written.",
        "Nothing differs.",
    ] {
        assert!(text.contains(words), "{text}");
    }
    let file = here.path().canonicalize().unwrap().join("ledger.jsonl").to_str().unwrap().to_owned();
    assert_eq!(agent.deeds(), [VerifyLedger { file }.into()]);

    agent.change(|state| {
        let reason = "entry 17 is not the one that its receipt confirmed".to_owned();
        state.ledger.add(LedgerDifference { segment_start: Some(START), entry: Some(17), reason });
    });
    let bad = verify(&[]);
    assert_eq!(bad.status.code(), Some(1));
    let text = [bad.stdout, bad.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    for words in ["The parcel of", "differs: entry 17 is not the one", "tell the client"] {
        assert!(text.contains(words), "{text}");
    }
    assert!(!text.contains("Nothing differs"), "{text}");
    let json = verify(&["--json"]);
    assert_eq!(json.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["differences"][0]["entry"], 17, "{json}");
}
