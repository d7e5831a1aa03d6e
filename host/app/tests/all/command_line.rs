//! Every command: what it asks the agent for, what it says, and how it fails.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use candor_diary::terms::PictureRemoval;
use candor_protocol::*;
use serde_json::{Value, json};

use crate::agent::{Agent, NOW, START, pictured, segment};

/// The program, as a person in Helsinki would call it, with nobody at the terminal.
fn candor(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
    command.arg("--data").arg(data).env("TZ", "Europe/Helsinki").stdin(Stdio::null());
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    candor(data).args(arguments).output().unwrap()
}

/// What it says, where it succeeds.
#[track_caller]
fn says(agent: &Agent, arguments: &[&str]) -> String {
    let output = run(agent.data(), arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The one sentence, where it fails.
#[track_caller]
fn fails(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?} says something on the standard output");
    let error = String::from_utf8(output.stderr).unwrap();
    let last = error.lines().last().unwrap_or_default().to_owned();
    assert!(last.starts_with("candor: ") && last.ends_with(['.', '?']), "{error}");
    last
}

#[test]
fn every_command_has_help_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    let help = |command: &str| {
        let arguments = if command.is_empty() { vec!["--help"] } else { vec![command, "--help"] };
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{command}");
        String::from_utf8(output.stdout).unwrap()
    };
    let all = help("");
    let commands: Vec<&str> = all
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    for wanted in [
        "status",
        "start",
        "stop",
        "pause",
        "memo",
        "label",
        "contract",
        "outbox",
        "forget",
        "doctor",
        "export",
        "terms",
        "notice",
        "accept",
        "join",
        "today",
        "picture",
        "rules",
        "preferences",
        "tray",
        "completions",
    ] {
        assert!(commands.contains(&wanted), "there is no {wanted}");
    }
    for command in commands {
        let text = help(command);
        assert!(text.contains("Examples:\n  candor"), "{command} has no examples:\n{text}");
    }
}

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
            Request::Start { memo: Some("Bank rules".into()), no_sign: false },
            Request::Stop { at_segment_end: true },
            Request::Pause,
            Request::Memo { memo: "Planning call".into() },
            Request::Label { label: Some("Meeting".into()) },
            Request::Label { label: None },
            Request::Idle { answer: IdleAnswer::LeaveOut },
            Request::Idle { answer: IdleAnswer::Manual("Call with Lena".into()) },
            Request::Stop { at_segment_end: false },
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
            Request::EditSegment { start: START, memo: "Review".into(), label },
            Request::EditSegment {
                start: START,
                memo: "Invoice import".into(),
                label: Some("Meeting".into())
            },
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
        Request::Switch { contract: "01k2b".into() },
        Request::Import { invitation: "{\"code\": \"7QK2-9F4M\"}".into() },
        Request::Import { invitation: "https://diary.example/join#7QK2-9F4M".into() },
        Request::Accept { contract: "01j9a".into(), digest: "8c1e".into(), by: "Mara Lind".into() },
    ] {
        assert!(deeds.contains(&deed), "{deed:?} is not in {deeds:?}");
    }
    assert_eq!(deeds.iter().filter(|d| matches!(d, Request::Accept { .. })).count(), 1);
    let terms = says(&agent, &["terms"]);
    assert!(terms.contains("Invoice service, terms 3") && terms.contains("30:00"), "{terms}");
}

#[test]
fn forgetting_says_what_goes_and_is_never_done_unasked() {
    let agent = Agent::new();
    agent.change(|state| state.segments = vec![segment(START - 600_000), pictured(START, NOW - 20_000)]);
    let span = ["forget", "--from", "2025-11-27T17:45", "--to", "2025-11-27T17:53"];
    let output = run(agent.data(), &span);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for words in
        ["17:40 – 18:00", "2 whole segments", "with 7 minutes", "1 picture,", "Both sides will see", "--yes"]
    {
        assert!(error.contains(words), "{words:?} is not in:\n{error}");
    }
    assert_eq!(agent.deeds(), []);

    let text = says(&agent, &[&span[..], &["--yes"]].concat());
    assert!(text.contains("Both sides will see that it was removed"), "{text}");
    // Exactly what was told: the whole segments.
    let (from, to) = (START - 600_000, START + 600_000);
    assert_eq!(agent.deeds(), [Request::Forget { from, to }]);

    assert!(fails(agent.data(), &["forget", "--last", "10m", "--yes"]).contains("nothing was recorded"));
    assert!(fails(agent.data(), &["forget", "--last", "soon"]).contains("10m"));
    assert_eq!(run(agent.data(), &["forget"]).status.code(), Some(2), "a span has to be named");
}

