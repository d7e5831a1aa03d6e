//! Texts from outside that would forge what is read.

use super::*;

/// Everything that moves a cursor, starts a line, turns text round or is not seen.
const HOSTILE: &str = "x\nFORGED: nothing is recorded.\r\u{1b}[2J\u{1b}]0;t\u{7}\u{8}\u{9b}1A\u{85}\u{202e}\u{2066}\u{200b}\u{2028}\u{e0041}\u{7f}";

#[test]
fn invariant_06_no_text_from_outside_forges_what_a_command_says() {
    let agent = Agent::new();
    let hostile = || HOSTILE.to_owned();
    agent.change(|state| {
        let status = &mut state.status;
        let current = status.current.as_mut().unwrap();
        (current.title, current.client) = (hostile(), hostile());
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
            state: ParcelState::Waiting,
            hold_until: 0,
            attempts: 3,
            next_try_at: NOW,
            last_error: Some(hostile()),
            attachments: 1,
            bytes: 53_000,
            holds: Some(hostile()),
            delivered_at: None,
        }];
        state.rules = vec![OwnRule {
            field: "title".into(),
            by: "contains".into(),
            pattern: hostile(),
            action: "fill".into(),
        }];
        state.ledger.contract = hostile();
        state.ledger.add(LedgerDifference { segment_start: None, entry: None, reason: hostile() });
        let (name, found, advice) = ("disk".into(), hostile(), Some(hostile()));
        state.checks = vec![Check { name, ok: false, found, advice }];
        state.plugins = vec![Plugin {
            name: hostile(),
            kind: PluginKind::Collector,
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
        vec!["verify", "--ledger", "ledger.jsonl"],
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
