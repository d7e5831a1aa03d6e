//! What is said of the agent: its status, its absence, its refusals.

use super::*;

#[test]
fn status_is_said_in_sentences_and_as_the_agents_own_json() {
    let agent = Agent::new();
    agent.change(|state| state.status.last_picture = Some(pictured(START, NOW - 20_000)));
    let text = says(&agent, &["status"]);
    let wanted = "Invoice service · Fieldhouse Supply\nTracking since 15:30, 2:23:12 on.\nMemo: Invoice import\n\
                  Today 5:20, this week 29:40 of 30:00.\nLast picture 17:53, 1 window redacted, sends at 18:01.\n\
                  Nothing waiting.\n";
    assert_eq!(text, wanted);

    let json: Status = serde_json::from_str(&says(&agent, &["status", "--json"])).unwrap();
    assert_eq!(json, agent.state().status);
}

#[test]
fn status_says_what_a_person_has_to_know() {
    let agent = Agent::new();
    agent.change(|state| {
        state.status.paused_since = Some(NOW - 60_000);
        state.status.offline_since = Some(NOW - 3_080_000);
        state.status.next_try_at = Some(NOW + 30_000);
        state.status.outbox = OutboxCounts { held: 1, waiting: 4, bytes: 214_000, ..Default::default() };
        state.status.question =
            Some(IdleQuestion { from: NOW - 2_000_000, to: NOW - 1_160_000, manual_ms: 600_000 });
        state.status.problems = vec!["counter: it ended".into()];
    });
    let text = says(&agent, &["status"]);
    for words in [
        "Paused for private time since 17:52. Nothing is recorded.",
        "Were you working from 17:20 to 17:34?",
        "`candor idle manual MEMO`",
        "Outbox: 1 held, 4 waiting, 214 kB. No connection since 17:02.",
        "next try at 17:53",
        "Problem: counter: it ended",
    ] {
        assert!(text.contains(words), "{words:?} is not in:\n{text}");
    }
    agent.change(|state| state.status.notice_accepted = false);
    assert!(
        says(&agent, &["status"])
            .contains("Nothing is recorded: what is recorded here was not accepted yet.")
    );
}

#[test]
fn without_an_agent_each_command_says_so_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in
        [&["status"][..], &["stop"], &["pause"], &["outbox"], &["today"], &["export"], &["terms"]]
    {
        let error = fails(folder.path(), arguments);
        assert!(error.contains("no agent runs on") && error.contains("`candor start`"), "{error}");
    }
    let output = run(folder.path(), &["status", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["error"].as_str().unwrap().contains("no agent runs"), "{json}");
}

#[test]
fn a_refusal_of_the_agent_is_the_error() {
    let agent = Agent::new();
    agent.change(|state| state.refusal = Some("the notice was not accepted: run `candor accept`".into()));
    assert_eq!(fails(agent.data(), &["start"]), "candor: the notice was not accepted: run `candor accept`.");
}

#[test]
fn start_says_why_no_agent_could_be_started() {
    let folder = tempfile::tempdir().unwrap();
    // Beside a copy of the program there is no agent; then one that ends.
    let program = folder.path().join("candor");
    std::fs::copy(env!("CARGO_BIN_EXE_candor"), &program).unwrap();
    let start = || {
        let data = folder.path().join("data");
        let output = Command::new(&program).arg("--data").arg(data).arg("start").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let error = start();
    assert!(error.contains("install `candor-agent` beside `candor`"), "{error}");
    let agent = folder.path().join("candor-agent");
    std::fs::write(&agent, "#!/bin/sh\necho 'Error: the journal is damaged: restore it.' >&2\nexit 1\n")
        .unwrap();
    std::fs::set_permissions(&agent, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = start();
    assert!(error.contains("the agent ended at once: the journal is damaged: restore it."), "{error}");
}