#[test]
fn a_day_is_listed_with_what_each_segment_shows() {
    let agent = Agent::new();
    agent.change(|state| {
        let manual = Segment { manual: true, minutes: Vec::new(), ..segment(START - 1_200_000) };
        let removed = Segment { removed_at: Some(NOW), ..segment(START - 600_000) };
        state.segments = vec![manual, removed, pictured(START, NOW - 20_000)];
    });
    let text = says(&agent, &["today", "--day", "2025-11-27"]);
    for words in [
        "Thu 27 Nov 2025, Helsinki time, UTC+2\n",
        "17:30 – 17:40   0:03  Invoice import (Development). Manual, no picture, sent",
        "17:40 – 17:50   –     Time removed by you, ",
        "17:50 – 18:00   0:03  Invoice import (Development). Activity in 2 of 3 minutes, sends at",
        "Picture at 17:53, 1 window redacted",
        "Total           0:06",
    ] {
        assert!(text.contains(words), "{words:?} is not in:\n{text}");
    }
    assert!(says(&agent, &["today", "--day", "2025-11-20"]).contains("No time."));
}

#[test]
fn a_picture_is_shown_saved_and_removed() {
    let agent = Agent::new();
    assert!(fails(agent.data(), &["picture"]).contains("there is no picture from today"));
    agent.change(|state| {
        state.status.last_picture = Some(pictured(START, NOW - 20_000));
        state.segments = vec![pictured(START, NOW - 20_000)];
        state.removal = PictureRemoval::RemovesTime;
    });
    let text = says(&agent, &["picture"]);
    assert!(text.contains("1920 × 1080, 53 kB") && text.contains("payroll"), "{text}");

    let file = agent.data().join("last.webp");
    says(&agent, &["picture", "--save", file.to_str().unwrap()]);
    assert_eq!(std::fs::read(&file).unwrap(), b"RIFF");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fails(agent.data(), &["picture", "--save", file.to_str().unwrap()]).contains("name a new file"));

    let output = run(agent.data(), &["picture", "--remove"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("Under the terms, this also removes the time of 17:50 – 18:00: 4 minutes."),
        "{error}"
    );
    assert!(!agent.deeds().contains(&Request::RemovePicture { start: START }), "removed without being asked");
    assert!(says(&agent, &["picture", "--remove", "--yes"]).contains("Its time went with it."));
    assert!(agent.deeds().contains(&Request::RemovePicture { start: START }));
    says(&agent, &["picture", "--at", "2025-11-27T17:53", "--undo"]);
    assert!(agent.deeds().contains(&Request::Restore { start: START }));
}

#[test]
fn time_is_typed_in() {
    let agent = Agent::new();
    let text = says(&agent, &["manual", "--from", "2025-11-27T09:10", "--to", "2025-11-27T09:40", "Call"]);
    assert!(text.contains("Added 0:30 as manual time, 09:10 – 09:40."), "{text}");
    assert!(fails(agent.data(), &["manual", "--from", "09:10", "--to", "09:10", "Call"]).contains("earlier"));
}

#[test]
fn the_outbox_is_listed_and_worked_on() {
    let agent = Agent::new();
    let parcel = |id: &str, start: u64, state: &str| OutboxParcel {
        parcel: id.into(),
        contract: "01j9a".into(),
        segment_start: start,
        revision: 0,
        sequence: 7,
        target: "backoffice".into(),
        state: state.into(),
        hold_until: u64::MAX / 2,
        attempts: 2,
        next_try_at: NOW,
        last_error: (state == "waiting").then(|| "the back office does not answer".into()),
        attachments: 1,
        bytes: 46_000,
        holds: "picture, activity".into(),
        delivered_at: None,
    };
    agent.change(|state| {
        state.outbox.entries =
            vec![parcel("8c1e77d0a94b", START, "held"), parcel("77aa", START - 600_000, "waiting")];
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
    let deeds: Vec<Request> = agent
        .deeds()
        .into_iter()
        .filter(|d| !matches!(d, Request::Outbox | Request::Parcel { .. }))
        .collect();
    assert_eq!(
        deeds,
        [
            Request::Cancel { parcel: "8c1e77d0a94b".into() },
            Request::Uncancel { parcel: "77aa".into() },
            Request::SendNow { start: START },
            Request::TryNow,
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
    assert_eq!(agent.deeds(), [Request::Export { to }]);
    let there = here.path().to_str().unwrap();
    assert!(fails(agent.data(), &["export", there]).contains("is there already"));
    assert!(says(&agent, &["verify"]).contains("All 12 records intact; 1 erased."));
}

#[test]
fn completions_name_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = run(folder.path(), &["completions", shell]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("forget") && text.contains("segment-end"), "{shell}");
    }
}

#[test]
fn whoever_stops_reading_breaks_nothing() {
    let agent = Agent::new();
    let mut child =
        candor(agent.data()).arg("status").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Everything that moves a cursor, starts a line, turns text round or is not seen.
const HOSTILE: &str = "x\nFORGED: nothing is recorded.\r\u{1b}[2J\u{1b}]0;t\u{7}\u{8}\u{9b}1A\u{85}\u{202e}\u{2066}\u{200b}\u{2028}\u{e0041}\u{7f}";

#[test]
fn invariant_06_no_text_from_outside_forges_what_a_command_says() {
    let agent = Agent::new();
    let hostile = || HOSTILE.to_owned();
    agent.change(|state| {
        let status = &mut state.status;
        (status.title, status.client) = (hostile(), hostile());
        (status.memo, status.label) = (Some(hostile()), Some(hostile()));
        (status.recent_memos, status.labels) = (vec![hostile()], vec![hostile()]);
        status.problems = vec![hostile()];
        status.diary_url = Some(hostile());
        for contract in &mut status.contracts {
            (contract.title, contract.client, contract.server) = (hostile(), hostile(), hostile());
            (contract.support, contract.feedback) = (Some(hostile()), Some(hostile()));
        }
        let mut segment = pictured(START, START + 1_000);
        (segment.memo, segment.label) = (Some(hostile()), Some(hostile()));
        segment.picture.as_mut().unwrap().covered_by = vec![hostile()];
        segment.state = SegmentState::Waiting { next_try_at: NOW, why: Some(hostile()) };
        status.last_picture = Some(segment.clone());
        state.segments = vec![segment];
        state.outbox.entries = vec![OutboxParcel {
            parcel: "ab".repeat(16),
            contract: "01j9a".into(),
            segment_start: START,
            revision: 0,
            sequence: 1,
            target: hostile(),
            state: "waiting".into(),
            hold_until: 0,
            attempts: 3,
            next_try_at: NOW,
            last_error: Some(hostile()),
            attachments: 1,
            bytes: 53_000,
            holds: hostile(),
            delivered_at: None,
        }];
        state.rules = vec![OwnRule {
            field: "title".into(),
            by: "contains".into(),
            pattern: hostile(),
            action: "fill".into(),
        }];
        let (name, found, advice) = ("disk".into(), hostile(), Some(hostile()));
        state.checks = vec![Check { name, ok: false, found, advice }];
        state.plugins = vec![Plugin {
            name: hostile(),
            kind: "collector".into(),
            sha256: "5f".repeat(32),
            may: vec![hostile()],
            problem: Some(hostile()),
            log: vec![hostile()],
        }];
    });
    let mut commands: Vec<Vec<&str>> = [
        "status",
        "today",
        "contract",
        "outbox",
        "rules",
        "doctor",
        "terms",
        "notice",
        "plugins",
        "label",
        "picture",
        "preferences",
        "verify",
    ]
    .into_iter()
    .map(|command| vec![command])
    .collect();
    commands.extend([
        vec!["outbox", "show", "abab"],
        vec!["picture", "--remove"],
        vec!["forget", "--last", "10m"],
        vec!["accept", "--by", "Mara"],
        vec!["contract", "use", "01k2b"],
        vec!["join", "candor:join?server=x"],
        vec!["memo", HOSTILE],
    ]);
    let mut checked = 0;
    let mut check = |refusal: bool| {
        for arguments in &commands {
            let output = run(agent.data(), arguments);
            for bytes in [&output.stdout, &output.stderr] {
                let text = std::str::from_utf8(bytes).unwrap();
                for line in text.lines() {
                    assert_eq!(candor_diary::plain::unseen(line), None, "{arguments:?} {refusal}: {line:?}");
                    assert!(!line.trim_start().starts_with("FORGED"), "{arguments:?}: {text}");
                }
                checked += usize::from(text.contains("FORGED"));
            }
        }
    };
    check(false);
    agent.change(|state| state.refusal = Some(HOSTILE.into()));
    check(true);
    assert!(checked >= 20, "only {checked} outputs held the text at all");
}

#[test]
fn a_home_that_is_no_folder_is_said_and_not_called_a_broken_connection() {
    for command in ["status", "start"] {
        let mut candor = Command::new(env!("CARGO_BIN_EXE_candor"));
        candor.arg(command).env("HOME", "/dev/null").env_remove("XDG_DATA_HOME").stdin(Stdio::null());
        let output = candor.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("/dev/null") && error.contains("--data"), "{error}");
        assert!(!error.contains("broke"), "{error}");
    }
}
